package tenancy_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

// world is a resolver whose database can be held.
type world struct {
	*tenancy.Resolver

	tap *testkit.Tap
	now atomic.Pointer[time.Time]
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{tap: testkit.NewTap(t, testkit.DB(t).SystemURL)}
	w.pass(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	pool, err := db.Open(t.Context(), w.tap.URL, db.PoolOptions{MaxConns: 4, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	w.Resolver = tenancy.NewResolver(pool, func() time.Time { return *w.now.Load() })
	return w
}

func (w *world) pass(at time.Time) { w.now.Store(&at) }

func (w *world) later(by time.Duration) { w.pass(w.now.Load().Add(by)) }

func (w *world) resolve(t *testing.T) {
	t.Helper()
	if got, err := w.BySlug(t.Context(), tenancy.DefaultSlug); err != nil || got.ID != tenancy.DefaultID() {
		t.Errorf("got %v, %v", got.ID, err)
	}
}

func TestResolver_AsksOnceForAll(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.resolve(t)
	w.later(31 * time.Second)
	release := w.tap.Hold()
	said := w.tap.During(func() {
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { w.resolve(t) })
		}
		release()
		all.Wait()
	})
	begins := 0
	for _, s := range said {
		if s == "begin read only" {
			begins++
		}
	}
	if begins != 1 {
		t.Errorf("%d transactions for 20 who ask:\n%q", begins, said)
	}
}

func TestResolver_DatabaseAway(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.resolve(t)
	var told atomic.Int64
	w.OnAway(func(error) { told.Add(1) })
	w.later(31 * time.Second)
	defer w.tap.Hold()()
	w.resolve(t) // by what it knew
	if n := told.Load(); n != 1 {
		t.Errorf("told %d times that the database is away", n)
	}
	if said := w.tap.During(func() { w.resolve(t) }); len(said) != 0 {
		t.Errorf("the next one asked: %q", said)
	}
}
