package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/tenancy"
)

// PartnerImport adds the partners of a list, part by part, each in a transaction of its own.
func PartnerImport(app *db.Pool, p *partners.Service, now func() time.Time) Registration {
	return Registration{Kind: partners.KindImport, Timeout: time.Minute, Run: func(ctx context.Context, j Job) error {
		var order partners.ImportOrder
		if err := j.Decode(&order); err != nil {
			return err
		}
		for begun := now(); now().Sub(begun) < stretch; {
			more := false
			err := tenancy.Run(ctx, app, j.Tenant, func(ctx context.Context) (err error) {
				more, err = p.ImportStep(ctx, order)
				return err
			})
			if err != nil || !more {
				return err
			}
		}
		return Snooze(0, errors.New("to be continued"))
	}}
}
