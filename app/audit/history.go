package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

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
	err := db.Tx(ctx).NewRaw(`
		select l.action, l.actor_kind, coalesce(a.name, p.name, k.name, '') as actor_name, l.created_at
		from audit_log l
		left join admins a on a.tenant_id = l.tenant_id and a.id = l.actor_id
		left join partners p on p.tenant_id = l.tenant_id and p.id = l.actor_id
		left join api_keys k on k.tenant_id = l.tenant_id and k.id = l.actor_id
		where l.subject_id = ? order by l.created_at desc, l.id desc limit ?`, subject, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list the audit log of a subject: %w", err)
	}
	return rows, nil
}
