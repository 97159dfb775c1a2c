package attribution

import (
	"context"
	"fmt"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/db"
)

// Merge makes all that one user did another's, where the merchant says that both names are one
// person's: what was known of each counts for the whole, as if it had been told in the right order.
func (s *Service) Merge(ctx context.Context, from, to string) error {
	if err := auth.Require(ctx, "events:write"); err != nil {
		return err
	}
	if from == to {
		return nil
	}
	if err := lockUsers(ctx, []string{from, to}); err != nil {
		return err
	}
	moved, err := moveEvents(ctx, from, to)
	if err != nil {
		return err
	}
	tied, err := s.tracking.MergeUser(ctx, from, to)
	if err != nil || (moved == 0 && !tied) {
		return err
	}
	_, _, err = s.rederiveUsers(ctx, []string{to}, commissions.CauseSuperseded)
	return err
}

func moveEvents(ctx context.Context, from, to string) (int64, error) {
	done, err := db.Tx(ctx).NewRaw(`update events set user_id = ? where user_id = ?`, to, from).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("move a user's events: %w", err)
	}
	return done.RowsAffected()
}
