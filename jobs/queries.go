package jobs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
)

// due chooses job ids without locking: the oldest of each key, tenants in turn, so that one
// tenant with many rows can't keep the others waiting. The jobs of a suspended tenant wait.
func due(ctx context.Context, limit int) ([]uuid.UUID, error) {
	var found []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select id from (
			select id, run_at, row_number() over (partition by tenant_id order by run_at, id) as turn
			from platform.jobs j
			where status = 'pending' and run_at <= now()
				and (tenant_id is null or exists (select from platform.tenants t where t.id = j.tenant_id and t.status = 'active'))
				and (key is null or not exists (
					select from platform.jobs earlier
					where earlier.tenant_id is not distinct from j.tenant_id and earlier.key = j.key
						and earlier.status in ('pending', 'running') and earlier.id < j.id))
		) as candidates
		order by turn, run_at limit ?`, limit).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("choose due jobs: %w", err)
	}
	return found, nil
}

// claim takes those of the chosen jobs that are still due and that nobody else holds.
func claim(ctx context.Context, chosen []uuid.UUID, lease uuid.UUID, life time.Duration) ([]Job, error) {
	rows, err := db.Tx(ctx).QueryContext(ctx, `
		with taken as (
			update platform.jobs set status = 'running', attempts = attempts + 1, lease_token = ?0,
				lease_until = now() + make_interval(secs => ?1)
			where id in (
				select id from platform.jobs
				where id = any(?2::uuid[]) and status = 'pending' and run_at <= now()
					and (tenant_id is null or tenant_id in (select id from platform.tenants where status = 'active'))
				for update skip locked)
			returning id, tenant_id, kind, args, attempts, max_attempts)
		select taken.id, coalesce(t.id, '00000000-0000-0000-0000-000000000000'), coalesce(t.slug, ''),
			coalesce(t.display_name, ''), coalesce(t.status, ''), kind, args, attempts, max_attempts
		from taken left join platform.tenants t on t.id = taken.tenant_id order by taken.id`,
		lease, life.Seconds(), uuidArray(chosen))
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

func uuidArray(in []uuid.UUID) string {
	texts := make([]string, len(in))
	for i, id := range in {
		texts[i] = id.String()
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

// settleDone, like every settle, is fenced by the lease: a worker that was paused and lost its
// lease changes nothing.
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
	_, err := db.Tx(ctx).NewRaw(
		`update platform.jobs set lease_token = null, lease_until = null, `+set+` where id = ?0 and lease_token = ?1`,
		append([]any{j.ID, j.lease}, args...)...).Exec(ctx)
	if err != nil {
		return fmt.Errorf("settle job %s: %w", j.ID, err)
	}
	return nil
}
