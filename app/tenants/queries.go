package tenants

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
)

// insertTenant reports false when the slug is another's; of two who come at once one waits.
func insertTenant(ctx context.Context, t Tenant) (made bool, err error) {
	res, err := db.Tx(ctx).NewRaw(`
		insert into platform.tenants (id, slug, display_name, status, signup_email, created_at)
		values (?, ?, ?, ?, ?, ?) on conflict (slug) do nothing`,
		t.ID, t.Slug, t.Name, t.Status, t.SignupEmail, t.CreatedAt).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("insert tenant: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

const tenantColumns = `t.id, t.slug, t.display_name, t.status, t.signup_email, t.suspended_at, t.cancelled_at, t.created_at`

func findTenant(ctx context.Context, id uuid.UUID, lock bool) (Tenant, error) {
	query := `select ` + tenantColumns + ` from platform.tenants t where t.id = ?`
	if lock {
		query += ` for update`
	}
	var t Tenant
	return t, absent(db.Tx(ctx).NewRaw(query, id).Scan(ctx, &t))
}

func findBySlug(ctx context.Context, slug string, lock bool) (Tenant, error) {
	query := `select ` + tenantColumns + ` from platform.tenants t where t.slug = ?`
	if lock {
		query += ` for update`
	}
	var t Tenant
	return t, absent(db.Tx(ctx).NewRaw(query, slug).Scan(ctx, &t))
}

func absent(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFound("program")
	}
	if err != nil {
		return fmt.Errorf("find tenant: %w", err)
	}
	return nil
}

func updateStatus(ctx context.Context, t Tenant) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.tenants set status = ?, suspended_at = ?, cancelled_at = ? where id = ?`,
		t.Status, t.SuspendedAt, t.CancelledAt, t.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("update the tenant's status: %w", err)
	}
	return nil
}

func rename(ctx context.Context, id uuid.UUID, name string) error {
	if _, err := db.Tx(ctx).NewRaw(`update platform.tenants set display_name = ? where id = ?`, name, id).Exec(ctx); err != nil {
		return fmt.Errorf("rename tenant: %w", err)
	}
	return nil
}

// isConfirmed reports whether any admin of the program has shown that the address is theirs.
func isConfirmed(ctx context.Context, id uuid.UUID) (yes bool, err error) {
	err = db.Tx(ctx).NewRaw(`
		select exists (select from admins where tenant_id = ? and activated_at is not null)`, id).Scan(ctx, &yes)
	if err != nil {
		return false, fmt.Errorf("look for active admins: %w", err)
	}
	return yes, nil
}

// standing is a tenant with its figures since the day ?0; every count goes by an index that begins
// with the tenant.
const standing = `
	select ` + tenantColumns + `,
		(select count(*) from admins a where a.tenant_id = t.id and a.revoked_at is null) as admins,
		exists (select from admins a where a.tenant_id = t.id and a.activated_at is not null) as confirmed,
		(select count(*) from partners p where p.tenant_id = t.id and p.status = 'active') as partners,
		coalesce((select sum(clicks) from daily_clicks d where d.tenant_id = t.id and d.day >= ?0::date), 0) as clicks,
		coalesce((select sum(conversions) from daily_money d where d.tenant_id = t.id and d.day >= ?0::date), 0) as conversions
	from platform.tenants t`

func listStandings(ctx context.Context, f Filter, page paging.Page, since time.Time) ([]Standing, error) {
	query, args := standing+` where true`, []any{since}
	if f.Status != "" {
		query += ` and t.status = ?1`
	}
	if f.Query != "" {
		query += ` and t.slug ~>=~ ?2 and t.slug ~<~ ?3`
	}
	args = append(args, f.Status, f.Query, f.Query+"\U0010ffff")
	if page.After != nil {
		query += ` and (t.created_at, t.id) < (?4, ?5)`
		args = append(args, page.After.At, page.After.ID)
	} else {
		args = append(args, nil, nil)
	}
	var rows []Standing
	err := db.Tx(ctx).NewRaw(query+` order by t.created_at desc, t.id desc limit ?6`, append(args, page.Ask())...).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	return rows, nil
}

func findStanding(ctx context.Context, id uuid.UUID, since time.Time) (Standing, error) {
	var found Standing
	return found, absent(db.Tx(ctx).NewRaw(standing+` where t.id = ?1`, since, id).Scan(ctx, &found))
}
