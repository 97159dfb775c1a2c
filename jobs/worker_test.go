package jobs

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/hold"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

const kind = "test.work"

// newTestWorker runs jobs of one kind, and looks for them when it is woken.
func newTestWorker(d *testkit.Database, r Registration, more ...Registration) *Worker {
	r.Kind = kind
	return NewWorker(Options{
		App: d.App, System: d.System, Log: slog.New(slog.DiscardHandler), Now: time.Now, Interval: time.Hour, PerTenant: 4,
		URLs: func(tenancy.Tenant) routes.URLs { return routes.New("http://localhost", "") }, Kinds: append(more, r),
	})
}

// jobsOf adds n due jobs for each of some tenants, which it makes.
func jobsOf(t *testing.T, d *testkit.Database, tenants, n int) {
	t.Helper()
	d.AsOwner(t, `insert into platform.tenants (id, slug, display_name)
		select gen_random_uuid(), 'of-' || $2::integer || '-' || i, 'One' from generate_series(1, $1::integer) i`, tenants, n)
	d.AsOwner(t, `insert into platform.jobs (id, tenant_id, kind, args)
		select gen_random_uuid(), t.id, '`+kind+`', '{}' from platform.tenants t, generate_series(1, $1::integer) where slug like 'of-' || $1::integer || '-%'`, n)
}

func count(t *testing.T, d *testkit.Database, where string) (n int) {
	t.Helper()
	d.Read(t, &n, `select count(*) from platform.jobs where `+where)
	return n
}

func within(t *testing.T, w *Worker, do func(ctx context.Context) error) {
	t.Helper()
	if err := w.System.InTx(t.Context(), db.TxOptions{Platform: true}, do); err != nil {
		t.Fatal(err)
	}
}

// A tenant with 100,000 jobs has its turn and no more: 10,000 others are served in the first round.
func TestTake_InTurns(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	jobsOf(t, d, 1, 100_000)
	jobsOf(t, d, 10_000, 1)
	d.AsOwner(t, `analyze platform.jobs, platform.tenants`)
	w := newTestWorker(d, Registration{})
	const others = `tenant_id in (select id from platform.tenants where slug like 'of-1-%')`
	claims := 0
	for left := 10_000; left > 0; claims++ {
		claimed, err := w.take(t.Context(), room{jobs: slots, perTenant: 4})
		if err != nil || len(claimed) == 0 || claims > 10_000/slots+1 {
			t.Fatalf("%d jobs of others wait after %d claims: %v", count(t, d, others+` and status = 'pending'`), claims, err)
		}
		for _, j := range claimed {
			if strings.HasPrefix(j.Tenant.Slug, "of-1-") {
				left--
			}
		}
	}
	if many := count(t, d, `status = 'running'`) - 10_000; many > 8 {
		t.Errorf("the tenant with many had %d jobs in a round", many)
	}
}

// The claim reads by the index, whatever waits and whatever is over.
func TestDue_Plan(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	jobsOf(t, d, 500, 1)
	jobsOf(t, d, 1, 20_000)
	d.AsOwner(t, `insert into platform.jobs (id, tenant_id, kind, args, status, finished_at)
		select gen_random_uuid(), tenant_id, kind, args, 'done', now() from platform.jobs`)
	d.AsOwner(t, `analyze platform.jobs, platform.tenants`)
	w := newTestWorker(d, Registration{})
	within(t, w, func(ctx context.Context) error {
		var plan []string
		if err := db.Tx(ctx).NewRaw(`explain (analyze, costs off, timing off, summary off, buffers off) `+dueStatement, uuid.Nil, uuid.Max, slots, 4, "{}", "{}", 4, "{"+kind+"}").Scan(ctx, &plan); err != nil {
			return err
		}
		text := strings.Join(plan, "\n")
		if strings.Contains(text, "Seq Scan") || !strings.Contains(text, "jobs_due_by_tenant") {
			t.Errorf("the claim's plan:\n%s", text)
		}
		return nil
	})
}

// One slow job of a tenant holds up neither others nor more than its slot.
func TestWorker_SlowJobs(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	jobsOf(t, d, 1, 9) // slow ones
	ended := make(chan struct{})
	var slow, tooMany atomic.Int32
	w := newTestWorker(d, Registration{Run: func(ctx context.Context, j Job) error {
		if !strings.HasPrefix(j.Tenant.Slug, "of-9-") {
			return nil
		}
		if slow.Add(1) > 4 {
			tooMany.Add(1)
		}
		defer slow.Add(-1)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			return nil
		}
	}})
	w.Start()
	d.Await(t, `select count(*) = 4 from platform.jobs where status = 'running'`)
	jobsOf(t, d, 50, 1)
	w.Wake()
	d.Await(t, `select count(*) = 50 from platform.jobs where status = 'done'`)
	if n := tooMany.Load(); n != 0 {
		t.Errorf("%d jobs of one tenant ran beside four others", n)
	}
	w.Stop() // cuts the slow ones off
	if n := count(t, d, `status = 'pending' and attempts = 0 and lease_token is null`); n != 9 {
		t.Errorf("%d jobs were given back as if never claimed", n)
	}
	close(ended)
}

// A worker whose lease ran out, and whose job another has done, settles nothing; what it did in the
// job's transaction is rolled back.
func TestWorker_Fenced(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		inTx bool
		err  error
	}{"Done": {false, nil}, "InItsTransaction": {true, nil}, "Failed": {false, errors.New("late")}, "Cancelled": {false, Cancel(errors.New("late"))}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := testkit.DB(t)
			jobsOf(t, d, 1, 1)
			paused := newTestWorker(d, Registration{InTx: c.inTx, Run: func(ctx context.Context, _ Job) error {
				if c.inTx {
					_, err := db.Tx(ctx).NewRaw(`insert into config (tenant_id, key, value, updated_at) values (platform.current_tenant(), 'late', '{}', now())`).Exec(ctx)
					return err
				}
				return c.err
			}})
			other := newTestWorker(d, Registration{Run: func(context.Context, Job) error { return nil }})
			late := claimOne(t, paused)
			d.AsOwner(t, `update platform.jobs set lease_until = now() - interval '1 second'`)
			within(t, other, rescue)
			now := claimOne(t, other)
			within(t, paused, func(ctx context.Context) error {
				if err := late.Hold(ctx); !errors.Is(err, errLeaseLost) {
					t.Errorf("the paused one holds the job: %v", err)
				}
				return now.Hold(ctx)
			})
			paused.run(t.Context(), late)
			if n := count(t, d, `status = 'running' and attempts = 2 and last_error is null`); n != 1 {
				t.Error("the job that another runs was settled by the one that was paused")
			}
			other.run(t.Context(), now)
			paused.run(t.Context(), late)
			if n := count(t, d, `status = 'done' and attempts = 2`); n != 1 {
				t.Error("the job is not as the other left it")
			}
			var written int
			if d.Read(t, &written, `select count(*) from config where key = 'late'`); written != 0 {
				t.Error("what the paused one did was committed")
			}
		})
	}
}

// A lease lasts as long as the kind may take, so that what dies with a worker does not wait for the
// slowest kind there is.
func TestTake_LeaseByKind(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	jobsOf(t, d, 1, 1)
	d.AsOwner(t, `insert into platform.jobs (id, kind, args) values (gen_random_uuid(), 'test.slow', '{}'), (gen_random_uuid(), 'test.unknown', '{}')`)
	w := NewWorker(Options{
		App: d.App, System: d.System, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Kinds: []Registration{{Kind: kind, Timeout: time.Minute}, {Kind: "test.slow", Timeout: time.Hour}},
	})
	if _, err := w.take(t.Context(), room{jobs: slots, perTenant: 4}); err != nil {
		t.Fatal(err)
	}
	for kind, life := range map[string]time.Duration{kind: time.Minute + leaseSlack, "test.slow": time.Hour + leaseSlack} {
		if count(t, d, `kind = '`+kind+`' and lease_until between now() + interval '`+life.String()+`' - interval '20 seconds' and now() + interval '`+life.String()+`'`) != 1 {
			t.Errorf("the lease of %s is not for %s", kind, life)
		}
	}
	if count(t, d, `kind = 'test.unknown' and status = 'pending'`) != 1 {
		t.Error("a job was taken that this worker has no handler for") // a newer version's, or another program's on the same database
	}
}

func claimOne(t *testing.T, w *Worker) Job {
	t.Helper()
	claimed, err := w.take(t.Context(), room{jobs: slots, perTenant: 4})
	if err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %d: %v", len(claimed), err)
	}
	return claimed[0]
}

// Jobs of one key run in their order, those of a suspended tenant wait.
func TestTake_Waits(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	jobsOf(t, d, 2, 3)
	d.AsOwner(t, `update platform.tenants set status = 'suspended' where slug = 'of-3-2'`)
	d.AsOwner(t, `update platform.jobs set key = 'one' where tenant_id = (select id from platform.tenants where slug = 'of-3-1')`)
	w := newTestWorker(d, Registration{Run: func(context.Context, Job) error { return nil }})
	var before uuid.UUID
	for range 3 {
		j := claimOne(t, w)
		if strings.Compare(j.ID.String(), before.String()) < 0 {
			t.Errorf("%s after %s", j.ID, before)
		}
		if more, err := w.take(t.Context(), room{jobs: slots, perTenant: 4}); err != nil || len(more) != 0 {
			t.Errorf("%d more of the key: %v", len(more), err)
		}
		before = j.ID
		w.run(t.Context(), j)
	}
	if n := count(t, d, `status = 'pending'`); n != 3 {
		t.Errorf("%d jobs of the suspended tenant wait", n)
	}
}

// While the operator holds money back, jobs about money wait, whoever else is served; each worker
// minds it from its next look on.
func TestTake_Hold(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	jobsOf(t, d, 1, 2)
	d.AsOwner(t, `insert into platform.jobs (id, tenant_id, kind, args)
		select gen_random_uuid(), id, 'test.pay', '{}'::jsonb from platform.tenants where slug like 'of-2-%' union all select gen_random_uuid(), null, 'test.pay', '{}'`)
	run := func(context.Context, Job) error { return nil }
	w := newTestWorker(d, Registration{Run: run}, Registration{Kind: "test.pay", Money: true, Run: run})
	for _, step := range []struct {
		on   bool
		want int
	}{{true, 2}, {true, 0}, {false, 2}} {
		within(t, w, func(ctx context.Context) error { return hold.Set(ctx, step.on, "the books are open", "a test") })
		claimed, err := w.take(t.Context(), room{jobs: slots, perTenant: 4})
		if err != nil || len(claimed) != step.want {
			t.Fatalf("hold %t: %d jobs, want %d: %v", step.on, len(claimed), step.want, err)
		}
		for _, j := range claimed {
			if step.on && j.Kind != kind {
				t.Errorf("%s was claimed while money is held", j.Kind)
			}
		}
	}
	var logged int
	if d.Read(t, &logged, `select count(*) from platform.audit_log where action in ('hold.on', 'hold.off') and detail->>'reason' = 'the books are open'`); logged != 3 {
		t.Errorf("%d turns are in the platform's log", logged)
	}
}
