package stripeinbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

const eventColumns = `id, endpoint, stripe_event_id, type, account, api_version, livemode, tenant_id, resolved_by, refs, payload, findings,
	status, reason, error, matched_by, event_id, attempts, occurred_at, next_try_at, processed_at, created_at`

// insertEvent stores an event, and reports whether its endpoint did not have it yet.
func insertEvent(ctx context.Context, e Event) (bool, error) {
	done, err := db.Tx(ctx).NewRaw(`
		insert into platform.stripe_events (id, endpoint, stripe_event_id, type, account, api_version, livemode, tenant_id, refs, payload, status, occurred_at, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
		e.ID, e.Endpoint, e.StripeEventID, e.Type, e.Account, e.APIVersion, e.Livemode, e.TenantID, pgdialect.Array(e.Refs), e.Payload, e.Status,
		e.OccurredAt, e.CreatedAt).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("store an event of Stripe's: %w", err)
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

func findEvent(ctx context.Context, id uuid.UUID) (Event, error) {
	return readEvent(ctx, `select `+eventColumns+` from platform.stripe_events where id = ?`, id)
}

func lockEvent(ctx context.Context, id uuid.UUID) (Event, error) {
	return readEvent(ctx, `select `+eventColumns+` from platform.stripe_events where id = ? for update`, id)
}

func readEvent(ctx context.Context, query string, id uuid.UUID) (e Event, err error) {
	err = db.Tx(ctx).NewRaw(query, id).Scan(ctx, &e)
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, fault.NotFound("event")
	}
	if err != nil {
		return Event{}, fmt.Errorf("read an event of Stripe's: %w", err)
	}
	return e, nil
}

// updateEvent writes down what came of an event.
func updateEvent(ctx context.Context, e Event) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.stripe_events set status = ?, reason = ?, error = ?, matched_by = ?, event_id = ?, attempts = ?, next_try_at = ?, processed_at = ?
		where id = ?`, e.Status, e.Reason, e.Error, e.MatchedBy, e.EventID, e.Attempts, e.NextTryAt, e.ProcessedAt, e.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note what came of an event of Stripe's: %w", err)
	}
	return nil
}

func assignTenant(ctx context.Context, e Event) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.stripe_events set tenant_id = ?, resolved_by = ?, status = ?, reason = null, next_try_at = null, attempts = 0
		where id = ?`, e.TenantID, e.ResolvedBy, e.Status, e.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("give an event to its tenant: %w", err)
	}
	return nil
}

func noteFindings(ctx context.Context, id uuid.UUID, found json.RawMessage) error {
	_, err := db.Tx(ctx).NewRaw(`update platform.stripe_events set findings = ? where id = ?`, string(found), id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note what Stripe answered: %w", err)
	}
	return nil
}

// lockRoutes has the searches for tenants happen in turn: an event that finds nothing waits where the
// one that brings the route sees it.
func lockRoutes(ctx context.Context) error {
	return lock(ctx, "stripe routes")
}

// lockInbox does the same for the events of one tenant.
func lockInbox(ctx context.Context, tenant uuid.UUID) error {
	return lock(ctx, "stripe inbox "+tenant.String())
}

func lock(ctx context.Context, name string) error {
	if _, err := db.Tx(ctx).NewRaw(`select pg_advisory_xact_lock(hashtextextended(?, 0))`, name).Exec(ctx); err != nil {
		return fmt.Errorf("wait for the inbox: %w", err)
	}
	return nil
}

// waitingFor gives the tenant's events that wait for one of these objects.
func waitingFor(ctx context.Context, o objects) (ids []uuid.UUID, err error) {
	refs := make([]string, len(o))
	for i, one := range o {
		refs[i] = one.Ref
	}
	if len(refs) == 0 {
		return nil, nil
	}
	err = db.Tx(ctx).NewRaw(`
		select id from platform.stripe_events where tenant_id = ? and status = 'waiting' and refs && ?::text[] order by id`,
		tenancy.ID(ctx), pgdialect.Array(refs)).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("look for events that wait: %w", err)
	}
	return ids, nil
}

// sold is a sale that came from Stripe.
type sold struct {
	ID       uuid.UUID
	UserID   string
	Amount   int64
	Currency string
	Paid     int64 // with tax
}

// part is how much of the sale's amount stands for some of what was paid.
func (s sold) part(taken int64) int64 {
	if taken >= s.Paid || s.Paid <= 0 {
		return min(taken, s.Amount)
	}
	return share(s.Amount, taken, s.Paid)
}

// name is how corrections name the sale.
func (s sold) name() *string {
	id := s.ID.String()
	return &id
}

const selectSold = `
	select e.id, e.user_id, coalesce(e.amount, 0) as amount, coalesce(e.currency, '') as currency,
		coalesce((e.metadata->>'paid')::bigint, e.amount, 0) as paid
	from events e `

func findSale(ctx context.Context, externalID string) (sold, error) {
	return readSale(ctx, db.Tx(ctx).NewRaw(selectSold+`where e.source = ? and e.external_id = ?`, attribution.SourceStripe, externalID))
}

// findSaleOf gives the sale that came from one of these objects.
func findSaleOf(ctx context.Context, o objects) (sold, error) {
	if len(o) == 0 {
		return sold{}, fault.NotFound("sale")
	}
	kinds, refs := make([]string, len(o)), make([]string, len(o))
	for i, one := range o {
		kinds[i], refs[i] = one.Kind, one.Ref
	}
	return readSale(ctx, db.Tx(ctx).NewRaw(selectSold+`
		join event_refs r on r.tenant_id = e.tenant_id and r.event_id = e.id
		where (r.kind, r.ref) in (select * from unnest(?::text[], ?::text[])) order by e.id limit 1`, pgdialect.Array(kinds), pgdialect.Array(refs)))
}

func readSale(ctx context.Context, q *bun.RawQuery) (s sold, err error) {
	err = q.Scan(ctx, &s)
	if errors.Is(err, sql.ErrNoRows) {
		return sold{}, fault.NotFound("sale")
	}
	if err != nil {
		return sold{}, fmt.Errorf("find a sale: %w", err)
	}
	return s, nil
}

// insertRefs notes which objects an event came from.
func insertRefs(ctx context.Context, event uuid.UUID, o objects, now time.Time) error {
	for _, one := range o {
		_, err := db.Tx(ctx).NewRaw(`
			insert into event_refs (tenant_id, kind, ref, event_id, created_at) values (?, ?, ?, ?, ?) on conflict do nothing`,
			tenancy.ID(ctx), one.Kind, one.Ref, event, now).Exec(ctx)
		if err != nil {
			return fmt.Errorf("note the %s of an event: %w", one.Kind, err)
		}
	}
	return nil
}

// of gives the first reference of a kind.
func (o objects) of(kind string) string {
	for _, one := range o {
		if one.Kind == kind {
			return one.Ref
		}
	}
	return ""
}

func findCustomer(ctx context.Context, id string) (w word, err error) {
	err = db.Tx(ctx).NewRaw(`select user_id, rank, told_at from stripe_customers where customer = ?`, id).Scan(ctx, &w)
	if errors.Is(err, sql.ErrNoRows) {
		return word{}, fault.NotFound("customer")
	}
	if err != nil {
		return word{}, fmt.Errorf("find a customer: %w", err)
	}
	return w, nil
}

func upsertCustomer(ctx context.Context, id string, w word, now time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into stripe_customers (tenant_id, customer, user_id, rank, told_at, created_at) values (?, ?, ?, ?, ?, ?)
		on conflict (tenant_id, customer) do update set user_id = excluded.user_id, rank = excluded.rank, told_at = excluded.told_at`,
		tenancy.ID(ctx), id, w.UserID, w.Rank, w.ToldAt, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note who a customer is: %w", err)
	}
	return nil
}

// noteTakeback keeps the largest amount that was said under a reference: totals grow.
func noteTakeback(ctx context.Context, event uuid.UUID, t takeback, now time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into stripe_refunds (tenant_id, ref, kind, event_id, amount, created_at) values (?, ?, ?, ?, ?, ?)
		on conflict (tenant_id, ref) do update set amount = greatest(stripe_refunds.amount, excluded.amount)`,
		tenancy.ID(ctx), t.Ref, t.Kind, event, t.Amount, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note a refund: %w", err)
	}
	return nil
}

func takebacksOf(ctx context.Context, event uuid.UUID) (all []takeback, err error) {
	err = db.Tx(ctx).NewRaw(`select ref, kind, amount from stripe_refunds where event_id = ?`, event).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list the refunds of a sale: %w", err)
	}
	return all, nil
}

// refundedOf is how much refunds from Stripe have taken back of a sale in our books.
func refundedOf(ctx context.Context, event uuid.UUID) (sum int64, err error) {
	err = db.Tx(ctx).NewRaw(`
		select coalesce(sum(amount), 0)::bigint from events where reverses_event_id = ? and source = ? and type = ?`,
		event, attribution.SourceStripe, attribution.TypeRefund).Scan(ctx, &sum)
	if err != nil {
		return 0, fmt.Errorf("add up the refunds of a sale: %w", err)
	}
	return sum, nil
}

// unusedID is the id of a refund; where an earlier part of it was recorded under its own, with the
// total that is reached by it.
func unusedID(ctx context.Context, ref string, total int64) (string, error) {
	_, err := findSale(ctx, ref)
	if fault.Is(err, fault.KindNotFound) {
		return ref, nil
	}
	return fmt.Sprintf("%s:%d", ref, total), err
}

func listEvents(ctx context.Context, f Filter, tenant *uuid.UUID, page paging.Page) (rows []Listed, err error) {
	q := db.Tx(ctx).NewSelect().TableExpr("platform.stripe_events as x").Join("left join platform.tenants as t on t.id = x.tenant_id").
		ColumnExpr("x.id, x.endpoint, x.stripe_event_id, x.type, x.account, x.api_version, x.livemode, x.tenant_id, x.resolved_by, x.refs, x.status, x.reason").
		ColumnExpr("x.error, x.matched_by, x.event_id, x.attempts, x.occurred_at, x.next_try_at, x.processed_at, x.created_at, t.slug").
		OrderExpr("x.created_at desc, x.id desc").Limit(page.Ask())
	if tenant != nil {
		q = q.Where("x.tenant_id = ?", *tenant)
	}
	if f.Status != "" {
		q = q.Where("x.status = ?", f.Status)
	}
	if f.Query != "" {
		q = q.Where("(x.stripe_event_id = ?0 or x.type = ?0 or ?0 = any(x.refs))", f.Query)
	}
	if page.After != nil {
		q = q.Where("(x.created_at, x.id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list the events of Stripe's: %w", err)
	}
	return rows, nil
}

// measure goes by indexes: what is over, is the most of it. Failed events are counted for as long as
// they can be tried again.
func measure(ctx context.Context) (Depth, error) {
	var row struct {
		Received, Waiting, Failed int
		Seconds                   int64
	}
	err := db.Tx(ctx).NewRaw(`
		select count(*) filter (where status = 'received') as received, count(*) filter (where status = 'waiting') as waiting,
			count(*) filter (where status = 'failed') as failed,
			coalesce(extract(epoch from now() - min(created_at) filter (where status = 'waiting')), 0)::bigint as seconds
		from platform.stripe_events where status in ('received', 'waiting', 'failed')`).Scan(ctx, &row)
	if err != nil {
		return Depth{}, fmt.Errorf("count the events of Stripe's: %w", err)
	}
	return Depth{row.Received, row.Waiting, row.Failed, time.Duration(row.Seconds) * time.Second}, nil
}

// findListed gives an event with its program; it needs the view of all tenants.
func findListed(ctx context.Context, id uuid.UUID) (l Listed, err error) {
	if l.Event, err = findEvent(ctx, id); err != nil || l.TenantID == nil {
		return l, err
	}
	if err := db.Tx(ctx).NewRaw(`select slug from platform.tenants where id = ?`, *l.TenantID).Scan(ctx, &l.Slug); err != nil {
		return Listed{}, fmt.Errorf("find the program of an event: %w", err)
	}
	return l, nil
}

func forgetCustomers(ctx context.Context, user string) (ids []string, err error) {
	err = db.Tx(ctx).NewRaw(`delete from stripe_customers where user_id = ? or customer = ? returning customer`, user, user).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("forget a customer: %w", err)
	}
	return ids, nil
}

// forgetPayloads takes away what settled events say about customers, and about users without a name.
func forgetPayloads(ctx context.Context, customers []string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.stripe_events s set payload = null, findings = null
		where tenant_id = ? and payload is not null and status not in ('received', 'waiting')
			and (refs && ?::text[] or exists (select from events e where e.tenant_id = s.tenant_id and e.id = s.event_id and e.user_id like 'erased-%'))`,
		tenancy.ID(ctx), pgdialect.Array(customers)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget what events said: %w", err)
	}
	return nil
}
