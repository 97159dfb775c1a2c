package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Purpose is what a magic link is for; a link works for nothing else.
type Purpose string

// The purposes, with how long their links live.
const (
	PurposeSignIn        Purpose = "signin"
	PurposeAdminInvite   Purpose = "admin_invite"
	PurposePartnerInvite Purpose = "partner_invite"
	PurposePartnerVerify Purpose = "partner_verify" // shows that an address that was typed in is theirs
	PurposePartnerEmail  Purpose = "partner_email"  // confirms a new address, and lets nobody in
)

// Lifetime is how long a link of this purpose works.
func (p Purpose) Lifetime() time.Duration {
	if p == PurposeSignIn || p == PurposePartnerEmail {
		return 10 * time.Minute
	}
	return 7 * 24 * time.Hour
}

// MagicLink is a single-use way in for one person.
type MagicLink struct {
	Purpose       Purpose
	PrincipalKind Kind
	PrincipalID   uuid.UUID
	Email         string
}

// ErrLinkSpent is the answer to a link that is unknown, used, replaced or expired: the same
// for all, so that it says nothing about which.
var ErrLinkSpent = fault.Forbidden("link_invalid", "This link has expired or was used already. Please ask for a new one.")

// MagicLinks mints and consumes links.
type MagicLinks struct{ now func() time.Time }

// NewMagicLinks makes the service.
func NewMagicLinks(now func() time.Time) *MagicLinks { return &MagicLinks{now: now} }

// Mint makes a link for a person and voids their older ones of the same purpose. It returns the
// token, which is nowhere stored.
func (m *MagicLinks) Mint(ctx context.Context, l MagicLink) (token string, err error) {
	now := m.now()
	_, err = db.Tx(ctx).NewRaw(`
		update magic_links set consumed_at = ?
		where purpose = ? and principal_kind = ? and principal_id = ? and consumed_at is null`,
		now, string(l.Purpose), string(l.PrincipalKind), l.PrincipalID).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("void older links: %w", err)
	}
	token = NewToken()
	_, err = db.Tx(ctx).NewRaw(`
		insert into magic_links (tenant_id, id, token_hash, purpose, principal_kind, principal_id, email, expires_at, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tenancy.ID(ctx), ids.NewAt(now), HashToken(token), string(l.Purpose), string(l.PrincipalKind), l.PrincipalID,
		l.Email, now.Add(l.Purpose.Lifetime()), now).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("insert magic link: %w", err)
	}
	return token, nil
}

// Peek looks at a link without using it, for the page that shows the button.
func (m *MagicLinks) Peek(ctx context.Context, token string) (MagicLink, error) {
	return m.one(ctx, `
		select purpose, principal_kind, principal_id, email from magic_links
		where token_hash = ?0 and consumed_at is null and expires_at > ?1`, token)
}

// Consume uses a link up. Of many that try at the same time exactly one succeeds, because one
// conditional update decides.
func (m *MagicLinks) Consume(ctx context.Context, token string) (MagicLink, error) {
	return m.one(ctx, `
		update magic_links set consumed_at = ?1
		where token_hash = ?0 and consumed_at is null and expires_at > ?1
		returning purpose, principal_kind, principal_id, email`, token)
}

func (m *MagicLinks) one(ctx context.Context, query, token string) (MagicLink, error) {
	var l MagicLink
	err := db.Tx(ctx).NewRaw(query, HashToken(token), m.now()).
		Scan(ctx, &l.Purpose, &l.PrincipalKind, &l.PrincipalID, &l.Email)
	if errors.Is(err, sql.ErrNoRows) {
		return MagicLink{}, ErrLinkSpent
	}
	if err != nil {
		return MagicLink{}, fmt.Errorf("read magic link: %w", err)
	}
	return l, nil
}

// voidLinks makes a person's unused links worthless.
func voidLinks(ctx context.Context, kind Kind, id uuid.UUID, at time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		update magic_links set consumed_at = ?
		where principal_kind = ? and principal_id = ? and consumed_at is null`, at, string(kind), id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("void links: %w", err)
	}
	return nil
}

// VoidPartnerLinks makes a partner's unused links worthless.
func VoidPartnerLinks(ctx context.Context, partner uuid.UUID, at time.Time) error {
	return voidLinks(ctx, Partner, partner, at)
}
