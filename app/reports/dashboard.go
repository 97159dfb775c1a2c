package reports

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// Dashboard is what a partner's business comes to.
type Dashboard struct {
	Series    []Moment // of the time; Sum adds it up
	Balances  []Money  // of all time, without revenue
	Links     int      // in use
	Campaigns int      // that may be promoted
}

// Dashboard reads the dashboard of a partner: their own, or anybody's with the right to read
// reports or commissions.
func (s *Service) Dashboard(ctx context.Context, partner uuid.UUID, f Filter, b Bucket) (Dashboard, error) {
	if err := auth.RequireOwn(ctx, scope, partner); err != nil {
		if auth.RequireOwn(ctx, "commissions:read", partner) != nil {
			return Dashboard{}, err
		}
	}
	f.PartnerID = &partner
	r, err := s.span(f)
	if err != nil {
		return Dashboard{}, err
	}
	out, err := holdings(ctx, partner)
	if err != nil {
		return Dashboard{}, err
	}
	if out.Series, err = b.series(ctx, r); err != nil {
		return Dashboard{}, err
	}
	out.Balances, err = balances(ctx, partner)
	return out, err
}

func holdings(ctx context.Context, partner uuid.UUID) (Dashboard, error) {
	var row struct {
		Known            bool
		Links, Campaigns int
	}
	err := db.Tx(ctx).NewRaw(`
		select exists (select from partners where id = ?0) as known,
			(select count(*) from links where partner_id = ?0 and archived_at is null) as links,
			(select count(*) from partner_campaigns where partner_id = ?0) as campaigns`, partner).Scan(ctx, &row)
	if err != nil {
		return Dashboard{}, fmt.Errorf("count what the partner has: %w", err)
	}
	if !row.Known {
		return Dashboard{}, fault.NotFound("partner")
	}
	return Dashboard{Links: row.Links, Campaigns: row.Campaigns}, nil
}

// balances are the partner's commissions by state, of all days and campaigns.
func balances(ctx context.Context, partner uuid.UUID) ([]Money, error) {
	out := []Money{}
	err := db.Tx(ctx).NewRaw(`
		select currency, sum(pending)::bigint as pending, sum(held)::bigint as held, sum(approved)::bigint as approved, sum(paid)::bigint as paid
		from daily_money where partner_id = ? and currency <> ''
		group by 1 having (sum(pending), sum(held), sum(approved), sum(paid)) <> (0, 0, 0, 0) order by 1`, partner).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("add up balances: %w", err)
	}
	return out, nil
}
