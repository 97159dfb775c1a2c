package partners

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
)

// Promotion is a campaign that a partner may promote, and whether on terms of their own.
type Promotion struct {
	CampaignID     uuid.UUID
	CampaignName   string
	CampaignStatus string
	OwnRules       int // that stand in place of the campaign's
	GrantedAt      time.Time
}

// Promotions gives the campaigns that a partner was granted, by name.
func (s *Service) Promotions(ctx context.Context, id uuid.UUID) ([]Promotion, error) {
	if err := auth.RequireOwn(ctx, "partners:read", id); err != nil {
		return nil, err
	}
	var rows []Promotion
	err := db.Tx(ctx).NewRaw(`
		select g.campaign_id, c.name as campaign_name, c.status as campaign_status, g.created_at as granted_at,
			(select count(*) from commission_rules r
			where r.campaign_id = g.campaign_id and r.partner_id = g.partner_id and r.active_to is null) as own_rules
		from partner_campaigns g join campaigns c on c.tenant_id = g.tenant_id and c.id = g.campaign_id
		where g.partner_id = ? order by c.name, c.id`, id).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list promotions: %w", err)
	}
	return rows, nil
}

// Holding is how much of the program a partner has in hand.
type Holding struct{ Campaigns, Links int }

// Holdings counts the campaigns and the live links of several partners.
func (s *Service) Holdings(ctx context.Context, partners []uuid.UUID) (map[uuid.UUID]Holding, error) {
	if err := auth.Require(ctx, "partners:read"); err != nil {
		return nil, err
	}
	out := make(map[uuid.UUID]Holding, len(partners))
	if len(partners) == 0 {
		return out, nil
	}
	var rows []struct {
		PartnerID uuid.UUID
		Campaigns int
		Links     int
	}
	err := db.Tx(ctx).NewRaw(`
		select p.id as partner_id,
			(select count(*) from partner_campaigns g where g.partner_id = p.id) as campaigns,
			(select count(*) from links l where l.partner_id = p.id and l.archived_at is null) as links
		from partners p where p.id in (?)`, bun.List(partners)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count holdings: %w", err)
	}
	for _, r := range rows {
		out[r.PartnerID] = Holding{Campaigns: r.Campaigns, Links: r.Links}
	}
	return out, nil
}
