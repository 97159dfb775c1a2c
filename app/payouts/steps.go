package payouts

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
)

const (
	maxReference = 200 // characters
	aheadOfUs    = 5 * time.Minute
)

// MarkPaid notes that a person paid by hand: under which reference, and when; the zero time is now.
// Saying the same again changes nothing.
func (s *Service) MarkPaid(ctx context.Context, id uuid.UUID, reference string, paidAt time.Time) (Payout, error) {
	if err := auth.Require(ctx, writeScope); err != nil {
		return Payout{}, err
	}
	reference = strings.TrimSpace(reference)
	now := s.Now()
	if paidAt.IsZero() {
		paidAt = now
	}
	if err := checkPaid(reference, paidAt, now); err != nil {
		return Payout{}, err
	}
	p, err := findPayout(ctx, id, true)
	if err != nil {
		return Payout{}, err
	}
	if p.Rail == RailManual && p.Status == Paid && p.Reference != nil && *p.Reference == reference {
		return p, nil
	}
	if err := p.markable(); err != nil {
		return Payout{}, err
	}
	p.Reference = &reference
	if p, err = s.settle(ctx, p, "", paidAt); err != nil {
		return Payout{}, err
	}
	return p, record(ctx, "payout.marked_paid", p)
}

func checkPaid(reference string, paidAt, now time.Time) error {
	fields := fault.Fields{}
	if n := utf8.RuneCountInString(reference); n == 0 || n > maxReference {
		fields.Add("reference", "Say how it was paid, such as the number of the transfer: 1 to 200 characters.")
	}
	if paidAt.After(now.Add(aheadOfUs)) {
		fields.Add("paid_at", "This lies ahead. Say when it was paid.")
	}
	if paidAt.Before(now.AddDate(-1, 0, 0)) {
		fields.Add("paid_at", "This is more than a year ago.")
	}
	return fields.Err()
}

// Cancel takes back a payout that nothing was done about. Its rows are free for the next run.
func (s *Service) Cancel(ctx context.Context, id uuid.UUID) (Payout, error) {
	if err := auth.Require(ctx, writeScope); err != nil {
		return Payout{}, err
	}
	p, err := findPayout(ctx, id, true)
	if err != nil {
		return Payout{}, err
	}
	if err := p.cancellable(); err != nil {
		return Payout{}, err
	}
	p.Status = Cancelled
	if p, err = s.letGo(ctx, p); err != nil {
		return Payout{}, err
	}
	return p, record(ctx, "payout.cancelled", p)
}

// settle notes that a payout is paid, and every row of it with it. The caller has locked it, and
// knows that the money went: by a person's word, or by a transfer that was just read.
func (s *Service) settle(ctx context.Context, p Payout, transfer string, at time.Time) (Payout, error) {
	rows, sum, err := liveItems(ctx, p.ID)
	if err != nil {
		return Payout{}, err
	}
	if sum != p.Amount {
		return Payout{}, fmt.Errorf("payout %s of %d has rows of %d", p.ID, p.Amount, sum)
	}
	if err := s.Commissions.Settle(ctx, rows, at); err != nil {
		return Payout{}, err
	}
	p.Status, p.CompletedAt, p.LastError = Paid, &at, nil
	if transfer != "" {
		p.StripeTransferID = &transfer
	}
	if err := updatePayout(ctx, p); err != nil {
		return Payout{}, err
	}
	if err := tellPartner(ctx, KindPaid, p); err != nil {
		return Payout{}, err
	}
	return p, s.Facts.Tell(ctx, Settled{p})
}

// fail notes that a payout was refused for good, and lets its rows go. The caller has locked it,
// and knows that no money went.
func (s *Service) fail(ctx context.Context, p Payout, code, message string) error {
	p.Status, p.FailureCode, p.LastError = Failed, &code, &message
	p, err := s.letGo(ctx, p)
	if err != nil {
		return err
	}
	if err := tellPartner(ctx, KindFailed, p); err != nil {
		return err
	}
	return s.Facts.Tell(ctx, Refused{p})
}

// letGo ends a payout without money, and frees its rows.
func (s *Service) letGo(ctx context.Context, p Payout) (Payout, error) {
	now := s.Now()
	rows, _, err := liveItems(ctx, p.ID)
	if err != nil {
		return Payout{}, err
	}
	if err := releaseItems(ctx, p.ID, now); err != nil {
		return Payout{}, err
	}
	p.CompletedAt = &now
	if err := updatePayout(ctx, p); err != nil {
		return Payout{}, err
	}
	return p, s.Commissions.Released(ctx, rows)
}

// record writes down what a person did to a payout.
func record(ctx context.Context, action string, p Payout) error {
	return audit.Record(ctx, audit.Entry{
		Action: action, SubjectKind: "payout", SubjectID: p.ID,
		Detail: map[string]any{"partner_id": p.PartnerID, "amount": p.Amount, "currency": p.Currency, "reference": p.Reference},
	})
}
