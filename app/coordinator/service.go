// Package coordinator is the Network's hub: a directory in which programs ("vendors") offer what can be
// promoted, and creators apply.
//
// It owns the schema coordinator. It never holds clicks, events or money: what somebody earned is asked
// of the vendor and shown with the time of the answer. Invariants: an older word about a partner never
// undoes a newer one, and no vendor learns of another before the person in question confirmed their
// address here.
package coordinator

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/secrets"
)

// Who asks the hub for something, besides its staff.
const (
	VendorKind  auth.Kind = "vendor"  // a program, by its token
	CreatorKind auth.Kind = "creator" // a person, by their session
)

// Options are what a Service stands on.
type Options struct {
	Ring  *secrets.Keyring
	Guard *netguard.Guard
	Plain bool // vendors on this machine may be called without TLS: for development
	Now   func() time.Time
}

// Service is the hub.
type Service struct {
	ring   *secrets.Keyring
	guard  *netguard.Guard
	plain  bool
	now    func() time.Time
	tokens []byte // the key that vendors' tokens are made with
}

// NewService makes the hub.
func NewService(o Options) *Service {
	now := func() time.Time { return o.Now().Truncate(time.Microsecond) } // as the database keeps times
	return &Service{ring: o.Ring, guard: o.Guard, plain: o.Plain, now: now, tokens: o.Ring.Derive("vendor tokens")}
}

// vendorOf is the vendor that asks.
func vendorOf(ctx context.Context) (uuid.UUID, error) {
	p := auth.From(ctx)
	if p.Kind != VendorKind {
		return uuid.Nil, fault.Unauthorized("A vendor's token is needed.")
	}
	return p.ID, nil
}

// creatorOf is the creator who asks.
func creatorOf(ctx context.Context) (uuid.UUID, error) {
	p := auth.From(ctx)
	if p.Kind != CreatorKind {
		return uuid.Nil, fault.Unauthorized("Please sign in.")
	}
	return p.ID, nil
}

// later adds a job of the hub, which belongs to no tenant.
func later(ctx context.Context, j outbox.Job) error {
	return db.AllTenants(ctx, func(ctx context.Context) error { return outbox.AddPlatform(ctx, j) })
}

// onceLater is later, unless a job of the same key has yet to begin.
func onceLater(ctx context.Context, j outbox.Job) error {
	return db.AllTenants(ctx, func(ctx context.Context) error {
		ordered, err := lockOrder(ctx, j.Key)
		if err != nil || ordered {
			return err
		}
		return outbox.AddPlatform(ctx, j)
	})
}

// absorb ends the hub's jobs of a key that have yet to begin: the one under way does their work.
func absorb(ctx context.Context, key string) error {
	return db.AllTenants(ctx, func(ctx context.Context) error { return outbox.AbsorbPlatform(ctx, key) })
}
