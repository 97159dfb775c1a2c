package tracking

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/openpartner/openpartner/app/db"
)

// Arrival is a click on its way to the database.
type Arrival struct {
	TenantID uuid.UUID
	Click    Click
	Velocity Velocity
}

// storeBatch writes clicks of any tenants in one transaction: it sets the velocity flag,
// inserts what is not there yet and counts that in the sums of the days. It takes two round
// trips: one to lock and look, one to write and commit.
func storeBatch(ctx context.Context, system *db.Pool, arrivals []Arrival) error {
	conn, err := system.Native().Acquire(ctx)
	if err != nil {
		return fmt.Errorf("get a connection: %w", err)
	}
	// The pool closes a connection that is given back inside a transaction, which rolls back.
	defer conn.Release()
	batch := slices.Clone(arrivals) // a second try judges anew
	slices.SortStableFunc(batch, func(a, b Arrival) int {
		return cmp.Or(a.Click.OccurredAt.Compare(b.Click.OccurredAt), bytes.Compare(a.Click.ID[:], b.Click.ID[:]))
	})
	groups := groupByOrigin(batch)
	if err := lookAround(ctx, conn.Conn(), batch, groups); err != nil {
		return err
	}
	judge(groups)
	var write pgx.Batch
	write.Queue(insertClicks, columns(batch)...)
	if len(groups) > 0 {
		write.Queue(insertRecent, recentColumns(groups)...)
	}
	if tenants, clicks := flaggedColumns(batch); len(clicks) > 0 {
		write.Queue(orderFlagged, tenants, clicks)
	}
	write.Queue(`commit`)
	if err := conn.SendBatch(ctx, &write).Close(); err != nil {
		return fmt.Errorf("write clicks: %w", err)
	}
	return nil
}

// lookAround begins the transaction, makes replicas that judge the same origin wait for each
// other, and reads which clicks there are around each group.
func lookAround(ctx context.Context, conn *pgx.Conn, batch []Arrival, groups []*group) error {
	var look pgx.Batch
	look.Queue(`begin`)
	look.Queue(`select set_config('app.platform_admin', 'on', true)`)
	if len(groups) > 0 {
		look.Queue(`select pg_advisory_xact_lock(l) from unnest($1::bigint[]) l`, locksOf(groups))
	}
	look.Queue(`select pg_advisory_xact_lock_shared(hashtext('daily_clicks'), hashtext(t)) from unnest($1::text[]) t`, tenantsOf(batch))
	if len(groups) > 0 {
		look.Queue(selectNear, nearArguments(groups)...).Query(func(rows pgx.Rows) error {
			var n int
			var at time.Time
			_, err := pgx.ForEachRow(rows, []any{&n, &at}, func() error {
				groups[n].near = append(groups[n].near, at)
				return nil
			})
			return err
		})
	}
	if err := conn.SendBatch(ctx, &look).Close(); err != nil {
		return fmt.Errorf("look at what clicks there are: %w", err)
	}
	return nil
}

// locksOf gives a number per origin, in order, so that two batches never wait for each other
// both ways.
func locksOf(groups []*group) []int64 {
	out := make([]int64, len(groups))
	for i, g := range groups {
		out[i] = g.origin.lock()
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func tenantsOf(batch []Arrival) []string {
	var out []string
	for _, a := range batch {
		if text := a.TenantID.String(); !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}

// selectNear gives the times of the clicks around each group that can share a window with it:
// as many as the limit before its first, and twice as many after. Those of the batch itself,
// which are there when it comes a second time, are left out.
const selectNear = `
	select g.n - 1, k.occurred_at
	from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
		with ordinality as g (tenant_id, origin, since, first, until, n)
	cross join lateral (
		(select k.occurred_at from recent_clicks k
		where k.tenant_id = g.tenant_id and k.origin = g.origin and k.occurred_at > g.since and k.occurred_at <= g.first
			and k.click_id <> all ($6::uuid[])
		order by k.occurred_at desc limit $7)
		union all
		(select k.occurred_at from recent_clicks k
		where k.tenant_id = g.tenant_id and k.origin = g.origin and k.occurred_at > g.first and k.occurred_at < g.until
			and k.click_id <> all ($6::uuid[])
		order by k.occurred_at limit 2 * $7)) k`

func nearArguments(groups []*group) []any {
	n := len(groups)
	tenants, origins := make(uuidColumn, n), make(uuidColumn, n)
	since, first, until := make(timeColumn, n), make(timeColumn, n), make(timeColumn, n)
	var own uuidColumn
	limit := 0
	for i, g := range groups {
		tenants[i], origins[i], first[i] = id(g.origin.tenant), id(g.origin.digest), g.first
		since[i], until[i] = g.around()
		limit = max(limit, g.limit.Clicks)
		for _, c := range g.members {
			own = append(own, id(c.ID))
		}
	}
	return []any{tenants, origins, since, first, until, own, limit}
}

// insertClicks has one shape whatever the number of clicks. Sums of the days are written in the
// order of their key, as everybody does, so that two writers never wait for each other both
// ways; only clicks that were really inserted are counted.
const insertClicks = `
	with inserted as (
		insert into clicks (tenant_id, id, link_id, partner_id, campaign_id, destination_url, ip_hash, user_agent, referer,
			utm, sub_ids, flag, occurred_at, created_at)
		select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[],
			$10::jsonb[], $11::jsonb[], $12::text[], $13::timestamptz[], $14::timestamptz[])
		on conflict do nothing
		returning tenant_id, (occurred_at at time zone 'UTC')::date as day, partner_id, campaign_id, link_id, flag)
	insert into daily_clicks as d (tenant_id, day, partner_id, campaign_id, link_id, clicks, flagged)
	select tenant_id, day, partner_id, campaign_id, link_id, count(*) filter (where flag is null), count(flag)
	from inserted group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
	on conflict (tenant_id, day, partner_id, campaign_id, link_id)
	do update set clicks = d.clicks + excluded.clicks, flagged = d.flagged + excluded.flagged`

// Columns of many rows. pgx encodes these without reflection and without a detour over text,
// which a batch of clicks would spend a tenth of its time on.
type (
	uuidColumn = pgtype.FlatArray[pgtype.UUID]
	textColumn = pgtype.FlatArray[pgtype.Text] // with nulls
	timeColumn = pgtype.FlatArray[time.Time]
)

func id(u uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: u, Valid: true} }

func optional(s *string) pgtype.Text {
	if s == nil {
		return pgtype.Text{}
	}
	return pgtype.Text{String: *s, Valid: true}
}

// columns turns clicks into one array per column.
func columns(batch []Arrival) []any {
	n := len(batch)
	tenants, clicks, links, partners, campaigns := make(uuidColumn, n), make(uuidColumn, n), make(uuidColumn, n), make(uuidColumn, n), make(uuidColumn, n)
	destinations, utm, subIDs := make([]string, n), make([]string, n), make([]string, n)
	hashes, agents, referers, flags := make(textColumn, n), make(textColumn, n), make(textColumn, n), make(textColumn, n)
	occurred, created := make(timeColumn, n), make(timeColumn, n)
	for i, a := range batch {
		c := a.Click
		tenants[i], clicks[i], partners[i], campaigns[i] = id(a.TenantID), id(c.ID), id(c.PartnerID), id(c.CampaignID)
		if c.LinkID != nil {
			links[i] = id(*c.LinkID)
		}
		destinations[i], hashes[i], agents[i], referers[i] = c.DestinationURL, optional(c.IPHash), optional(c.UserAgent), optional(c.Referer)
		utm[i], subIDs[i] = tags(c.UTM), tags(c.SubIDs)
		flags[i] = pgtype.Text{String: string(c.Flag), Valid: c.Flag != ""}
		occurred[i], created[i] = c.OccurredAt, c.CreatedAt
	}
	return []any{
		tenants, clicks, links, partners, campaigns, destinations, hashes, agents, referers, utm, subIDs, flags, occurred, created,
	}
}

// tags is the JSON of a visit's parameters, which are strings and therefore always encode.
func tags(of map[string]string) string {
	if len(of) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(of)
	return string(text)
}

// insertRecent notes the clicks for the velocity rule.
const insertRecent = `
	insert into recent_clicks (tenant_id, origin, occurred_at, click_id, created_at)
	select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::timestamptz[])
	on conflict do nothing`

func recentColumns(groups []*group) []any {
	var tenants, origins, clicks uuidColumn
	var occurred, created timeColumn
	for _, g := range groups {
		for _, c := range g.members {
			tenants, origins, clicks = append(tenants, id(g.origin.tenant)), append(origins, id(g.origin.digest)), append(clicks, id(c.ID))
			occurred, created = append(occurred, c.OccurredAt), append(created, c.CreatedAt)
		}
	}
	return []any{tenants, origins, occurred, clicks, created}
}
