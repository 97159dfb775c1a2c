package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/tenancy"
)

// stretch is how long a long work goes on before it lets others in and continues later.
const stretch = 10 * time.Second

// Rederivation decides customers' events anew, part by part, each in a transaction of its own.
func Rederivation(app *db.Pool, a *attribution.Service, now func() time.Time) Registration {
	return Registration{Kind: attribution.KindRederive, Timeout: time.Minute, Run: func(ctx context.Context, j Job) error {
		var order attribution.Rederive
		if err := j.Decode(&order); err != nil {
			return err
		}
		for begun := now(); now().Sub(begun) < stretch; {
			done, err := rederivePart(ctx, app, a, j, order)
			if err != nil || done {
				return err
			}
		}
		return Snooze(0, errors.New("to be continued"))
	}}
}

// rederivePart does one step and keeps how far it came, in one transaction.
func rederivePart(ctx context.Context, app *db.Pool, a *attribution.Service, j Job, order attribution.Rederive) (done bool, err error) {
	err = tenancy.Run(ctx, app, j.Tenant, func(ctx context.Context) error {
		row, err := outbox.Find(ctx, j.ID)
		if err != nil {
			return err
		}
		result := attribution.Rederived{DryRun: order.DryRun, Differences: []commissions.Difference{}}
		if err := row.Found(&result); err != nil {
			return Dead(err)
		}
		progress := row.Counted()
		if result.After == "" {
			progress = outbox.Progress{}
			if progress.Total, err = a.Scope(ctx, order); err != nil {
				return err
			}
		}
		step, err := a.RederiveStep(ctx, order, result.After)
		if err != nil {
			return err
		}
		result.Add(step)
		done = step.Last == ""
		progress.Done += step.Users
		return outbox.Report(ctx, j.ID, progress, result)
	})
	return done, err
}
