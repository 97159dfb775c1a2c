package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/views/email"
)

// KindPayoutsDue looks, every day, in which programs a period of payouts has begun.
const KindPayoutsDue = "payouts.due"

// Payouts are the jobs that plan payouts by the clock: a daily look over all programs, and the run
// of one.
func Payouts(s *payouts.Service, now func() time.Time) []Registration {
	return []Registration{
		{Kind: KindPayoutsDue, InTx: true, Run: func(ctx context.Context, _ Job) error { return orderRuns(ctx, now()) }},
		{Kind: payouts.KindRun, Timeout: 5 * time.Minute, InTx: true, Money: true, Run: func(ctx context.Context, j Job) error {
			var order payouts.PeriodRun
			if err := j.Decode(&order); err != nil {
				return err
			}
			period, err := time.Parse(time.DateOnly, order.Period)
			if err != nil {
				return Dead(fmt.Errorf("read the period: %w", err))
			}
			_, err = s.StartPeriod(ctx, period)
			return err
		}},
	}
}

// orderRuns orders a run for each program whose period has begun. The dedupe key names the period,
// and the run itself remembers it, so that each is paid once.
func orderRuns(ctx context.Context, now time.Time) error {
	var rows []struct {
		TenantID uuid.UUID
		Value    json.RawMessage
	}
	err := db.Tx(ctx).NewRaw(`
		select c.tenant_id, c.value from config c join platform.tenants t on t.id = c.tenant_id and t.status = 'active'
		where c.key = 'payouts' and c.value ->> 'cadence' in ('weekly', 'biweekly', 'monthly')`).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("look for payouts that are due: %w", err)
	}
	for _, r := range rows {
		var chosen settings.Payouts
		if err := json.Unmarshal(r.Value, &chosen); err != nil {
			return fmt.Errorf("read the cadence of %s: %w", r.TenantID, err)
		}
		since := time.Time{}
		if chosen.CadenceSince != nil {
			since = *chosen.CadenceSince
		}
		period, due := payouts.Cadence(chosen.Cadence).Due(since, now)
		if !due {
			continue
		}
		day := period.Format(time.DateOnly)
		err := outbox.Add(tenancy.With(ctx, tenancy.Tenant{ID: r.TenantID}), outbox.Job{
			Kind: payouts.KindRun, Key: payouts.KindRun, DedupeKey: payouts.KindRun + ":" + day, Args: payouts.PeriodRun{Period: day},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// payoutNews tells a partner what became of a payout, while it is still true.
func (m *Mailer) payoutNews(status payouts.Status, write func(b email.Brand, name, amount, page string) email.Message) func(context.Context, Job) error {
	return func(ctx context.Context, j Job) error {
		var order payouts.News
		if err := j.Decode(&order); err != nil {
			return err
		}
		return m.invite(ctx, order.PayoutID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
			o, err := m.Payouts.Find(ctx, order.PayoutID)
			if err == nil && o.Status != status {
				err = fault.NotFound("news")
			}
			if err != nil {
				return signin.Invitation{}, email.Message{}, err
			}
			p, err := m.Partners.Find(ctx, o.PartnerID)
			if err == nil && p.ErasedAt != nil {
				err = fault.NotFound("partner")
			}
			u := routes.From(ctx)
			return signin.Invitation{Kind: "partner", ID: p.ID, Name: p.Name, Email: p.Email}, write(b, p.Name, o.Money().Format(), u.Absolute(u.PortalPayoutShow(o.ID))), err
		})
	}
}

// destinationChanged warns a partner at the address that is on file: what was changed is where they are
// paid.
func (m *Mailer) destinationChanged(what string, write func(b email.Brand, name, page string) email.Message) func(context.Context, Job) error {
	return func(ctx context.Context, j Job) error {
		var order payouts.DestinationChanged
		if err := j.Decode(&order); err != nil {
			return err
		}
		return m.invite(ctx, order.PartnerID.String()+":"+what, func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
			p, err := m.Partners.Find(ctx, order.PartnerID)
			if err == nil && p.ErasedAt != nil {
				err = fault.NotFound("partner")
			}
			u := routes.From(ctx)
			return signin.Invitation{Kind: "partner", ID: p.ID, Name: p.Name, Email: p.Email}, write(b, p.Name, u.Absolute(u.PortalPayoutAccount())), err
		})
	}
}

// payoutsPlanned tells an admin what the clock has planned.
func (m *Mailer) payoutsPlanned(ctx context.Context, j Job) error {
	var order payouts.Planning
	if err := j.Decode(&order); err != nil {
		return err
	}
	return m.invite(ctx, order.AdminID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		run, progress, err := m.Payouts.FindRun(ctx, order.RunID)
		if err != nil {
			return signin.Invitation{}, email.Message{}, err
		}
		a, err := m.Admins.Find(ctx, order.AdminID)
		if err == nil && a.Status() != "active" {
			err = fault.NotFound("admin")
		}
		var totals []string
		for _, t := range run.Sums() {
			totals = append(totals, t.Format())
		}
		u := routes.From(ctx)
		return signin.Invitation{Name: a.Name, Email: a.Email}, email.PayoutsPlanned(b, progress.Total(), totals, u.Absolute(u.PayoutRunShow(run.ID))), err
	})
}
