package tenancy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// cacheLife is how long a tenant's row is believed.
const cacheLife = 30 * time.Second

// Resolver finds a tenant by the slug in a path.
type Resolver struct {
	system *db.Pool
	now    func() time.Time

	mu    sync.Mutex
	known map[string]cached
}

type cached struct {
	tenant Tenant
	found  bool
	until  time.Time
}

// NewResolver makes a resolver on the system pool, the only one that sees all tenants.
func NewResolver(system *db.Pool, now func() time.Time) *Resolver {
	return &Resolver{system: system, now: now, known: map[string]cached{}}
}

// BySlug gives the tenant. Unknown, suspended and cancelled ones are the same not-found fault.
func (r *Resolver) BySlug(ctx context.Context, slug string) (Tenant, error) {
	r.mu.Lock()
	hit, ok := r.known[slug]
	r.mu.Unlock()
	if !ok || r.now().After(hit.until) {
		var err error
		if hit, err = r.load(ctx, slug); err != nil {
			return Tenant{}, err
		}
	}
	if !hit.found || hit.tenant.Status != StatusActive {
		return Tenant{}, fault.NotFound("program").WithCode("tenant_not_found")
	}
	return hit.tenant, nil
}

// Forget drops a tenant from the cache after its row changed.
func (r *Resolver) Forget(slug string) {
	r.mu.Lock()
	delete(r.known, slug)
	r.mu.Unlock()
}

func (r *Resolver) load(ctx context.Context, slug string) (cached, error) {
	c := cached{until: r.now().Add(cacheLife)}
	err := r.system.InTx(ctx, db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`select id, slug, display_name, status from platform.tenants where slug = ?`, slug).
			Scan(ctx, &c.tenant.ID, &c.tenant.Slug, &c.tenant.Name, &c.tenant.Status)
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return cached{}, fmt.Errorf("find tenant %q: %w", slug, err)
	}
	c.found = err == nil
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) > 10_000 { // paths are written by strangers: never grow without bound
		clear(r.known)
	}
	r.known[slug] = c
	return c, nil
}
