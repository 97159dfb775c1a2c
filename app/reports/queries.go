package reports

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/openpartner/openpartner/app/db"
)

// row is one group of one of the queries: of a day or of a partner, in one currency. Clicks and
// leads have none.
type row struct {
	Day         time.Time
	PartnerID   uuid.UUID
	Name        string
	Email       string
	Rank        int64
	Currency    string
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
	if r.Currency != "" {
		f.Money = []Money{{Currency: r.Currency, Revenue: r.Revenue, Pending: r.Pending, Held: r.Held, Approved: r.Approved, Paid: r.Paid}}
	}
	return f
}

// args are the named parameters of the queries. Without a partner or campaign they hold zeros,
// which name the level of daily_money that adds all of them up.
type args struct {
	From, To          string
	Partner, Campaign uuid.UUID
	Currency          string
	Figure, Clicks    int64
	After             uuid.UUID
	Limit             int64
	Partners          *pgdialect.ArrayValue
}

func (r span) args() args {
	a := args{From: r.from.Format(time.DateOnly), To: r.to.Format(time.DateOnly)}
	if r.partner != nil {
		a.Partner = *r.partner
	}
	if r.campaign != nil {
		a.Campaign = *r.campaign
	}
	return a
}

// ofClicks selects rows of daily_clicks.
func (r span) ofClicks() string {
	where := `day >= ?from and day < ?to`
	if r.partner != nil {
		where += ` and partner_id = ?partner`
	}
	if r.campaign != nil {
		where += ` and campaign_id = ?campaign`
	}
	return where
}

// ofMoney selects rows of daily_money at the level of the filter. A partner in all campaigns is
// the one level that is not kept: an event counts once for each partner, so campaigns add up.
func (r span) ofMoney() string {
	where := `day >= ?from and day < ?to and partner_id = ?partner`
	if r.partner == nil || r.campaign != nil {
		where += ` and campaign_id = ?campaign`
	}
	return where
}

// moneySums add up, over slots and days. What was all taken back is as if it had never been.
const (
	moneySums = `sum(revenue)::bigint as revenue, sum(pending)::bigint as pending, sum(held)::bigint as held,
		sum(approved)::bigint as approved, sum(paid)::bigint as paid`
	notNothing = `(sum(leads), sum(conversions), sum(revenue), sum(pending), sum(held), sum(approved), sum(paid)) <> (0, 0, 0, 0, 0, 0, 0)`
)

func figuresByDay(ctx context.Context, r span) ([]row, error) {
	var rows []row
	err := db.Tx(ctx).NewRaw(`
		select day, '' as currency, sum(clicks)::bigint as clicks, 0::bigint as leads, 0::bigint as conversions,
			0::bigint as revenue, 0::bigint as pending, 0::bigint as held, 0::bigint as approved, 0::bigint as paid
		from daily_clicks where `+r.ofClicks()+` group by day
		union all
		select day, currency, 0, sum(leads)::bigint, sum(conversions)::bigint, `+moneySums+`
		from daily_money where `+r.ofMoney()+` group by day, currency having `+notNothing, r.args()).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("add up figures: %w", err)
	}
	return rows, nil
}

// column is the figure of a partner that the order goes by.
func (o Order) column() string {
	switch o {
	case ByClicks:
		return "sum(clicks)"
	case ByLeads:
		return "sum(leads)"
	case ByRevenue:
		return "sum(revenue)"
	case ByCommission:
		return "sum(commission)"
	default:
		return "sum(conversions)"
	}
}

// rankedPartners gives partners with whom something happened. A partner of several currencies
// has a row for each, on which the counts are repeated.
func rankedPartners(ctx context.Context, r span, by Ranking) ([]row, error) {
	a := r.args()
	a.Currency, a.Limit = by.Currency, int64(by.Limit)+1
	begin := ""
	if by.After != nil {
		a.Figure, a.Clicks, a.After = by.After.Figures[0], by.After.Figures[1], by.After.ID
		begin = `where (rank, clicks, partner_id) < (?figure, ?clicks, ?after)`
	}
	inCampaign := ""
	if r.campaign != nil {
		inCampaign = ` and campaign_id = ?campaign`
	}
	var rows []row
	err := db.Tx(ctx).NewRaw(`
		with counted as (
			select partner_id, sum(clicks) as clicks, 0 as leads, 0 as conversions, 0 as revenue, 0 as commission
			from daily_clicks where `+r.ofClicks()+` group by 1 having sum(clicks) > 0
			union all
			select partner_id, 0, sum(leads), sum(conversions), coalesce(sum(revenue) filter (where currency = ?currency), 0),
				coalesce(sum(pending + held + approved + paid) filter (where currency = ?currency), 0)
			from daily_money
			where day >= ?from and day < ?to and partner_id <> '00000000-0000-0000-0000-000000000000'`+inCampaign+`
			group by 1 having `+notNothing+`
		),
		ranked as (
			select partner_id, sum(clicks)::bigint as clicks, sum(leads)::bigint as leads, sum(conversions)::bigint as conversions,
				`+by.By.column()+`::bigint as rank
			from counted group by 1
		),
		best as (select * from ranked `+begin+` order by rank desc, clicks desc, partner_id desc limit ?limit)
		select b.partner_id, p.name, p.email, b.rank, b.clicks, b.leads, b.conversions, coalesce(m.currency, '') as currency,
			coalesce(m.revenue, 0) as revenue, coalesce(m.pending, 0) as pending, coalesce(m.held, 0) as held,
			coalesce(m.approved, 0) as approved, coalesce(m.paid, 0) as paid
		from best b join partners p on p.id = b.partner_id left join lateral (
			select currency, `+moneySums+` from daily_money
			where partner_id = b.partner_id and day >= ?from and day < ?to and currency <> ''`+inCampaign+`
			group by currency having `+notNothing+`) m on true
		order by b.rank desc, b.clicks desc, b.partner_id desc, m.currency`, a).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("rank partners: %w", err)
	}
	return rows, nil
}

// figuresByPartner adds up by partner and currency; leads and clicks have none.
func figuresByPartner(ctx context.Context, r span, partners []uuid.UUID) ([]row, error) {
	inCampaign := ""
	if r.campaign != nil {
		inCampaign = ` and campaign_id = ?campaign`
	}
	a := r.args()
	a.Partners = pgdialect.Array(partners)
	var rows []row
	err := db.Tx(ctx).NewRaw(`
		select partner_id, '' as currency, sum(clicks)::bigint as clicks, 0::bigint as leads, 0::bigint as conversions,
			0::bigint as revenue, 0::bigint as pending, 0::bigint as held, 0::bigint as approved, 0::bigint as paid
		from daily_clicks where day >= ?from and day < ?to and partner_id = any(?partners::uuid[])`+inCampaign+` group by 1
		union all
		select partner_id, currency, 0, sum(leads)::bigint, sum(conversions)::bigint, `+moneySums+`
		from daily_money where day >= ?from and day < ?to and partner_id = any(?partners::uuid[])`+inCampaign+`
		group by 1, 2 having `+notNothing, a).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("add up figures of partners: %w", err)
	}
	return rows, nil
}

// merge puts the currencies of a partner together.
func merge(rows []row) []PartnerFigures {
	var out []PartnerFigures
	for _, one := range rows {
		if n := len(out); n > 0 && out[n-1].PartnerID == one.PartnerID {
			one.Clicks, one.Leads, one.Conversions = 0, 0, 0
			out[n-1].add(one.figures())
			continue
		}
		out = append(out, PartnerFigures{PartnerID: one.PartnerID, Name: one.Name, Email: one.Email, rank: one.Rank, Figures: one.figures()})
	}
	return out
}
