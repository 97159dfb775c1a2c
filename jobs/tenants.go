package jobs

import (
	"context"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenants"
)

// KindDeleteTenants deletes, once a day, the programs whose time is over.
const KindDeleteTenants = "tenants.delete"

// TenantDeletion goes on in short transactions of the system role until nothing of them is left.
func TenantDeletion(system *db.Pool, s *tenants.Service) Registration {
	return Registration{Kind: KindDeleteTenants, Timeout: 30 * time.Minute, Run: func(ctx context.Context, _ Job) error {
		var due []tenants.Tenant
		err := system.InTx(ctx, db.TxOptions{ReadOnly: true}, func(ctx context.Context) (err error) {
			due, err = s.Due(ctx)
			return err
		})
		for _, t := range due {
			for more := true; more && err == nil; {
				err = system.InTx(ctx, db.TxOptions{}, func(ctx context.Context) (err error) {
					more, err = s.Delete(ctx, t)
					return err
				})
			}
		}
		return err
	}}
}
