package reports

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// Slice is what one campaign or one link of a partner brought.
type Slice struct {
	ID   uuid.UUID // zero for what came without it, such as a sale by a coupon without a link
	Name string    // of the campaign, or the key of the link
	Figures
}

// Steps is how far a new partner has come.
type Steps struct {
	Campaign, Link, Click, Commission bool
}

// Done reports whether there is nothing left to begin with.
func (s Steps) Done() bool { return s.Campaign && s.Link && s.Click && s.Commission }

// OwnSteps tells which first steps the partner who asks has taken.
func (s *Service) OwnSteps(ctx context.Context) (Steps, error) {
	own, err := themselves(ctx)
	if err != nil {
		return Steps{}, err
	}
	var out Steps
	err = db.Tx(ctx).NewRaw(`
		select exists (select from partner_campaigns where partner_id = ?0) as campaign,
			exists (select from links where partner_id = ?0) as link,
			exists (select from daily_clicks where partner_id = ?0) as click,
			exists (select from commissions where partner_id = ?0) as commission`, own).Scan(ctx, &out)
	if err != nil {
		return Steps{}, fmt.Errorf("see how far the partner is: %w", err)
	}
	return out, nil
}

// OwnByCampaign tells the figures of the partner who asks apart by campaign, most clicks first.
func (s *Service) OwnByCampaign(ctx context.Context, f Filter) ([]Slice, error) {
	return s.ownBy(ctx, f, figuresByCampaign)
}

// OwnByLink tells them apart by link. A sale counts for the link of the click that won it, and
// money has no revenue here: a share of a sale is not kept by link.
func (s *Service) OwnByLink(ctx context.Context, f Filter) ([]Slice, error) {
	return s.ownBy(ctx, f, figuresByLink)
}

func (s *Service) ownBy(ctx context.Context, f Filter, read func(context.Context, span) ([]sliceRow, error)) ([]Slice, error) {
	own, err := themselves(ctx)
	if err != nil {
		return nil, err
	}
	f.PartnerID = &own
	r, err := s.span(f)
	if err != nil {
		return nil, err
	}
	rows, err := read(ctx, r)
	if err != nil {
		return nil, err
	}
	return apart(rows), nil
}

// themselves is the partner who asks: these figures are theirs alone.
func themselves(ctx context.Context) (uuid.UUID, error) {
	own := auth.From(ctx).PartnerID
	if own == uuid.Nil {
		return own, fault.Forbidden("forbidden", "Only partners have figures of their own.")
	}
	return own, nil
}

// sliceRow is a slice in one currency; clicks and leads have none.
type sliceRow struct {
	row

	SliceID uuid.UUID
}

// apart puts the currencies of a slice together.
func apart(rows []sliceRow) []Slice {
	var out []Slice
	for _, one := range rows {
		if n := len(out); n == 0 || out[n-1].ID != one.SliceID {
			out = append(out, Slice{ID: one.SliceID, Name: one.Name})
		}
		out[len(out)-1].add(one.figures())
	}
	return out
}

func figuresByCampaign(ctx context.Context, r span) ([]sliceRow, error) {
	var rows []sliceRow
	err := db.Tx(ctx).NewRaw(`
		with parts as (
			select campaign_id as slice_id, '' as currency, sum(clicks)::bigint as clicks, 0::bigint as leads, 0::bigint as conversions,
				0::bigint as revenue, 0::bigint as pending, 0::bigint as held, 0::bigint as approved, 0::bigint as paid
			from daily_clicks where `+r.ofClicks()+` group by 1
			union all
			select campaign_id, currency, 0, sum(leads)::bigint, sum(conversions)::bigint, `+moneySums+`
			from daily_money where `+r.ofMoney()+` group by 1, 2 having `+notNothing+`
		)
		select p.*, coalesce(c.name, '') as name
		from parts p left join campaigns c on c.id = p.slice_id
		order by sum(p.clicks) over (partition by p.slice_id) desc, p.slice_id, p.currency`, r.args()).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("add up figures of campaigns: %w", err)
	}
	return rows, nil
}

// figuresByLink goes by the shares and the ledger, since daily_money knows no links.
func figuresByLink(ctx context.Context, r span) ([]sliceRow, error) {
	inCampaign := ""
	if r.campaign != nil {
		inCampaign = ` and a.campaign_id = ?campaign`
	}
	const nobody = `'00000000-0000-0000-0000-000000000000'::uuid`
	var rows []sliceRow
	err := db.Tx(ctx).NewRaw(`
		with parts as (
			select link_id, '' as currency, sum(clicks)::bigint as clicks, 0::bigint as leads, 0::bigint as conversions,
				0::bigint as pending, 0::bigint as held, 0::bigint as approved, 0::bigint as paid
			from daily_clicks where `+r.ofClicks()+` group by 1
			union all
			select k.link_id, coalesce(e.currency, ''), 0, count(*) filter (where e.amount is null), count(*) filter (where e.amount is not null), 0, 0, 0, 0
			from attributions a join events e on e.id = a.event_id join clicks k on k.id = a.click_id
			where a.partner_id = ?partner`+inCampaign+`
				and e.occurred_at >= ?from::date::timestamp at time zone 'UTC' and e.occurred_at < ?to::date::timestamp at time zone 'UTC'
			group by 1, 2
			union all
			select k.link_id, a.currency, 0, 0, 0,
				coalesce(sum(a.amount) filter (where a.status = 'pending'), 0)::bigint, coalesce(sum(a.amount) filter (where a.status = 'held'), 0)::bigint,
				coalesce(sum(a.amount) filter (where a.status = 'approved'), 0)::bigint, coalesce(sum(a.amount) filter (where a.status = 'paid'), 0)::bigint
			from commissions a left join clicks k on k.id = a.click_id
			where a.partner_id = ?partner and a.status <> 'reversed'`+inCampaign+`
				and a.occurred_at >= ?from::date::timestamp at time zone 'UTC' and a.occurred_at < ?to::date::timestamp at time zone 'UTC'
			group by 1, 2
		)
		select coalesce(p.link_id, `+nobody+`) as slice_id, coalesce(l.key, '') as name, p.currency, p.clicks, p.leads, p.conversions,
			0::bigint as revenue, p.pending, p.held, p.approved, p.paid
		from parts p left join links l on l.id = p.link_id
		order by sum(p.clicks) over (partition by p.link_id) desc, p.link_id, p.currency`, r.args()).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("add up figures of links: %w", err)
	}
	return rows, nil
}
