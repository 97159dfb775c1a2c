package billing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// The job kinds of usage: to write down the days that are over, and to tell Stripe of one.
const (
	KindUsage  = "billing.usage"
	KindReport = "billing.report"
)

// Order is the order to tell Stripe of a report.
type Order struct {
	ReportID uuid.UUID `json:"report_id"`
}

// CloseDays writes down the usage of every day that is over and is not written down yet, and has
// Stripe told. How the subscription stands is asked first: a day counts if it was paid for.
func (s *Service) CloseDays(ctx context.Context) error {
	if _, err := s.Refresh(ctx); err != nil {
		return err
	}
	for more := true; more; {
		err := s.Unit(ctx, false, func(ctx context.Context) (err error) {
			more, err = s.closeDay(ctx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// closeDay writes down one day, and says whether it did. What is recorded later belongs to a later
// day, whenever it happened, so no day is opened again.
func (s *Service) closeDay(ctx context.Context) (did bool, err error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return false, err
	}
	now := s.Now()
	a, err := lockAccount(ctx, now)
	if err != nil {
		return false, err
	}
	day, over := a.nextDay(now)
	if !over {
		return false, nil
	}
	sold, err := soldOn(ctx, day)
	if err != nil {
		return false, err
	}
	carried, err := carriedOver(ctx)
	if err != nil {
		return false, err
	}
	for currency, amount := range sold {
		if err := s.write(ctx, a, day, currency, reportOf(amount, carried[currency], a.covers(day))); err != nil {
			return false, err
		}
	}
	a.ReportedDay = &day
	return true, saveAccount(ctx, a)
}

// write stores a report, and has it sent after the commit.
func (s *Service) write(ctx context.Context, a Account, day time.Time, currency string, r Report) error {
	now := s.Now()
	r.ID, r.Day, r.Currency, r.CreatedAt = ids.NewAt(now), day, currency, now
	if r.Status == Pending {
		at := a.countedAt(day, now)
		r.CountedAt = &at
	}
	if err := insertReport(ctx, r); err != nil || r.Status != Pending {
		return err
	}
	return order(ctx, r.ID)
}

// order has a report sent. Those of other currencies do not wait for it.
func order(ctx context.Context, id uuid.UUID) error {
	return outbox.Add(ctx, outbox.Job{Kind: KindReport, Key: KindReport + ":" + id.String(), Args: Order{id}})
}

// Doubt says that nobody knows whether Stripe has taken a report, and that only looking will tell.
type Doubt struct{ Reason string }

// Error is part of error.
func (d *Doubt) Error() string { return d.Reason }

// Send tells Stripe of a report, under the same identifier however often. An answer that leaves open
// what happened is an error that is not pay.Refused: the call is to be made again, but for a Doubt.
func (s *Service) Send(ctx context.Context, order Order) error {
	if err := auth.Require(ctx, auth.AdminScope); err != nil || !s.Bills() {
		return err
	}
	var a Account
	var r Report
	err := s.Unit(ctx, false, func(ctx context.Context) (err error) {
		a, r, err = s.post(ctx, order.ReportID)
		return err
	})
	switch {
	case err != nil || r.Status != Pending:
		return err
	case r.Doubtful(s.Now()):
		return s.look(ctx, a, r)
	}
	failure := s.Stripe.ReportUsage(ctx, pay.UsageInput{
		Key: "usage_" + r.ID.String(), Identifier: r.ID.String(), Meter: meterOf(r.Currency), Customer: *a.Customer, Value: r.Value, At: *r.CountedAt,
	})
	if ctx.Err() != nil {
		return ctx.Err() // cut off: nobody knows what became of it, so it is sent again
	}
	err = s.Unit(ctx, false, func(ctx context.Context) error { return s.settle(ctx, r, failure) })
	if err != nil {
		return err
	}
	return failure
}

// post notes that Stripe is about to be told, so that whoever finds the report knows that it may be.
func (s *Service) post(ctx context.Context, id uuid.UUID) (a Account, r Report, err error) {
	if r, err = lockReport(ctx, id); err != nil || r.Status != Pending {
		return a, r, err
	}
	if a, err = findAccount(ctx, tenancy.ID(ctx)); err != nil || r.PostedAt != nil {
		return a, r, err
	}
	now := s.Now()
	posted := r
	posted.PostedAt = &now
	return a, r, updateReport(ctx, posted)
}

// settle keeps what Stripe answered. before is the report as it was when it was sent: a refusal of
// the first call means that there was none.
func (s *Service) settle(ctx context.Context, before Report, failure error) error {
	r, err := lockReport(ctx, before.ID)
	if err != nil || r.Status != Pending {
		return err
	}
	if failure == nil {
		now := s.Now()
		r.Status, r.SentAt, r.LastError = Sent, &now, nil
		return updateReport(ctx, r)
	}
	words := failure.Error()
	r.LastError = &words
	if pay.Refused(failure) && before.PostedAt == nil {
		r.PostedAt = nil
	}
	return updateReport(ctx, r)
}
