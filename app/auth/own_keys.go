package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
)

// maxOwnKeys is how many working keys a partner may have.
const maxOwnKeys = 10

// CreateOwn makes a key for the partner who asks. It sees their rows alone, whatever else is
// asked for; a key makes no keys.
func (s *APIKeys) CreateOwn(ctx context.Context, name string, expires *time.Time) (APIKey, string, error) {
	me, err := partnerInPerson(ctx)
	if err != nil {
		return APIKey{}, "", err
	}
	live, err := countLiveKeys(ctx, me, s.now())
	if err != nil {
		return APIKey{}, "", err
	}
	if live >= maxOwnKeys {
		return APIKey{}, "", fault.Conflict("too_many_keys", "You have "+strconv.Itoa(live)+" keys already. Revoke one that you don't need.").
			WithField("name", "You have "+strconv.Itoa(live)+" keys already. Revoke one that you don't need.")
	}
	return s.store(ctx, APIKeyInput{Name: name, Kind: keyPartner, PartnerID: &me, ExpiresAt: expires})
}

// RevokeOwn makes a key of the partner who asks worthless at once. A repeat is a no-op.
func (s *APIKeys) RevokeOwn(ctx context.Context, id uuid.UUID) (APIKey, error) {
	k, err := s.FindOwn(ctx, id)
	if err != nil {
		return APIKey{}, err
	}
	return s.revoke(ctx, k)
}

// FindOwn gives one key of the partner who asks.
func (s *APIKeys) FindOwn(ctx context.Context, id uuid.UUID) (APIKey, error) {
	me, err := partnerInPerson(ctx)
	if err != nil {
		return APIKey{}, err
	}
	var k APIKey
	err = db.Tx(ctx).NewSelect().Model(&k).Where("id = ? and partner_id = ?", id, me).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return APIKey{}, fault.NotFound("API key")
	}
	if err != nil {
		return APIKey{}, fmt.Errorf("find own api key: %w", err)
	}
	return k, nil
}

// ListOwn gives the keys of the partner who asks, newest first, those that an admin made for them
// included.
func (s *APIKeys) ListOwn(ctx context.Context, page paging.Page) (paging.Result[APIKey], error) {
	me, err := partnerInPerson(ctx)
	if err != nil {
		return paging.Result[APIKey]{}, err
	}
	var rows []APIKey
	q := db.Tx(ctx).NewSelect().Model(&rows).Where("partner_id = ?", me).OrderExpr("created_at desc, id desc").Limit(page.Ask())
	if page.After != nil {
		q = q.Where("(created_at, id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return paging.Result[APIKey]{}, fmt.Errorf("list own api keys: %w", err)
	}
	return paging.Cut(rows, page, func(k APIKey) paging.Cursor { return paging.Cursor{At: k.CreatedAt, ID: k.ID} }), nil
}

// partnerInPerson is the partner who asks in a session, and not by a key.
func partnerInPerson(ctx context.Context) (uuid.UUID, error) {
	p := From(ctx)
	if p.Kind != Partner || p.PartnerID == uuid.Nil {
		return uuid.Nil, fault.Forbidden("forbidden", "Only a partner may do that, in person.")
	}
	return p.PartnerID, nil
}

// countLiveKeys counts a partner's working keys. Whoever makes keys for the same partner waits,
// so that two at once can't both be the last that is allowed.
func countLiveKeys(ctx context.Context, partner uuid.UUID, now time.Time) (n int, err error) {
	err = db.Tx(ctx).NewRaw(`select id from partners where id = ? for no key update`, partner).Scan(ctx, &partner)
	if err != nil {
		return 0, fmt.Errorf("wait for the partner's keys: %w", err)
	}
	err = db.Tx(ctx).NewRaw(`
		select count(*) from api_keys where partner_id = ? and revoked_at is null and (expires_at is null or expires_at > ?)`, partner, now).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count own api keys: %w", err)
	}
	return n, nil
}
