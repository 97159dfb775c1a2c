package payouts

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

func selectPayouts(ctx context.Context) *bun.SelectQuery {
	return db.Tx(ctx).NewSelect().TableExpr("payouts as o").
		Join("join partners as p on p.tenant_id = o.tenant_id and p.id = o.partner_id").
		ColumnExpr("o.id, o.partner_id, p.name as partner_name, o.run_id, o.currency, o.amount, o.rail, o.status, o.destination_account").
		ColumnExpr("o.paying_account, o.generation, o.stripe_transfer_id, o.attempts, o.posted_at, o.completed_at, o.failure_code").
		ColumnExpr("o.last_error, o.reference, o.created_at")
}

func findPayout(ctx context.Context, id uuid.UUID, lock bool) (Payout, error) {
	var p Payout
	q := selectPayouts(ctx).Where("o.id = ?", id)
	if lock {
		q = q.For("update of o")
	}
	err := q.Scan(ctx, &p)
	if errors.Is(err, sql.ErrNoRows) {
		return Payout{}, fault.NotFound("payout")
	}
	if err != nil {
		return Payout{}, fmt.Errorf("find payout: %w", err)
	}
	return p, nil
}

func listPayouts(ctx context.Context, f Filter, page paging.Page) ([]Payout, error) {
	var rows []Payout
	q := selectPayouts(ctx).OrderExpr("o.created_at desc, o.id desc").Limit(page.Ask())
	if f.Status != "" {
		q = q.Where("o.status = ?", f.Status)
	}
	if f.Rail != "" {
		q = q.Where("o.rail = ?", f.Rail)
	}
	if f.Currency != "" {
		q = q.Where("o.currency = ?", f.Currency)
	}
	if f.PartnerID != nil {
		q = q.Where("o.partner_id = ?", *f.PartnerID)
	}
	if f.RunID != nil {
		q = q.Where("o.run_id = ?", *f.RunID)
	}
	if page.After != nil {
		q = q.Where("(o.created_at, o.id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list payouts: %w", err)
	}
	return rows, nil
}

func countByHand(ctx context.Context, run uuid.UUID) (n int, err error) {
	err = db.Tx(ctx).NewRaw(`select count(*) from payouts where run_id = ? and status = 'pending' and rail = 'manual'`, run).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count payouts by hand: %w", err)
	}
	return n, nil
}

func countWaiting(ctx context.Context) (n int, err error) {
	err = db.Tx(ctx).NewRaw(`
		select count(*) from payouts where status in ('pending', 'needs_review') and (status = 'needs_review' or rail = 'manual')`).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count payouts that wait: %w", err)
	}
	return n, nil
}

// lockRuns takes the tenant's turn to plan, until the transaction ends; false: somebody has it.
func lockRuns(ctx context.Context) (free bool, err error) {
	err = db.Tx(ctx).NewRaw(`select pg_try_advisory_xact_lock(hashtextextended('payouts ' || ?::text, 0))`, tenancy.ID(ctx)).Scan(ctx, &free)
	if err != nil {
		return false, fmt.Errorf("take the turn to plan payouts: %w", err)
	}
	return free, nil
}

// found is a balance with the rows that make it up.
type found struct {
	Balance

	IDs []string `bun:"ids,array"`
}

func sums(all []found) []Balance {
	out := make([]Balance, len(all))
	for i, f := range all {
		out[i] = f.Balance
	}
	return out
}

// balances adds up approved rows that are in no payout: what takes money back at any time, and what
// is owed when it was approved up to the cut-off. To plan by them they are locked, so that nobody
// changes them meanwhile.
func balances(ctx context.Context, in RunInput, lock bool) ([]found, error) {
	q := db.Tx(ctx).NewSelect().TableExpr("commissions as m").ColumnExpr("m.id, m.partner_id, m.currency, m.amount").
		Where("m.status = 'approved' and (m.amount < 0 or m.approved_at <= ?)", *in.CutOff).
		Where("not exists (select from payout_items i where i.commission_id = m.id and i.released_at is null)").
		OrderExpr("m.created_at, m.id")
	if in.Currency != "" {
		q = q.Where("m.currency = ?", in.Currency)
	}
	if len(in.Partners) > 0 {
		q = q.Where("m.partner_id in (?)", bun.List(in.Partners))
	}
	if lock {
		q = q.For("update of m")
	}
	var rows []found
	err := db.Tx(ctx).NewRaw(`
		with owed as materialized (?),
		sums as (select partner_id, currency, sum(amount)::bigint as amount, count(*) as rows, array_agg(id::text) as ids from owed group by 1, 2)
		select s.*, p.name as partner_name, p.status in ('revoked', 'declined') as revoked, p.stripe_account_id as stripe_account,
			p.stripe_payouts_enabled as stripe_enabled, p.stripe_account_changed_at as stripe_changed_at
		from sums s join partners p on p.id = s.partner_id`, q).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("add up balances: %w", err)
	}
	return rows, nil
}

func sumPayable(ctx context.Context) ([]Payable, error) {
	var rows []Payable
	err := db.Tx(ctx).NewRaw(`
		select currency, sum(amount)::bigint as amount, count(*) filter (where amount > 0) as partners from (
			select partner_id, currency, sum(amount) as amount from commissions m
			where status = 'approved' and not exists (select from payout_items i where i.commission_id = m.id and i.released_at is null)
			group by 1, 2) as owed
		group by 1 order by 1`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("add up what is payable: %w", err)
	}
	return rows, nil
}

// runRow is a run as it is stored.
type runRow struct {
	ID        uuid.UUID
	StartedBy *uuid.UUID
	Period    *time.Time
	CutOff    time.Time
	Totals    json.RawMessage
	Skipped   json.RawMessage
	CreatedAt time.Time
}

func (r runRow) run() (Run, error) {
	out := Run{ID: r.ID, StartedBy: r.StartedBy, Period: r.Period, CutOff: r.CutOff, CreatedAt: r.CreatedAt}
	if err := json.Unmarshal(r.Totals, &out.Totals); err != nil {
		return Run{}, fmt.Errorf("read the totals of a run: %w", err)
	}
	if err := json.Unmarshal(r.Skipped, &out.Skipped); err != nil {
		return Run{}, fmt.Errorf("read who was left out of a run: %w", err)
	}
	return out, nil
}

const runColumns = `id, started_by, period, cut_off, totals, skipped, created_at`

func findRun(ctx context.Context, id uuid.UUID) (Run, error) {
	var row runRow
	err := db.Tx(ctx).NewRaw(`select `+runColumns+` from payout_runs where id = ?`, id).Scan(ctx, &row)
	if errors.Is(err, sql.ErrNoRows) {
		return Run{}, fault.NotFound("payout run")
	}
	if err != nil {
		return Run{}, fmt.Errorf("find payout run: %w", err)
	}
	return row.run()
}

func listRuns(ctx context.Context, page paging.Page) ([]Run, error) {
	var rows []runRow
	q := db.Tx(ctx).NewSelect().TableExpr("payout_runs").ColumnExpr(runColumns).OrderExpr("created_at desc, id desc").Limit(page.Ask())
	if page.After != nil {
		q = q.Where("(created_at, id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list payout runs: %w", err)
	}
	out := make([]Run, len(rows))
	for i, row := range rows {
		var err error
		if out[i], err = row.run(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func periodHadRun(ctx context.Context, period time.Time) (had bool, err error) {
	err = db.Tx(ctx).NewRaw(`select exists (select from payout_runs where period = ?::date)`, period.UTC().Format(time.DateOnly)).Scan(ctx, &had)
	if err != nil {
		return false, fmt.Errorf("look for the period's run: %w", err)
	}
	return had, nil
}

func progressOf(ctx context.Context, run uuid.UUID) (Progress, error) {
	var rows []struct {
		Status Status
		N      int
	}
	err := db.Tx(ctx).NewRaw(`select status, count(*) as n from payouts where run_id = ? group by status`, run).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count the payouts of a run: %w", err)
	}
	out := Progress{}
	for _, r := range rows {
		out[r.Status] = r.N
	}
	return out, nil
}

func insertRun(ctx context.Context, r Run) error {
	totals, err := json.Marshal(r.Totals)
	if err != nil {
		return fmt.Errorf("encode the totals of a run: %w", err)
	}
	skipped := []byte("[]")
	if len(r.Skipped) > 0 {
		if skipped, err = json.Marshal(r.Skipped); err != nil {
			return fmt.Errorf("encode who was left out of a run: %w", err)
		}
	}
	var period *string
	if r.Period != nil {
		day := r.Period.UTC().Format(time.DateOnly)
		period = &day
	}
	_, err = db.Tx(ctx).NewRaw(`
		insert into payout_runs (tenant_id, id, started_by, period, cut_off, totals, skipped, created_at)
		values (?, ?, ?, ?::date, ?, ?::jsonb, ?::jsonb, ?)`,
		tenancy.ID(ctx), r.ID, r.StartedBy, period, r.CutOff, string(totals), string(skipped), r.CreatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert payout run: %w", err)
	}
	return nil
}

// payoutRow is a new payout as it travels to the database, many in one statement.
type payoutRow struct {
	ID        uuid.UUID `json:"id"`
	PartnerID uuid.UUID `json:"partner_id"`
	RunID     uuid.UUID `json:"run_id"`
	Currency  string    `json:"currency"`
	Amount    int64     `json:"amount"`
	Rail      Rail      `json:"rail"`
	Account   *string   `json:"destination_account"`
	CreatedAt time.Time `json:"created_at"`
}

func insertPayouts(ctx context.Context, payouts []Payout) error {
	rows := make([]payoutRow, len(payouts))
	for i, p := range payouts {
		rows[i] = payoutRow{p.ID, p.PartnerID, p.RunID, p.Currency, p.Amount, p.Rail, p.DestinationAccount, p.CreatedAt}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode payouts: %w", err)
	}
	_, err = db.Tx(ctx).NewRaw(`
		insert into payouts (tenant_id, id, partner_id, run_id, currency, amount, rail, destination_account, status, created_at)
		select ?, id, partner_id, run_id, currency, amount, rail, destination_account, 'pending', created_at from jsonb_populate_recordset(null::payouts, ?::jsonb)`,
		tenancy.ID(ctx), string(text)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert payouts: %w", err)
	}
	return nil
}

// insertItems freezes the rows that each payout pays.
func insertItems(ctx context.Context, payouts []Payout, all []found) error {
	type owed struct {
		partner  uuid.UUID
		currency string
	}
	rows := map[owed][]string{}
	for _, f := range all {
		rows[owed{f.PartnerID, f.Currency}] = f.IDs
	}
	for _, p := range payouts {
		err := db.Hot(ctx, `
			insert into payout_items (tenant_id, payout_id, commission_id, amount, created_at)
			select $1::uuid, $2::uuid, id, amount, $4::timestamptz from commissions where id = any($3::text[]::uuid[])`,
			tenancy.ID(ctx), p.ID, rows[owed{p.PartnerID, p.Currency}], p.CreatedAt).Exec(ctx)
		if err != nil {
			return fmt.Errorf("insert payout items: %w", err)
		}
	}
	return nil
}

// liveItems gives the rows that a payout has, and what they add up to.
func liveItems(ctx context.Context, payout uuid.UUID) (rows []uuid.UUID, sum int64, err error) {
	var items []struct {
		CommissionID uuid.UUID
		Amount       int64
	}
	err = db.Tx(ctx).NewRaw(`
		select commission_id, amount from payout_items where payout_id = ? and released_at is null order by commission_id`, payout).Scan(ctx, &items)
	if err != nil {
		return nil, 0, fmt.Errorf("read payout items: %w", err)
	}
	for _, i := range items {
		rows, sum = append(rows, i.CommissionID), sum+i.Amount
	}
	return rows, sum, nil
}

func releaseItems(ctx context.Context, payout uuid.UUID, at time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`update payout_items set released_at = ? where payout_id = ? and released_at is null`, at, payout).Exec(ctx)
	if err != nil {
		return fmt.Errorf("release payout items: %w", err)
	}
	return nil
}

// updatePayout stores what may change about a payout, which the caller has locked.
func updatePayout(ctx context.Context, p Payout) error {
	_, err := db.Tx(ctx).NewRaw(`
		update payouts set status = ?, destination_account = ?, paying_account = ?, generation = ?, stripe_transfer_id = ?, attempts = ?,
			posted_at = ?, completed_at = ?, failure_code = ?, last_error = ?, reference = ?
		where id = ?`,
		p.Status, p.DestinationAccount, p.PayingAccount, p.Generation, p.StripeTransferID, p.Attempts,
		p.PostedAt, p.CompletedAt, p.FailureCode, p.LastError, p.Reference, p.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update payout: %w", db.Conflict(err))
	}
	return nil
}

// bankRows gives a run's payouts that are to be paid by hand, by name.
func bankRows(ctx context.Context, run uuid.UUID, restedBy time.Time) ([]bankRow, error) {
	var rows []bankRow
	err := db.Tx(ctx).NewRaw(`
		select o.id, o.partner_id, p.name, p.email, o.amount, o.currency, coalesce(p.payout_details_ciphertext, '') as sealed,
			coalesce(p.payout_details_changed_at > ?1, false) as resting
		from payouts o join partners p on p.id = o.partner_id
		where o.run_id = ?0 and o.rail = 'manual' and o.status = 'pending' order by p.name_norm, o.currency, o.id`, run, restedBy).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list what is paid by hand: %w", err)
	}
	return rows, nil
}
