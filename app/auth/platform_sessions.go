package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/openpartner/openpartner/app/db"
)

// NewPlatformSessionManager is NewSessionManager for the operator's staff, whose sessions belong to
// no tenant.
func NewPlatformSessionManager(now func() time.Time) *scs.SessionManager {
	m := NewSessionManager(now)
	m.Store = outsideSessionStore{table: "platform.sessions", person: "admin_id", now: now}
	return m
}

// NewCreatorSessionManager is NewSessionManager for the creators of the Network.
func NewCreatorSessionManager(now func() time.Time) *scs.SessionManager {
	m := NewSessionManager(now)
	m.Store = outsideSessionStore{table: "coordinator.creator_sessions", person: "creator_id", now: now}
	return m
}

// outsideSessionStore is sessionStore for people who belong to no tenant.
type outsideSessionStore struct {
	table, person string // ours, and how its people are named in it
	now           func() time.Time
}

// FindCtx is part of scs.CtxStore; token is the hash.
func (s outsideSessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var found [][]byte
	err := db.Tx(ctx).NewRaw(`
		select data from `+s.table+`
		where token_hash = ? and revoked_at is null and expires_at > ? and last_seen_at > ?`,
		token, s.now(), s.now().Add(-sessionIdle)).Scan(ctx, &found)
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	if len(found) == 0 {
		return nil, false, nil
	}
	return found[0], true, nil
}

// CommitCtx is part of scs.CtxStore.
func (s outsideSessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	_, values, err := sessionCodec{}.Decode(b)
	if err != nil {
		return err
	}
	_, id := principalOf(values)
	_, err = db.Tx(ctx).NewRaw(`
		insert into `+s.table+` as known (token_hash, data, `+s.person+`, expires_at, last_seen_at, created_at, user_agent)
		values (?0, ?1, ?2, ?3, ?4, ?4, ?5)
		on conflict (token_hash) do update set data = excluded.data, `+s.person+` = excluded.`+s.person+`,
			expires_at = excluded.expires_at, last_seen_at = excluded.last_seen_at
		where known.revoked_at is null`,
		token, string(b), id, expiry, s.now(), VisitorFrom(ctx).UserAgent).Exec(ctx)
	if err != nil {
		return fmt.Errorf("commit session: %w", err)
	}
	return nil
}

// DeleteCtx is part of scs.CtxStore: it leaves a tombstone without data.
func (s outsideSessionStore) DeleteCtx(ctx context.Context, token string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update `+s.table+` set revoked_at = ?, data = '{}' where token_hash = ? and revoked_at is null`, s.now(), token).Exec(ctx)
	if err != nil {
		return fmt.Errorf("revoke session: %w", err)
	}
	return nil
}

// Find, Commit and Delete complete scs.Store; nothing calls them.
func (outsideSessionStore) Find(string) ([]byte, bool, error)      { return nil, false, errNeedsContext }
func (outsideSessionStore) Commit(string, []byte, time.Time) error { return errNeedsContext }
func (outsideSessionStore) Delete(string) error                    { return errNeedsContext }
