package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/tenancy"
)

// askAgain is how long a call to Stripe that left open what happened is repeated after.
const askAgain = 180 * time.Second

// KindAccountsSeen has Stripe asked, every hour, about the accounts of partners that are not ready yet,
// and once a day about all.
const KindAccountsSeen = "payouts.accounts_seen"

// allAccountsAt is the hour of UTC in which all are looked at.
const allAccountsAt = 4

// Transfers are the jobs that have Stripe pay.
func Transfers(app *db.Pool, s *payouts.Service) []Registration {
	return []Registration{
		{Kind: payouts.KindSend, Timeout: 2 * time.Minute, Money: true, Run: func(ctx context.Context, j Job) error {
			var order payouts.Send
			if err := j.Decode(&order); err != nil {
				return err
			}
			open, err := s.Execute(ctx, j.unit(app), order)
			if err == nil && open {
				err = Snooze(askAgain, errors.New("nobody knows yet whether it was paid"))
			}
			return err
		}},
		{Kind: payouts.KindAccountSeen, Timeout: time.Minute, Run: func(ctx context.Context, j Job) error {
			var order payouts.AccountSeen
			if err := j.Decode(&order); err != nil {
				return err
			}
			return s.See(ctx, j.unit(app), order.PartnerID)
		}},
		{Kind: KindAccountsSeen, InTx: true, Run: func(ctx context.Context, j Job) error {
			var order struct{ Period time.Time }
			if err := j.Decode(&order); err != nil {
				return err
			}
			return s.OrderLooks(ctx, order.Period.UTC().Hour() == allAccountsAt)
		}},
	}
}

// unit runs the transactions of a job that calls in between. Those that write keep the job, and are
// refused when it is another worker's by now.
func (j Job) unit(app *db.Pool) payouts.Unit {
	return func(ctx context.Context, readOnly bool, fn func(ctx context.Context) error) error {
		if readOnly {
			return tenancy.Read(ctx, app, tenancy.From(ctx), fn)
		}
		return tenancy.Run(ctx, app, tenancy.From(ctx), func(ctx context.Context) error {
			if err := j.Hold(ctx); err != nil {
				return err
			}
			return fn(ctx)
		})
	}
}
