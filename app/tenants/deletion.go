package tenants

import (
	"context"
	"fmt"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

// deleteAtOnce is how many rows of a table go in one statement.
const deleteAtOnce = 5000

// Due gives the programs whose time is over: cancelled and past their grace, or signed up and never
// confirmed.
func (s *Service) Due(ctx context.Context) ([]Tenant, error) {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return nil, err
	}
	now := s.now()
	var due []Tenant
	err := db.AllTenants(ctx, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`
			select `+tenantColumns+` from platform.tenants t
			where (t.status = 'cancelled' and t.cancelled_at <= ?)
				or (t.status = 'active' and t.signup_email is not null and t.created_at <= ?
					and not exists (select from admins a where a.tenant_id = t.id and a.activated_at is not null))
			order by t.id`, now.Add(-Grace), now.Add(-unconfirmedLife)).Scan(ctx, &due)
	})
	if err != nil {
		return nil, fmt.Errorf("look for tenants to delete: %w", err)
	}
	return due, nil
}

// Delete deletes some of the rows of a program that is due, and says whether any are left. It is
// called until none are, each time in a transaction of its own; nobody can bring the program back
// in between.
func (s *Service) Delete(ctx context.Context, t Tenant) (more bool, err error) {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return false, err
	}
	err = db.AllTenants(ctx, func(ctx context.Context) error {
		now, err := findTenant(ctx, t.ID, true)
		if fault.Is(err, fault.KindNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		free, err := s.abandoned(ctx, now)
		if err != nil {
			return err
		}
		if over := now.CancelledAt != nil && !s.now().Before(now.DeletedAt()); !over && !free {
			return nil // somebody resumed or confirmed it meanwhile
		}
		if err := s.close(ctx, now); err != nil {
			return err
		}
		more, err = s.sweep(ctx, now, deleteAtOnce)
		return err
	})
	return more, err
}

// drop deletes a program that never was anybody's, all at once.
func (s *Service) drop(ctx context.Context, t Tenant) error {
	if err := s.close(ctx, t); err != nil {
		return err
	}
	_, err := s.sweep(ctx, t, 0)
	return err
}

// close is the end of a program: cancelled, and past its grace, so that it can't be resumed while
// its rows go.
func (s *Service) close(ctx context.Context, t Tenant) error {
	if t.Status == tenancy.StatusCancelled {
		return nil
	}
	over := s.now().Add(-Grace)
	t.Status, t.SuspendedAt, t.CancelledAt = tenancy.StatusCancelled, nil, &over
	s.resolver.Forget(t.Slug)
	return updateStatus(ctx, t)
}

// sweep deletes up to limit rows, or all when it is 0, table by table: first those that nothing
// else refers to. The tables are the catalog's, so that none can be forgotten.
func (s *Service) sweep(ctx context.Context, t Tenant, limit int) (more bool, err error) {
	tables, err := db.TenantTables(ctx)
	if err != nil {
		return false, err
	}
	for _, table := range tables {
		some := limit
		if table.SelfReferring { // so they go together
			some = 0
		}
		n, err := deleteFrom(ctx, table.Name, t, some)
		if err != nil {
			return false, err
		}
		if some > 0 && n == int64(some) {
			return true, nil
		}
	}
	if _, err := db.Tx(ctx).NewRaw(`delete from platform.tenants where id = ?`, t.ID).Exec(ctx); err != nil {
		return false, fmt.Errorf("delete tenant: %w", err)
	}
	return false, audit.RecordPlatform(ctx, t.plain(), audit.Entry{Action: "tenant.deleted"})
}

// deleteFrom deletes up to limit rows of the program from a table, or all when it is 0.
func deleteFrom(ctx context.Context, name string, t Tenant, limit int) (int64, error) {
	query := `delete from ` + name + ` where tenant_id = ?0`
	if limit > 0 {
		query = `delete from ` + name + ` where ctid = any (array(select ctid from ` + name + ` where tenant_id = ?0 limit ?1))`
	}
	res, err := db.Tx(ctx).NewRaw(query, t.ID, limit).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("delete from %s: %w", name, err)
	}
	return res.RowsAffected()
}
