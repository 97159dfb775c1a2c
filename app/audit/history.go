package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
)

// Past is an entry as it is read back: who did what, and when.
type Past struct {
	Action    string
	ActorKind string
	ActorName string // of a person or key; empty for others
	CreatedAt time.Time
}

// Of gives the latest entries about a subject, newest first. Whoever asks must be allowed to
// see the subject; this package can't know that.
func Of(ctx context.Context, subject uuid.UUID, limit int) ([]Past, error) {
	var rows []Past
	err := db.Tx(ctx).NewRaw(pasts+` where l.subject_id = ? order by l.created_at desc, l.id desc limit ?`, subject, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list the audit log of a subject: %w", err)
	}
	return rows, nil
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
			where subject_id in (?) and action in ('mail.failed', 'signed_in', 'partner.updated', 'partner.invited', 'partner.activated', 'admin.reinvited')
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
	var rows []Past
	if err := db.Tx(ctx).NewRaw(pasts+` order by l.created_at desc, l.id desc limit ?`, limit).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list the audit log: %w", err)
	}
	return rows, nil
}

const pasts = `
	select l.action, l.actor_kind, coalesce(a.name, p.name, k.name, '') as actor_name, l.created_at
	from audit_log l
	left join admins a on a.tenant_id = l.tenant_id and a.id = l.actor_id
	left join partners p on p.tenant_id = l.tenant_id and p.id = l.actor_id
	left join api_keys k on k.tenant_id = l.tenant_id and k.id = l.actor_id`
