package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/billing"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/views/email"
)

// The kinds that ask for the work of all programs, once a day.
const (
	KindUsageAll     = "billing.usage_all"
	KindReconcileAll = "billing.reconcile_all"
)

// Billing are the jobs about what programs pay the operator.
func Billing(s *billing.Service, log *slog.Logger) []Registration {
	return []Registration{
		{Kind: KindUsageAll, InTx: true, Run: func(ctx context.Context, j Job) error { return billAll(ctx, s, j, billing.KindUsage) }},
		{Kind: KindReconcileAll, InTx: true, Run: func(ctx context.Context, j Job) error { return billAll(ctx, s, j, billing.KindReconcile) }},
		{Kind: billing.KindUsage, Timeout: 5 * time.Minute, Run: func(ctx context.Context, _ Job) error { return s.CloseDays(ctx) }},
		{Kind: billing.KindReport, Timeout: time.Minute, Money: true, Run: func(ctx context.Context, j Job) error { return report(ctx, s, j) }},
		{Kind: billing.KindRefresh, Run: func(ctx context.Context, _ Job) error {
			_, err := s.Refresh(ctx)
			return err
		}},
		{Kind: billing.KindInvoiceFailed, Run: func(ctx context.Context, j Job) error {
			var order billing.InvoiceFailed
			if err := j.Decode(&order); err != nil {
				return err
			}
			return s.TellFailure(ctx, order)
		}},
		{Kind: billing.KindReconcile, Timeout: 10 * time.Minute, Run: func(ctx context.Context, _ Job) error { return reconcileBilling(ctx, s, log) }},
	}
}

// billAll orders the work for every program. One that is closed for now is caught up with later.
func billAll(ctx context.Context, s *billing.Service, j Job, kind string) error {
	if !s.Bills() {
		return nil
	}
	var order struct{ Period string }
	if err := j.Decode(&order); err != nil {
		return err
	}
	var tenants []uuid.UUID
	if err := db.Tx(ctx).NewRaw(`select id from platform.tenants where status = 'active' order by id`).Scan(ctx, &tenants); err != nil {
		return fmt.Errorf("list the programs that are billed: %w", err)
	}
	for _, id := range tenants {
		err := outbox.Add(tenancy.With(ctx, tenancy.Tenant{ID: id}), outbox.Job{Kind: kind, Key: "billing", DedupeKey: kind + ":" + order.Period, Args: struct{}{}})
		if err != nil {
			return err
		}
	}
	return nil
}

// report tells Stripe of one day. Until Stripe has answered clearly the same call is made again, and
// these tries do not count.
func report(ctx context.Context, s *billing.Service, j Job) error {
	var order billing.Order
	if err := j.Decode(&order); err != nil {
		return err
	}
	err := s.Send(ctx, order)
	if _, doubt := errors.AsType[*billing.Doubt](err); doubt {
		return Dead(err)
	}
	if _, answered := errors.AsType[*pay.Error](err); answered && !pay.Refused(err) {
		return Snooze(askAgain, err)
	}
	return err
}

func reconcileBilling(ctx context.Context, s *billing.Service, log *slog.Logger) error {
	wrong, err := s.Reconcile(ctx)
	for _, m := range wrong {
		log.ErrorContext(ctx, "Stripe counts another usage than it was told", "tenant", tenancy.From(ctx).Slug,
			"currency", m.Currency, "at", m.At, "told", m.Told, "counted", m.Counted)
	}
	return err
}

// paymentFailed tells an admin that the operator could not collect what the program owes.
func (m *Mailer) paymentFailed(ctx context.Context, j Job) error {
	var order billing.PaymentFailed
	if err := j.Decode(&order); err != nil {
		return err
	}
	return m.invite(ctx, order.AdminID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		a, err := m.Admins.Find(ctx, order.AdminID)
		u := routes.From(ctx)
		return signin.Invitation{Name: a.Name, Email: a.Email}, email.PaymentFailed(b, u.Absolute(u.Billing())), err
	})
}
