package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// zoneOf is set in the processes that the test starts for other zones: a process has one.
const zoneOf = "OPENPARTNER_TEST_ZONE"

// begunIn lists the moments of a schedule like "10 * * * *" or "30 3 * * *" in a time, by counting
// minutes.
func begunIn(t *testing.T, spec string, from, to time.Time) (all []time.Time) {
	t.Helper()
	minute, hour := 0, 0
	if _, err := fmt.Sscanf(spec, "%d %d * * *", &minute, &hour); err != nil {
		hour = -1
		if _, err := fmt.Sscanf(spec, "%d * * * *", &minute); err != nil {
			t.Fatalf("what does %q mean?", spec)
		}
	}
	for at := from.Truncate(time.Minute); at.Before(to); at = at.Add(time.Minute) {
		if at.Minute() == minute && (hour < 0 || at.Hour() == hour) {
			all = append(all, at)
		}
	}
	return all
}

// Every period of a year comes once, wherever the program runs: two replicas, one of whose clocks is
// wrong by more than a period and jumps, in zones whose clocks are put forward and back.
func TestPeriods_OfAYear(t *testing.T) {
	t.Parallel()
	if os.Getenv(zoneOf) == "" {
		for _, zone := range []string{"Europe/Berlin", "America/New_York", "Pacific/Chatham"} {
			t.Run(zone, func(t *testing.T) {
				t.Parallel()
				again := exec.Command(os.Args[0], "-test.run=^TestPeriods_OfAYear$", "-test.count=1") //nolint:gosec // ourselves
				again.Env = append(os.Environ(), "TZ="+zone, zoneOf+"="+zone)
				if out, err := again.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
		return
	}
	from := time.Date(2026, 3, 1, 0, 0, 0, 0, time.Local) //nolint:gosmopolitan // the point of it
	if _, offset := from.Zone(); offset == 0 {
		t.Fatalf("the zone is %s", from.Location())
	}
	to := from.AddDate(1, 0, 0)
	for _, p := range Periodics() {
		keys := map[time.Time]bool{}
		read := func(clock time.Time) {
			begun, err := lastBegun(p.Spec, clock.UTC())
			if err != nil {
				t.Fatal(err)
			}
			keys[begun] = true
		}
		for at, n := from.Add(20*time.Minute), 0; at.Before(to); at, n = at.Add(time.Hour), n+1 {
			read(at)
			read(at.Add([]time.Duration{0, time.Hour, -time.Hour, 70 * time.Minute}[n%4]))
			if n%100 > 0 {
				continue
			}
			if next := turnOf(t, p.Kind, at); !next.After(at) || next.Location() != time.UTC {
				t.Fatalf("%s: after %s comes %s", p.Kind, at, next)
			}
		}
		var got []time.Time
		for key := range keys {
			if !key.Before(from) && key.Before(to.Add(-time.Hour)) {
				got = append(got, key)
			}
		}
		slices.SortFunc(got, time.Time.Compare)
		if diff := cmp.Diff(begunIn(t, p.Spec, from.UTC(), to.Add(-time.Hour).UTC()), got); diff != "" {
			t.Errorf("%s: %s", p.Kind, diff)
		}
	}
}

// turnOf is when the clock asks for a kind next.
func turnOf(t *testing.T, kind string, now time.Time) time.Time {
	t.Helper()
	for _, turn := range Turns(now) {
		if turn.Kind == kind {
			return turn.Next
		}
	}
	t.Fatalf("no turn of %s", kind)
	return time.Time{}
}

// Replicas that run the clock at once, through an hour that a zone has twice, add each period once.
func TestAddPeriodics_AtOnce(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 10, 24, 23, 30, 0, 0, time.UTC) // the hour from two to three comes twice in Berlin
	for at := from; at.Before(from.Add(4 * time.Hour)); at = at.Add(30 * time.Minute) {
		var all sync.WaitGroup
		for _, offset := range []time.Duration{0, 0, time.Hour} {
			w := NewWorker(Options{
				App: d.App, System: d.System, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return at.Add(offset).In(zone) }, Periodics: Periodics(),
			})
			all.Go(func() { within(t, w, func(ctx context.Context) error { return w.addPeriodics(ctx) }) })
		}
		all.Wait()
	}
	for _, p := range Periodics() {
		begun, err := lastBegun(p.Spec, from)
		if err != nil {
			t.Fatal(err)
		}
		want := len(begunIn(t, p.Spec, begun, from.Add(4*time.Hour+30*time.Minute+time.Minute)))
		if got := count(t, d, `kind = '`+p.Kind+`'`); got != want {
			t.Errorf("%s came %d times in %d periods", p.Kind, got, want)
		}
	}
	if n := count(t, d, `dedupe_key not like '%Z'`); n != 0 {
		t.Errorf("%d periods are named by the time of a zone", n)
	}
}
