package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/paging"
)

// Past is an entry as it is read back: who did what to what, and when.
type Past struct {
	ID          uuid.UUID
	Action      string
	ActorKind   string
	ActorID     *uuid.UUID
	ActorName   string // of a person or key; empty for others
	SubjectKind string
	SubjectID   *uuid.UUID
	SubjectName string // of what has a name
	Detail      json.RawMessage
	CreatedAt   time.Time
}

// pastColumns are those of Past; named joins what gives actors and subjects their names.
const (
	pastColumns = `l.id, l.action, l.actor_kind, l.actor_id, coalesce(a.name, p.name, k.name, '') as actor_name, l.subject_kind, l.subject_id,
		coalesce(sa.name, sp.name, sk.name, sc.name, sl.key, so.code, '') as subject_name, l.detail, l.created_at`
	named = `
		left join admins a on a.tenant_id = l.tenant_id and a.id = l.actor_id
		left join partners p on p.tenant_id = l.tenant_id and p.id = l.actor_id
		left join api_keys k on k.tenant_id = l.tenant_id and k.id = l.actor_id
		left join admins sa on sa.tenant_id = l.tenant_id and sa.id = l.subject_id
		left join partners sp on sp.tenant_id = l.tenant_id and sp.id = l.subject_id
		left join api_keys sk on sk.tenant_id = l.tenant_id and sk.id = l.subject_id
		left join campaigns sc on sc.tenant_id = l.tenant_id and sc.id = l.subject_id
		left join links sl on sl.tenant_id = l.tenant_id and sl.id = l.subject_id
		left join coupons so on so.tenant_id = l.tenant_id and so.id = l.subject_id`
)

// Of gives the latest entries about a subject, newest first. Whoever asks must be allowed to
// see the subject; this package can't know that.
func Of(ctx context.Context, subject uuid.UUID, limit int) ([]Past, error) {
	page := paging.Page{Limit: limit}
	found, err := List(ctx, Filter{Subject: &subject}, page)
	return found.Items, err
}

// Filter narrows the log.
type Filter struct {
	Actions  []string // any of them
	Actor    *uuid.UUID
	Subject  *uuid.UUID
	From, To *time.Time // To is exclusive
}

// List gives a page of the log, newest first. As with Of, who may ask is for the caller to know.
func List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Past], error) {
	q := db.Tx(ctx).NewSelect().TableExpr("audit_log as l").Column("l.*").OrderExpr("l.created_at desc, l.id desc").Limit(page.Ask())
	if len(f.Actions) > 0 {
		q = q.Where("l.action in (?)", bun.List(f.Actions))
	}
	if f.Actor != nil {
		q = q.Where("l.actor_id = ?", *f.Actor)
	}
	if f.Subject != nil {
		q = q.Where("l.subject_id = ?", *f.Subject)
	}
	if f.From != nil {
		q = q.Where("l.created_at >= ?", *f.From)
	}
	if f.To != nil {
		q = q.Where("l.created_at < ?", *f.To)
	}
	if page.After != nil {
		q = q.Where("(l.created_at, l.id) < (?, ?)", page.After.At, page.After.ID)
	}
	var rows []Past // the page is cut before anything is joined to it
	err := db.Tx(ctx).NewRaw(`select `+pastColumns+` from (?) as l`+named+` order by l.created_at desc, l.id desc`, q).Scan(ctx, &rows)
	if err != nil {
		return paging.Result[Past]{}, fmt.Errorf("list the audit log: %w", err)
	}
	return paging.Cut(rows, page, func(p Past) paging.Cursor { return paging.Cursor{At: p.CreatedAt, ID: p.ID} }), nil
}

// ActorName is a choice of who did something.
type ActorName struct {
	ID   uuid.UUID
	Name string
	Key  bool // an API key, and not a person
}

// actorNames is how many actors a choice may hold.
const actorNames = 300

// Actors gives the admins and keys, by name.
func Actors(ctx context.Context) ([]ActorName, error) {
	var all []ActorName
	err := db.Tx(ctx).NewRaw(`
		select id, name, false as key from admins union all select id, name, true from api_keys
		order by key, name, id limit ?`, actorNames).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list actors: %w", err)
	}
	return all, nil
}

// Undelivered gives what a server said to the last mail to each of these people, where it refused
// it and nothing has happened since: no sign-in, no new address, no new invitation.
func Undelivered(ctx context.Context, people ...uuid.UUID) (map[uuid.UUID]string, error) {
	answers := map[uuid.UUID]string{}
	if len(people) == 0 {
		return answers, nil
	}
	var rows []struct {
		SubjectID uuid.UUID
		Answer    string
	}
	err := db.Tx(ctx).NewRaw(`
		select subject_id, answer from (
			select distinct on (subject_id) subject_id, action, detail->>'answer' as answer
			from audit_log
			where subject_id in (?) and action in ('mail.failed', 'signed_in', 'partner.updated', 'partner.email_changed', 'partner.invited', 'partner.activated', 'admin.reinvited')
			order by subject_id, created_at desc, id desc) last
		where action = 'mail.failed'`, bun.List(people)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for refused mails: %w", err)
	}
	for _, r := range rows {
		answers[r.SubjectID] = r.Answer
	}
	return answers, nil
}

// Latest gives the latest entries of the tenant, newest first, to whoever may see them all.
func Latest(ctx context.Context, limit int) ([]Past, error) {
	found, err := List(ctx, Filter{}, paging.Page{Limit: limit})
	return found.Items, err
}
