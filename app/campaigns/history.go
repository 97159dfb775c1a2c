package campaigns

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
)

// version is the terms of a campaign from one time to another.
type version struct {
	name         string // the campaign's
	terms        Terms
	from, to     *time.Time
	starts, ends *time.Time
}

func allVersions(ctx context.Context, campaigns []uuid.UUID) (map[uuid.UUID][]version, error) {
	var rows []struct {
		CampaignID       uuid.UUID
		Name             string
		Version          int
		AttributionModel string
		WindowDays       int
		CustomerLock     bool
		HoldDays         int
		AutoApprove      bool
		ActiveFrom       *time.Time
		ActiveTo         *time.Time
		StartsAt         *time.Time
		EndsAt           *time.Time
	}
	err := db.Tx(ctx).NewRaw(`
		select v.campaign_id, c.name, v.version, v.attribution_model, v.window_days, v.customer_lock, v.hold_days, v.auto_approve,
			nullif(v.active_from, '-infinity') as active_from, v.active_to, c.starts_at, c.ends_at
		from campaign_versions v join campaigns c on c.tenant_id = v.tenant_id and c.id = v.campaign_id
		where v.campaign_id in (?) order by v.version`, bun.List(campaigns)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("select campaign versions: %w", err)
	}
	out := map[uuid.UUID][]version{}
	for _, r := range rows {
		out[r.CampaignID] = append(out[r.CampaignID], version{
			name: r.Name,
			terms: Terms{
				Version: r.Version, AttributionModel: Model(r.AttributionModel), WindowDays: r.WindowDays,
				CustomerLock: r.CustomerLock, HoldDays: r.HoldDays, AutoApprove: r.AutoApprove,
			},
			from: r.ActiveFrom, to: r.ActiveTo, starts: r.StartsAt, ends: r.EndsAt,
		})
	}
	return out, nil
}

func allRules(ctx context.Context, campaigns []uuid.UUID) (map[uuid.UUID][]Rule, error) {
	rules, err := selectRules(ctx, `select `+ruleColumns+` from commission_rules
		where campaign_id in (?) order by campaign_id, position, active_from`, bun.List(campaigns))
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID][]Rule{}
	for _, r := range rules {
		out[r.CampaignID] = append(out[r.CampaignID], r)
	}
	return out, nil
}
