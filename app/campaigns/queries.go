package campaigns

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

// campaignRow is a campaign with its open version.
type campaignRow struct {
	ID               uuid.UUID
	Name             string
	DestinationURL   string
	DeepLinkDomains  []string `bun:",array"`
	Status           string
	StartsAt         *time.Time
	EndsAt           *time.Time
	CreatedAt        time.Time
	Version          int
	AttributionModel string
	WindowDays       int
	CustomerLock     bool
	HoldDays         int
	AutoApprove      bool
}

func (r campaignRow) campaign() Campaign {
	return Campaign{
		ID: r.ID, Name: r.Name, DestinationURL: r.DestinationURL, DeepLinkDomains: r.DeepLinkDomains,
		Status: Status(r.Status), StartsAt: r.StartsAt, EndsAt: r.EndsAt, CreatedAt: r.CreatedAt,
		Terms: Terms{
			Version: r.Version, AttributionModel: Model(r.AttributionModel), WindowDays: r.WindowDays,
			CustomerLock: r.CustomerLock, HoldDays: r.HoldDays, AutoApprove: r.AutoApprove,
		},
	}
}

type listQuery struct {
	id     *uuid.UUID
	status string
	among  []uuid.UUID // nil for all
	page   paging.Page
}

func selectCampaigns(ctx context.Context, q listQuery) ([]Campaign, error) {
	var rows []campaignRow
	sel := db.Tx(ctx).NewSelect().TableExpr("campaigns as c").
		Join("join campaign_versions as v on v.tenant_id = c.tenant_id and v.campaign_id = c.id and v.active_to is null").
		ColumnExpr("c.id, c.name, c.destination_url, c.deep_link_domains, c.status, c.starts_at, c.ends_at, c.created_at").
		ColumnExpr("v.version, v.attribution_model, v.window_days, v.customer_lock, v.hold_days, v.auto_approve").
		OrderExpr("c.created_at desc, c.id desc").Limit(q.page.Ask())
	if q.id != nil {
		sel = sel.Where("c.id = ?", *q.id)
	}
	if q.status != "" {
		sel = sel.Where("c.status = ?", q.status)
	}
	if q.among != nil {
		sel = sel.Where("c.id in (?)", bun.List(q.among))
	}
	if q.page.After != nil {
		sel = sel.Where("(c.created_at, c.id) < (?, ?)", q.page.After.At, q.page.After.ID)
	}
	if err := sel.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("select campaigns: %w", err)
	}
	out := make([]Campaign, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.campaign())
	}
	return out, nil
}

func selectNames(ctx context.Context) ([]Name, error) {
	var names []Name
	err := db.Tx(ctx).NewRaw(`select id, name from campaigns where status <> 'archived' order by name, id limit 500`).Scan(ctx, &names)
	return names, err
}

func namesOf(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	out := map[uuid.UUID]string{}
	if len(ids) == 0 {
		return out, nil
	}
	var names []Name
	if err := db.Tx(ctx).NewRaw(`select id, name from campaigns where id in (?)`, bun.List(ids)).Scan(ctx, &names); err != nil {
		return nil, fmt.Errorf("read campaign names: %w", err)
	}
	for _, n := range names {
		out[n.ID] = n.Name
	}
	return out, nil
}

func insertCampaign(ctx context.Context, c Campaign) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into campaigns (tenant_id, id, name, destination_url, deep_link_domains, status, starts_at, ends_at, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tenancy.ID(ctx), c.ID, c.Name, c.DestinationURL, pgdialect.Array(c.DeepLinkDomains), string(c.Status), c.StartsAt, c.EndsAt, c.CreatedAt).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert campaign: %w", err)
	}
	return nil
}

func updateCampaign(ctx context.Context, c Campaign) error {
	_, err := db.Tx(ctx).NewRaw(`
		update campaigns set name = ?, destination_url = ?, deep_link_domains = ?, status = ?, starts_at = ?, ends_at = ?
		where id = ?`,
		c.Name, c.DestinationURL, pgdialect.Array(c.DeepLinkDomains), string(c.Status), c.StartsAt, c.EndsAt, c.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update campaign: %w", err)
	}
	return nil
}

// lockCampaign makes edits of one campaign wait for each other.
func lockCampaign(ctx context.Context, id uuid.UUID) error {
	var found uuid.UUID
	err := db.Tx(ctx).NewRaw(`select id from campaigns where id = ? for update`, id).Scan(ctx, &found)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFound("campaign")
	}
	if err != nil {
		return fmt.Errorf("lock campaign: %w", err)
	}
	return nil
}

// insertVersion opens a version; without a time it counts from the beginning.
func insertVersion(ctx context.Context, id uuid.UUID, t Terms, from *time.Time, now time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into campaign_versions (tenant_id, campaign_id, version, attribution_model, window_days, customer_lock,
			hold_days, auto_approve, active_from, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, coalesce(?::timestamptz, '-infinity'), ?)`,
		tenancy.ID(ctx), id, t.Version, string(t.AttributionModel), t.WindowDays, t.CustomerLock, t.HoldDays, t.AutoApprove, from, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert campaign version: %w", err)
	}
	return nil
}

func closeVersion(ctx context.Context, id uuid.UUID, at time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		update campaign_versions set active_to = greatest(?::timestamptz, active_from) where campaign_id = ? and active_to is null`, at, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("close campaign version: %w", err)
	}
	return nil
}

type ruleRow struct {
	ID             uuid.UUID
	CampaignID     uuid.UUID
	PartnerID      *uuid.UUID
	Position       int
	EventType      *string
	Trigger        string
	Kind           string
	RatePpm        *int64
	Amount         *int64
	Currency       *string
	DurationMonths *int
	ActiveFrom     *time.Time
	ActiveTo       *time.Time
}

func (r ruleRow) rule() Rule {
	return Rule{
		ID: r.ID, CampaignID: r.CampaignID, PartnerID: r.PartnerID, Position: r.Position, EventType: value(r.EventType),
		Trigger: Trigger(r.Trigger), Kind: RuleKind(r.Kind), RatePPM: value(r.RatePpm), Amount: value(r.Amount),
		Currency: value(r.Currency), DurationMonths: value(r.DurationMonths), ActiveFrom: r.ActiveFrom, ActiveTo: r.ActiveTo,
	}
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// orNull is nil for the zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

const ruleColumns = `id, campaign_id, partner_id, position, event_type, trigger, kind, rate_ppm, amount, currency,
	duration_months, nullif(active_from, '-infinity') as active_from, active_to`

func liveRules(ctx context.Context, campaign uuid.UUID, partner *uuid.UUID) ([]Rule, error) {
	return selectRules(ctx, `select `+ruleColumns+` from commission_rules
		where campaign_id = $1::uuid and partner_id is not distinct from $2::uuid and active_to is null order by position`, campaign, partner)
}

func liveRulesOf(ctx context.Context, campaigns []uuid.UUID) (map[uuid.UUID][]Rule, error) {
	rules, err := selectRules(ctx, `select `+ruleColumns+` from commission_rules
		where campaign_id = any($1::uuid[]) and partner_id is null and active_to is null order by campaign_id, position`, campaigns)
	if err != nil {
		return nil, err
	}
	return byCampaign(rules), nil
}

func byCampaign(rules []Rule) map[uuid.UUID][]Rule {
	out := map[uuid.UUID][]Rule{}
	for _, r := range rules {
		out[r.CampaignID] = append(out[r.CampaignID], r)
	}
	return out
}

func selectRules(ctx context.Context, query string, args ...any) ([]Rule, error) {
	var rows []ruleRow
	if err := db.Hot(ctx, query, args...).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("select rules: %w", err)
	}
	out := make([]Rule, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.rule())
	}
	return out, nil
}

// insertRule opens a rule; without a time it counts from the beginning.
func insertRule(ctx context.Context, r Rule, from *time.Time, now time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into commission_rules (tenant_id, id, campaign_id, partner_id, position, event_type, trigger, kind, rate_ppm,
			amount, currency, duration_months, active_from, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?::timestamptz, '-infinity'), ?)`,
		tenancy.ID(ctx), r.ID, r.CampaignID, r.PartnerID, r.Position, orNull(r.EventType), string(r.Trigger), string(r.Kind), orNull(r.RatePPM),
		orNull(r.Amount), orNull(r.Currency), orNull(r.DurationMonths), from, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert rule: %w", db.Conflict(err))
	}
	return nil
}

func closeRule(ctx context.Context, id uuid.UUID, at time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`update commission_rules set active_to = greatest(?::timestamptz, active_from) where id = ?`, at, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("close rule: %w", err)
	}
	return nil
}
