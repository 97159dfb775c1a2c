package outbox

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/paging"
)

// Filter narrows the list of jobs.
type Filter struct {
	Statuses []string // any of them; all when there are none
	Kind     string
}

// List gives a page of this tenant's jobs, newest first, and one more than asked for. Like all in
// this file it asks for no right: that is for the caller to do.
func List(ctx context.Context, f Filter, page paging.Page) ([]Row, error) {
	q := db.Tx(ctx).NewSelect().TableExpr("platform.jobs").ColumnExpr(rowColumns).OrderExpr("created_at desc, id desc").Limit(page.Ask())
	if len(f.Statuses) > 0 {
		q = q.Where("status in (?)", bun.List(f.Statuses))
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if page.After != nil {
		q = q.Where("(created_at, id) < (?, ?)", page.After.At, page.After.ID)
	}
	var rows []Row
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return rows, nil
}

// Again makes a job due at once that was given up, or that waits after a failure. It is false for
// any other. What was given up gets all its tries anew.
func Again(ctx context.Context, id uuid.UUID) (bool, error) {
	return changed(ctx, `
		update platform.jobs set status = 'pending', run_at = now(), finished_at = null,
			attempts = case status when 'dead' then 0 else attempts end
		where id = ? and (status = 'dead' or (status = 'pending' and last_error is not null))`, id)
}

// againAtOnce is how many jobs AllAgain takes, so that its transaction stays short.
const againAtOnce = 10_000

// AllAgain does what Again does with all jobs of a kind that were given up, oldest first, and counts
// them; at most 10,000 at a time.
func AllAgain(ctx context.Context, kind string) (int, error) {
	n, err := affected(ctx, `
		update platform.jobs set status = 'pending', run_at = now(), finished_at = null, attempts = 0
		where id in (select id from platform.jobs where status = 'dead' and kind = ? order by id limit ?)`, kind, againAtOnce)
	if n > 0 {
		wake(ctx)
	}
	return n, err
}

// Drop cancels a job that waits or was given up. It is false for one that runs or is over.
func Drop(ctx context.Context, id uuid.UUID) (bool, error) {
	return changed(ctx, `update platform.jobs set status = 'cancelled', finished_at = now() where id = ? and status in ('pending', 'dead')`, id)
}

// changed wakes the workers: what was done to one job may let the next of its key go on.
func changed(ctx context.Context, statement string, id uuid.UUID) (bool, error) {
	n, err := affected(ctx, statement, id)
	if n > 0 {
		wake(ctx)
	}
	return n > 0, err
}

func affected(ctx context.Context, statement string, args ...any) (int, error) {
	result, err := db.Tx(ctx).NewRaw(statement, args...).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("change jobs: %w", err)
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// LatestOfPlatform gives the latest job of each of these kinds that belong to no tenant. It needs a
// transaction of the system role that sees all of them.
func LatestOfPlatform(ctx context.Context, kinds []string) ([]Row, error) {
	var rows []Row
	err := db.Tx(ctx).NewRaw(`
		select distinct on (kind) `+rowColumns+` from platform.jobs
		where tenant_id is null and kind in (?) order by kind, created_at desc, id desc`, bun.List(kinds)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for the latest jobs of the platform: %w", err)
	}
	return rows, nil
}

// DeadKind is how many jobs of one kind were given up.
type DeadKind struct {
	Kind string
	Dead int
}

// DeadByKind counts this tenant's jobs that were given up, the most first.
func DeadByKind(ctx context.Context) ([]DeadKind, error) {
	var kinds []DeadKind
	err := db.Tx(ctx).NewRaw(`
		select kind, count(*) as dead from platform.jobs where status = 'dead' group by kind order by dead desc, kind`).Scan(ctx, &kinds)
	if err != nil {
		return nil, fmt.Errorf("count dead jobs by kind: %w", err)
	}
	return kinds, nil
}

// Pile is how many jobs of one tenant were given up.
type Pile struct {
	TenantID *uuid.UUID // nil for the platform's own
	Slug     string
	Name     string
	Dead     int
}

// shownPiles is how many tenants DeadByTenant names.
const shownPiles = 100

// DeadByTenant counts the jobs that were given up, the most first. It needs a transaction of the
// system role that sees all tenants.
func DeadByTenant(ctx context.Context) ([]Pile, error) {
	var piles []Pile
	err := db.Tx(ctx).NewRaw(`
		select j.tenant_id, coalesce(t.slug, '') as slug, coalesce(t.display_name, '') as name, count(*) as dead
		from platform.jobs j left join platform.tenants t on t.id = j.tenant_id
		where j.status = 'dead' group by j.tenant_id, t.slug, t.display_name
		order by dead desc, slug limit ?`, shownPiles).Scan(ctx, &piles)
	if err != nil {
		return nil, fmt.Errorf("count dead jobs by tenant: %w", err)
	}
	return piles, nil
}
