package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/tenancy"
)

// KindApproveAll looks, every hour, which tenants have something that matured.
const KindApproveAll = "commissions.approve_all"

// Approvals are the jobs that approve what matured: an hourly look over all tenants, and the
// work for one.
func Approvals(c *commissions.Service, now func() time.Time) []Registration {
	return []Registration{
		{Kind: KindApproveAll, InTx: true, Run: func(ctx context.Context, _ Job) error { return approveAll(ctx, now()) }},
		{Kind: commissions.KindApproveMatured, InTx: true, Run: func(ctx context.Context, _ Job) error {
			more, err := c.ApproveMatured(ctx)
			if err != nil || !more {
				return err
			}
			return outbox.Add(ctx, outbox.Job{Kind: commissions.KindApproveMatured, Key: commissions.KindApproveMatured, Args: struct{}{}})
		}},
	}
}

// approveAll orders the work for the tenants that have any.
func approveAll(ctx context.Context, at time.Time) error {
	var tenants []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select id from platform.tenants t where status = 'active' and exists (
			select from commissions m join campaign_versions v on v.tenant_id = m.tenant_id and v.campaign_id = m.campaign_id and v.auto_approve
			where m.tenant_id = t.id and m.status = 'pending' and m.matures_at <= ?)`, at).Scan(ctx, &tenants)
	if err != nil {
		return fmt.Errorf("look for matured commissions: %w", err)
	}
	for _, id := range tenants {
		err := outbox.Add(tenancy.With(ctx, tenancy.Tenant{ID: id}), outbox.Job{
			Kind: commissions.KindApproveMatured, Key: commissions.KindApproveMatured, Args: struct{}{},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
