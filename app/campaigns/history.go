package campaigns

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

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
	err := db.Hot(ctx, `
		select v.campaign_id, c.name, v.version, v.attribution_model, v.window_days, v.customer_lock, v.hold_days, v.auto_approve,
			nullif(v.active_from, '-infinity') as active_from, v.active_to, c.starts_at, c.ends_at
		from campaign_versions v join campaigns c on c.tenant_id = v.tenant_id and c.id = v.campaign_id
		where v.campaign_id = any($1::uuid[]) order by v.version`, campaigns).Scan(ctx, &rows)
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
		where campaign_id = any($1::uuid[]) order by campaign_id, position, active_from`, campaigns)
	if err != nil {
		return nil, err
	}
	return byCampaign(rules), nil
}

// Period is a time in which terms and rules of a campaign did not change.
type Period struct {
	From, To *time.Time // nil: since ever, and until now
	Terms    Terms
	Rules    []Rule
}

// Periods tells a campaign's history, the present first. Overrides of partners are not part of
// it, nor is what was replaced within the second in which it was saved.
func (h History) Periods(campaign uuid.UUID) []Period {
	changes := []time.Time{{}}
	for _, v := range h.versions[campaign] {
		changes = appendTimes(changes, v.from, v.to)
	}
	for _, r := range h.rules[campaign] {
		if r.PartnerID == nil {
			changes = appendTimes(changes, r.ActiveFrom, r.ActiveTo)
		}
	}
	slices.SortFunc(changes, time.Time.Compare)
	changes = slices.CompactFunc(changes, time.Time.Equal)
	out := make([]Period, 0, len(changes))
	for i := range changes {
		p := Period{Rules: h.RulesAt(campaign, uuid.Nil, changes[i])}
		p.Terms, _, _ = h.TermsAt(campaign, changes[i])
		if i > 0 {
			p.From = &changes[i]
		}
		if i+1 < len(changes) {
			p.To = &changes[i+1]
		}
		out = append(out, p)
	}
	slices.Reverse(out)
	return out
}

func appendTimes(to []time.Time, times ...*time.Time) []time.Time {
	for _, t := range times {
		if t != nil {
			to = append(to, *t)
		}
	}
	return to
}
