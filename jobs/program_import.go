package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/portability"
	"github.com/openpartner/openpartner/app/tenancy"
)

// ProgramImport adds the rows of an export, part by part, each in a transaction of its own.
func ProgramImport(app *db.Pool, p *portability.Service, now func() time.Time) Registration {
	return Registration{Kind: portability.KindImport, Timeout: 5 * time.Minute, Run: func(ctx context.Context, j Job) error {
		var order portability.ImportOrder
		if err := j.Decode(&order); err != nil {
			return err
		}
		if order.DryRun {
			return tryProgram(ctx, app, p, j, order)
		}
		var found portability.Imported
		err := tenancy.Read(ctx, app, j.Tenant, func(ctx context.Context) error {
			row, err := outbox.Find(ctx, j.ID)
			if err != nil || len(row.Result) == 0 {
				return err
			}
			return json.Unmarshal(row.Result, &found)
		})
		for begun := now(); err == nil && now().Sub(begun) < stretch; {
			more := false
			err = tenancy.Run(ctx, app, j.Tenant, func(ctx context.Context) (err error) {
				if more, err = p.ImportStep(ctx, order, &found); err != nil {
					return err
				}
				return reportProgram(ctx, j, found)
			})
			if err == nil && !more {
				return nil
			}
		}
		if err != nil {
			return err
		}
		return Snooze(0, errors.New("to be continued"))
	}}
}

// tryProgram does all of it in one transaction, takes it back, and writes down what it found. How
// far it is, others see all the while.
func tryProgram(ctx context.Context, app *db.Pool, p *portability.Service, j Job, order portability.ImportOrder) error {
	var found portability.Imported
	report := func(ctx context.Context) error { return reportProgram(ctx, j, found) }
	err := tenancy.Run(ctx, app, j.Tenant, func(tx context.Context) error {
		for more := true; more; {
			var err error
			if more, err = p.ImportStep(tx, order, &found); err != nil {
				return err
			}
			if err := tenancy.Run(ctx, app, j.Tenant, report); err != nil {
				return err
			}
		}
		return db.ErrRollback
	})
	if err != nil {
		return err
	}
	return tenancy.Run(ctx, app, j.Tenant, func(ctx context.Context) error {
		if err := p.KeepRefusals(ctx, order, &found); err != nil {
			return err
		}
		return report(ctx)
	})
}

func reportProgram(ctx context.Context, j Job, found portability.Imported) error {
	total, settled, refused := found.Counts()
	return outbox.Report(ctx, j.ID, outbox.Progress{Total: total, Done: settled, Failed: refused}, found)
}
