package campaigns

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
)

// Deal is a campaign as one partner has it: its terms, and the rules that pay them.
type Deal struct {
	Campaign      // its Rules are the partner's own where there are any
	Own      bool // the rules are this partner's alone
	Granted  bool // they may make links for it; else they only have links from before
}

// Deals gives the campaigns that a partner was granted or has links for, by name. Partners may
// see their own.
func (s *Service) Deals(ctx context.Context, partner uuid.UUID) ([]Deal, error) {
	if err := auth.RequireOwn(ctx, "campaigns:read", partner); err != nil {
		return nil, err
	}
	deals, err := selectDeals(ctx, partner)
	if err != nil || len(deals) == 0 {
		return nil, err
	}
	all := make([]uuid.UUID, 0, len(deals))
	for _, d := range deals {
		all = append(all, d.ID)
	}
	rules, err := rulesFor(ctx, all, partner)
	if err != nil {
		return nil, err
	}
	for i := range deals {
		deals[i].take(rules[deals[i].ID])
	}
	return deals, nil
}

// take chooses from a campaign's live rules those that pay the partner: their own if there are
// any, else the common ones.
func (d *Deal) take(rules []Rule) {
	for _, r := range rules {
		if own := r.PartnerID != nil; own != d.Own {
			if !own {
				continue
			}
			d.Own, d.Rules = true, nil
		}
		d.Rules = append(d.Rules, r)
	}
}

func selectDeals(ctx context.Context, partner uuid.UUID) ([]Deal, error) {
	var rows []struct {
		campaignRow
		Granted bool
	}
	err := db.Tx(ctx).NewRaw(`
		with mine as (
			select campaign_id, bool_or(granted) as granted from (
				select campaign_id, true as granted from partner_campaigns where partner_id = ?0
				union all
				select campaign_id, false from links where partner_id = ?0) every group by 1)
		select c.id, c.name, c.destination_url, c.deep_link_domains, c.status, c.starts_at, c.ends_at, c.created_at,
			v.version, v.attribution_model, v.window_days, v.customer_lock, v.hold_days, v.auto_approve, m.granted
		from mine m join campaigns c on c.id = m.campaign_id
			join campaign_versions v on v.tenant_id = c.tenant_id and v.campaign_id = c.id and v.active_to is null
		order by c.name, c.id`, partner).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("select the partner's campaigns: %w", err)
	}
	out := make([]Deal, 0, len(rows))
	for _, r := range rows {
		out = append(out, Deal{Campaign: r.campaign(), Granted: r.Granted})
	}
	return out, nil
}

func rulesFor(ctx context.Context, campaigns []uuid.UUID, partner uuid.UUID) (map[uuid.UUID][]Rule, error) {
	rules, err := selectRules(ctx, `select `+ruleColumns+` from commission_rules
		where campaign_id = any($1::uuid[]) and (partner_id is null or partner_id = $2::uuid) and active_to is null
		order by campaign_id, position`, campaigns, partner)
	if err != nil {
		return nil, err
	}
	return byCampaign(rules), nil
}
