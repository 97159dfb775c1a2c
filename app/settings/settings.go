// Package settings keeps what a program decides about itself, in groups: the program, its mail,
// its tracking, what it takes for fraud, how creators come in, how partners are paid, what Stripe tells it.
//
// It owns the tables config and assets, and the name and logo of the tenant. It does not act on
// any of it: who sends mail or checks signatures asks here. Invariant: a secret goes in and is
// sealed; no method that a surface calls ever gives it back.
package settings

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/app/tenancy"
)

// The keys of the groups in the table config.
const (
	keyProgram       = "program"
	keyMail          = "mail"
	keyTracking      = "tracking"
	keyFraud         = "fraud"
	keyPartnerSignup = "partner_signup"
	keyPayouts       = "payouts"
	keyStripe        = "stripe"
)

// Service reads and changes settings.
type Service struct {
	ring    *secrets.Keyring
	tenants *tenancy.Resolver
	guard   *netguard.Guard
	now     func() time.Time
}

// NewService makes the service. It tells the resolver when a program changes its name, and has
// the guard judge servers that a program chooses.
func NewService(ring *secrets.Keyring, tenants *tenancy.Resolver, guard *netguard.Guard, now func() time.Time) *Service {
	return &Service{ring: ring, tenants: tenants, guard: guard, now: now}
}

// place is where a secret of a group belongs.
func place(tenant uuid.UUID, key, field string) secrets.Place {
	return secrets.Place{Tenant: tenant, Table: "config", Column: "value." + field, Row: key}
}

// seal encrypts a secret of a group; an empty one stays empty.
func (s *Service) seal(ctx context.Context, key, field, plain string) (string, error) {
	if plain == "" {
		return "", nil
	}
	return s.ring.Seal([]byte(plain), place(tenancy.ID(ctx), key, field))
}

// open decrypts a secret of a group.
func (s *Service) open(ctx context.Context, key, field, sealed string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	plain, err := s.ring.Open(sealed, place(tenancy.ID(ctx), key, field))
	return string(plain), err
}

// record writes down that a group was changed, and which fields.
func record(ctx context.Context, key string, changed []string) error {
	return audit.Record(ctx, audit.Entry{
		Action: "settings.changed", SubjectKind: "settings", Detail: map[string]any{"group": key, "fields": changed},
	})
}

func mayRead(ctx context.Context) error  { return auth.Require(ctx, auth.AdminReadScope) }
func mayWrite(ctx context.Context) error { return auth.Require(ctx, auth.AdminScope) }

// changes collects which fields were sent, for the audit row.
type changes []string

// set takes a value over if it was sent.
func set[T any](c *changes, name string, target *T, sent *T) {
	if sent == nil {
		return
	}
	*target = *sent
	*c = append(*c, name)
}
