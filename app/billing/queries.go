package billing

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

const accountColumns = `t.stripe_customer_id, t.stripe_subscription_id, coalesce(a.status, 'none') as status, coalesce(a.prices, '{}') as prices,
	coalesce(a.living, 0) as living, a.subscribed_at, a.ended_at, a.paid_from, a.paid_until, a.cancels_at, a.read_at, a.checkout_session,
	a.failed_invoice, a.reported_day`

func findAccount(ctx context.Context, tenant uuid.UUID) (a Account, err error) {
	err = db.Tx(ctx).NewRaw(`
		select `+accountColumns+` from platform.tenants t left join billing_accounts a on a.tenant_id = t.id where t.id = ?`, tenant).Scan(ctx, &a)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fault.NotFound("program")
	}
	if err != nil {
		return a, fmt.Errorf("find the billing account: %w", err)
	}
	return a, nil
}

// lockAccount makes the account, if there is none, and keeps others away from it.
func lockAccount(ctx context.Context, now time.Time) (a Account, err error) {
	_, err = db.Tx(ctx).NewRaw(`insert into billing_accounts (tenant_id, created_at) values (?, ?) on conflict do nothing`, tenancy.ID(ctx), now).Exec(ctx)
	if err != nil {
		return a, fmt.Errorf("make the billing account: %w", err)
	}
	err = db.Tx(ctx).NewRaw(`
		select `+accountColumns+` from billing_accounts a join platform.tenants t on t.id = a.tenant_id where t.id = ? for update of a`, tenancy.ID(ctx)).Scan(ctx, &a)
	if err != nil {
		return a, fmt.Errorf("lock the billing account: %w", err)
	}
	return a, nil
}

func saveAccount(ctx context.Context, a Account) error {
	_, err := db.Tx(ctx).NewRaw(`
		update billing_accounts set status = ?, prices = ?, living = ?, subscribed_at = ?, ended_at = ?, paid_from = ?, paid_until = ?, cancels_at = ?,
			read_at = ?, checkout_session = ?, failed_invoice = ?, reported_day = ?::date
		where tenant_id = ?`,
		a.Status, pgdialect.Array(orEmpty(a.Prices)), a.Living, a.SubscribedAt, a.EndedAt, a.PaidFrom, a.PaidUntil, a.CancelsAt, a.ReadAt, a.CheckoutSession,
		a.FailedInvoice, a.ReportedDay, tenancy.ID(ctx)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("save the billing account: %w", err)
	}
	return nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// keepCustomer says which customer the program is, if that is not known yet: it never changes.
func keepCustomer(ctx context.Context, customer string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.tenants set stripe_customer_id = ? where id = ? and stripe_customer_id is null`, customer, tenancy.ID(ctx)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep the customer: %w", err)
	}
	return nil
}

func keepSubscription(ctx context.Context, subscription *string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.tenants set stripe_subscription_id = ? where id = ? and stripe_subscription_id is distinct from ?`,
		subscription, tenancy.ID(ctx), subscription).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep the subscription: %w", err)
	}
	return nil
}

func tenantsOf(ctx context.Context, customers []string) (tenants []uuid.UUID, err error) {
	err = db.Tx(ctx).NewRaw(`select id from platform.tenants where stripe_customer_id in (?)`, bun.List(customers)).Scan(ctx, &tenants)
	if err != nil {
		return nil, fmt.Errorf("find the programs that are customers: %w", err)
	}
	return tenants, nil
}

// soldOn gives, by currency, what was recorded on a day: sales that are attributed, less refunds of
// such sales. Refunds take back what there is to take, in the order in which they were recorded.
func soldOn(ctx context.Context, day time.Time) (map[string]int64, error) {
	var rows []struct {
		Currency string
		Amount   int64
	}
	err := db.Tx(ctx).NewRaw(`
		select currency, sum(amount)::bigint as amount from (
			select e.currency, e.amount
			from events e join decisions d on d.tenant_id = e.tenant_id and d.event_id = e.id
			where d.status = 'attributed' and e.amount > 0 and e.created_at >= ?0 and e.created_at < ?1
			union all
			select o.currency, least(o.amount, t.before) - least(o.amount, t.before + r.amount)
			from events r
				join events o on o.tenant_id = r.tenant_id and o.id = r.reverses_event_id
				join decisions d on d.tenant_id = o.tenant_id and d.event_id = o.id
				cross join lateral (
					select coalesce(sum(p.amount), 0) as before from events p
					where p.tenant_id = r.tenant_id and p.reverses_event_id = o.id and p.type = 'refund' and (p.created_at, p.id) < (r.created_at, r.id)) t
			where r.type = 'refund' and d.status = 'attributed' and r.amount > 0 and r.created_at >= ?0 and r.created_at < ?1) as sold
		where currency is not null group by currency`, day, day.AddDate(0, 0, 1)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("sum up a day: %w", err)
	}
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Currency] = r.Amount
	}
	return out, nil
}

// carriedOver gives, by currency, what the days so far leave to those after them.
func carriedOver(ctx context.Context) (map[string]int64, error) {
	var rows []struct {
		Currency   string
		CarriedOut int64
	}
	err := db.Tx(ctx).NewRaw(`
		select distinct on (currency) currency, carried_out from usage_reports order by currency, period_start desc`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("find what is carried over: %w", err)
	}
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Currency] = r.CarriedOut
	}
	return out, nil
}

func insertReport(ctx context.Context, r Report) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into usage_reports (tenant_id, id, period_start, period_end, currency, amount, carried_in, value, carried_out, status, reason, counted_at, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tenancy.ID(ctx), r.ID, r.Day, r.Day.AddDate(0, 0, 1), r.Currency, r.Amount, r.CarriedIn, r.Value, r.CarriedOut, r.Status, r.Reason, r.CountedAt, r.CreatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert usage report: %w", err)
	}
	return nil
}

const reportColumns = `r.id, r.period_start, r.currency, r.amount, r.carried_in, r.value, r.carried_out, r.status, r.reason, r.counted_at, r.posted_at,
	r.sent_at, r.last_error, r.checked_at, r.difference, r.created_at`

func lockReport(ctx context.Context, id uuid.UUID) (r Report, err error) {
	err = db.Tx(ctx).NewRaw(`select `+reportColumns+` from usage_reports r where r.id = ? for update`, id).Scan(ctx, &r)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.NotFound("usage report")
	}
	if err != nil {
		return r, fmt.Errorf("lock usage report: %w", err)
	}
	return r, nil
}

func updateReport(ctx context.Context, r Report) error {
	_, err := db.Tx(ctx).NewRaw(`
		update usage_reports set status = ?, posted_at = ?, sent_at = ?, last_error = ? where id = ?`, r.Status, r.PostedAt, r.SentAt, r.LastError, r.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update usage report: %w", err)
	}
	return nil
}

func listReports(ctx context.Context, page paging.Page) ([]Report, error) {
	query, args := `select `+reportColumns+` from usage_reports r`, []any{}
	if page.After != nil {
		query += ` where (r.period_start, r.id) < (?::date, ?)`
		args = append(args, page.After.At, page.After.ID)
	}
	var rows []Report
	err := db.Tx(ctx).NewRaw(query+` order by r.period_start desc, r.id desc limit ?`, append(args, page.Ask())...).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list usage reports: %w", err)
	}
	return rows, nil
}

// listUnchecked gives what was sent for each minute between two times and has not been found in
// Stripe's count, or not as it should be.
func listUnchecked(ctx context.Context, from, until time.Time) ([]Moment, error) {
	var rows []Moment
	err := db.Tx(ctx).NewRaw(`
		select currency, date_trunc('minute', counted_at, 'UTC') as at, sum(value)::bigint as told
		from usage_reports where status = 'sent' and sent_at > ?
		group by 1, 2 having max(sent_at) < ? and bool_or(difference is distinct from 0) order by 2, 1`, from, until).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list what Stripe should have counted: %w", err)
	}
	return rows, nil
}

func keepDifference(ctx context.Context, m Moment, now time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		update usage_reports set checked_at = ?, difference = ?
		where status = 'sent' and currency = ? and counted_at >= ? and counted_at < ?`,
		now, m.Difference(), m.Currency, m.At, m.At.Add(time.Minute)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep a difference: %w", err)
	}
	return nil
}

// toldAt is what Stripe is known to have been told for a minute.
func toldAt(ctx context.Context, currency string, minute time.Time) (told int64, err error) {
	err = db.Tx(ctx).NewRaw(`
		select coalesce(sum(value), 0)::bigint from usage_reports
		where status = 'sent' and currency = ? and counted_at >= ? and counted_at < ?`, currency, minute, minute.Add(time.Minute)).Scan(ctx, &told)
	if err != nil {
		return 0, fmt.Errorf("sum up what Stripe was told: %w", err)
	}
	return told, nil
}

// listIdle gives the reports that wait and that no job is about, nor one that was given up.
func listIdle(ctx context.Context, doubtedSince time.Time) ([]Report, error) {
	return listWaiting(ctx, `(r.posted_at is null or r.posted_at > ?)`, doubtedSince, []string{"pending", "running", "dead"})
}

// listDoubtful gives those that may have been sent before a time, and that no job is about.
func listDoubtful(ctx context.Context, since time.Time) ([]Report, error) {
	return listWaiting(ctx, `r.posted_at <= ?`, since, []string{"pending", "running"})
}

func listWaiting(ctx context.Context, posted string, since time.Time, but []string) ([]Report, error) {
	var rows []Report
	err := db.Tx(ctx).NewRaw(`
		select `+reportColumns+` from usage_reports r
		where r.status = 'pending' and `+posted+` and not exists (
			select from platform.jobs j where j.kind = ? and j.status in (?) and j.args->>'report_id' = r.id::text)
		order by r.period_start, r.id`, since, KindReport, bun.List(but)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list the reports that wait: %w", err)
	}
	return rows, nil
}
