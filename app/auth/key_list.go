package auth

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/paging"
)

// KeyFilter narrows the list of keys.
type KeyFilter struct {
	Query     string // the beginning of the name, or of what is shown of the key
	Kind      string
	Status    string // active, expired or revoked
	CreatedBy *uuid.UUID
}

// KeyKinds are the kinds of keys.
func KeyKinds() []string { return []string{keyScoped, keyAdmin, keyPartner} }

// KeyStatuses are the states of keys.
func KeyStatuses() []string { return []string{keyActive, keyExpired, keyRevoked} }

// List gives the keys, newest first.
func (s *APIKeys) List(ctx context.Context, f KeyFilter, page paging.Page) (paging.Result[APIKey], error) {
	if err := Require(ctx, AdminReadScope); err != nil {
		return paging.Result[APIKey]{}, err
	}
	var rows []APIKey
	q := s.narrow(db.Tx(ctx).NewSelect().Model(&rows), f).OrderExpr("created_at desc, id desc").Limit(page.Ask())
	if page.After != nil {
		q = q.Where("(created_at, id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return paging.Result[APIKey]{}, fmt.Errorf("list api keys: %w", err)
	}
	return paging.Cut(rows, page, func(k APIKey) paging.Cursor { return paging.Cursor{At: k.CreatedAt, ID: k.ID} }), nil
}

// Count says how many keys a filter leaves.
func (s *APIKeys) Count(ctx context.Context, f KeyFilter) (int, error) {
	if err := Require(ctx, AdminReadScope); err != nil {
		return 0, err
	}
	n, err := s.narrow(db.Tx(ctx).NewSelect().Model((*APIKey)(nil)), f).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count api keys: %w", err)
	}
	return int(n), nil
}

func (s *APIKeys) narrow(q *bun.SelectQuery, f KeyFilter) *bun.SelectQuery {
	// Lists show a key with dots after its beginning, which come along when it is copied. There are
	// few keys, so that no index is needed for what would not use one under row-level security.
	if text := strings.TrimRight(strings.TrimSpace(f.Query), "…"); text != "" {
		q = q.Where("(starts_with(lower(name), lower(?0)) or starts_with(lower(prefix), lower(?0)))", text)
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	switch f.Status {
	case keyActive:
		q = q.Where("revoked_at is null and (expires_at is null or expires_at > ?)", s.now())
	case keyExpired:
		q = q.Where("revoked_at is null and expires_at <= ?", s.now())
	case keyRevoked:
		q = q.Where("revoked_at is not null")
	}
	if f.CreatedBy != nil {
		q = q.Where("created_by = ?", *f.CreatedBy)
	}
	return q
}

// KeyMaker is who made a key: a person, or another key.
type KeyMaker struct {
	ID      uuid.UUID
	Name    string
	Revoked bool // the keys they made work on
}

// Makers gives who made these keys.
func (s *APIKeys) Makers(ctx context.Context, keys []APIKey) (map[uuid.UUID]KeyMaker, error) {
	if err := Require(ctx, AdminReadScope); err != nil {
		return nil, err
	}
	makers := map[uuid.UUID]KeyMaker{}
	var ids []uuid.UUID
	for _, k := range keys {
		if k.CreatedBy != nil {
			ids = append(ids, *k.CreatedBy)
		}
	}
	if len(ids) == 0 {
		return makers, nil
	}
	var found []KeyMaker
	err := db.Tx(ctx).NewRaw(`
		select id, name, revoked_at is not null as revoked from admins where id in (?0)
		union all select id, name, status = 'revoked' from partners where id in (?0)
		union all select id, name, revoked_at is not null from api_keys where id in (?0)`, bun.List(ids)).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("read who made api keys: %w", err)
	}
	for _, m := range found {
		makers[m.ID] = m
	}
	return makers, nil
}
