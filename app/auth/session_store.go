package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
)

// sessionLife is how long a session lasts at most; sessionIdle how long without a visit.
const (
	sessionLife = 30 * 24 * time.Hour
	sessionIdle = 7 * 24 * time.Hour
)

// NewSessionManager makes the scs manager over our own store. Its middleware is not used:
// the edge loads a session and commits it inside the request's transaction.
//
// IdleTimeout stays 0, because with it scs writes the row at every request and so undoes a
// sign-out that happened meanwhile; idleness is judged by last_seen_at.
func NewSessionManager(now func() time.Time) *scs.SessionManager {
	m := scs.New()
	m.Lifetime = sessionLife
	m.IdleTimeout = 0
	m.HashTokenInStore = true
	m.Codec = sessionCodec{}
	m.Store = sessionStore{now: now}
	return m
}

// sessionCodec keeps sessions as JSON, which people can read and no gob registration breaks.
type sessionCodec struct{}

type sessionBlob struct {
	Deadline time.Time      `json:"deadline"`
	Values   map[string]any `json:"values"`
}

// Encode is part of scs.Codec.
func (sessionCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	return json.Marshal(sessionBlob{Deadline: deadline, Values: values})
}

// Decode is part of scs.Codec.
func (sessionCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var blob sessionBlob
	if err := json.Unmarshal(b, &blob); err != nil {
		return time.Time{}, nil, fmt.Errorf("decode session: %w", err)
	}
	return blob.Deadline, blob.Values, nil
}

// sessionStore keeps sessions in the tenant's rows, by the transaction in the context. A
// signed-out session stays as a tombstone until it expires, so that a request that was under
// way when the person signed out can't bring it back.
type sessionStore struct{ now func() time.Time }

var errNeedsContext = errors.New("sessions are stored through a transaction in the context")

// FindCtx is part of scs.CtxStore; token is the hash.
func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var found [][]byte
	err := db.Hot(ctx, `
		select data from sessions
		where token_hash = $1::text and revoked_at is null and expires_at > $2::timestamptz and last_seen_at > $3::timestamptz`,
		token, s.now(), s.now().Add(-sessionIdle)).Scan(ctx, &found)
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	if len(found) == 0 {
		return nil, false, nil
	}
	return found[0], true, nil
}

// CommitCtx is part of scs.CtxStore. It also keeps the row's principal in step with the
// values, so that revoking a person can end all their sessions.
func (s sessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	var blob sessionBlob
	if err := json.Unmarshal(b, &blob); err != nil {
		return fmt.Errorf("read session: %w", err)
	}
	kind, id := principalOf(blob.Values)
	visitor := VisitorFrom(ctx)
	_, err := db.Tx(ctx).NewRaw(`
		insert into sessions (tenant_id, token_hash, data, principal_kind, principal_id, expires_at,
			last_seen_at, user_agent, ip_hash, created_at)
		values (?0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?6)
		on conflict (tenant_id, token_hash) do update
		set data = excluded.data, principal_kind = excluded.principal_kind,
			principal_id = excluded.principal_id, expires_at = excluded.expires_at,
			last_seen_at = excluded.last_seen_at
		where sessions.revoked_at is null`,
		tenancy.ID(ctx), token, string(b), kind, id, expiry, s.now(), visitor.UserAgent, visitor.IPHash).Exec(ctx)
	if err != nil {
		return fmt.Errorf("commit session: %w", err)
	}
	return nil
}

// DeleteCtx is part of scs.CtxStore: it leaves a tombstone without data.
func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update sessions set revoked_at = ?, data = '{}' where token_hash = ? and revoked_at is null`,
		s.now(), token).Exec(ctx)
	if err != nil {
		return fmt.Errorf("revoke session: %w", err)
	}
	return nil
}

// Find, Commit and Delete complete scs.Store; nothing calls them.
func (sessionStore) Find(string) ([]byte, bool, error)      { return nil, false, errNeedsContext }
func (sessionStore) Commit(string, []byte, time.Time) error { return errNeedsContext }
func (sessionStore) Delete(string) error                    { return errNeedsContext }

// principalOf reads who a session belongs to; both nil before sign-in.
func principalOf(values map[string]any) (kind *string, id *uuid.UUID) {
	k, _ := values[sessionPrincipalKind].(string)
	text, _ := values[sessionPrincipalID].(string)
	parsed, err := uuid.Parse(text)
	if k == "" || err != nil {
		return nil, nil
	}
	return &k, &parsed
}

// Visitor is what is kept of the browser that holds a session.
type Visitor struct {
	UserAgent *string
	IPHash    *string
}

type visitorKey struct{}

// WithVisitor puts the visitor into the context.
func WithVisitor(ctx context.Context, v Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// VisitorFrom gives the visitor, or an empty one.
func VisitorFrom(ctx context.Context) Visitor {
	v, _ := ctx.Value(visitorKey{}).(Visitor)
	return v
}
