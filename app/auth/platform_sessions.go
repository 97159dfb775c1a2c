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
	m.Store = platformSessionStore{now: now}
	return m
}

// platformSessionStore is sessionStore on the platform's own table.
type platformSessionStore struct{ now func() time.Time }

// FindCtx is part of scs.CtxStore; token is the hash.
func (s platformSessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var found [][]byte
	err := db.Tx(ctx).NewRaw(`
		select data from platform.sessions
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
func (s platformSessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	_, values, err := sessionCodec{}.Decode(b)
	if err != nil {
		return err
	}
	_, id := principalOf(values)
	_, err = db.Tx(ctx).NewRaw(`
		insert into platform.sessions (token_hash, data, admin_id, expires_at, last_seen_at, created_at, user_agent)
		values (?0, ?1, ?2, ?3, ?4, ?4, ?5)
		on conflict (token_hash) do update set data = excluded.data, admin_id = excluded.admin_id,
			expires_at = excluded.expires_at, last_seen_at = excluded.last_seen_at
		where sessions.revoked_at is null`,
		token, string(b), id, expiry, s.now(), VisitorFrom(ctx).UserAgent).Exec(ctx)
	if err != nil {
		return fmt.Errorf("commit session: %w", err)
	}
	return nil
}

// DeleteCtx is part of scs.CtxStore: it leaves a tombstone without data.
func (s platformSessionStore) DeleteCtx(ctx context.Context, token string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.sessions set revoked_at = ?, data = '{}' where token_hash = ? and revoked_at is null`, s.now(), token).Exec(ctx)
	if err != nil {
		return fmt.Errorf("revoke session: %w", err)
	}
	return nil
}

// Find, Commit and Delete complete scs.Store; nothing calls them.
func (platformSessionStore) Find(string) ([]byte, bool, error)      { return nil, false, errNeedsContext }
func (platformSessionStore) Commit(string, []byte, time.Time) error { return errNeedsContext }
func (platformSessionStore) Delete(string) error                    { return errNeedsContext }
