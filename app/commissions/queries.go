package commissions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// orNull is nil for the zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func selectCommissions(ctx context.Context) *bun.SelectQuery {
	return db.Tx(ctx).NewSelect().TableExpr("commissions as m").
		Join("join partners as p on p.tenant_id = m.tenant_id and p.id = m.partner_id").
		Join("left join campaigns as c on c.tenant_id = m.tenant_id and c.id = m.campaign_id").
		ColumnExpr("m.id, m.event_id, m.partner_id, p.name as partner_name, m.campaign_id, c.name as campaign_name, m.rule_id").
		ColumnExpr("m.click_id, m.kind, m.base_amount, m.base_currency, m.rate_ppm, m.weight_num, m.weight_den, m.amount").
		ColumnExpr("m.currency, m.status, m.matures_at, m.approved_at, m.approved_by, m.held_reason, m.reversed_reason").
		ColumnExpr("m.reversed_by, m.paid_at, m.note, m.created_at")
}

// lockEventRows reads the rows of an event and keeps others from changing them meanwhile.
func lockEventRows(ctx context.Context, event uuid.UUID) ([]Commission, error) {
	var rows []Commission
	err := selectCommissions(ctx).Where("m.event_id = ?", event).OrderExpr("m.created_at, m.id").For("update of m").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("lock the event's commissions: %w", err)
	}
	return rows, nil
}

func eventRows(ctx context.Context, event uuid.UUID) ([]Commission, error) {
	var rows []Commission
	err := selectCommissions(ctx).Where("m.event_id = ?", event).OrderExpr("m.created_at, m.id").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list the event's commissions: %w", err)
	}
	return rows, nil
}

func findCommission(ctx context.Context, id uuid.UUID, lock bool) (Commission, error) {
	var c Commission
	q := selectCommissions(ctx).Where("m.id = ?", id)
	if lock {
		q = q.For("update of m")
	}
	err := q.Scan(ctx, &c)
	if errors.Is(err, sql.ErrNoRows) {
		return Commission{}, fault.NotFound("commission")
	}
	if err != nil {
		return Commission{}, fmt.Errorf("find commission: %w", err)
	}
	return c, nil
}

func listCommissions(ctx context.Context, f Filter, page paging.Page, now time.Time) ([]Commission, error) {
	var rows []Commission
	q := selectCommissions(ctx).OrderExpr("m.created_at desc, m.id desc").Limit(page.Ask())
	if f.Status != "" {
		q = q.Where("m.status = ?", f.Status)
	}
	if f.Ready {
		q = q.Where("m.status = 'pending' and m.matures_at <= ?", now)
	}
	if f.PartnerID != nil {
		q = q.Where("m.partner_id = ?", *f.PartnerID)
	}
	if f.CampaignID != nil {
		q = q.Where("m.campaign_id = ?", *f.CampaignID)
	}
	if f.From != nil {
		q = q.Where("m.created_at >= ?", *f.From)
	}
	if f.To != nil {
		q = q.Where("m.created_at < ?", *f.To)
	}
	if page.After != nil {
		q = q.Where("(m.created_at, m.id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list commissions: %w", err)
	}
	return rows, nil
}

func insertCommission(ctx context.Context, c Commission) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into commissions (tenant_id, id, event_id, partner_id, campaign_id, rule_id, click_id, kind, base_amount,
			base_currency, rate_ppm, weight_num, weight_den, amount, currency, status, matures_at, approved_at, held_reason, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tenancy.ID(ctx), c.ID, c.EventID, c.PartnerID, c.CampaignID, c.RuleID, c.ClickID, string(c.Kind), c.BaseAmount,
		c.BaseCurrency, c.RatePPM, c.WeightNum, c.WeightDen, c.Amount, c.Currency, string(c.Status), c.MaturesAt, c.ApprovedAt,
		c.HeldReason, c.CreatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert commission: %w", err)
	}
	return nil
}

func reverseRow(ctx context.Context, id uuid.UUID, reason string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update commissions set status = 'reversed', reversed_reason = ?, held_reason = null where id = ?`, reason, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("reverse commission: %w", err)
	}
	return nil
}

func updateState(ctx context.Context, c Commission) error {
	_, err := db.Tx(ctx).NewRaw(`
		update commissions set status = ?, approved_at = ?, approved_by = ?, held_reason = ?, reversed_reason = ?, reversed_by = ?, note = ?
		where id = ?`,
		string(c.Status), c.ApprovedAt, c.ApprovedBy, c.HeldReason, c.ReversedReason, c.ReversedBy, c.Note, c.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update commission: %w", err)
	}
	return nil
}

// revokedAmong says which of the partners may no longer earn.
func revokedAmong(ctx context.Context, keys []key) (map[uuid.UUID]bool, error) {
	out := map[uuid.UUID]bool{}
	if len(keys) == 0 {
		return out, nil
	}
	partners := make([]uuid.UUID, 0, len(keys))
	for _, k := range keys {
		partners = append(partners, k.partner)
	}
	var found []uuid.UUID
	err := db.Tx(ctx).NewRaw(`select id from partners where id in (?) and status in ('revoked', 'declined')`, bun.List(partners)).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("look for revoked partners: %w", err)
	}
	for _, id := range found {
		out[id] = true
	}
	return out, nil
}

func countMatured(ctx context.Context, now time.Time) (n int, err error) {
	err = db.Tx(ctx).NewRaw(`select count(*) from commissions where status = 'pending' and matures_at <= ?`, now).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count commissions: %w", err)
	}
	return n, nil
}

func sumByStatus(ctx context.Context, partner uuid.UUID) ([]Balance, error) {
	var rows []Balance
	err := db.Tx(ctx).NewRaw(`
		select status, currency, sum(amount)::bigint as amount from commissions
		where partner_id = ? and status <> 'reversed' group by status, currency order by currency, status`, partner).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("sum commissions: %w", err)
	}
	return rows, nil
}
