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

	"golang.org/x/sync/singleflight"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

const (
	cacheLife = 30 * time.Second // how long a tenant's row is believed without a notification
	staleLife = 24 * time.Hour   // and while the database is away
	patience  = 250 * time.Millisecond
	// loadTimeout is for a tenant that has to be looked up.
	loadTimeout = 5 * time.Second
	askAgain    = time.Second // after the database did not answer
	maxKnown    = 10_000
)

// Resolver finds a tenant by the slug in a path. While the database is away it goes on with
// what it knew.
type Resolver struct {
	system *db.Pool
	now    func() time.Time
	onAway func(error)
	asking singleflight.Group

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
	return &Resolver{system: system, now: now, known: map[string]cached{}, onAway: func(error) {}}
}

// OnAway has fn told when the database does not answer, so that nobody else on a request's way
// waits to find out. It is called before the resolver is used.
func (r *Resolver) OnAway(fn func(error)) { r.onAway = fn }

// BySlug gives the tenant. Unknown, suspended and cancelled ones are the same not-found fault.
func (r *Resolver) BySlug(ctx context.Context, slug string) (Tenant, error) {
	now := r.now()
	r.mu.Lock()
	hit, known := r.known[slug]
	away := now.Before(r.away)
	r.mu.Unlock()
	usable := known && hit.found && now.Sub(hit.loaded) < staleLife
	if fresh := known && now.Before(hit.until); !fresh && !(usable && away) {
		loaded, err := r.ask(ctx, slug, usable)
		switch {
		case err == nil:
			hit = loaded
		case usable && db.Away(err):
			r.onAway(err)
		default:
			return Tenant{}, err
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

// ask loads a tenant once for all who wait for it; not for long when there is an answer that
// will do. The look-up outlives the request that began it, because others depend on it.
func (r *Resolver) ask(ctx context.Context, slug string, usable bool) (cached, error) {
	wait := loadTimeout
	if usable {
		wait = patience
	}
	c, err, _ := r.asking.Do(slug, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
		defer cancel()
		return r.load(ctx, slug)
	})
	if err != nil {
		return cached{}, err
	}
	return c.(cached), nil //nolint:forcetypeassert // load gives nothing else
}

func (r *Resolver) load(ctx context.Context, slug string) (cached, error) {
	r.mu.Lock()
	before := r.changes
	r.mu.Unlock()
	var c cached
	err := r.system.InTx(ctx, db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`select id, slug, display_name, status, coalesce(logo, '') from platform.tenants where slug = ?`, slug).
			Scan(ctx, &c.tenant.ID, &c.tenant.Slug, &c.tenant.Name, &c.tenant.Status, &c.tenant.Logo)
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
