package attribution

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

// lockUser makes everything about one user of the merchant happen in turn, until the
// transaction ends.
func lockUser(ctx context.Context, user string) error {
	_, err := db.Tx(ctx).NewRaw(`select pg_advisory_xact_lock(hashtextextended(?, 0))`, tenancy.ID(ctx).String()+"/"+user).Exec(ctx)
	if err != nil {
		return fmt.Errorf("lock the user: %w", err)
	}
	return nil
}

const eventColumns = `id, user_id, type, amount, currency, external_id, source, request_hash, reverses_event_id, email_hash,
	metadata, occurred_at, created_at`

func findEvent(ctx context.Context, id uuid.UUID) (Event, error) {
	return oneEvent(ctx, `select `+eventColumns+` from events where id = ?`, id)
}

func findByExternalID(ctx context.Context, source, external string) (Event, error) {
	return oneEvent(ctx, `select `+eventColumns+` from events where source = ? and external_id = ?`, source, external)
}

func oneEvent(ctx context.Context, query string, args ...any) (Event, error) {
	var e Event
	err := db.Tx(ctx).NewRaw(query, args...).Scan(ctx, &e)
	if errors.Is(err, sql.ErrNoRows) {
		return Event{}, fault.NotFound("event")
	}
	if err != nil {
		return Event{}, fmt.Errorf("find event: %w", err)
	}
	return e, nil
}

// insertEvent reports false when the external id is taken.
func insertEvent(ctx context.Context, e Event) (bool, error) {
	if len(e.Metadata) == 0 {
		e.Metadata = json.RawMessage(`{}`)
	}
	res, err := db.Tx(ctx).NewRaw(`
		insert into events (tenant_id, id, user_id, type, amount, currency, external_id, source, request_hash, reverses_event_id,
			email_hash, metadata, occurred_at, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (tenant_id, source, external_id) do nothing`,
		tenancy.ID(ctx), e.ID, e.UserID, e.Type, e.Amount, e.Currency, e.ExternalID, e.Source, e.RequestHash, e.ReversesEventID,
		e.EmailHash, string(e.Metadata), e.OccurredAt, e.CreatedAt).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("insert event: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func eventsOf(ctx context.Context, user string) ([]Event, error) {
	var rows []Event
	err := db.Tx(ctx).NewRaw(`select `+eventColumns+` from events where user_id = ? order by occurred_at, id`, user).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list the user's events: %w", err)
	}
	return rows, nil
}

func countEvents(ctx context.Context, user string) (n int, err error) {
	if err := db.Tx(ctx).NewRaw(`select count(*) from events where user_id = ?`, user).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count the user's events: %w", err)
	}
	return n, nil
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

// correctionsOf sums what later events took back, by the event they correct.
func correctionsOf(ctx context.Context, user string) (map[uuid.UUID]correction, error) {
	var rows []struct {
		ReversesEventID uuid.UUID
		Type            string
		Amount          int64
	}
	err := db.Tx(ctx).NewRaw(`
		select reverses_event_id, type, coalesce(amount, 0) as amount from events
		where user_id = ? and reverses_event_id is not null order by occurred_at, id`, user).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list corrections: %w", err)
	}
	out := map[uuid.UUID]correction{}
	for _, r := range rows {
		c := out[r.ReversesEventID]
		switch r.Type {
		case TypeRefund:
			c.refund = true
			c.refunded += r.Amount
		case TypeDisputeLost:
			c.lost = true
		case TypeDisputeWon:
			c.lost = false
		}
		out[r.ReversesEventID] = c
	}
	return out, nil
}

// ownPartners gives the partners who are this customer themselves: their address is that of an
// event.
func ownPartners(ctx context.Context, user string) (map[uuid.UUID]bool, error) {
	var found []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select p.id from partners p where encode(sha256(convert_to(p.email, 'UTF8')), 'hex') in (
			select email_hash from events where user_id = ?0 and email_hash is not null)
		and p.id in (
			select k.partner_id from identities i join clicks k on k.tenant_id = i.tenant_id and k.id = i.click_id where i.user_id = ?0)`,
		user).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("look for self-referral: %w", err)
	}
	out := map[uuid.UUID]bool{}
	for _, id := range found {
		out[id] = true
	}
	return out, nil
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

func decisionsOf(ctx context.Context, events []uuid.UUID) (map[uuid.UUID]storedDecision, error) {
	out := map[uuid.UUID]storedDecision{}
	if len(events) == 0 {
		return out, nil
	}
	var rows []struct {
		EventID         uuid.UUID
		Status          string
		Reason          *string
		CampaignID      *uuid.UUID
		CampaignVersion *int
		Model           *string
		Locked          bool
		BindingEventID  *uuid.UUID
		Trace           json.RawMessage
		DecidedAt       time.Time
	}
	err := db.Tx(ctx).NewRaw(`
		select event_id, status, reason, campaign_id, campaign_version, model, locked, binding_event_id, trace, decided_at
		from decisions where event_id in (?)`, bun.List(events)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	shares, err := sharesOf(ctx, events)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		var t trace
		if err := json.Unmarshal(r.Trace, &t); err != nil {
			return nil, fmt.Errorf("read trace: %w", err)
		}
		out[r.EventID] = storedDecision{at: r.DecidedAt, Decision: Decision{
			Status: Status(r.Status), CampaignID: value(r.CampaignID), Version: value(r.CampaignVersion), Model: modelOf(r.Model),
			Locked: r.Locked, BindingID: value(r.BindingEventID), NotRunning: value(r.Reason) == notRunning,
			Shares: shares[r.EventID], Kept: t.Kept, Dropped: t.Dropped, Reasons: t.Reasons,
		}}
	}
	return out, nil
}

func sharesOf(ctx context.Context, events []uuid.UUID) (map[uuid.UUID][]Share, error) {
	var rows []struct {
		EventID    uuid.UUID
		PartnerID  uuid.UUID
		ClickID    uuid.UUID
		CampaignID uuid.UUID
		WeightNum  int64
		WeightDen  int64
	}
	err := db.Tx(ctx).NewRaw(`
		select event_id, partner_id, click_id, campaign_id, weight_num, weight_den from attributions
		where event_id in (?) order by event_id, position`, bun.List(events)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	out := map[uuid.UUID][]Share{}
	for _, r := range rows {
		out[r.EventID] = append(out[r.EventID], Share{
			PartnerID: r.PartnerID, ClickID: r.ClickID, CampaignID: r.CampaignID, Weight: weight(r.WeightNum, r.WeightDen),
		})
	}
	return out, nil
}

// storeDecision replaces the one live decision of an event and its shares.
func storeDecision(ctx context.Context, event uuid.UUID, d Decision, now time.Time) error {
	t, err := json.Marshal(trace{Kept: d.Kept, Dropped: d.Dropped, Reasons: d.Reasons})
	if err != nil {
		return fmt.Errorf("encode trace: %w", err)
	}
	reason := ""
	if d.NotRunning {
		reason = notRunning
	}
	_, err = db.Tx(ctx).NewRaw(`
		insert into decisions (tenant_id, event_id, status, reason, campaign_id, campaign_version, model, locked, binding_event_id,
			trace, decided_at, created_at)
		values (?0, ?1, ?2, nullif(?3, ''), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)
		on conflict (tenant_id, event_id) do update set status = excluded.status, reason = excluded.reason,
			campaign_id = excluded.campaign_id, campaign_version = excluded.campaign_version, model = excluded.model,
			locked = excluded.locked, binding_event_id = excluded.binding_event_id, trace = excluded.trace, decided_at = excluded.decided_at`,
		tenancy.ID(ctx), event, string(d.Status), reason, orNull(d.CampaignID), orNull(d.Version), orNull(string(d.Model)), d.Locked,
		orNull(d.BindingID), string(t), now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("store decision: %w", err)
	}
	if _, err := db.Tx(ctx).NewRaw(`delete from attributions where event_id = ?`, event).Exec(ctx); err != nil {
		return fmt.Errorf("replace shares: %w", err)
	}
	for i, share := range d.Shares {
		_, err := db.Tx(ctx).NewRaw(`
			insert into attributions (tenant_id, event_id, partner_id, click_id, campaign_id, weight_num, weight_den, position, created_at)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			tenancy.ID(ctx), event, share.PartnerID, share.ClickID, share.CampaignID, share.Weight.Num, share.Weight.Den, i, now).Exec(ctx)
		if err != nil {
			return fmt.Errorf("store share: %w", err)
		}
	}
	return nil
}
