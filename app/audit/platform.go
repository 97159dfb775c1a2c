package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

// RecordPlatform writes one entry into the log of the platform, about a tenant or, when it has no id,
// about the platform itself. That log outlives tenants, so it keeps names in words.
func RecordPlatform(ctx context.Context, about tenancy.Tenant, e Entry) error {
	a := actor(ctx)
	detail, err := e.detail()
	if err != nil {
		return err
	}
	name := a.Name
	if name == "" {
		name = a.Kind
	}
	_, err = db.Tx(ctx).NewRaw(`
		insert into platform.audit_log (id, actor_id, actor_name, action, tenant_id, slug, detail, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?)`,
		ids.NewAt(a.Now), orNil(a.ID), name, e.Action, orNil(about.ID), orNilText(about.Slug), detail, a.Now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("record %s for the platform: %w", e.Action, err)
	}
	return nil
}

// PlatformPast is an entry of the platform's log as it is read back.
type PlatformPast struct {
	ID        uuid.UUID
	ActorName string
	Action    string
	TenantID  *uuid.UUID
	Slug      *string
	Detail    json.RawMessage
	CreatedAt time.Time
}

// Platform gives the platform's log, newest first; of one tenant only, when its id is given. Whoever
// asks must be staff; this package can't know that.
func Platform(ctx context.Context, about uuid.UUID, page paging.Page) (paging.Result[PlatformPast], error) {
	query := `select id, actor_name, action, tenant_id, slug, detail, created_at from platform.audit_log where true`
	if about != uuid.Nil {
		query += ` and tenant_id = ?0`
	}
	args := []any{about, nil, nil, page.Ask()}
	if page.After != nil {
		query += ` and (created_at, id) < (?1, ?2)`
		args[1], args[2] = page.After.At, page.After.ID
	}
	var rows []PlatformPast
	if err := db.Tx(ctx).NewRaw(query+` order by created_at desc, id desc limit ?3`, args...).Scan(ctx, &rows); err != nil {
		return paging.Result[PlatformPast]{}, fmt.Errorf("list the platform's log: %w", err)
	}
	return paging.Cut(rows, page, func(p PlatformPast) paging.Cursor { return paging.Cursor{At: p.CreatedAt, ID: p.ID} }), nil
}
