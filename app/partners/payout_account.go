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

// PayoutDetails gives where a partner wants to be paid by hand, sealed, and when that was last
// changed. It asks for no right, and opens nothing: that is for payouts to do.
func (s *Service) PayoutDetails(ctx context.Context, id uuid.UUID) (sealed string, changedAt *time.Time, err error) {
	var row struct {
		Sealed    string
		ChangedAt *time.Time
	}
	err = db.Tx(ctx).NewRaw(`
		select coalesce(payout_details_ciphertext, '') as sealed, payout_details_changed_at as changed_at from partners where id = ?`, id).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, fault.NotFound("partner")
	}
	if err != nil {
		return "", nil, fmt.Errorf("read bank details: %w", err)
	}
	return row.Sealed, row.ChangedAt, nil
}

// SetPayoutDetails keeps sealed details; empty ones take them away. It is for payouts alone, which
// has asked who may.
func (s *Service) SetPayoutDetails(ctx context.Context, id uuid.UUID, sealed string) error {
	p, err := findPartner(ctx, id, true)
	if err != nil {
		return err
	}
	if p.ErasedAt != nil {
		return errErased()
	}
	_, err = db.Tx(ctx).NewRaw(`
		update partners set payout_details_ciphertext = nullif(?, ''), payout_details_changed_at = ? where id = ?`, sealed, s.now(), id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep bank details: %w", err)
	}
	return audit.Record(ctx, audit.Entry{
		Action: "partner.payout_details_changed", SubjectKind: "partner", SubjectID: id, Detail: map[string]any{"kept": sealed != ""},
	})
}

// SealedDetails are a partner's details as they are stored.
type SealedDetails struct {
	PartnerID uuid.UUID
	Sealed    string
}

// EachPayoutDetails stores what fn makes of each partner's sealed details.
func (s *Service) EachPayoutDetails(ctx context.Context, fn func(d SealedDetails) (string, error)) error {
	var rows []SealedDetails
	err := db.Tx(ctx).NewRaw(`
		select id as partner_id, payout_details_ciphertext as sealed from partners
		where payout_details_ciphertext is not null order by id for update`).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("read bank details: %w", err)
	}
	for _, d := range rows {
		fresh, err := fn(d)
		if err != nil {
			return fmt.Errorf("bank details of partner %s: %w", d.PartnerID, err)
		}
		if fresh == d.Sealed {
			continue
		}
		if _, err := db.Tx(ctx).NewRaw(`update partners set payout_details_ciphertext = ? where id = ?`, fresh, d.PartnerID).Exec(ctx); err != nil {
			return fmt.Errorf("keep bank details: %w", err)
		}
	}
	return nil
}

// forgetPayoutAccount takes away where an erased partner was paid.
func forgetPayoutAccount(ctx context.Context, id uuid.UUID) error {
	_, err := db.Tx(ctx).NewRaw(`
		update partners set payout_details_ciphertext = null, payout_details_changed_at = null, stripe_account_id = null,
			stripe_payouts_enabled = false, stripe_account_changed_at = null
		where id = ?`, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("erase where a partner was paid: %w", err)
	}
	return nil
}
