package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/rollup"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tracking"
)

const (
	// KindCheckFigures looks, once a day, in which programs something happened of late.
	KindCheckFigures = "figures.check"
	// KindCheckProgramFigures holds the daily sums of one program against the facts.
	KindCheckProgramFigures = "figures.check_program"
)

// checkedDays are how many whole days the check goes back. What comes later belongs to a day before
// seldom enough.
const checkedDays = 3

// FiguresOptions are what the check of figures needs.
type FiguresOptions struct {
	App      *db.Pool
	Clicks   *tracking.Service
	Log      *slog.Logger
	Now      func() time.Time
	Repaired func(n int) // counts them for an alarm
}

// Figures are the jobs that check the sums that reports read. A sum that is wrong is a defect of ours:
// it is repaired, since a report must not go on being wrong, and it is logged and counted, since
// somebody must look why.
func Figures(o FiguresOptions) []Registration {
	return []Registration{
		{Kind: KindCheckFigures, InTx: true, Run: func(ctx context.Context, _ Job) error { return checkAll(ctx, o.firstDay()) }},
		{Kind: KindCheckProgramFigures, Timeout: 10 * time.Minute, Run: func(ctx context.Context, j Job) error {
			for day := o.firstDay(); day.Before(o.today()); day = day.AddDate(0, 0, 1) {
				if err := o.check(ctx, j.Tenant, day); err != nil {
					return fmt.Errorf("check the figures of %s: %w", day.Format(time.DateOnly), err)
				}
			}
			return nil
		}},
	}
}

func (o FiguresOptions) today() time.Time { return o.Now().UTC().Truncate(24 * time.Hour) }

func (o FiguresOptions) firstDay() time.Time { return o.today().AddDate(0, 0, -checkedDays) }

// checkAll orders the work for the programs in which something happened.
func checkAll(ctx context.Context, since time.Time) error {
	var tenants []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select id from platform.tenants t where status = 'active' and (
			exists (select from events e where e.tenant_id = t.id and e.occurred_at >= ?0)
			or exists (select from clicks k where k.tenant_id = t.id and k.occurred_at >= ?0)
			or exists (select from daily_money m where m.tenant_id = t.id and m.day >= ?0::date)
			or exists (select from daily_clicks c where c.tenant_id = t.id and c.day >= ?0::date))`, since).Scan(ctx, &tenants)
	if err != nil {
		return fmt.Errorf("look for figures to check: %w", err)
	}
	for _, id := range tenants {
		err := outbox.Add(tenancy.With(ctx, tenancy.Tenant{ID: id}), outbox.Job{
			Kind: KindCheckProgramFigures, Key: KindCheckProgramFigures, Args: struct{}{},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// check looks at a day without keeping anybody away, and repairs what it finds with everybody away.
func (o FiguresOptions) check(ctx context.Context, tenant tenancy.Tenant, day time.Time) error {
	var money, clicks int
	err := o.App.InTx(ctx, db.TxOptions{Tenant: tenant.ID, ReadOnly: true, Snapshot: true, Long: true}, func(ctx context.Context) (err error) {
		if money, err = rollup.Check(ctx, day); err != nil {
			return err
		}
		clicks, err = o.Clicks.CheckDaily(ctx, day)
		return err
	})
	if err != nil || money+clicks == 0 {
		return err
	}
	err = tenancy.Run(ctx, o.App, tenant, func(ctx context.Context) (err error) {
		if money > 0 {
			if money, err = rollup.Rebuild(ctx, day, day); err != nil {
				return err
			}
		}
		if clicks > 0 {
			return o.Clicks.RebuildDaily(ctx, day, day)
		}
		return nil
	})
	if err != nil || money+clicks == 0 { // somebody was in the middle of it
		return err
	}
	o.Log.ErrorContext(ctx, "the sums of a day were not what the facts say, and were repaired",
		"tenant", tenant.Slug, "day", day.Format(time.DateOnly), "money", money, "clicks", clicks)
	o.Repaired(money + clicks)
	return nil
}
