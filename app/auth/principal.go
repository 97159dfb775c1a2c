// Package auth knows who is asking and what they may do.
//
// It owns admins, magic links, sessions and API keys, and the tables of these names. It does
// not know HTTP: the edge puts the principal into the context, services ask Require.
// Invariant: only hashes of tokens and keys are ever stored.
package auth

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
)

// Kind says which sort of principal is asking.
type Kind string

// The kinds of principals.
const (
	Nobody      Kind = "nobody"
	AdminKind   Kind = "admin"
	Partner     Kind = "partner"
	Key         Kind = "key"
	Platform    Kind = "platform_admin" // one of the operator's staff, in the console
	System      Kind = "system"         // a job or a command
	roleAdmin        = "admin"          // may do everything
	roleViewer       = "viewer"         // may look at everything
	roleSupport      = "support"        // of the staff: may look at every program
	keyAdmin         = "admin"          // a key that may do everything
	keyPartner       = "partner"        // a key that sees one partner's rows
	keyScoped        = "scoped"         // a key that may do exactly what its scopes say
	keyNetwork       = "network"        // the hub's: a scoped one that may touch only what an approval or the Network names
	keyActive        = "active"
	keyExpired       = "expired"
	keyRevoked       = "revoked"
	readSuffix       = ":read" // scopes that only look
	stepUpAge        = 30 * time.Minute
)

// Principal is who is asking: a person in a session, a key, or nobody.
type Principal struct {
	Kind       Kind
	ID         uuid.UUID
	Role       string   // of an admin: admin or viewer
	KeyKind    string   // of a key: admin, partner, scoped or network
	Scopes     []string // of a scoped key
	PartnerID  uuid.UUID
	Name       string
	Email      string
	SignedInAt time.Time // of a session
	Unnoted    bool      // a key whose use is to be written down
}

type principalKey struct{}

// With puts the principal into the context.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From gives the principal of this request or job; nobody when it was never set.
func From(ctx context.Context) Principal {
	p, ok := ctx.Value(principalKey{}).(Principal)
	if !ok {
		return Principal{Kind: Nobody}
	}
	return p
}

// SystemPrincipal acts for jobs and commands.
func SystemPrincipal(name string) Principal { return Principal{Kind: System, Name: name} }

// Require refuses the principal in ctx unless it holds the scope for all rows of the tenant,
// such as "partners:write". Everything that is not a *:read scope changes something.
func Require(ctx context.Context, scope string) error {
	return From(ctx).Holds(scope)
}

// RequireOwn is Require, except that a partner may do it to their own rows.
func RequireOwn(ctx context.Context, scope string, partner uuid.UUID) error {
	return RequireOwnOf(ctx, "partner", scope, partner)
}

// RequireOwnOf is RequireOwn for something that belongs to a partner, such as a "link". What is
// another partner's gets the answer of one that does not exist, so that ids can't be probed.
func RequireOwnOf(ctx context.Context, what, scope string, partner uuid.UUID) error {
	p := From(ctx)
	if p.PartnerID == uuid.Nil {
		return p.Holds(scope)
	}
	if p.PartnerID != partner {
		return fault.NotFound(what)
	}
	return nil
}

// Holds is nil when the principal has the scope for all rows of the tenant.
func (p Principal) Holds(scope string) error {
	switch p.Kind {
	case System:
		return nil
	case AdminKind:
		if scope == PlatformScope || scope == PlatformReadScope {
			return fault.Forbidden("forbidden", "Only the operator's staff may do that.")
		}
		if p.Role == roleAdmin || (p.Role == roleViewer && reads(scope)) {
			return nil
		}
		return fault.Forbidden("forbidden", "Your role may look at this, but not change it.")
	case Platform:
		if scope == PlatformReadScope || (scope == PlatformScope && p.Role == roleAdmin) {
			return nil
		}
		return fault.Forbidden("forbidden", "Your role may look at programs, but not change them.")
	case Key:
		switch {
		case scope == PlatformScope || scope == PlatformReadScope:
			return fault.Forbidden("forbidden", "Only the operator's staff may do that.")
		case p.KeyKind == keyAdmin:
			return nil
		case scope == AdminScope || scope == AdminReadScope:
			return fault.Forbidden("forbidden", "Only an admin key may do that.")
		case p.scoped() && slices.Contains(p.Scopes, scope):
			return nil
		case p.scoped():
			return fault.ForbiddenScope(scope)
		}
		return fault.Forbidden("forbidden", "This key may not do that.")
	case Partner:
		return fault.Forbidden("forbidden", "Only the program's admins may do that.")
	default:
		return fault.Unauthorized("Please sign in.")
	}
}

func (p Principal) scoped() bool { return p.KeyKind == keyScoped || p.KeyKind == keyNetwork }

// FromNetwork reports whether the hub of the Network is asking.
func (p Principal) FromNetwork() bool { return p.Kind == Key && p.KeyKind == keyNetwork }

// Admin reports whether the principal is a person with the admin role, an admin key or the
// system itself.
func (p Principal) Admin() bool { return p.Holds(AdminScope) == nil }

// Fresh reports whether a person signed in so recently that they may do what needs step-up.
// Keys are exempt: there is nobody to ask.
func (p Principal) Fresh(now time.Time) bool {
	return p.Kind == Key || p.Kind == System || now.Sub(p.SignedInAt) <= stepUpAge
}

func reads(scope string) bool {
	return len(scope) > len(readSuffix) && scope[len(scope)-len(readSuffix):] == readSuffix
}

// AdminScope is what a route asks for that only admins and admin keys may use; no scoped key
// can hold it. AdminReadScope is its twin that viewers hold, too.
const (
	AdminScope     = "admin"
	AdminReadScope = "admin:read"
)

// PlatformScope is what the operator's staff need to act on programs as a whole, PlatformReadScope what
// they need to look. Nobody within a program holds either.
const (
	PlatformScope     = "platform"
	PlatformReadScope = "platform:read"
)

// Scopes are the scopes that a key may hold.
func Scopes() []string {
	return []string{
		"campaigns:read", "campaigns:write", "clicks:write", "commissions:read", "commissions:write",
		"coupons:write", "events:read", "events:write", "links:read", "links:write", "partners:read",
		"partners:write", "payouts:read", "payouts:write", "reports:read", "webhooks:write",
	}
}
