package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/jobs"
	"github.com/openpartner/openpartner/tests/testkit"
)

// What an address was hashed with is gone two days after the last click that it was needed for, and
// with it the way back to the address.
func TestRetention_DestroysSalts(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	d.AsOwner(t, `
		insert into platform.daily_salts (day, salt)
		select day, decode(repeat('ab', 32), 'hex') from generate_series('2026-03-01'::date, '2026-03-10', '1 day') day`)
	left := func() (days []string) {
		d.Read(t, &days, `select day::text from platform.daily_salts order by day`)
		return days
	}
	for _, step := range []struct {
		at   string
		want []string
	}{
		{"2026-03-10T23:59:59Z", []string{"2026-03-08", "2026-03-09", "2026-03-10"}},
		{"2026-03-11T00:10:00Z", []string{"2026-03-09", "2026-03-10"}},
		{"2026-03-11T20:10:00-05:00", []string{"2026-03-10"}}, // the twelfth in UTC
	} {
		retain(t, d, step.at)
		if diff := cmp.Diff(step.want, left()); diff != "" {
			t.Errorf("at %s: %s", step.at, diff)
		}
	}
}

// Finished jobs go after a week; dead ones stay until somebody has looked at them.
func TestRetention_KeepsDeadJobs(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	d.AsOwner(t, `
		insert into platform.jobs (id, kind, args, status, finished_at, run_at, created_at)
		select gen_random_uuid(), status || ' ' || days, '{}', status, now() - make_interval(days => days), now(), now()
		from unnest(array['done', 'cancelled', 'dead']) status, unnest(array[6, 8]) days`)
	retain(t, d, "2026-03-10T12:00:00Z")
	var kinds []string
	d.Read(t, &kinds, `select kind from platform.jobs order by kind`)
	if diff := cmp.Diff([]string{"cancelled 6", "dead 6", "dead 8", "done 6"}, kinds); diff != "" {
		t.Error(diff)
	}
}

// retain runs the job at a time of its clock.
func retain(t *testing.T, d *testkit.Database, at string) {
	t.Helper()
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	job := jobs.Retention(func() time.Time { return now })
	err = d.System.InTx(t.Context(), db.TxOptions{Platform: true}, func(ctx context.Context) error { return job.Run(ctx, jobs.Job{}) })
	if err != nil {
		t.Fatal(err)
	}
}
