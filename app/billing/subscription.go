package billing

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// The job kinds that follow an event of Stripe's, and the mail when a payment failed.
const (
	KindRefresh       = "billing.refresh"
	KindInvoiceFailed = "billing.invoice_failed"
	KindPaymentFailed = "billing.payment_failed"
)

// InvoiceFailed is the order to look at an invoice that could not be collected.
type InvoiceFailed struct {
	Invoice string `json:"invoice"`
}

// PaymentFailed is the order to tell an admin.
type PaymentFailed struct {
	AdminID uuid.UUID `json:"admin_id"`
}

// queue has the jobs of a program run one after the other.
const queue = "billing"

// Take reports whether an event of the operator's account is about the program as a customer, which
// is nothing that the program's partners could earn from. What it says is never believed: it may be
// old, and others may have come before it. It has the program's subscription read anew.
func (s *Service) Take(ctx context.Context, e pay.Event) (bool, error) {
	about := subjectOf(e)
	if about.customer == "" || !s.Bills() {
		return false, nil
	}
	a, err := findAccount(ctx, tenancy.ID(ctx))
	if err != nil || a.Customer == nil || *a.Customer != about.customer {
		return false, err
	}
	if e.Type == "invoice.payment_failed" {
		if err := outbox.Add(ctx, outbox.Job{Kind: KindInvoiceFailed, Key: queue, Args: InvoiceFailed{about.id}}); err != nil {
			return true, err
		}
	}
	return true, outbox.Add(ctx, outbox.Job{Kind: KindRefresh, Key: queue, Args: struct{}{}})
}

// Billed finds the programs that customers of the operator's are. It sees all programs' rows.
func (s *Service) Billed(ctx context.Context, refs []string) ([]uuid.UUID, error) {
	if !s.Bills() {
		return nil, nil
	}
	return tenantsOf(ctx, refs)
}

type subject struct{ id, customer string }

// subjectOf reads whom an event is about: a customer is named by its id, or stands there whole.
func subjectOf(e pay.Event) subject {
	var o struct {
		ID       string
		Object   string
		Customer json.RawMessage
	}
	if json.Unmarshal(e.Object, &o) != nil {
		return subject{}
	}
	if strings.HasPrefix(e.Type, "customer.") && o.Object == "customer" {
		return subject{o.ID, o.ID}
	}
	out := subject{id: o.ID}
	var whole struct{ ID string }
	if json.Unmarshal(o.Customer, &out.customer) != nil && json.Unmarshal(o.Customer, &whole) == nil {
		out.customer = whole.ID
	}
	return out
}

// Refresh asks Stripe how the program's subscription stands, and keeps the answer.
func (s *Service) Refresh(ctx context.Context) (a Account, err error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Account{}, err
	}
	asked := s.Now()
	err = s.Unit(ctx, true, func(ctx context.Context) (err error) {
		a, err = findAccount(ctx, tenancy.ID(ctx))
		return err
	})
	if err != nil || a.Customer == nil || !s.Bills() {
		return a, err
	}
	all, err := s.Stripe.Subscriptions(ctx, *a.Customer)
	if err != nil {
		return a, asFault(err)
	}
	err = s.Unit(context.WithoutCancel(ctx), false, func(ctx context.Context) (err error) {
		a, err = s.keep(ctx, all, asked)
		return err
	})
	return a, err
}

// keep stores what Stripe answered, unless somebody has asked later and was faster.
func (s *Service) keep(ctx context.Context, all []pay.Subscription, asked time.Time) (Account, error) {
	a, err := lockAccount(ctx, s.Now())
	if err != nil || (a.ReadAt != nil && a.ReadAt.After(asked)) {
		return a, err
	}
	before := a.Status
	a.take(all, asked)
	if err := saveAccount(ctx, a); err != nil {
		return a, err
	}
	if err := keepSubscription(ctx, a.Subscription); err != nil || a.Status == before {
		return a, err
	}
	return a, audit.Record(ctx, audit.Entry{
		Action: "billing.subscription_changed", SubjectKind: "program", SubjectID: tenancy.ID(ctx), Detail: map[string]any{"before": before, "status": a.Status},
	})
}

// take reads how a customer stands from all subscriptions that there are or were, newest first: the
// newest that is not over, or else the newest.
func (a *Account) take(all []pay.Subscription, asked time.Time) {
	*a = Account{Customer: a.Customer, Status: None, CheckoutSession: a.CheckoutSession, FailedInvoice: a.FailedInvoice, ReportedDay: a.ReportedDay, ReadAt: &asked}
	if len(all) == 0 {
		return
	}
	now := all[0]
	for _, one := range all {
		if !one.Lives() {
			continue
		}
		if a.Living == 0 {
			now = one
		}
		a.Living++
	}
	a.Subscription, a.Status, a.Prices = &now.ID, Status(now.Status), now.Prices
	a.SubscribedAt, a.EndedAt, a.PaidFrom, a.PaidUntil, a.CancelsAt = &now.Started, now.Ended, &now.From, &now.Until, now.Cancels
}

// TellFailure has the program's admins told of an invoice that could not be collected, once, if that
// is still so.
func (s *Service) TellFailure(ctx context.Context, order InvoiceFailed) error {
	found, err := s.Stripe.FindInvoice(ctx, order.Invoice)
	if err != nil || !found.Open || !found.Tried {
		return err
	}
	return s.Unit(ctx, false, func(ctx context.Context) error {
		a, err := lockAccount(ctx, s.Now())
		if err != nil || a.Customer == nil || *a.Customer != found.Customer || (a.FailedInvoice != nil && *a.FailedInvoice == found.ID) {
			return err
		}
		a.FailedInvoice = &found.ID
		if err := saveAccount(ctx, a); err != nil {
			return err
		}
		admins, err := s.Admins.Deciding(ctx)
		if err != nil {
			return err
		}
		for _, id := range admins {
			if err := outbox.Add(ctx, outbox.Job{Kind: KindPaymentFailed, Args: PaymentFailed{id}}); err != nil {
				return err
			}
		}
		return audit.Record(ctx, audit.Entry{Action: "billing.payment_failed", SubjectKind: "program", SubjectID: tenancy.ID(ctx), Detail: map[string]string{"invoice": found.ID}})
	})
}
