package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tracking"
)

// KindExpireClicks deletes, once a day, the clicks that led to nothing and are old.
const KindExpireClicks = "clicks.expire"

// ClickExpiry goes from tenant to tenant in short transactions of the system role, which alone
// may delete clicks.
func ClickExpiry(system *db.Pool, clicks *tracking.Service) Registration {
	return Registration{Kind: KindExpireClicks, Timeout: 10 * time.Minute, Run: func(ctx context.Context, _ Job) error {
		var tenants []uuid.UUID
		err := system.InTx(ctx, db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) (err error) {
			tenants, err = tenantsWithOldClicks(ctx, clicks.Expire().Before())
			return err
		})
		if err != nil {
			return err
		}
		for _, tenant := range tenants {
			walk, more := clicks.Expire(), true
			for more {
				err := system.InTx(ctx, db.TxOptions{Tenant: tenant}, func(ctx context.Context) (err error) {
					_, more, err = walk.Next(ctx, tenant)
					return err
				})
				if err != nil {
					return err
				}
			}
		}
		return nil
	}}
}

func tenantsWithOldClicks(ctx context.Context, before time.Time) ([]uuid.UUID, error) {
	var tenants []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select id from platform.tenants t
		where exists (select from clicks k where k.tenant_id = t.id and k.occurred_at < ?)`, before).Scan(ctx, &tenants)
	if err != nil {
		return nil, fmt.Errorf("look for old clicks: %w", err)
	}
	return tenants, nil
}
