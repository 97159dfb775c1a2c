package partners

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// StripeAccount is where a partner is paid at Stripe.
type StripeAccount struct {
	ID        string
	Ready     bool       // Stripe says that money can be sent there
	ChangedAt *time.Time // when it took the place of another; nil for the first
}

// StripeAccount gives the account of a partner; without one its ID is empty.
func (s *Service) StripeAccount(ctx context.Context, partner uuid.UUID) (StripeAccount, error) {
	return stripeAccount(ctx, partner, "")
}

func stripeAccount(ctx context.Context, partner uuid.UUID, lock string) (a StripeAccount, err error) {
	err = db.Tx(ctx).NewRaw(`
		select coalesce(stripe_account_id, '') as id, stripe_payouts_enabled as ready, stripe_account_changed_at as changed_at
		from partners where id = ?`+lock, partner).Scan(ctx, &a)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.NotFound("partner")
	}
	if err != nil {
		return a, fmt.Errorf("read a partner's account at Stripe: %w", err)
	}
	return a, nil
}

// SetStripeAccount puts an account in the place of the one that was seen before, and gives what is
// there now: of two who do so at once the first one wins.
func (s *Service) SetStripeAccount(ctx context.Context, partner uuid.UUID, seen, account string) (StripeAccount, error) {
	a, err := stripeAccount(ctx, partner, " for update")
	if err != nil || a.ID != seen {
		return a, err
	}
	before := a
	a = StripeAccount{ID: account}
	if before.ID != "" {
		now := s.now()
		a.ChangedAt = &now
	}
	_, err = db.Tx(ctx).NewRaw(`
		update partners set stripe_account_id = ?, stripe_payouts_enabled = false, stripe_account_changed_at = ? where id = ?`,
		a.ID, a.ChangedAt, partner).Exec(ctx)
	if err != nil {
		return a, fmt.Errorf("set a partner's account at Stripe: %w", err)
	}
	return a, audit.Record(ctx, audit.Entry{
		Action: "partner.stripe_account_set", SubjectKind: "partner", SubjectID: partner, Detail: map[string]any{"before": before.ID, "account": a.ID},
	})
}

// NoteStripeAccount keeps what Stripe says of a partner's account, if it still is theirs.
func (s *Service) NoteStripeAccount(ctx context.Context, partner uuid.UUID, account string, ready bool) error {
	_, err := db.Tx(ctx).NewRaw(`
		update partners set stripe_payouts_enabled = ?2 where id = ?0 and stripe_account_id = ?1 and stripe_payouts_enabled <> ?2`,
		partner, account, ready).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note how a partner's account at Stripe stands: %w", err)
	}
	return nil
}

// OfStripeAccount gives the partner whom an account at Stripe pays.
func (s *Service) OfStripeAccount(ctx context.Context, account string) (id uuid.UUID, err error) {
	err = db.Tx(ctx).NewRaw(`select id from partners where stripe_account_id = ? limit 1`, account).Scan(ctx, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return uuid.Nil, fault.NotFound("partner")
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("find the partner of an account at Stripe: %w", err)
	}
	return id, nil
}
