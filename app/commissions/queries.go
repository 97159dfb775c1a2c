package commissions

import (
	"context"
	"database/sql"
	"encoding/json"
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
		Join("left join payout_items as i on i.tenant_id = m.tenant_id and i.commission_id = m.id and i.released_at is null").
		ColumnExpr("m.id, m.event_id, m.partner_id, p.name as partner_name, m.campaign_id, c.name as campaign_name, m.rule_id").
		ColumnExpr("m.click_id, m.kind, m.base_amount, m.base_currency, m.rate_ppm, m.weight_num, m.weight_den, m.amount").
		ColumnExpr("m.currency, m.status, m.matures_at, m.approved_at, m.approved_by, m.held_reason, m.reversed_reason").
		ColumnExpr("m.reversed_by, m.paid_at, m.note, m.occurred_at, m.created_at, i.payout_id")
}

const ledgerColumns = `id, event_id, partner_id, campaign_id, rule_id, click_id, kind, base_amount, base_currency, rate_ppm,
	weight_num, weight_den, amount, currency, status, matures_at, approved_at, approved_by, held_reason, reversed_reason,
	reversed_by, paid_at, note, occurred_at, created_at`

// lockRows reads the rows of events, oldest first, and keeps others from changing them meanwhile.
// Which of them a payout has is read after they are locked: whoever held a lock may just have put
// them into one.
func lockRows(ctx context.Context, events []uuid.UUID) (map[uuid.UUID][]Commission, error) {
	out, err := rowsBy(ctx, events, " for update")
	if err != nil {
		return nil, err
	}
	var approved []uuid.UUID
	for _, rows := range out {
		for _, c := range rows {
			if c.Status == Approved {
				approved = append(approved, c.ID)
			}
		}
	}
	taken, err := payoutsOf(ctx, approved)
	if err != nil {
		return nil, err
	}
	for _, rows := range out {
		for i, c := range rows {
			rows[i].PayoutID = orNull(taken[c.ID])
		}
	}
	return out, nil
}

// payoutsOf says which payout has each of these rows; the caller has locked them.
func payoutsOf(ctx context.Context, rows []uuid.UUID) (map[uuid.UUID]uuid.UUID, error) {
	out := map[uuid.UUID]uuid.UUID{}
	if len(rows) == 0 {
		return out, nil
	}
	var items []struct{ CommissionID, PayoutID uuid.UUID }
	err := db.Hot(ctx, `select commission_id, payout_id from payout_items where commission_id = any($1::uuid[]) and released_at is null`, rows).Scan(ctx, &items)
	if err != nil {
		return nil, fmt.Errorf("look for the rows' payouts: %w", err)
	}
	for _, i := range items {
		out[i.CommissionID] = i.PayoutID
	}
	return out, nil
}

// lockByID locks rows in the order in which all lock them, oldest first.
func lockByID(ctx context.Context, ids []uuid.UUID) ([]Commission, error) {
	var rows []Commission
	err := db.Hot(ctx, `select `+ledgerColumns+` from commissions where id = any($1::uuid[]) order by created_at, id for update`, ids).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("lock commissions: %w", err)
	}
	return rows, nil
}

// rowsOf is lockRows for who only looks.
func rowsOf(ctx context.Context, events []uuid.UUID) (map[uuid.UUID][]Commission, error) {
	return rowsBy(ctx, events, "")
}

func rowsBy(ctx context.Context, events []uuid.UUID, lock string) (map[uuid.UUID][]Commission, error) {
	out := map[uuid.UUID][]Commission{}
	if len(events) == 0 {
		return out, nil
	}
	var rows []Commission
	err := db.Hot(ctx, `select `+ledgerColumns+` from commissions where event_id = any($1::uuid[]) order by created_at, id`+lock, events).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read the events' commissions: %w", err)
	}
	for _, c := range rows {
		out[*c.EventID] = append(out[*c.EventID], c)
	}
	return out, nil
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
	if len(f.IDs) > 0 {
		q = q.Where("m.id in (?)", bun.List(f.IDs))
	}
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
	if f.PayoutID != nil {
		q = q.Where("m.id in (select commission_id from payout_items where payout_id = ?)", *f.PayoutID)
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

// stored is a ledger row as it travels to the database, many in one statement.
type stored struct {
	ID             uuid.UUID  `json:"id"`
	EventID        *uuid.UUID `json:"event_id"`
	PartnerID      uuid.UUID  `json:"partner_id"`
	CampaignID     *uuid.UUID `json:"campaign_id"`
	RuleID         *uuid.UUID `json:"rule_id"`
	ClickID        *uuid.UUID `json:"click_id"`
	Kind           Kind       `json:"kind"`
	BaseAmount     *int64     `json:"base_amount"`
	BaseCurrency   *string    `json:"base_currency"`
	RatePPM        *int64     `json:"rate_ppm"`
	WeightNum      *int64     `json:"weight_num"`
	WeightDen      *int64     `json:"weight_den"`
	Amount         int64      `json:"amount"`
	Currency       string     `json:"currency"`
	Status         Status     `json:"status"`
	MaturesAt      time.Time  `json:"matures_at"`
	ApprovedAt     *time.Time `json:"approved_at"`
	ApprovedBy     *uuid.UUID `json:"approved_by"`
	HeldReason     *string    `json:"held_reason"`
	ReversedReason *string    `json:"reversed_reason"`
	ReversedBy     *uuid.UUID `json:"reversed_by"`
	PaidAt         *time.Time `json:"paid_at"`
	Note           *string    `json:"note"`
	OccurredAt     time.Time  `json:"occurred_at"`
	CreatedAt      time.Time  `json:"created_at"`
}

// travel encodes rows for jsonb_populate_recordset.
func travel(rows []Commission) (string, error) {
	out := make([]stored, len(rows))
	for i, c := range rows {
		out[i] = stored{
			c.ID, c.EventID, c.PartnerID, c.CampaignID, c.RuleID, c.ClickID, c.Kind, c.BaseAmount, c.BaseCurrency, c.RatePPM,
			c.WeightNum, c.WeightDen, c.Amount, c.Currency, c.Status, c.MaturesAt, c.ApprovedAt, c.ApprovedBy, c.HeldReason,
			c.ReversedReason, c.ReversedBy, c.PaidAt, c.Note, c.OccurredAt, c.CreatedAt,
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return "", fmt.Errorf("encode commissions: %w", err)
	}
	return string(text), nil
}

func insertCommissions(ctx context.Context, rows []Commission) error {
	if len(rows) == 0 {
		return nil
	}
	text, err := travel(rows)
	if err != nil {
		return err
	}
	err = db.Hot(ctx, `
		insert into commissions (tenant_id, id, event_id, partner_id, campaign_id, rule_id, click_id, kind, base_amount, base_currency,
			rate_ppm, weight_num, weight_den, amount, currency, status, matures_at, approved_at, approved_by, held_reason, note, occurred_at, created_at)
		select $1::uuid, id, event_id, partner_id, campaign_id, rule_id, click_id, kind, base_amount, base_currency,
			rate_ppm, weight_num, weight_den, amount, currency, status, matures_at, approved_at, approved_by, held_reason, note, occurred_at, created_at
		from jsonb_populate_recordset(null::commissions, $2::jsonb)`, tenancy.ID(ctx), text).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert commissions: %w", err)
	}
	return nil
}

// updateStates stores what may change about rows: never amount, currency or owner.
func updateStates(ctx context.Context, rows []Commission) error {
	if len(rows) == 0 {
		return nil
	}
	text, err := travel(rows)
	if err != nil {
		return err
	}
	_, err = db.Tx(ctx).NewRaw(`
		update commissions m set status = n.status, approved_at = n.approved_at, approved_by = n.approved_by,
			held_reason = n.held_reason, reversed_reason = n.reversed_reason, reversed_by = n.reversed_by, paid_at = n.paid_at, note = n.note
		from jsonb_populate_recordset(null::commissions, ?::jsonb) n where m.id = n.id`, text).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update commissions: %w", err)
	}
	return nil
}

func partnerExists(ctx context.Context, id uuid.UUID) (bool, error) {
	var known bool
	if err := db.Tx(ctx).NewRaw(`select exists (select from partners where id = ?)`, id).Scan(ctx, &known); err != nil {
		return false, fmt.Errorf("look for the partner: %w", err)
	}
	return known, nil
}

// maturedForApproval locks pending rows whose hold is over and whose campaign approves by itself,
// as its terms said when the event happened.
func maturedForApproval(ctx context.Context, now time.Time, limit int) ([]Commission, error) {
	var rows []Commission
	err := db.Tx(ctx).NewRaw(`
		select `+ledgerColumns+` from commissions m
		where m.status = 'pending' and m.matures_at <= ?0
			and exists (select from campaign_versions v where v.campaign_id = m.campaign_id and v.auto_approve
				and v.active_from <= m.occurred_at and (v.active_to is null or v.active_to > m.occurred_at))
			and exists (select from partners p where p.id = m.partner_id and p.status not in ('revoked', 'declined'))
		order by m.matures_at, m.id limit ?1 for update of m skip locked`, now, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read matured commissions: %w", err)
	}
	return rows, nil
}

// heldFor locks a partner's rows that are held for a reason.
func heldFor(ctx context.Context, partner uuid.UUID, reason string) ([]Commission, error) {
	var rows []Commission
	err := db.Tx(ctx).NewRaw(`
		select `+ledgerColumns+` from commissions where partner_id = ? and status = 'held' and held_reason = ?
		order by id for update`, partner, reason).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read held commissions: %w", err)
	}
	return rows, nil
}

// inDispute says which of the rows' events are in a dispute that is neither won nor lost.
func inDispute(ctx context.Context, rows []Commission) (map[uuid.UUID]bool, error) {
	out := map[uuid.UUID]bool{}
	var events []uuid.UUID
	for _, c := range rows {
		if c.EventID != nil {
			events = append(events, *c.EventID)
		}
	}
	if len(events) == 0 {
		return out, nil
	}
	var found []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select reverses_event_id from (
			select distinct on (reverses_event_id) reverses_event_id, type from events
			where reverses_event_id in (?) and type in ('dispute', 'dispute_won', 'dispute_lost')
			order by reverses_event_id, occurred_at desc, id desc) latest
		where type = 'dispute'`, bun.List(events)).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("look for disputes: %w", err)
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
