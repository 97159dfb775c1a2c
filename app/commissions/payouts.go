package commissions

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Settle notes that rows were paid, all of them or none: they are approved until then, as a payout
// has seen to. It is for payouts alone.
func (s *Service) Settle(ctx context.Context, ids []uuid.UUID, at time.Time) error {
	rows, err := lockByID(ctx, ids)
	if err != nil {
		return err
	}
	if len(rows) != len(ids) {
		return fmt.Errorf("%d of %d commissions to be paid are there", len(rows), len(ids))
	}
	b := s.newBook()
	for _, c := range rows {
		if c.Status != Approved {
			return fmt.Errorf("commission %s to be paid is %s", c.ID, c.Status)
		}
		before := c
		c.Status, c.PaidAt = Paid, &at
		b.move(before, c)
	}
	return b.write(ctx)
}

// Released takes rows back from a payout that came to nothing. They are approved as before, but for
// those whose sale was disputed meanwhile: these are held now. It is for payouts alone.
func (s *Service) Released(ctx context.Context, ids []uuid.UUID) error {
	rows, err := lockByID(ctx, ids)
	if err != nil {
		return err
	}
	disputed, err := inDispute(ctx, rows)
	if err != nil {
		return err
	}
	b := s.newBook()
	for _, c := range rows {
		if c.EventID == nil || !disputed[*c.EventID] || c.Amount < 0 || c.Status != Approved {
			continue
		}
		before, reason := c, heldDispute
		c.Status, c.HeldReason = Held, &reason
		b.move(before, c)
	}
	return b.write(ctx)
}
