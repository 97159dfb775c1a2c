package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
)

// candidate is a due job that nobody has locked yet.
type candidate struct {
	ID       uuid.UUID
	TenantID uuid.UUID // zero for work of the whole platform
}

// room is what a worker can take: so many jobs, at most so many of one tenant, whose own that are
// under way count.
type room struct {
	jobs, perTenant int
	busy            map[uuid.UUID]int
	kinds           []string // that it knows, but for those that are held back
}

// due chooses jobs without locking: the oldest of each key, going from tenant to tenant after the one
// that was served last and around, so that one with many rows can't keep the others waiting. It reads
// as many rows as it gives, however many wait. The platform is one in the round, too. The jobs of a
// suspended tenant wait.
func due(ctx context.Context, after uuid.UUID, r room) ([]candidate, error) {
	found, err := dueBetween(ctx, after, uuid.Max, r)
	if err != nil || after == uuid.Nil || len(found) >= r.jobs {
		return found, err
	}
	r.jobs -= len(found)
	rest, err := dueBetween(ctx, uuid.Nil, after, r)
	return append(found, rest...), err
}

// unblocked is true for jobs of no key, and for the oldest of theirs; the tenant's part is left to add.
const unblocked = `(j.key is null or not exists (
	select from platform.jobs earlier
	where earlier.key = j.key and earlier.status in ('pending', 'running') and earlier.id < j.id and earlier.tenant_id `

// dueStatement steps from each tenant to the next by the index, and only as far as the limit needs.
const dueStatement = `
	with recursive turns as (
		(select tenant_id from platform.jobs where status = 'pending' and tenant_id > ?0 and tenant_id <= ?1 order by tenant_id limit 1)
		union all
		select (select tenant_id from platform.jobs where status = 'pending' and tenant_id > turns.tenant_id and tenant_id <= ?1 order by tenant_id limit 1)
		from turns where turns.tenant_id is not null
	), busy as (
		select * from unnest(?4::uuid[], ?5::integer[]) as b (tenant_id, jobs)
	)
	(select j.id, '00000000-0000-0000-0000-000000000000'::uuid as tenant_id from platform.jobs j
		where ?0 = '00000000-0000-0000-0000-000000000000' and j.tenant_id is null and j.status = 'pending' and j.run_at <= now() and j.kind = any (?7::text[]) and ` + unblocked + `is null))
		order by j.run_at, j.id limit ?6)
	union all
	select mine.id, turns.tenant_id from turns cross join lateral (
		select j.id from platform.jobs j
		where j.tenant_id = turns.tenant_id and j.status = 'pending' and j.run_at <= now() and j.kind = any (?7::text[]) and ` + unblocked + `= j.tenant_id))
			and (select t.status from platform.tenants t where t.id = turns.tenant_id) = 'active'
		order by j.run_at, j.id
		limit greatest(?3 - coalesce((select b.jobs from busy b where b.tenant_id = turns.tenant_id), 0), 0)) as mine
	limit ?2`

// dueBetween is due for the tenants after one and up to another.
func dueBetween(ctx context.Context, after, last uuid.UUID, r room) ([]candidate, error) {
	tenants, counts := "{", "{"
	for id, n := range r.busy {
		if len(tenants) > 1 {
			tenants, counts = tenants+",", counts+","
		}
		tenants, counts = tenants+id.String(), counts+strconv.Itoa(n)
	}
	var found []candidate
	err := db.Tx(ctx).NewRaw(dueStatement, after, last, r.jobs, r.perTenant, tenants+"}", counts+"}", max(r.perTenant-r.busy[uuid.Nil], 0),
		"{"+strings.Join(r.kinds, ",")+"}").Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("choose due jobs: %w", err)
	}
	return found, nil
}

// claim takes those of the chosen jobs that are still due and that nobody else holds. A lease lasts
// as long as its kind may take, in seconds by kind in lives: what a worker held when it died must not wait for the slowest.
func claim(ctx context.Context, chosen []candidate, lease uuid.UUID, lives string) ([]Job, error) {
	rows, err := db.Tx(ctx).QueryContext(ctx, `
		with taken as (
			update platform.jobs set status = 'running', attempts = attempts + 1, lease_token = ?0,
				lease_until = now() + make_interval(secs => (?1::jsonb ->> kind)::double precision)
			where id in (
				select id from platform.jobs
				where id = any(?2::uuid[]) and status = 'pending' and run_at <= now()
					and (tenant_id is null or tenant_id in (select id from platform.tenants where status = 'active'))
				for update skip locked)
			returning id, tenant_id, kind, args, attempts, max_attempts)
		select taken.id, coalesce(t.id, '00000000-0000-0000-0000-000000000000'), coalesce(t.slug, ''),
			coalesce(t.display_name, ''), coalesce(t.status, ''), kind, args, attempts, max_attempts
		from taken left join platform.tenants t on t.id = taken.tenant_id order by taken.id`,
		lease, lives, idArray(chosen))
	if err != nil {
		return nil, fmt.Errorf("claim jobs: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var claimed []Job
	for rows.Next() {
		j := Job{lease: lease}
		t := &j.Tenant
		if err := rows.Scan(&j.ID, &t.ID, &t.Slug, &t.Name, &t.Status, &j.Kind, &j.Args, &j.Attempt, &j.MaxAttempts); err != nil {
			return nil, fmt.Errorf("scan job: %w", err)
		}
		claimed = append(claimed, j)
	}
	return claimed, rows.Err()
}

func idArray(all []candidate) string {
	texts := make([]string, len(all))
	for i, one := range all {
		texts[i] = one.ID.String()
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// rescue gives back the jobs of workers that died: their lease ran out.
func rescue(ctx context.Context) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.jobs set status = 'pending', lease_token = null, lease_until = null
		where status = 'running' and lease_until < now()`).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rescue jobs: %w", err)
	}
	return nil
}

// errLeaseLost says that the job is another worker's by now.
var errLeaseLost = errors.New("the lease was lost")

// Hold keeps the job for the transaction that writes down what came of a call to the outside, and
// fails when the lease was lost: then another worker has called, too, and its answer is the one that
// counts.
func (j Job) Hold(ctx context.Context) error {
	var held uuid.UUID
	err := db.Tx(ctx).NewRaw(`select id from platform.jobs where id = ? and lease_token = ? for update`, j.ID, j.lease).Scan(ctx, &held)
	if errors.Is(err, sql.ErrNoRows) {
		return errLeaseLost
	}
	if err != nil {
		return fmt.Errorf("hold job %s: %w", j.ID, err)
	}
	return nil
}

// settleDone, like every settle, is fenced by the lease: a worker that was paused and lost its
// lease changes nothing, and what it did in the same transaction is rolled back.
func settleDone(ctx context.Context, j Job) error {
	return settle(ctx, j, `status = 'done', finished_at = now(), last_error = null`)
}

func settleRetry(ctx context.Context, j Job, wait time.Duration, cause string) error {
	return settle(ctx, j, `status = 'pending', run_at = now() + make_interval(secs => ?2), last_error = ?3`, wait.Seconds(), cause)
}

func settleSnooze(ctx context.Context, j Job, wait time.Duration, cause string) error {
	return settle(ctx, j, `status = 'pending', attempts = attempts - 1, run_at = now() + make_interval(secs => ?2), last_error = ?3`,
		wait.Seconds(), cause)
}

func settleCancelled(ctx context.Context, j Job, cause string) error {
	return settle(ctx, j, `status = 'cancelled', finished_at = now(), last_error = ?2`, cause)
}

func settleDead(ctx context.Context, j Job, cause string) error {
	return settle(ctx, j, `status = 'dead', finished_at = now(), last_error = ?2`, cause)
}

// settleBack gives the job back as if it had never been claimed: being cut off by a shutdown
// is not a failed attempt.
func settleBack(ctx context.Context, j Job) error {
	return settle(ctx, j, `status = 'pending', attempts = attempts - 1`)
}

func settle(ctx context.Context, j Job, set string, args ...any) error {
	done, err := db.Tx(ctx).NewRaw(
		`update platform.jobs set lease_token = null, lease_until = null, `+set+` where id = ?0 and lease_token = ?1`,
		append([]any{j.ID, j.lease}, args...)...).Exec(ctx)
	if err != nil {
		return fmt.Errorf("settle job %s: %w", j.ID, err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errLeaseLost, err)
	}
	return nil
}
