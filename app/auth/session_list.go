package auth

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// OpenSession is a browser in which somebody is signed in. Its token is nowhere to be seen.
type OpenSession struct {
	ID         uuid.UUID
	UserAgent  string
	CreatedAt  time.Time // the sign-in: each one begins a session
	LastSeenAt time.Time
	Current    bool // the one that asks
}

// Open lists the sessions of the person who asks, the latest seen first.
func (s *Sessions) Open(ctx context.Context) ([]OpenSession, error) {
	me, now := From(ctx), s.now()
	var open []OpenSession
	err := db.Tx(ctx).NewRaw(`
		select id, coalesce(user_agent, '') as user_agent, created_at, last_seen_at, token_hash = ?0 as current
		from sessions
		where principal_kind = ?1 and principal_id = ?2 and revoked_at is null and expires_at > ?3 and last_seen_at > ?4
		order by current desc, last_seen_at desc, id`,
		s.current(ctx), string(me.Kind), me.ID, now, now.Add(-sessionIdle)).Scan(ctx, &open)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return open, nil
}

// FindOpen gives one of the sessions of the person who asks.
func (s *Sessions) FindOpen(ctx context.Context, id uuid.UUID) (OpenSession, error) {
	me := From(ctx)
	var one OpenSession
	err := db.Tx(ctx).NewRaw(`
		select id, coalesce(user_agent, '') as user_agent, created_at, last_seen_at, token_hash = ?0 as current
		from sessions where id = ?1 and principal_kind = ?2 and principal_id = ?3 and revoked_at is null`,
		s.current(ctx), id, string(me.Kind), me.ID).Scan(ctx, &one)
	if errors.Is(err, sql.ErrNoRows) {
		return OpenSession{}, fault.NotFound("session")
	}
	if err != nil {
		return OpenSession{}, fmt.Errorf("find session: %w", err)
	}
	return one, nil
}

// End signs the person who asks out in one browser; its next request is nobody's.
func (s *Sessions) End(ctx context.Context, id uuid.UUID) (OpenSession, error) {
	one, err := s.FindOpen(ctx, id)
	if err != nil {
		return OpenSession{}, err
	}
	_, err = s.end(ctx, `id = ?3`, id)
	return one, err
}

// EndOthers signs the person who asks out everywhere but here, and counts where.
func (s *Sessions) EndOthers(ctx context.Context) (int, error) {
	return s.end(ctx, `token_hash <> ?3`, s.current(ctx))
}

func (s *Sessions) end(ctx context.Context, which string, arg any) (int, error) {
	me := From(ctx)
	result, err := db.Tx(ctx).NewRaw(`
		update sessions set revoked_at = ?0, data = '{}'
		where principal_kind = ?1 and principal_id = ?2 and revoked_at is null and `+which,
		s.now(), string(me.Kind), me.ID, arg).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil || n == 0 {
		return 0, err
	}
	return int(n), audit.Record(ctx, audit.Entry{
		Action: "sessions.ended", SubjectKind: string(me.Kind), SubjectID: me.ID, Detail: map[string]int64{"sessions": n},
	})
}

// current is the key of the session that asks, as the manager makes it of the token.
func (s *Sessions) current(ctx context.Context) string {
	sum := sha256.Sum256([]byte(s.manager.Token(ctx)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
