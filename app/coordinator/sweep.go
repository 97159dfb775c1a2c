package coordinator

import (
	"context"
	"time"
)

// KindSweep is the job kind that the clock asks for every few minutes.
const KindSweep = "hub.sweep"

// Sweep drops what has served its time, and goes on with federations that a crash left behind.
func (s *Service) Sweep(ctx context.Context) error {
	if err := s.resume(ctx); err != nil {
		return err
	}
	now := s.now()
	for what, old := range map[string]struct {
		statement string
		before    time.Time
	}{
		"connections":     {`delete from coordinator.connections where expires_at < ?`, now.Add(-mailLife)},
		"vendor tokens":   {`delete from coordinator.vendor_tokens where valid_until < ?`, now},
		"creators' links": {`delete from coordinator.creator_links where expires_at < ?`, now.Add(-mailLife)},
		"sessions":        {`delete from coordinator.creator_sessions where expires_at < ?`, now},
		"answers":         {`delete from coordinator.idempotency where expires_at < ?`, now},
	} {
		if err := exec(ctx, "drop old "+what, old.statement, old.before); err != nil {
			return err
		}
	}
	return nil
}
