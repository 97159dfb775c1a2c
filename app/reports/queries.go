package reports

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
)

// row is one group of one of the queries: by bucket or by partner, and by currency where money
// is concerned.
type row struct {
	Start       time.Time
	PartnerID   uuid.UUID
	Name        string
	Currency    *string
	Clicks      int64
	Leads       int64
	Conversions int64
	Revenue     int64
	Pending     int64
	Held        int64
	Approved    int64
	Paid        int64
}

func (r row) figures() Figures {
	f := Figures{Clicks: r.Clicks, Leads: r.Leads, Conversions: r.Conversions}
	if r.Currency != nil {
		f.Money = []Money{{Currency: *r.Currency, Revenue: r.Revenue, Pending: r.Pending, Held: r.Held, Approved: r.Approved, Paid: r.Paid}}
	}
	return f
}

// shares gives each attributed event with the part of it that the filter's partners and
// campaigns have; without a filter all parts, which add up to one.
const shares = `
	select a.event_id, a.partner_id, a.weight_num::numeric / a.weight_den as weight
	from attributions a
	where (?partner::uuid is null or a.partner_id = ?partner) and (?campaign::uuid is null or a.campaign_id = ?campaign)`

// facts are the four sources of figures. A lead or conversion counts as one for its event. A
// refund takes back, on its own day, at most what is left of its sale.
const facts = `
with shares as (` + shares + `),
clicked as (
	select occurred_at as at, partner_id
	from clicks
	where occurred_at >= ?from and occurred_at < ?to and flag is null
		and (?partner::uuid is null or partner_id = ?partner) and (?campaign::uuid is null or campaign_id = ?campaign)
),
sold as (
	select e.id, e.occurred_at as at, e.amount, e.currency
	from events e join decisions d on d.event_id = e.id and d.status = 'attributed'
	where e.occurred_at >= ?from and e.occurred_at < ?to
),
taken_back as (
	select o.id, r.occurred_at as at, r.currency,
		least(o.amount, sum(r.amount) over w) - least(o.amount, sum(r.amount) over w - r.amount) as amount
	from events r
		join events o on o.id = r.reverses_event_id
		join decisions d on d.event_id = o.id and d.status = 'attributed'
	where r.type = 'refund' and r.amount is not null and o.amount is not null and o.id in (
		select reverses_event_id from events where type = 'refund' and occurred_at >= ?from and occurred_at < ?to)
	window w as (partition by o.id order by r.occurred_at, r.id)
),
earned as (
	select coalesce(e.occurred_at, m.created_at) as at, m.partner_id, m.currency, m.status, m.amount
	from commissions m left join events e on e.id = m.event_id
	where m.status <> 'reversed'
		and coalesce(e.occurred_at, m.created_at) >= ?from and coalesce(e.occurred_at, m.created_at) < ?to
		and (?partner::uuid is null or m.partner_id = ?partner) and (?campaign::uuid is null or m.campaign_id = ?campaign)
)`

const commissionSums = `
	coalesce(sum(amount) filter (where status = 'pending'), 0)::bigint as pending,
	coalesce(sum(amount) filter (where status = 'held'), 0)::bigint as held,
	coalesce(sum(amount) filter (where status = 'approved'), 0)::bigint as approved,
	coalesce(sum(amount) filter (where status = 'paid'), 0)::bigint as paid`

// args are the named parameters of facts.
type args struct {
	From, To          time.Time
	Partner, Campaign *uuid.UUID
	Bucket            string
	Limit             int
}

func (r span) args() args {
	return args{From: r.from, To: r.to, Partner: r.partner, Campaign: r.campaign}
}

func figuresByTime(ctx context.Context, r span, b Bucket) ([]row, error) {
	a := r.args()
	a.Bucket = string(b)
	var rows []row
	err := db.Tx(ctx).NewRaw(facts+`,
parts as (select event_id, least(1, sum(weight)) as weight from shares group by event_id)
select date_trunc(?bucket, at, 'UTC') as start, null::text as currency, count(*) as clicks, 0::bigint as leads, 0::bigint as conversions,
	0::bigint as revenue, 0::bigint as pending, 0::bigint as held, 0::bigint as approved, 0::bigint as paid
from clicked group by 1
union all
select date_trunc(?bucket, at, 'UTC'), currency, 0, count(*) filter (where amount is null), count(*) filter (where amount is not null),
	coalesce(sum(round(amount * weight)), 0)::bigint, 0, 0, 0, 0
from sold join parts on parts.event_id = sold.id group by 1, 2
union all
select date_trunc(?bucket, at, 'UTC'), currency, 0, 0, 0, -sum(round(amount * weight))::bigint, 0, 0, 0, 0
from taken_back join parts on parts.event_id = taken_back.id where at >= ?from and at < ?to group by 1, 2
union all
select date_trunc(?bucket, at, 'UTC'), currency, 0, 0, 0, 0, `+commissionSums+`
from earned group by 1, 2`, a).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("add up figures: %w", err)
	}
	return rows, nil
}

func topPartners(ctx context.Context, r span, n int) ([]PartnerFigures, error) {
	a := r.args()
	a.Limit = n
	var rows []row
	err := db.Tx(ctx).NewRaw(facts+`,
counted as (
	select partner_id, count(*) as clicks, 0::bigint as leads, 0::bigint as conversions from clicked group by 1
	union all
	select partner_id, 0, count(*) filter (where amount is null), count(*) filter (where amount is not null)
	from sold join shares on shares.event_id = sold.id group by 1
),
best as (
	select partner_id, sum(clicks) as clicks, sum(leads) as leads, sum(conversions) as conversions
	from counted group by 1 order by 4 desc, 3 desc, 2 desc, 1 limit ?limit
),
money as (
	select partner_id, currency, sum(round(amount * weight)) as revenue, 0::bigint as pending, 0::bigint as held, 0::bigint as approved, 0::bigint as paid
	from sold join shares on shares.event_id = sold.id where amount is not null group by 1, 2
	union all
	select partner_id, currency, -sum(round(amount * weight)), 0, 0, 0, 0
	from taken_back join shares on shares.event_id = taken_back.id where at >= ?from and at < ?to group by 1, 2
	union all
	select partner_id, currency, 0, `+commissionSums+` from earned group by 1, 2
)
select b.partner_id, p.name, m.currency, b.clicks::bigint, b.leads::bigint, b.conversions::bigint,
	coalesce(sum(m.revenue), 0)::bigint as revenue, coalesce(sum(m.pending), 0)::bigint as pending, coalesce(sum(m.held), 0)::bigint as held,
	coalesce(sum(m.approved), 0)::bigint as approved, coalesce(sum(m.paid), 0)::bigint as paid
from best b join partners p on p.id = b.partner_id left join money m on m.partner_id = b.partner_id
group by b.partner_id, p.name, m.currency, b.clicks, b.leads, b.conversions
order by b.conversions desc, b.leads desc, b.clicks desc, b.partner_id, m.currency`, a).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("rank partners: %w", err)
	}
	return merge(rows), nil
}

// merge puts the currencies of a partner together; their counts are repeated on each row.
func merge(rows []row) []PartnerFigures {
	var out []PartnerFigures
	for _, one := range rows {
		if n := len(out); n > 0 && out[n-1].PartnerID == one.PartnerID {
			one.Clicks, one.Leads, one.Conversions = 0, 0, 0
			out[n-1].add(one.figures())
			continue
		}
		out = append(out, PartnerFigures{PartnerID: one.PartnerID, Name: one.Name, Figures: one.figures()})
	}
	return out
}
