package coordinator

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// keptAnswers is how long the first answer to a request is given to its repeats.
const keptAnswers = 24 * time.Hour

// Repeat names a request that may be sent again: who sends it, to where, under which key, and a hash of
// what it says.
type Repeat struct {
	Caller, Route, Key, Hash string
}

// FirstAnswer is what was answered to the first of them.
type FirstAnswer struct {
	Status int
	Body   []byte
}

// First claims a request, or gives the answer that it got before. Of two at once one waits for the
// other's commit.
func (s *Service) First(ctx context.Context, r Repeat) (*FirstAnswer, error) {
	now := s.now()
	err := exec(ctx, "drop an old answer", `
		delete from coordinator.idempotency where caller = ? and route = ? and key = ? and expires_at <= ?`, r.Caller, r.Route, r.Key, now)
	if err != nil {
		return nil, err
	}
	done, err := db.Tx(ctx).NewRaw(`
		insert into coordinator.idempotency (caller, route, key, request_hash, expires_at) values (?, ?, ?, ?, ?)
		on conflict (caller, route, key) do nothing`, r.Caller, r.Route, r.Key, r.Hash, now.Add(keptAnswers)).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("claim a request: %w", err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return nil, err
	}
	return s.Answered(ctx, r)
}

// Answered gives the answer to an earlier request, nil when there was none.
func (s *Service) Answered(ctx context.Context, r Repeat) (*FirstAnswer, error) {
	var row struct {
		RequestHash string
		Status      *int
		BodySealed  *string
	}
	err := db.Tx(ctx).NewRaw(`
		select request_hash, status, body_sealed from coordinator.idempotency where caller = ? and route = ? and key = ? and expires_at > ?`,
		r.Caller, r.Route, r.Key, s.now()).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // it is the first
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("read an answer: %w", err)
	case row.RequestHash != r.Hash:
		return nil, fault.Conflict("idempotency_mismatch", "This Idempotency-Key was used for another request.")
	case row.Status == nil || row.BodySealed == nil:
		return nil, fault.Conflict("idempotency_in_progress", "The first request with this Idempotency-Key has not been answered.")
	}
	body, err := s.ring.Open(*row.BodySealed, answerPlace(r))
	if err != nil {
		return nil, fmt.Errorf("open an answer: %w", err)
	}
	return &FirstAnswer{Status: *row.Status, Body: body}, nil
}

// Keep stores the answer to a request that First claimed.
func (s *Service) Keep(ctx context.Context, r Repeat, a FirstAnswer) error {
	sealed, err := s.ring.Seal(a.Body, answerPlace(r))
	if err != nil {
		return err
	}
	return exec(ctx, "keep an answer", `
		update coordinator.idempotency set status = ?, body_sealed = ? where caller = ? and route = ? and key = ?`, a.Status, sealed, r.Caller, r.Route, r.Key)
}
