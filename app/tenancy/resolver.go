package tenancy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

const (
	cacheLife = 30 * time.Second // how long a tenant's row is believed without a notification
	staleLife = 24 * time.Hour   // and while the database is away
	patience  = 250 * time.Millisecond
	askAgain  = time.Second // after the database did not answer
	maxKnown  = 10_000
)

// Resolver finds a tenant by the slug in a path. While the database is away it goes on with
// what it knew.
type Resolver struct {
	system *db.Pool
	now    func() time.Time

	mu      sync.Mutex
	known   map[string]cached
	changes uint64    // of which the resolver was told
	away    time.Time // until then the database is not asked about a tenant that is known
}

type cached struct {
	tenant Tenant
	found  bool
	loaded time.Time
	until  time.Time
}

// NewResolver makes a resolver on the system pool, the only one that sees all tenants.
func NewResolver(system *db.Pool, now func() time.Time) *Resolver {
	return &Resolver{system: system, now: now, known: map[string]cached{}}
}

// BySlug gives the tenant. Unknown, suspended and cancelled ones are the same not-found fault.
func (r *Resolver) BySlug(ctx context.Context, slug string) (Tenant, error) {
	now := r.now()
	r.mu.Lock()
	hit, known := r.known[slug]
	away := now.Before(r.away)
	r.mu.Unlock()
	usable := known && hit.found && now.Sub(hit.loaded) < staleLife
	if fresh := known && now.Before(hit.until); !fresh && !(usable && away) {
		loaded, err := r.load(ctx, slug, usable)
		if err != nil && !(usable && db.Away(err)) {
			return Tenant{}, err
		}
		if err == nil {
			hit = loaded
		}
	}
	if !hit.found || hit.tenant.Status != StatusActive {
		return Tenant{}, fault.NotFound("program").WithCode("tenant_not_found")
	}
	return hit.tenant, nil
}

// Forget has a tenant looked up anew after its row changed.
func (r *Resolver) Forget(slug string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	if c, known := r.known[slug]; known {
		c.until = time.Time{}
		r.known[slug] = c
	}
}

// Heard takes a notification of the database: "tenant <slug>".
func (r *Resolver) Heard(payload string) {
	if slug, isTenant := strings.CutPrefix(payload, "tenant "); isTenant {
		r.Forget(slug)
	}
}

// Missed has all tenants looked up anew, when notifications may have been missed.
func (r *Resolver) Missed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes++
	for slug, c := range r.known {
		c.until = time.Time{}
		r.known[slug] = c
	}
}

// load asks the database; not for long when there is an answer that will do.
func (r *Resolver) load(ctx context.Context, slug string, usable bool) (cached, error) {
	r.mu.Lock()
	before := r.changes
	r.mu.Unlock()
	if usable {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	var c cached
	err := r.system.InTx(ctx, db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`select id, slug, display_name, status from platform.tenants where slug = ?`, slug).
			Scan(ctx, &c.tenant.ID, &c.tenant.Slug, &c.tenant.Name, &c.tenant.Status)
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		r.away = r.now().Add(askAgain)
		return cached{}, fmt.Errorf("find tenant %q: %w", slug, err)
	}
	c.found, c.loaded = err == nil, r.now()
	if r.changes == before {
		c.until = c.loaded.Add(cacheLife)
	}
	r.keep(slug, c)
	return c, nil
}

// keep remembers within bounds: paths are written by strangers, and what they made up goes
// first.
func (r *Resolver) keep(slug string, c cached) {
	if len(r.known) >= maxKnown {
		maps.DeleteFunc(r.known, func(_ string, c cached) bool { return !c.found })
	}
	if len(r.known) >= maxKnown {
		clear(r.known)
	}
	r.known[slug] = c
}
