package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// The keys of a session's values. Nothing else but the flash is kept there.
const (
	sessionPrincipalKind = "principal_kind"
	sessionPrincipalID   = "principal_id"
	sessionSignedInAt    = "signed_in_at"
	sessionFlash         = "flash"
)

// touchEvery is how often a visit is recorded at most.
const touchEvery = 5 * time.Minute

// Sessions knows whom a session in the context belongs to.
type Sessions struct {
	manager *scs.SessionManager
	now     func() time.Time
	kind    Kind // of people whom this package does not keep, and who finds them
	find    func(ctx context.Context, id uuid.UUID) (Principal, error)
}

// NewSessions makes the service over the manager of NewSessionManager.
func NewSessions(m *scs.SessionManager, now func() time.Time) *Sessions {
	return &Sessions{manager: m, now: now}
}

// Knowing has the service find people of one more kind, whom another package keeps. One who is gone is a
// not-found fault.
func (s *Sessions) Knowing(kind Kind, find func(ctx context.Context, id uuid.UUID) (Principal, error)) *Sessions {
	return &Sessions{manager: s.manager, now: s.now, kind: kind, find: find}
}

// Principal looks up who the loaded session belongs to. A person who was revoked meanwhile is
// nobody, whatever the session says.
func (s *Sessions) Principal(ctx context.Context) (Principal, error) {
	kind := s.manager.GetString(ctx, sessionPrincipalKind)
	id, err := uuid.Parse(s.manager.GetString(ctx, sessionPrincipalID))
	if kind == "" || err != nil {
		return Principal{Kind: Nobody}, nil
	}
	signedIn, _ := time.Parse(time.RFC3339, s.manager.GetString(ctx, sessionSignedInAt))
	var p Principal
	switch {
	case s.find != nil && Kind(kind) == s.kind:
		p, err = s.find(ctx, id)
	default:
		p, err = ourPrincipal(ctx, Kind(kind), id)
	}
	if fault.Is(err, fault.KindNotFound) {
		return Principal{Kind: Nobody}, nil
	}
	p.SignedInAt = signedIn
	return p, err
}

// ourPrincipal finds people whom this package keeps.
func ourPrincipal(ctx context.Context, kind Kind, id uuid.UUID) (Principal, error) {
	switch kind {
	case AdminKind:
		return adminPrincipal(ctx, id)
	case Partner:
		return partnerPrincipal(ctx, id)
	case Platform:
		return platformPrincipal(ctx, id)
	default:
		return Principal{Kind: Nobody}, nil
	}
}

// SignIn makes the session in ctx belong to a person. The token is renewed, so that one that
// was planted before sign-in is worth nothing after it.
func (s *Sessions) SignIn(ctx context.Context, kind Kind, id uuid.UUID) error {
	if err := s.manager.RenewToken(ctx); err != nil {
		return fmt.Errorf("renew the session token: %w", err)
	}
	s.manager.Put(ctx, sessionPrincipalKind, string(kind))
	s.manager.Put(ctx, sessionPrincipalID, id.String())
	s.manager.Put(ctx, sessionSignedInAt, s.now().UTC().Format(time.RFC3339))
	return nil
}

// SignOut ends the session in ctx for good.
func (s *Sessions) SignOut(ctx context.Context) error {
	if err := s.manager.Destroy(ctx); err != nil {
		return fmt.Errorf("destroy the session: %w", err)
	}
	return nil
}

// SetFlash keeps one notice for the next page.
func (s *Sessions) SetFlash(ctx context.Context, kind, text string) {
	s.manager.Put(ctx, sessionFlash, kind+":"+text)
}

// PopFlash takes the notice out of the session: "kind:text" or empty.
func (s *Sessions) PopFlash(ctx context.Context) string {
	return s.manager.PopString(ctx, sessionFlash)
}

// endSessions signs a person out everywhere, in the caller's transaction.
func endSessions(ctx context.Context, kind Kind, id uuid.UUID, at time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		update sessions set revoked_at = ?, data = '{}'
		where principal_kind = ? and principal_id = ? and revoked_at is null`,
		at, string(kind), id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// EndPartnerSessions signs a partner out everywhere.
func EndPartnerSessions(ctx context.Context, partner uuid.UUID, at time.Time) error {
	return endSessions(ctx, Partner, partner, at)
}

const sessionSeenAt = "seen_at"

// Seen notes a visit, at most every five minutes; the note makes the session be written.
func (s *Sessions) Seen(ctx context.Context) {
	last, err := time.Parse(time.RFC3339, s.manager.GetString(ctx, sessionSeenAt))
	if err != nil || s.now().Sub(last) >= touchEvery {
		s.manager.Put(ctx, sessionSeenAt, s.now().UTC().Format(time.RFC3339))
	}
}
