// Package tenancy knows which tenant a request or job belongs to, and gives it a transaction
// that sees this tenant's rows and no other's.
package tenancy

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
)

// The states of a tenant.
const (
	StatusActive    = "active"
	StatusSuspended = "suspended"
	StatusCancelled = "cancelled"
)

// DefaultSlug is the slug of the one tenant of a single tenancy.
const DefaultSlug = "default"

// DefaultID is the id of the one tenant of a single tenancy.
func DefaultID() uuid.UUID { return uuid.MustParse("00000000-0000-7000-8000-000000000001") }

// Tenant is one brand's program on this deployment.
type Tenant struct {
	ID     uuid.UUID
	Slug   string
	Name   string
	Status string
	Logo   string // its version; empty without one. Only the resolver says it
}

type ctxKey struct{}

// With puts the tenant into the context.
func With(ctx context.Context, t Tenant) context.Context { return context.WithValue(ctx, ctxKey{}, t) }

// From gives the tenant of this request or job. It panics when there is none, because what
// follows would belong to nobody.
func From(ctx context.Context) Tenant {
	t, ok := ctx.Value(ctxKey{}).(Tenant)
	if !ok {
		panic("tenancy: no tenant in context")
	}
	return t
}

// ID is the id of the tenant in the context.
func ID(ctx context.Context) uuid.UUID { return From(ctx).ID }

// Unit runs fn in a transaction of its own, for the tenant in ctx. Work that calls the outside takes
// one before the call and one after it: a request's ends as a request does, a job's is fenced by its lease
// where that matters.
type Unit func(ctx context.Context, readOnly bool, fn func(ctx context.Context) error) error

// Run runs fn in a transaction of its own, pinned to the tenant.
func Run(ctx context.Context, pool *db.Pool, t Tenant, fn func(ctx context.Context) error) error {
	return pool.InTx(With(ctx, t), db.TxOptions{Tenant: t.ID}, fn)
}

// Read is Run for a transaction that can't change anything.
func Read(ctx context.Context, pool *db.Pool, t Tenant, fn func(ctx context.Context) error) error {
	return pool.InTx(With(ctx, t), db.TxOptions{Tenant: t.ID, ReadOnly: true}, fn)
}

// Maybe gives the tenant of the context, if it has one.
func Maybe(ctx context.Context) (Tenant, bool) {
	t, ok := ctx.Value(ctxKey{}).(Tenant)
	return t, ok
}
