package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// Hub are the jobs of the Network's hub but for its mails.
func Hub(system *db.Pool, s *coordinator.Service) []Registration {
	return []Registration{
		{Kind: coordinator.KindFederate, Timeout: 2 * time.Minute, Run: func(ctx context.Context, j Job) error { return federate(ctx, system, s, j) }},
		{Kind: coordinator.KindEarnings, Timeout: time.Minute, Run: func(ctx context.Context, j Job) error { return earnings(ctx, system, s, j) }},
		{Kind: coordinator.KindRefresh, InTx: true, Run: func(ctx context.Context, j Job) error {
			var order struct{ Period string }
			if err := j.Decode(&order); err != nil {
				return err
			}
			return s.Refresh(ctx, order.Period)
		}},
		{Kind: coordinator.KindSweep, InTx: true, Run: func(ctx context.Context, _ Job) error { return s.Sweep(ctx) }},
	}
}

// federate makes one call to a vendor after the other, each between two transactions, until the request
// is approved or has failed. A vendor that can't be reached is asked again by the same job.
func federate(ctx context.Context, system *db.Pool, s *coordinator.Service, j Job) error {
	var order coordinator.Federate
	if err := j.Decode(&order); err != nil {
		return err
	}
	for {
		var step coordinator.Step
		err := system.InTx(ctx, db.TxOptions{ReadOnly: true}, func(ctx context.Context) (err error) {
			step, err = s.NextStep(ctx, order)
			return err
		})
		if fault.Is(err, fault.KindNotFound) {
			return nil // it is over
		}
		if err != nil {
			return err
		}
		got := s.Make(ctx, step)
		if ctx.Err() != nil {
			return ctx.Err() // cut off by a shutdown: nobody knows what became of it, so it comes again
		}
		var outcome coordinator.Outcome
		var problem string
		err = system.InTx(ctx, db.TxOptions{}, func(ctx context.Context) (err error) {
			outcome, problem, err = s.Settle(ctx, step, got, j.Attempt >= j.MaxAttempts)
			return err
		})
		switch {
		case err != nil:
			return err
		case outcome == coordinator.Over:
			return nil
		case outcome == coordinator.Waiting:
			return RetryAfter(got.RetryAfter(), errors.New(problem))
		}
	}
}

// earnings asks a vendor what its partners earned, between two transactions.
func earnings(ctx context.Context, system *db.Pool, s *coordinator.Service, j Job) error {
	var order coordinator.Earnings
	if err := j.Decode(&order); err != nil {
		return err
	}
	var old []coordinator.Partnership
	err := system.InTx(ctx, db.TxOptions{ReadOnly: true}, func(ctx context.Context) (err error) {
		old, err = s.Old(ctx, order)
		return err
	})
	if err != nil {
		return err
	}
	readings := s.ReadOld(ctx, old)
	return system.InTx(ctx, db.TxOptions{}, func(ctx context.Context) error { return s.Note(ctx, readings) })
}
