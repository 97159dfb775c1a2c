package payouts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
)

// rowsStand reports whether a payout still is the sum of its rows, and these may all be paid.
func rowsStand(ctx context.Context, p Payout) (whole bool, err error) {
	err = db.Tx(ctx).NewRaw(`
		select coalesce(sum(i.amount) = ? and bool_and(m.status = 'approved' and m.amount = i.amount and m.currency = ? and m.partner_id = ?), false)
		from payout_items i join commissions m on m.id = i.commission_id
		where i.payout_id = ? and i.released_at is null`, p.Amount, p.Currency, p.PartnerID, p.ID).Scan(ctx, &whole)
	if err != nil {
		return false, fmt.Errorf("read the rows of a payout: %w", err)
	}
	return whole, nil
}

// unordered is a payout on its way that no job is about.
type unordered struct{ TenantID, ID uuid.UUID }

// withoutOrder looks, over all tenants, for payouts that nobody is going to send.
func withoutOrder(ctx context.Context) ([]unordered, error) {
	var rows []unordered
	err := db.Tx(ctx).NewRaw(`
		select o.tenant_id, o.id from payouts o join platform.tenants t on t.id = o.tenant_id and t.status = 'active'
		where o.rail = 'stripe_connect' and o.status in ('pending', 'processing') and not exists (
			select from platform.jobs j
			where j.tenant_id = o.tenant_id and j.kind = ? and j.key = o.id::text and j.status in ('pending', 'running'))
		order by o.tenant_id, o.id limit 1000`, KindSend).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for payouts without an order: %w", err)
	}
	return rows, nil
}

// accountsToSee gives, over all tenants, the partners whose accounts at Stripe are to be looked at:
// those that are not ready, and once a day all.
func accountsToSee(ctx context.Context, all bool) ([]unordered, error) {
	var rows []unordered
	err := db.Tx(ctx).NewRaw(`
		select p.tenant_id, p.id from partners p join platform.tenants t on t.id = p.tenant_id and t.status = 'active'
		where p.stripe_account_id is not null and (? or not p.stripe_payouts_enabled) order by p.tenant_id, p.id`, all).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for accounts at Stripe: %w", err)
	}
	return rows, nil
}

// stripePayoutsSince gives the payouts by Stripe that were planned since a time, or were not over
// then.
func stripePayoutsSince(ctx context.Context, since time.Time) ([]Payout, error) {
	var rows []Payout
	err := selectPayouts(ctx).Where("o.rail = 'stripe_connect' and (o.completed_at is null or o.completed_at >= ?)", since).OrderExpr("o.id").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list payouts by Stripe: %w", err)
	}
	return rows, nil
}

// CountOpen counts the payouts of all programs in sight that are not over, by state.
func CountOpen(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		Status string
		N      int
	}
	err := db.Tx(ctx).NewRaw(`
		select s.status, count(o.id) as n from (values ('pending'), ('processing'), ('needs_review')) as s (status)
		left join payouts o on o.status = s.status group by s.status`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count open payouts: %w", err)
	}
	out := map[string]int{}
	for _, r := range rows {
		out[r.Status] = r.N
	}
	return out, nil
}
