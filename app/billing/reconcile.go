package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openpartner/openpartner/app/tenancy"
)

// KindReconcile is the job kind of Reconcile.
const KindReconcile = "billing.reconcile"

// countsAfter is how long Stripe may take to count what it was told.
const countsAfter = time.Hour

// Moment is what Stripe was told for one minute in one currency.
type Moment struct {
	Currency string
	At       time.Time // the minute
	Told     int64
	Counted  int64
}

// Difference is what Stripe counts less what it was told.
func (m Moment) Difference() int64 { return m.Counted - m.Told }

// Reconcile asks Stripe how the subscription stands and what it has counted, and gives what does not
// agree. It settles what was in doubt, and has sent what nobody is sending.
func (s *Service) Reconcile(ctx context.Context) ([]Moment, error) {
	a, err := s.Refresh(ctx)
	if err != nil || a.Customer == nil || !s.Bills() {
		return nil, err
	}
	wrong, err := s.compare(ctx, a)
	if err != nil {
		return nil, err
	}
	return wrong, s.resume(ctx, a)
}

// compare holds what was sent against what Stripe counts. What agreed once is not asked again.
func (s *Service) compare(ctx context.Context, a Account) (wrong []Moment, err error) {
	var told []Moment
	err = s.Unit(ctx, true, func(ctx context.Context) (err error) {
		now := s.Now()
		told, err = listUnchecked(ctx, now.Add(-reach), now.Add(-countsAfter))
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, m := range told {
		if m.Counted, err = s.counted(ctx, *a.Customer, m.Currency, m.At); err != nil {
			return nil, err
		}
		err := s.Unit(ctx, false, func(ctx context.Context) error { return keepDifference(ctx, m, s.Now()) })
		if err != nil {
			return nil, err
		}
		if m.Difference() != 0 {
			wrong = append(wrong, m)
		}
	}
	return wrong, nil
}

// resume orders reports again that no job is about, and looks at those in doubt.
func (s *Service) resume(ctx context.Context, a Account) error {
	var doubtful []Report
	err := s.Unit(ctx, false, func(ctx context.Context) (err error) {
		since := s.Now().Add(-lookAfter)
		idle, err := listIdle(ctx, since)
		if err != nil {
			return err
		}
		for _, r := range idle {
			if err := order(ctx, r.ID); err != nil {
				return err
			}
		}
		doubtful, err = listDoubtful(ctx, since)
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range doubtful {
		err := s.look(ctx, a, r)
		if _, still := errors.AsType[*Doubt](err); err != nil && !still {
			return err
		}
	}
	return nil
}

// look tells by what Stripe has counted whether it has a report. If that does not tell, a person must:
// that it is not counted does not mean that it never will be.
func (s *Service) look(ctx context.Context, a Account, r Report) error {
	minute := r.CountedAt.UTC().Truncate(time.Minute)
	counted, err := s.counted(ctx, *a.Customer, r.Currency, minute)
	if err != nil {
		return err
	}
	doubt := false
	err = s.Unit(ctx, false, func(ctx context.Context) error {
		told, err := toldAt(ctx, r.Currency, minute)
		if err != nil {
			return err
		}
		if doubt = counted != told+r.Value; !doubt {
			return s.settle(ctx, r, nil)
		}
		return s.settle(ctx, r, &Doubt{fmt.Sprintf("Stripe counts %d where it was told %d and %d more is in doubt: a person must look.", counted, told, r.Value)})
	})
	if err == nil && doubt {
		return &Doubt{"nobody knows whether Stripe has report " + r.ID.String() + " of " + tenancy.From(ctx).Slug}
	}
	return err
}

// counted is what the meter of a currency has for the program in a minute.
func (s *Service) counted(ctx context.Context, customer, currency string, minute time.Time) (int64, error) {
	meter, err := s.Stripe.FindMeter(ctx, meterOf(currency))
	if err != nil {
		return 0, err
	}
	return s.Stripe.Usage(ctx, meter, customer, minute, minute.Add(time.Minute))
}
