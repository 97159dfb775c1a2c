package network

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

const membershipColumns = `state, url, vendor_id, token_ciphertext, callback_key_id, display_name, contact_email, contact_name, auto_enroll,
	last_error, backfill_job_id, connected_at, heartbeat_at, pending_state_hash, pending_vendor_id, pending_key_id, pending_until`

// findMembership gives the tenant's membership; one that nobody ever touched is none.
func findMembership(ctx context.Context, lock bool) (Membership, error) {
	query := `select ` + membershipColumns + ` from network_memberships`
	if lock {
		query += ` for update`
	}
	m := Membership{State: None, AutoEnroll: true}
	err := db.Tx(ctx).NewRaw(query).Scan(ctx, &m)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Membership{}, fmt.Errorf("find the membership: %w", err)
	}
	return m, nil
}

func saveMembership(ctx context.Context, m Membership, now time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into network_memberships (tenant_id, `+membershipColumns+`, updated_at)
		values (?0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
		on conflict (tenant_id) do update set state = ?1, url = ?2, vendor_id = ?3, token_ciphertext = ?4, callback_key_id = ?5,
			display_name = ?6, contact_email = ?7, contact_name = ?8, auto_enroll = ?9, last_error = ?10, backfill_job_id = ?11,
			connected_at = ?12, heartbeat_at = ?13, pending_state_hash = ?14, pending_vendor_id = ?15, pending_key_id = ?16, pending_until = ?17, updated_at = ?18`,
		tenancy.ID(ctx), m.State, m.URL, m.VendorID, m.TokenCiphertext, m.CallbackKeyID, m.DisplayName, m.ContactEmail, m.ContactName, m.AutoEnroll,
		m.LastError, m.BackfillJobID, m.ConnectedAt, m.HeartbeatAt, m.PendingStateHash, m.PendingVendorID, m.PendingKeyID, m.PendingUntil, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("save the membership: %w", err)
	}
	return nil
}

// telling is Membership.tells for a query.
const telling = `(m.state = 'connected' or (m.state = 'connecting' and m.token_ciphertext is not null))`

// connectedTenants are those whose heart is to beat, over all tenants.
func connectedTenants(ctx context.Context) ([]uuid.UUID, error) {
	var rows []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select m.tenant_id from network_memberships m join platform.tenants t on t.id = m.tenant_id
		where `+telling+` and t.status = 'active' order by 1`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list connected programs: %w", err)
	}
	return rows, nil
}

const messageColumns = `m.id, m.partner_id, m.op, m.source, m.sequence, m.status, m.attempts, m.next_attempt_at, m.last_attempt_at, m.last_error, m.created_at`

// putMessage makes the partner's row what is newest. A row that waits after a failure goes on
// waiting, and one that was given up begins anew. It reports when the row is due.
func putMessage(ctx context.Context, m Message) (due time.Time, err error) {
	err = db.Tx(ctx).NewRaw(`
		insert into network_outbox as o (tenant_id, id, partner_id, op, source, sequence, next_attempt_at, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (tenant_id, partner_id) do update set op = excluded.op, source = excluded.source, sequence = excluded.sequence, status = 'pending',
			attempts = case when o.status = 'dead' then 0 else o.attempts end,
			next_attempt_at = case when o.status = 'dead' or o.attempts = 0 then excluded.next_attempt_at else o.next_attempt_at end
		returning next_attempt_at`,
		tenancy.ID(ctx), m.ID, m.PartnerID, m.Op, m.Source, m.Sequence, m.NextAttemptAt, m.CreatedAt).Scan(ctx, &due)
	if err != nil {
		return due, fmt.Errorf("write the network outbox: %w", err)
	}
	return due, nil
}

func findMessage(ctx context.Context, where string, arg any, lock bool) (Message, error) {
	query := `select ` + messageColumns + `, p.name as partner_name, p.email as partner_email
		from network_outbox m join partners p on p.tenant_id = m.tenant_id and p.id = m.partner_id where ` + where
	if lock {
		query += ` for update of m`
	}
	var m Message
	err := db.Tx(ctx).NewRaw(query, arg).Scan(ctx, &m)
	if errors.Is(err, sql.ErrNoRows) {
		return Message{}, fault.NotFound("message")
	}
	if err != nil {
		return Message{}, fmt.Errorf("find a message: %w", err)
	}
	return m, nil
}

func updateMessage(ctx context.Context, m Message) error {
	_, err := db.Tx(ctx).NewRaw(`update network_outbox set status = ?, attempts = ?, next_attempt_at = ?, last_attempt_at = ?, last_error = ? where id = ?`,
		m.Status, m.Attempts, m.NextAttemptAt, m.LastAttemptAt, m.LastError, m.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update a message: %w", err)
	}
	return nil
}

// dropMessage deletes the partner's row unless it says something newer than what was told.
func dropMessage(ctx context.Context, partner uuid.UUID, told int64) error {
	if _, err := db.Tx(ctx).NewRaw(`delete from network_outbox where partner_id = ? and sequence <= ?`, partner, told).Exec(ctx); err != nil {
		return fmt.Errorf("drop a message: %w", err)
	}
	return nil
}

func deleteMessage(ctx context.Context, id uuid.UUID) error {
	if _, err := db.Tx(ctx).NewRaw(`delete from network_outbox where id = ?`, id).Exec(ctx); err != nil {
		return fmt.Errorf("delete a message: %w", err)
	}
	return nil
}

// makeDue has rows be sent now: those that wait after a failure, and with dead also those that
// were given up. It gives the partners, in the order in which they were written down.
func makeDue(ctx context.Context, now time.Time, dead bool) ([]uuid.UUID, error) {
	change := `update network_outbox set next_attempt_at = ?0 where status = 'pending' and attempts > 0 and next_attempt_at > ?0`
	if dead {
		change = `update network_outbox set next_attempt_at = ?0, status = 'pending', attempts = 0`
	}
	var rows []uuid.UUID
	err := db.Tx(ctx).NewRaw(`with made as (`+change+` returning id, partner_id, created_at) select partner_id from made order by created_at, id`, now).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("make messages due: %w", err)
	}
	return rows, nil
}

// due is a row whose time has come.
type due struct {
	TenantID      uuid.UUID
	PartnerID     uuid.UUID
	NextAttemptAt time.Time
}

// dueMessages are rows of all tenants that are due and that no job is about to send, oldest first.
func dueMessages(ctx context.Context, now time.Time, limit int) ([]due, error) {
	var rows []due
	err := db.Tx(ctx).NewRaw(`
		select o.tenant_id, o.partner_id, o.next_attempt_at
		from network_memberships m
			join network_outbox o on o.tenant_id = m.tenant_id and o.status = 'pending' and o.next_attempt_at <= ?
		where `+telling+` and not exists (
			select from platform.jobs j
			where j.tenant_id = o.tenant_id and j.key = 'network:' || o.partner_id and j.status in ('pending', 'running'))
		order by o.created_at, o.id limit ?`, now, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for due messages: %w", err)
	}
	return rows, nil
}

// MessageFilter narrows the list of the outbox.
type MessageFilter struct{ Status string }

func listMessages(ctx context.Context, f MessageFilter, page paging.Page) ([]Message, error) {
	query := `select ` + messageColumns + `, p.name as partner_name, p.email as partner_email
		from network_outbox m join partners p on p.tenant_id = m.tenant_id and p.id = m.partner_id where true`
	args := []any{f.Status, page.Ask(), nil, nil}
	if f.Status != "" {
		query += ` and m.status = ?0`
	}
	if page.After != nil {
		query += ` and (m.created_at, m.id) < (?2, ?3)`
		args[2], args[3] = page.After.At, page.After.ID
	}
	var rows []Message
	if err := db.Tx(ctx).NewRaw(query+` order by m.created_at desc, m.id desc limit ?1`, args...).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list the network outbox: %w", err)
	}
	return rows, nil
}

func countMessages(ctx context.Context) (pending, dead int, err error) {
	var row struct{ Pending, Dead int }
	err = db.Tx(ctx).NewRaw(`
		select count(*) filter (where status = 'pending') as pending, count(*) filter (where status = 'dead') as dead from network_outbox`).Scan(ctx, &row)
	if err != nil {
		return 0, 0, fmt.Errorf("count the network outbox: %w", err)
	}
	return row.Pending, row.Dead, nil
}

// Pile is what a program's outbox holds.
type Pile struct {
	TenantID  uuid.UUID
	Slug      string
	Name      string
	State     State
	Pending   int
	Dead      int
	Oldest    time.Time // when the first of them was written
	LastError *string   // of the latest try
}

// piles are the outboxes of all programs that hold something, those with dead messages first.
func piles(ctx context.Context) ([]Pile, error) {
	var rows []Pile
	err := db.Tx(ctx).NewRaw(`
		select t.id as tenant_id, t.slug, t.display_name as name, coalesce(m.state, 'none') as state, count(*) filter (where o.status = 'pending') as pending,
			count(*) filter (where o.status = 'dead') as dead, min(o.created_at) as oldest,
			(array_agg(o.last_error order by o.last_attempt_at desc nulls last))[1] as last_error
		from network_outbox o join platform.tenants t on t.id = o.tenant_id left join network_memberships m on m.tenant_id = o.tenant_id
		group by t.id, t.slug, t.display_name, m.state order by dead desc, oldest limit 200`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count the outboxes: %w", err)
	}
	return rows, nil
}

const approvalColumns = `request_id, offering_id, campaign_id, creator_email, status, partner_id, link_id`

func findApproval(ctx context.Context, request string) (Approval, error) {
	var a Approval
	err := db.Tx(ctx).NewRaw(`select `+approvalColumns+` from network_approvals where request_id = ? for update`, request).Scan(ctx, &a)
	if errors.Is(err, sql.ErrNoRows) {
		return Approval{}, fault.NotFound("approval")
	}
	if err != nil {
		return Approval{}, fmt.Errorf("find an approval: %w", err)
	}
	return a, nil
}

// approvalsOf are a partner's approvals for a campaign, oldest first.
func approvalsOf(ctx context.Context, partner, campaign uuid.UUID) ([]Approval, error) {
	var rows []Approval
	err := db.Tx(ctx).NewRaw(`
		select `+approvalColumns+` from network_approvals where partner_id = ? and campaign_id = ? order by created_at, request_id for update`,
		partner, campaign).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	return rows, nil
}

func insertApproval(ctx context.Context, a Approval, now time.Time) (added bool, err error) {
	res, err := db.Tx(ctx).NewRaw(`
		insert into network_approvals (tenant_id, request_id, offering_id, campaign_id, created_at) values (?, ?, ?, ?, ?)
		on conflict (tenant_id, request_id) do nothing`,
		tenancy.ID(ctx), a.RequestID, a.OfferingID, a.CampaignID, now).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("insert an approval: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func updateApproval(ctx context.Context, a Approval) error {
	_, err := db.Tx(ctx).NewRaw(`update network_approvals set creator_email = ?, status = ?, partner_id = ?, link_id = ? where request_id = ?`,
		a.CreatorEmail, a.Status, a.PartnerID, a.LinkID, a.RequestID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update an approval: %w", err)
	}
	return nil
}

// deleteApproval takes back one that came to nothing, unless it was used already.
func deleteApproval(ctx context.Context, request string) error {
	if _, err := db.Tx(ctx).NewRaw(`delete from network_approvals where request_id = ? and partner_id is null`, request).Exec(ctx); err != nil {
		return fmt.Errorf("delete an approval: %w", err)
	}
	return nil
}

func approvedPartner(ctx context.Context, partner uuid.UUID) (is bool, err error) {
	if err := db.Tx(ctx).NewRaw(`select exists (select from network_approvals where partner_id = ?)`, partner).Scan(ctx, &is); err != nil {
		return false, fmt.Errorf("look for approvals of a partner: %w", err)
	}
	return is, nil
}

// CountSealed counts the secrets in sight by the id of the key that sealed them.
func CountSealed(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		Key string
		N   int
	}
	err := db.Tx(ctx).NewRaw(`
		select split_part(token_ciphertext, '.', 2) as key, count(*) as n from network_memberships where token_ciphertext is not null group by 1`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count sealed tokens of the Network: %w", err)
	}
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Key] = r.N
	}
	return counts, nil
}
