package partners

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

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
