package reports

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
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

// Part is the funnel of one campaign or one partner, as their filter gives it. Parts need not add
// up to the whole: a user may have come by several.
type Part struct {
	ID   uuid.UUID
	Name string
	Funnel
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

// FunnelByCampaign tells the funnel apart by campaigns, those with most clicks first.
func (s *Service) FunnelByCampaign(ctx context.Context, f Filter, limit int) ([]Part, error) {
	return s.parts(ctx, f, "campaign", limit)
}

// FunnelByPartner tells the funnel apart by partners, those with most clicks first.
func (s *Service) FunnelByPartner(ctx context.Context, f Filter, limit int) ([]Part, error) {
	return s.parts(ctx, f, "partner", limit)
}

func (s *Service) parts(ctx context.Context, f Filter, of string, limit int) ([]Part, error) {
	if err := auth.Require(ctx, scope); err != nil {
		return nil, err
	}
	r, err := s.span(f)
	if err != nil {
		return nil, err
	}
	return funnelParts(ctx, r, of, limit)
}

func funnel(ctx context.Context, r span) (Funnel, error) {
	visits, shares := r.ofFunnel()
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

// funnelParts is funnel for each campaign or each partner at once; of is which of them.
func funnelParts(ctx context.Context, r span, of string, limit int) ([]Part, error) {
	visits, shares := r.ofFunnel()
	a := r.args()
	a.Limit = int64(limit)
	var out []Part
	err := db.Tx(ctx).NewRaw(`
		with tied as (
			select distinct on (i.click_id) i.user_id, k.`+of+`_id as id, k.occurred_at
			from clicks k join identities i on i.tenant_id = k.tenant_id and i.click_id = k.id
			where k.occurred_at >= ?from::date::timestamp at time zone 'UTC' and k.occurred_at < ?to::date::timestamp at time zone 'UTC'
				and k.flag is null`+visits+`
			order by i.click_id, i.created_at, i.id
		),
		people as (select id, user_id, min(occurred_at) as since from tied group by 1, 2),
		steps as (
			select p.id, coalesce(bool_or(e.amount > 0), false) as paid
			from people p
			join events e on e.user_id = p.user_id and e.occurred_at >= p.since
			join attributions a on a.tenant_id = e.tenant_id and a.event_id = e.id and a.`+of+`_id = p.id`+shares+`
			group by p.id, p.user_id
		),
		counted as (
			select `+of+`_id as id, sum(clicks) as clicks, 0 as identities, 0 as signups, 0 as paid from daily_clicks where `+r.ofClicks()+` group by 1
			union all
			select id, 0, count(*), 0, 0 from people group by 1
			union all
			select id, 0, 0, count(*), count(*) filter (where paid) from steps group by 1
		),
		most as (
			select id, sum(clicks)::bigint as clicks, sum(identities)::bigint as identities, sum(signups)::bigint as signups, sum(paid)::bigint as paid
			from counted group by 1 having sum(clicks + identities) > 0 order by 2 desc, 5 desc, 1 limit ?limit
		)
		select m.*, n.name from most m join `+of+`s n on n.id = m.id order by m.clicks desc, m.paid desc, m.id`, a).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("add up the funnel by %s: %w", of, err)
	}
	return out, nil
}

// ofFunnel selects the visits and the shares in events.
func (r span) ofFunnel() (visits, shares string) {
	if r.partner != nil {
		visits, shares = ` and k.partner_id = ?partner`, ` and a.partner_id = ?partner`
	}
	if r.campaign != nil {
		visits, shares = visits+` and k.campaign_id = ?campaign`, shares+` and a.campaign_id = ?campaign`
	}
	return visits, shares
}
