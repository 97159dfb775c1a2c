package rollup

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
)

// deedsAtOnce is how many events are held in memory.
const deedsAtOnce = 1000

// Rebuild holds the figures of the days from..to, both included, against the facts and repairs
// those that differ. It gives how many did. Writers of figures wait until its transaction ends:
// take few days at once.
func Rebuild(ctx context.Context, from, to time.Time) (repaired int, err error) {
	_, err = db.Tx(ctx).NewRaw(`select pg_advisory_xact_lock(hashtext('daily_money'), hashtext(?::text))`, tenancy.ID(ctx)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("keep writers of figures away: %w", err)
	}
	for day := from.UTC().Truncate(24 * time.Hour); !day.After(to); day = day.AddDate(0, 0, 1) {
		lacking, err := lackOf(ctx, day)
		if err != nil {
			return 0, err
		}
		repaired += len(lacking.lines)
		if err := lacking.Write(ctx); err != nil {
			return 0, err
		}
	}
	return repaired, nil
}

// Check counts the figures of a day that are not what the facts say. It keeps nobody away, so what is
// written meanwhile may be counted, too, unless the transaction is a snapshot.
func Check(ctx context.Context, day time.Time) (wrong int, err error) {
	lacking, err := lackOf(ctx, day.UTC().Truncate(24*time.Hour))
	if err != nil {
		return 0, err
	}
	return len(lacking.lines), nil
}

// lackOf is what the facts of a day say, less what is written.
func lackOf(ctx context.Context, day time.Time) (*Sheet, error) {
	sheet := &Sheet{}
	for after, more := uuid.Nil, true; more; {
		deeds, last, err := deedsOf(ctx, day, after)
		if err != nil {
			return nil, err
		}
		for _, d := range deeds {
			sheet.Count(d, 1)
		}
		after, more = last, len(deeds) == deedsAtOnce
		// A sale and its refunds are counted whole; what falls on other days is not asked for.
		maps.DeleteFunc(sheet.lines, func(k Key, _ Figures) bool { return !k.Day.Equal(day) })
	}
	earned, err := figuresOf(ctx, `
		select partner_id, coalesce(campaign_id, '00000000-0000-0000-0000-000000000000') as campaign_id, currency::text as currency,
			coalesce(sum(amount) filter (where status = 'pending'), 0)::bigint as pending,
			coalesce(sum(amount) filter (where status = 'held'), 0)::bigint as held,
			coalesce(sum(amount) filter (where status = 'approved'), 0)::bigint as approved,
			coalesce(sum(amount) filter (where status = 'paid'), 0)::bigint as paid
		from commissions where occurred_at >= ? and occurred_at < ? group by 1, 2, 3`, day, day.AddDate(0, 0, 1))
	if err != nil {
		return nil, err
	}
	for k, f := range earned {
		k.Day = day
		sheet.AddLevels(k, f)
	}
	written, err := figuresOf(ctx, `
		select partner_id, campaign_id, currency, sum(leads)::bigint as leads, sum(conversions)::bigint as conversions,
			sum(revenue)::bigint as revenue, sum(pending)::bigint as pending, sum(held)::bigint as held,
			sum(approved)::bigint as approved, sum(paid)::bigint as paid
		from daily_money where day = ? group by 1, 2, 3`, day.Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	for k, f := range written {
		k.Day = day
		sheet.Add(k, f.Negative())
	}
	return sheet, nil
}

// figuresOf reads figures by their keys, which lack the day.
func figuresOf(ctx context.Context, query string, args ...any) (map[Key]Figures, error) {
	var rows []struct {
		PartnerID, CampaignID uuid.UUID
		Currency              string
		Figures
	}
	if err := db.Tx(ctx).NewRaw(query, args...).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("add up the figures of a day: %w", err)
	}
	out := make(map[Key]Figures, len(rows))
	for _, r := range rows {
		out[Key{PartnerID: r.PartnerID, CampaignID: r.CampaignID, Currency: r.Currency}] = r.Figures
	}
	return out, nil
}

// deedsOf reads the attributed events that happened on a day or were refunded on it, in the
// order of their ids, and gives the last id.
func deedsOf(ctx context.Context, day time.Time, after uuid.UUID) ([]Deed, uuid.UUID, error) {
	var rows []struct {
		ID              uuid.UUID
		OccurredAt      time.Time
		Amount          *int64
		Currency        *string
		Shares, Refunds json.RawMessage
	}
	err := db.Tx(ctx).NewRaw(`
		select e.id, e.occurred_at, e.amount, e.currency,
			(select json_agg(json_build_object('PartnerID', a.partner_id, 'CampaignID', a.campaign_id,
				'Weight', json_build_object('Num', a.weight_num, 'Den', a.weight_den)) order by a.position)
				from attributions a where a.tenant_id = e.tenant_id and a.event_id = e.id) as shares,
			(select coalesce(json_agg(json_build_object('At', r.occurred_at, 'Amount', r.amount) order by r.occurred_at, r.id), '[]')
				from events r where r.tenant_id = e.tenant_id and r.reverses_event_id = e.id and r.type = 'refund' and r.amount is not null) as refunds
		from events e join decisions d on d.tenant_id = e.tenant_id and d.event_id = e.id and d.status = 'attributed'
		where e.id > ?0 and e.id in (
			select id from events where occurred_at >= ?1 and occurred_at < ?2
			union select reverses_event_id from events where type = 'refund' and occurred_at >= ?1 and occurred_at < ?2)
		order by e.id limit ?3`, after, day, day.AddDate(0, 0, 1), deedsAtOnce).Scan(ctx, &rows)
	if err != nil {
		return nil, uuid.Nil, fmt.Errorf("read the attributed events of a day: %w", err)
	}
	out := make([]Deed, len(rows))
	for i, r := range rows {
		d := Deed{At: r.OccurredAt}
		if r.Amount != nil && r.Currency != nil {
			d.Amount, d.Currency = r.Amount, *r.Currency
		}
		if err := json.Unmarshal(r.Shares, &d.Shares); err != nil {
			return nil, uuid.Nil, fmt.Errorf("read the shares of event %s: %w", r.ID, err)
		}
		if err := json.Unmarshal(r.Refunds, &d.Refunds); err != nil {
			return nil, uuid.Nil, fmt.Errorf("read the refunds of event %s: %w", r.ID, err)
		}
		out[i], after = d, r.ID
	}
	return out, after, nil
}
