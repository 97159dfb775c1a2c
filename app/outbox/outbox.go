// Package outbox writes down what is to be done after the commit.
//
// A row in platform.jobs exists if and only if the transaction that asked for it committed.
// It does not run anything: the workers in jobs/ do. Args hold ids and times, never secrets
// and never state.
package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/tenancy"
)

// defaultAttempts is how often a job is tried when nothing else is said.
const defaultAttempts = 12

// Job is something to be done after the commit.
type Job struct {
	Kind        string        // what happened or is ordered, such as "partners.invited"
	Key         string        // jobs of one key run one after the other, in their order
	DedupeKey   string        // a second job of the same dedupe key is not added
	Args        any           // small and stable, as JSON
	RunAt       time.Time     // zero: at once
	After       time.Duration // or so long from now, by the database's clock
	MaxAttempts int           // defaults to 12
}

// Add writes the job in the caller's transaction, for the tenant in the context. The id is
// that of the row, or of the earlier row with the same dedupe key.
func Add(ctx context.Context, j Job) error {
	_, err := AddID(ctx, j)
	return err
}

// AddPlatform is Add for work that belongs to no tenant. It needs a transaction of the system role
// that sees all of them.
func AddPlatform(ctx context.Context, j Job) error {
	_, err := add(ctx, nil, j)
	return err
}

// AbsorbPlatform ends the jobs of no tenant and of one key that have yet to begin, with the transaction:
// one that is under way does their work too, as it sees whatever was written before them. One that another
// transaction holds is left, and begins after it. It needs what AddPlatform needs.
func AbsorbPlatform(ctx context.Context, key string) error {
	_, err := db.Tx(ctx).NewRaw(`
		update platform.jobs set status = 'done', finished_at = now() where id in (
			select id from platform.jobs where tenant_id is null and key = ? and status = 'pending' for update skip locked)`, key).Exec(ctx)
	if err != nil {
		return fmt.Errorf("absorb jobs: %w", err)
	}
	return nil
}

// AddAll is Add for many at once, which are due at once and have no dedupe key. Their ids are in their
// order, by which those of one key run.
func AddAll(ctx context.Context, all []Job) error {
	if len(all) == 0 {
		return nil
	}
	n := len(all)
	jobs, kinds, keys, args, attempts := make([]uuid.UUID, n), make([]string, n), make([]string, n), make([]string, n), make([]int32, n)
	now := time.Now()
	for i, j := range all {
		encoded, err := json.Marshal(j.Args)
		if err != nil {
			return fmt.Errorf("encode args of %s: %w", j.Kind, err)
		}
		jobs[i], kinds[i], keys[i], args[i] = ids.NewAt(now.Add(time.Duration(i)*time.Microsecond)), j.Kind, j.Key, string(encoded)
		attempts[i] = int32(cmp.Or(j.MaxAttempts, defaultAttempts)) //nolint:gosec // a few thousand at most
	}
	err := db.Hot(ctx, `
		insert into platform.jobs (id, tenant_id, kind, key, args, status, run_at, max_attempts)
		select j.id, $1::uuid, j.kind, nullif(j.key, ''), j.args, 'pending', now(), j.attempts
		from unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::integer[]) as j (id, kind, key, args, attempts)`,
		tenancy.ID(ctx), jobs, kinds, keys, args, attempts).Exec(ctx)
	if err != nil {
		return fmt.Errorf("add %d jobs: %w", n, err)
	}
	wake(ctx)
	return nil
}

// AddID is Add for callers that show the job to somebody.
func AddID(ctx context.Context, j Job) (uuid.UUID, error) {
	tenant := tenancy.ID(ctx)
	return add(ctx, &tenant, j)
}

func add(ctx context.Context, tenant *uuid.UUID, j Job) (uuid.UUID, error) {
	args, err := json.Marshal(j.Args)
	if err != nil {
		return uuid.Nil, fmt.Errorf("encode args of %s: %w", j.Kind, err)
	}
	j.MaxAttempts = cmp.Or(j.MaxAttempts, defaultAttempts)
	// Leases and due times are judged by the database's clock, so it also gives the default.
	var runAt *time.Time
	if !j.RunAt.IsZero() {
		runAt = &j.RunAt
	}
	var id uuid.UUID
	after := j.After.Seconds()
	err = db.Tx(ctx).NewRaw(`
		with added as (
			insert into platform.jobs (id, tenant_id, kind, key, dedupe_key, args, status, run_at, max_attempts)
			values (?0, ?1, ?2, nullif(?3, ''), nullif(?4, ''), ?5, 'pending', coalesce(?6, now() + make_interval(secs => ?8)), ?7)
			on conflict (tenant_id, dedupe_key) where dedupe_key is not null do nothing
			returning id)
		select id from added
		union all
		select id from platform.jobs where tenant_id is not distinct from ?1 and dedupe_key = nullif(?4, '')
		limit 1`,
		ids.NewAt(time.Now()), tenant, j.Kind, j.Key, j.DedupeKey, string(args), runAt, j.MaxAttempts, after).Scan(ctx, &id)
	if err != nil {
		return uuid.Nil, fmt.Errorf("add job %s: %w", j.Kind, err)
	}
	wake(ctx)
	return id, nil
}

// Waker is told that the transaction in the context has work for the workers. The edge and
// the worker pass it on after the commit.
type Waker struct{ Asked bool }

type wakerKey struct{}

// WithWaker puts a waker into the context of one transaction.
func WithWaker(ctx context.Context, w *Waker) context.Context {
	return context.WithValue(ctx, wakerKey{}, w)
}

func wake(ctx context.Context) {
	if w, ok := ctx.Value(wakerKey{}).(*Waker); ok {
		w.Asked = true
	}
}
