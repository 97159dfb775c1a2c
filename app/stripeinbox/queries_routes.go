package stripeinbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

// These run as the system role, where all tenants' rows are seen.

func findTenant(ctx context.Context, slug string) (t tenancy.Tenant, err error) {
	err = db.Tx(ctx).NewRaw(`select id, slug, display_name as name, status from platform.tenants where slug = ?`, slug).Scan(ctx, &t)
	if errors.Is(err, sql.ErrNoRows) {
		return tenancy.Tenant{}, fault.NotFound("program")
	}
	if err != nil {
		return tenancy.Tenant{}, fmt.Errorf("find the program of an endpoint: %w", err)
	}
	return t, nil
}

func findRoutes(ctx context.Context, refs []string) ([]uuid.UUID, error) {
	return tenantsBy(ctx, `select distinct tenant_id from platform.stripe_routes where ref = any(?::text[])`, pgdialect.Array(refs))
}

// tenantsOfClicks looks into each tenant, as the index of clicks begins with it.
func tenantsOfClicks(ctx context.Context, clicks []uuid.UUID) ([]uuid.UUID, error) {
	if len(clicks) == 0 {
		return nil, nil
	}
	return tenantsBy(ctx, `
		select t.id from platform.tenants t
		where exists (select from clicks c where c.tenant_id = t.id and c.id = any(?::uuid[]))`, pgdialect.Array(clicks))
}

// tenantsOfUser are those who said themselves that a click is this customer's.
func tenantsOfUser(ctx context.Context, user string) ([]uuid.UUID, error) {
	if !usable(user) {
		return nil, nil
	}
	return tenantsBy(ctx, `
		select t.id from platform.tenants t
		where exists (select from identities i where i.tenant_id = t.id and i.user_id = ? and i.verified)`, user)
}

// tenantsOfPayouts are those whose partners are paid on an account, or by a transfer or its group.
func tenantsOfPayouts(ctx context.Context, refs []string) ([]uuid.UUID, error) {
	groups := []uuid.UUID{}
	for _, ref := range refs {
		if id, err := uuid.Parse(ref); err == nil {
			groups = append(groups, id)
		}
	}
	return tenantsBy(ctx, `
		select t.id from platform.tenants t
		where exists (select from partners p where p.tenant_id = t.id and p.stripe_account_id = any(?0::text[]))
			or exists (select from payouts x where x.tenant_id = t.id and x.stripe_transfer_id = any(?0::text[]))
			or exists (select from payouts x where x.tenant_id = t.id and x.id = any(?1::uuid[]))`, pgdialect.Array(refs), pgdialect.Array(groups))
}

func tenantsNamed(ctx context.Context, id string) ([]uuid.UUID, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil, nil //nolint:nilerr // what is no id names nobody
	}
	return tenantsBy(ctx, `select id from platform.tenants where id = ?`, parsed)
}

func tenantsBy(ctx context.Context, query string, args ...any) (ids []uuid.UUID, err error) {
	if err := db.Tx(ctx).NewRaw(query, args...).Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("find the tenant of an event: %w", err)
	}
	return ids, nil
}

func insertRoutes(ctx context.Context, tenant uuid.UUID, refs []string, now time.Time) error {
	_, err := db.Tx(ctx).NewRaw(`
		insert into platform.stripe_routes (ref, tenant_id, created_at) select unnest(?::text[]), ?, ? on conflict do nothing`,
		pgdialect.Array(refs), tenant, now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note whose objects of Stripe's these are: %w", err)
	}
	return nil
}

// unresolvedOf are the events without a tenant that name one of these objects.
func unresolvedOf(ctx context.Context, refs []string) (rows []Event, err error) {
	err = db.Tx(ctx).NewRaw(`
		select `+eventColumns+` from platform.stripe_events
		where status = 'waiting' and tenant_id is null and refs && ?::text[] order by id`, pgdialect.Array(refs)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for events without a tenant: %w", err)
	}
	return rows, nil
}

// dueAgain gives waiting events whose time has come, and puts them off meanwhile.
func dueAgain(ctx context.Context, now, off time.Time, limit int) (rows []Event, err error) {
	err = db.Tx(ctx).NewRaw(`
		update platform.stripe_events set next_try_at = ?
		where id in (select id from platform.stripe_events where status = 'waiting' and next_try_at <= ? order by next_try_at limit ? for update skip locked)
		returning `+eventColumns, off, now, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for events to try again: %w", err)
	}
	return rows, nil
}

// tenantsWithKey are the open programs that have a key of their own.
func tenantsWithKey(ctx context.Context) ([]uuid.UUID, error) {
	return tenantsBy(ctx, `
		select t.id from platform.tenants t join config c on c.tenant_id = t.id
		where t.status = 'active' and c.key = 'stripe' and coalesce(c.value->>'secret_key_sealed', '') <> ''`)
}
