package attribution

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

// lockUsers makes everything about these users of the merchant happen in turn, until the
// transaction ends. The locks are taken in one order, so that two batches can't wait for each
// other.
func lockUsers(ctx context.Context, users []string) error {
	names := make([]string, len(users))
	for i, user := range users {
		names[i] = tenancy.ID(ctx).String() + "/" + user
	}
	err := db.Hot(ctx, `
		select pg_advisory_xact_lock(k) from (
			select distinct hashtextextended(name, 0) as k from unnest($1::text[]) as t (name) order by k) as ordered`,
		names).Exec(ctx)
	if err != nil {
		return fmt.Errorf("lock the users: %w", err)
	}
	return nil
}

const eventColumns = `id, user_id, type, amount, currency, external_id, source, request_hash, reverses_event_id, email_hash,
	metadata, occurred_at, created_at`

// findByRefs gives the events with one of these external ids from one source, or one of these
// ids.
func findByRefs(ctx context.Context, source string, external []string, all []uuid.UUID) ([]Event, error) {
	if len(external) == 0 && len(all) == 0 {
		return nil, nil
	}
	var rows []Event
	err := db.Hot(ctx, `
		select `+eventColumns+` from events where source = $1::text and external_id = any($2::text[])
		union
		select `+eventColumns+` from events where id = any($3::uuid[])`, source, external, all).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("find events: %w", err)
	}
	return rows, nil
}

// storedEvent is an event as it travels to the database, many in one statement.
type storedEvent struct {
	ID              uuid.UUID       `json:"id"`
	UserID          string          `json:"user_id"`
	Type            string          `json:"type"`
	Amount          *int64          `json:"amount"`
	Currency        *string         `json:"currency"`
	ExternalID      *string         `json:"external_id"`
	Source          string          `json:"source"`
	RequestHash     string          `json:"request_hash"`
	ReversesEventID *uuid.UUID      `json:"reverses_event_id"`
	EmailHash       *string         `json:"email_hash"`
	Metadata        json.RawMessage `json:"metadata"`
	OccurredAt      time.Time       `json:"occurred_at"`
	CreatedAt       time.Time       `json:"created_at"`
}

// insertEvents gives the ids of those that were stored: an external id that is taken is left out.
func insertEvents(ctx context.Context, events []Event) (map[uuid.UUID]bool, error) {
	rows := make([]storedEvent, len(events))
	for i, e := range events {
		if rows[i] = storedEvent(e); len(e.Metadata) == 0 {
			rows[i].Metadata = json.RawMessage(`{}`)
		}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode events: %w", err)
	}
	var ids []uuid.UUID
	err = db.Hot(ctx, `
		insert into events (tenant_id, `+eventColumns+`)
		select $1::uuid, `+eventColumns+` from jsonb_populate_recordset(null::events, $2::jsonb)
		on conflict (tenant_id, source, external_id) do nothing returning id`, tenancy.ID(ctx), string(text)).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("insert events: %w", err)
	}
	stored := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		stored[id] = true
	}
	return stored, nil
}

func countEvents(ctx context.Context, users []string) (n int, err error) {
	if len(users) == 0 {
		return 0, nil
	}
	if err := db.Tx(ctx).NewRaw(`select count(*) from events where user_id in (?)`, bun.List(users)).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count the users' events: %w", err)
	}
	return n, nil
}

func countEventsByUser(ctx context.Context, users []string) (map[string]int, error) {
	out := map[string]int{}
	if len(users) == 0 {
		return out, nil
	}
	var rows []struct {
		UserID string
		N      int
	}
	err := db.Tx(ctx).NewRaw(`select user_id, count(*) as n from events where user_id in (?) group by 1`, bun.List(users)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count the events of users: %w", err)
	}
	for _, r := range rows {
		out[r.UserID] = r.N
	}
	return out, nil
}

// concerned selects the users whom an order is about. Of a campaign these are all who clicked in
// it, as its terms may matter to any of them.
func concerned(ctx context.Context, in Rederive) *bun.SelectQuery {
	q := db.Tx(ctx).NewSelect().TableExpr("events as e").ColumnExpr("distinct e.user_id")
	if in.UserID != "" {
		q = q.Where("e.user_id = ?", in.UserID)
	}
	if in.From != nil {
		q = q.Where("e.occurred_at >= ?", *in.From)
	}
	if in.To != nil {
		q = q.Where("e.occurred_at < ?", *in.To)
	}
	if in.CampaignID != nil {
		q = q.Where(`exists (select from identities i join clicks k on k.tenant_id = i.tenant_id and k.id = i.click_id
			where i.user_id = e.user_id and k.campaign_id = ?)`, *in.CampaignID)
	}
	return q
}

func countUsers(ctx context.Context, in Rederive) (n int64, err error) {
	err = db.Tx(ctx).NewSelect().ColumnExpr("count(*)").TableExpr("(?) as users", concerned(ctx, in)).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count users: %w", err)
	}
	return n, nil
}

func nextUsers(ctx context.Context, in Rederive, after string, limit int64) ([]string, error) {
	var users []string
	err := concerned(ctx, in).Where("e.user_id > ?", after).OrderExpr("e.user_id").Limit(limit).Scan(ctx, &users)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	return users, nil
}

func listEvents(ctx context.Context, f Filter, page paging.Page) ([]Listed, error) {
	var rows []Listed
	q := db.Tx(ctx).NewSelect().TableExpr("events as e").
		Join("left join decisions as d on d.tenant_id = e.tenant_id and d.event_id = e.id").
		ColumnExpr("e.id, e.user_id, e.type, e.amount, e.currency, e.external_id, e.source, e.request_hash, e.reverses_event_id").
		ColumnExpr("e.email_hash, e.metadata, e.occurred_at, e.created_at, coalesce(d.status, '') as status").
		OrderExpr("e.occurred_at desc, e.id desc").Limit(page.Ask())
	if f.UserID != "" {
		q = q.Where("e.user_id = ?", f.UserID)
	}
	if len(f.Users) > 0 {
		q = q.Where("e.user_id in (?)", bun.List(f.Users))
	}
	if f.Type != "" {
		q = q.Where("e.type = ?", f.Type)
	}
	if f.From != nil {
		q = q.Where("e.occurred_at >= ?", *f.From)
	}
	if f.To != nil {
		q = q.Where("e.occurred_at < ?", *f.To)
	}
	if page.After != nil {
		q = q.Where("(e.occurred_at, e.id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return rows, nil
}

// promoter is a partner as far as decisions depend on them.
type promoter struct {
	ID        uuid.UUID
	Revoked   bool
	EmailHash string
}

func partnersAmong(ctx context.Context, ids []uuid.UUID) ([]promoter, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var found []promoter
	err := db.Hot(ctx, `
		select id, status in ('revoked', 'declined') as revoked, encode(sha256(convert_to(email, 'UTF8')), 'hex') as email_hash
		from partners where id = any($1::uuid[])`, ids).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("read the touched partners: %w", err)
	}
	return found, nil
}

// storedDecision is a decision as it was made.
type storedDecision struct {
	Decision
	at time.Time
}

// trace is the part of a decision that is kept as JSON: it explains and is not computed with.
type trace struct {
	Kept    []uuid.UUID                  `json:"kept"`
	Dropped []Drop                       `json:"dropped"`
	Reasons map[uuid.UUID]reasonOfAShare `json:"reasons,omitempty"`
}

// story is an event with its decision, if it has one.
type story struct {
	Event
	decision storedDecision
}

func (s story) decided() bool { return !s.decision.at.IsZero() }

// storyRow is a story as one statement gives it: the shares as JSON.
type storyRow struct {
	Event
	Status          *string
	Reason          *string
	CampaignID      *uuid.UUID
	CampaignVersion *int
	Model           *string
	Locked          *bool
	BindingEventID  *uuid.UUID
	Trace           json.RawMessage
	DecidedAt       *time.Time
	Shares          json.RawMessage
}

const selectStories = `
	select e.id, e.user_id, e.type, e.amount, e.currency, e.external_id, e.source, e.request_hash, e.reverses_event_id, e.email_hash,
		e.metadata, e.occurred_at, e.created_at,
		d.status, d.reason, d.campaign_id, d.campaign_version, d.model, d.locked, d.binding_event_id, d.trace, d.decided_at,
		(select json_agg(json_build_object('partner_id', a.partner_id, 'click_id', a.click_id, 'campaign_id', a.campaign_id,
			'num', a.weight_num, 'den', a.weight_den) order by a.position)
			from attributions a where a.tenant_id = e.tenant_id and a.event_id = e.id) as shares
	from events e left join decisions d on d.tenant_id = e.tenant_id and d.event_id = e.id`

// storiesOf gives all events of users in the order in which they are decided.
func storiesOf(ctx context.Context, users []string) ([]story, error) {
	return readStories(ctx, selectStories+` where e.user_id = any($1::text[]) order by e.user_id, e.occurred_at, e.id`, users)
}

func storyOf(ctx context.Context, event uuid.UUID) (story, error) {
	found, err := readStories(ctx, selectStories+` where e.id = $1::uuid`, event)
	if err != nil {
		return story{}, err
	}
	if len(found) == 0 {
		return story{}, fault.NotFound("event")
	}
	return found[0], nil
}

func readStories(ctx context.Context, query string, args ...any) ([]story, error) {
	var rows []storyRow
	if err := db.Hot(ctx, query, args...).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read events with their decisions: %w", err)
	}
	out := make([]story, 0, len(rows))
	for _, r := range rows {
		d, err := r.decision()
		if err != nil {
			return nil, err
		}
		out = append(out, story{Event: r.Event, decision: d})
	}
	return out, nil
}

func (r storyRow) decision() (storedDecision, error) {
	if r.DecidedAt == nil {
		return storedDecision{}, nil
	}
	var t trace
	if err := json.Unmarshal(r.Trace, &t); err != nil {
		return storedDecision{}, fmt.Errorf("read trace: %w", err)
	}
	d := storedDecision{at: *r.DecidedAt, Decision: Decision{
		Status: Status(value(r.Status)), CampaignID: value(r.CampaignID), Version: value(r.CampaignVersion), Model: modelOf(r.Model),
		Locked: value(r.Locked), BindingID: value(r.BindingEventID), NotRunning: value(r.Reason) == notRunning,
		Kept: t.Kept, Dropped: t.Dropped, Reasons: t.Reasons,
	}}
	var shares []struct {
		Share
		Num, Den int64
	}
	if len(r.Shares) > 0 {
		if err := json.Unmarshal(r.Shares, &shares); err != nil {
			return storedDecision{}, fmt.Errorf("read shares: %w", err)
		}
	}
	for _, share := range shares {
		share.Weight = weight(share.Num, share.Den)
		d.Shares = append(d.Shares, share.Share)
	}
	return d, nil
}

// storedVerdict and storedShare are a decision as it travels to the database.
type storedVerdict struct {
	EventID         uuid.UUID  `json:"event_id"`
	Status          Status     `json:"status"`
	Reason          *string    `json:"reason"`
	CampaignID      *uuid.UUID `json:"campaign_id"`
	CampaignVersion *int       `json:"campaign_version"`
	Model           *string    `json:"model"`
	Locked          bool       `json:"locked"`
	BindingEventID  *uuid.UUID `json:"binding_event_id"`
	Trace           trace      `json:"trace"`
}

type storedShare struct {
	EventID    uuid.UUID `json:"event_id"`
	PartnerID  uuid.UUID `json:"partner_id"`
	ClickID    uuid.UUID `json:"click_id"`
	CampaignID uuid.UUID `json:"campaign_id"`
	WeightNum  int64     `json:"weight_num"`
	WeightDen  int64     `json:"weight_den"`
	Position   int       `json:"position"`
}

// storeDecisions replaces the one live decision of each event and its shares.
func storeDecisions(ctx context.Context, all []verdict, now time.Time) error {
	if len(all) == 0 {
		return nil
	}
	var rows []storedVerdict
	var shares []storedShare
	var stale []uuid.UUID // events whose shares have to go first
	for _, v := range all {
		d := v.decision
		reason := ""
		if d.NotRunning {
			reason = notRunning
		}
		rows = append(rows, storedVerdict{
			v.event.ID, d.Status, orNull(reason), orNull(d.CampaignID), orNull(d.Version), orNull(string(d.Model)), d.Locked,
			orNull(d.BindingID), trace{Kept: d.Kept, Dropped: d.Dropped, Reasons: d.Reasons},
		})
		for i, s := range d.Shares {
			shares = append(shares, storedShare{v.event.ID, s.PartnerID, s.ClickID, s.CampaignID, s.Weight.Num, s.Weight.Den, i})
		}
		if len(v.before.Shares) > 0 {
			stale = append(stale, v.event.ID)
		}
	}
	if len(stale) > 0 {
		if _, err := db.Tx(ctx).NewRaw(`delete from attributions where event_id in (?)`, bun.List(stale)).Exec(ctx); err != nil {
			return fmt.Errorf("replace shares: %w", err)
		}
	}
	return insertDecisions(ctx, rows, shares, now)
}

func insertDecisions(ctx context.Context, rows []storedVerdict, shares []storedShare, now time.Time) error {
	decisions, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode decisions: %w", err)
	}
	if shares == nil {
		shares = []storedShare{}
	}
	parts, err := json.Marshal(shares)
	if err != nil {
		return fmt.Errorf("encode shares: %w", err)
	}
	// The foreign key from share to decision is looked at when the whole statement is done.
	err = db.Hot(ctx, `
		with decided as (
			insert into decisions (tenant_id, event_id, status, reason, campaign_id, campaign_version, model, locked, binding_event_id,
				trace, decided_at, created_at)
			select $1::uuid, event_id, status, reason, campaign_id, campaign_version, model, locked, binding_event_id, trace, $2::timestamptz, $2::timestamptz
			from jsonb_populate_recordset(null::decisions, $3::jsonb)
			on conflict (tenant_id, event_id) do update set status = excluded.status, reason = excluded.reason,
				campaign_id = excluded.campaign_id, campaign_version = excluded.campaign_version, model = excluded.model,
				locked = excluded.locked, binding_event_id = excluded.binding_event_id, trace = excluded.trace, decided_at = excluded.decided_at)
		insert into attributions (tenant_id, event_id, partner_id, click_id, campaign_id, weight_num, weight_den, position, created_at)
		select $1::uuid, event_id, partner_id, click_id, campaign_id, weight_num, weight_den, position, $2::timestamptz
		from jsonb_populate_recordset(null::attributions, $4::jsonb)`,
		tenancy.ID(ctx), now, string(decisions), string(parts)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("store decisions: %w", err)
	}
	return nil
}
