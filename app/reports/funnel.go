package reports

import (
	"context"
	"fmt"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/money"
)

// Funnel is how far the visitors of a time came. Each step is a part of the one before.
//
// Clicks are the visits of the time, without flagged ones. Identities are the users whom these
// visits were tied to; a visit counts for the first user that it was tied to, so there are never
// more users than visits. Signups are those of them with an attributed event at or after their
// first visit of the time: a lead, or a sale, since who buys has come that far as well. Paid are
// those with an attributed event of an amount above zero. What comes after the visits has no end:
// a funnel of May goes on to fill in June. With a partner or campaign only their shares count.
type Funnel struct {
	Clicks, Identities, Signups, Paid int64
}

// Rate is a part of a whole as a percentage with up to four decimals, such as "12.5"; false
// where there is no whole to divide by.
func Rate(part, whole int64) (text string, ok bool) {
	if whole <= 0 {
		return "", false
	}
	return money.FormatPercent(money.MulRatio(part, money.PPM, whole)), true
}

// Funnel adds the steps up. Partners see their own part.
func (s *Service) Funnel(ctx context.Context, f Filter) (Funnel, error) {
	f, err := f.own(ctx)
	if err != nil {
		return Funnel{}, err
	}
	r, err := s.span(f)
	if err != nil {
		return Funnel{}, err
	}
	return funnel(ctx, r)
}

func funnel(ctx context.Context, r span) (Funnel, error) {
	visits, shares := "", ""
	if r.partner != nil {
		visits, shares = ` and k.partner_id = ?partner`, ` and a.partner_id = ?partner`
	}
	if r.campaign != nil {
		visits, shares = visits+` and k.campaign_id = ?campaign`, shares+` and a.campaign_id = ?campaign`
	}
	var out Funnel
	err := db.Tx(ctx).NewRaw(`
		with tied as (
			select distinct on (i.click_id) i.user_id, k.occurred_at
			from clicks k join identities i on i.tenant_id = k.tenant_id and i.click_id = k.id
			where k.occurred_at >= ?from::date::timestamp at time zone 'UTC' and k.occurred_at < ?to::date::timestamp at time zone 'UTC'
				and k.flag is null`+visits+`
			order by i.click_id, i.created_at, i.id
		),
		people as (select user_id, min(occurred_at) as since from tied group by 1),
		steps as (
			select coalesce(bool_or(e.amount > 0), false) as paid
			from people p
			join events e on e.user_id = p.user_id and e.occurred_at >= p.since
			join attributions a on a.tenant_id = e.tenant_id and a.event_id = e.id`+shares+`
			group by p.user_id
		)
		select (select coalesce(sum(clicks), 0)::bigint from daily_clicks where `+r.ofClicks()+`) as clicks,
			(select count(*) from people) as identities,
			count(*) as signups, count(*) filter (where paid) as paid
		from steps`, r.args()).Scan(ctx, &out)
	if err != nil {
		return Funnel{}, fmt.Errorf("add up the funnel: %w", err)
	}
	return out, nil
}
