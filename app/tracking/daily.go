package tracking

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
)

// kept is how long a click is kept that nothing refers to; see Expire.
const kept = 400 * 24 * time.Hour

// shareDaily lets writers of daily sums run beside each other, but not beside a rebuild, which
// would overwrite what it had not yet seen.
func shareDaily(ctx context.Context) error {
	_, err := db.Tx(ctx).NewRaw(`select pg_advisory_xact_lock_shared(hashtext('daily_clicks'), hashtext(?::text))`, tenancy.ID(ctx)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("share the daily sums: %w", err)
	}
	return nil
}

// countDaily adds one click to the sums of its day.
func countDaily(ctx context.Context, c Click) error {
	if err := shareDaily(ctx); err != nil {
		return err
	}
	clicks, flagged := 1, 0
	if c.Flag != "" {
		clicks, flagged = 0, 1
	}
	_, err := db.Tx(ctx).NewRaw(`
		insert into daily_clicks as d (tenant_id, day, partner_id, campaign_id, link_id, clicks, flagged)
		values (?, (?::timestamptz at time zone 'UTC')::date, ?, ?, ?, ?, ?)
		on conflict (tenant_id, day, partner_id, campaign_id, link_id)
		do update set clicks = d.clicks + excluded.clicks, flagged = d.flagged + excluded.flagged`,
		tenancy.ID(ctx), c.OccurredAt, c.PartnerID, c.CampaignID, c.LinkID, clicks, flagged).Exec(ctx)
	if err != nil {
		return fmt.Errorf("count click: %w", err)
	}
	return nil
}

// moveDaily moves clicks whose flag was set or cleared to the other sum of their days. Rows
// are taken in the order in which the recorder takes them, so the two can't block each other.
func moveDaily(ctx context.Context, clicks []uuid.UUID, flagged bool) error {
	by := 1
	if !flagged {
		by = -1
	}
	_, err := db.Tx(ctx).NewRaw(`
		with moved as (
			select day, partner_id, campaign_id, link_id, count(*) as n
			from (select (occurred_at at time zone 'UTC')::date as day, partner_id, campaign_id, link_id
				from clicks where id in (?0)) k
			group by 1, 2, 3, 4),
		locked as (
			select d.day, d.partner_id, d.campaign_id, d.link_id, m.n
			from daily_clicks d join moved m on m.day = d.day and m.partner_id = d.partner_id
				and m.campaign_id = d.campaign_id and m.link_id is not distinct from d.link_id
			order by d.day, d.partner_id, d.campaign_id, d.link_id for update of d)
		update daily_clicks d set clicks = d.clicks - l.n * ?1, flagged = d.flagged + l.n * ?1
		from locked l
		where d.day = l.day and d.partner_id = l.partner_id and d.campaign_id = l.campaign_id
			and d.link_id is not distinct from l.link_id`, bun.List(clicks), by).Exec(ctx)
	if err != nil {
		return fmt.Errorf("move clicks between the daily sums: %w", err)
	}
	return nil
}

// CheckDaily counts the sums of a day that are not those of its clicks.
func (s *Service) CheckDaily(ctx context.Context, day time.Time) (wrong int, err error) {
	err = db.Tx(ctx).NewRaw(`
		select count(*) from (
			select partner_id, campaign_id, link_id, count(*) filter (where flag is null) as clicks, count(flag) as flagged
			from clicks where occurred_at >= ?0::timestamp at time zone 'UTC' and occurred_at < (?0::date + 1)::timestamp at time zone 'UTC'
			group by 1, 2, 3) k
		full join (select * from daily_clicks where day = ?0) d
			on d.partner_id = k.partner_id and d.campaign_id = k.campaign_id
				and coalesce(d.link_id, '00000000-0000-0000-0000-000000000000') = coalesce(k.link_id, '00000000-0000-0000-0000-000000000000')
		where (coalesce(d.clicks, 0), coalesce(d.flagged, 0)) is distinct from (coalesce(k.clicks, 0), coalesce(k.flagged, 0))`,
		day.UTC().Format(time.DateOnly)).Scan(ctx, &wrong)
	if err != nil {
		return 0, fmt.Errorf("check the daily sums: %w", err)
	}
	return wrong, nil
}

// RebuildDaily computes the sums of the days from..to, both included, anew from the clicks. It
// leaves alone the days whose clicks may have been deleted since.
func (s *Service) RebuildDaily(ctx context.Context, from, to time.Time) error {
	if oldest := s.now().Add(-kept).UTC().AddDate(0, 0, 1); from.Before(oldest) {
		from = oldest
	}
	first, last := from.UTC().Format(time.DateOnly), to.UTC().Format(time.DateOnly)
	for what, statement := range []string{
		`select pg_advisory_xact_lock(hashtext('daily_clicks'), hashtext(?2::text))`,
		`delete from daily_clicks where day between ?0 and ?1`,
		`insert into daily_clicks (tenant_id, day, partner_id, campaign_id, link_id, clicks, flagged)
		select tenant_id, (occurred_at at time zone 'UTC')::date, partner_id, campaign_id, link_id,
			count(*) filter (where flag is null), count(flag)
		from clicks
		where occurred_at >= ?0::timestamp at time zone 'UTC' and occurred_at < (?1::date + 1)::timestamp at time zone 'UTC'
		group by 1, 2, 3, 4, 5`,
	} {
		if _, err := db.Tx(ctx).NewRaw(statement, first, last, tenancy.ID(ctx)).Exec(ctx); err != nil {
			return fmt.Errorf("rebuild the daily sums, step %d: %w", what+1, err)
		}
	}
	return nil
}
