package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/views/email"
)

// askAgain is between two calls that Stripe did not clearly answer.
const askAgain = 3 * time.Minute

// KindAccountsSeen has Stripe asked, every hour, about the accounts of partners that are not ready yet,
// and once a day about all.
const KindAccountsSeen = "payouts.accounts_seen"

// allAccountsAt is the hour of UTC in which all are looked at.
const allAccountsAt = 4

// Transfers are the jobs that have Stripe pay.
func Transfers(app *db.Pool, s *payouts.Service, wake func()) []Registration {
	unit := Unit(app, wake)
	return []Registration{
		{Kind: payouts.KindSend, Timeout: 2 * time.Minute, Money: true, Run: func(ctx context.Context, j Job) error {
			var order payouts.Send
			if err := j.Decode(&order); err != nil {
				return err
			}
			open, err := s.Execute(ctx, j.holding(unit), order)
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
			return s.See(ctx, j.holding(unit), order.PartnerID)
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

// holding has the transactions that write refused when the job is another worker's by now.
func (j Job) holding(unit tenancy.Unit) tenancy.Unit {
	return func(ctx context.Context, readOnly bool, fn func(ctx context.Context) error) error {
		return unit(ctx, readOnly, func(ctx context.Context) error {
			if !readOnly {
				if err := j.Hold(ctx); err != nil {
					return err
				}
			}
			return fn(ctx)
		})
	}
}

// payoutReview tells an admin that a payout waits for a person.
func (m *Mailer) payoutReview(ctx context.Context, j Job) error {
	return m.askAdmin(ctx, j, payouts.NeedsReview, func(b email.Brand, u routes.URLs, p payouts.Payout) email.Message {
		return email.PayoutReview(b, p.PartnerName, p.Money().Format(), u.Absolute(u.PayoutEvidence(p.ID)))
	})
}

// payoutReversed tells an admin that Stripe took a payout back.
func (m *Mailer) payoutReversed(ctx context.Context, j Job) error {
	return m.askAdmin(ctx, j, payouts.Paid, func(b email.Brand, u routes.URLs, p payouts.Payout) email.Message {
		return email.PayoutReversed(b, p.PartnerName, p.Money().Format(), u.Absolute(u.Reconciliation()))
	})
}

// askAdmin writes to an admin about a payout, if it still is in a state.
func (m *Mailer) askAdmin(ctx context.Context, j Job, in payouts.Status, write func(b email.Brand, u routes.URLs, p payouts.Payout) email.Message) error {
	var order payouts.Review
	if err := j.Decode(&order); err != nil {
		return err
	}
	return m.invite(ctx, order.AdminID.String()+":"+order.PayoutID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		p, err := m.Payouts.Find(ctx, order.PayoutID)
		if err == nil && p.Status != in {
			err = fault.NotFound("news") // somebody was faster
		}
		if err != nil {
			return signin.Invitation{}, email.Message{}, err
		}
		a, err := m.Admins.Find(ctx, order.AdminID)
		return signin.Invitation{Name: a.Name, Email: a.Email}, write(b, routes.From(ctx), p), err
	})
}
