package payouts

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/outbox"
)

// The job kinds of News: a partner is told of a payout.
const (
	KindPaid   = "payouts.paid"
	KindFailed = "payouts.failed"
)

// News is the order to tell a partner what became of a payout.
type News struct {
	PayoutID uuid.UUID `json:"payout_id"`
}

// KindPlanned is the job kind of Planning.
const KindPlanned = "payouts.planned"

// Planning is the order to tell an admin what the clock has planned.
type Planning struct {
	RunID   uuid.UUID `json:"run_id"`
	AdminID uuid.UUID `json:"admin_id"`
}

// KindRun is the job kind of PeriodRun.
const KindRun = "payouts.run"

// PeriodRun is the order to plan the payouts of a period.
type PeriodRun struct {
	Period string `json:"period"` // its first day
}

// tellPartner orders the mail about a payout.
func tellPartner(ctx context.Context, kind string, p Payout) error {
	return outbox.Add(ctx, outbox.Job{Kind: kind, Key: "partner:" + p.PartnerID.String(), Args: News{PayoutID: p.ID}})
}

// tellAdmins orders one mail to each admin who may do something about a run of the clock, unless
// there was nothing to pay.
func (s *Service) tellAdmins(ctx context.Context, r Run) error {
	if len(r.Totals) == 0 && !r.obstructed() {
		return nil
	}
	admins, err := s.Admins.Deciding(ctx)
	if err != nil {
		return err
	}
	for _, id := range admins {
		err := outbox.Add(ctx, outbox.Job{Kind: KindPlanned, Key: "admin:" + id.String(), Args: Planning{RunID: r.ID, AdminID: id}})
		if err != nil {
			return err
		}
	}
	return nil
}

// obstructed reports whether somebody would have been paid if the rail was there.
func (r Run) obstructed() bool {
	for _, s := range r.Skipped {
		if s.Reason == RailNotAvailable {
			return true
		}
	}
	return false
}
