package tracking_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/db/cluster"
	"github.com/openpartner/openpartner/app/db/migrate"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/tests/testkit"
)

// ownCluster is a database server that the test may stop.
func ownCluster(t *testing.T) (*testkit.Database, cluster.Options, *cluster.Cluster) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "op")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the server's user must pass
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	o := cluster.Options{Data: filepath.Join(dir, "data"), FastUnsafe: true, Log: log}
	c, err := cluster.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	app, system := c.Passwords()
	if err := migrate.Up(t.Context(), c.OwnerURL(), migrate.Passwords{App: app, System: system}, log); err != nil {
		t.Fatal(err)
	}
	d := &testkit.Database{OwnerURL: c.OwnerURL(), AppURL: c.AppURL(), SystemURL: c.SystemURL()}
	if d.App, err = db.Open(t.Context(), d.AppURL, db.PoolOptions{MaxConns: 4, Name: "test"}); err != nil {
		t.Fatal(err)
	}
	if d.System, err = db.Open(t.Context(), d.SystemURL, db.PoolOptions{MaxConns: 4, Name: "test"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.App.Close(); d.System.Close() })
	return d, o, c
}

// crowd are visitors who open a link one after the other until they are sent home.
type crowd struct {
	opened atomic.Int64
	home   chan struct{}
	all    sync.WaitGroup

	mu     sync.Mutex
	clicks map[uuid.UUID]bool
	failed error
}

func (c *crowd) come(g *tracking.Gate, n int) {
	ctx := tenancy.With(context.Background(), testkit.Tenant())
	for visitor := range n {
		c.all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-c.home:
					return
				default:
				}
				v := visit("")
				v.Address = netip.AddrFrom4([4]byte{20, byte(visitor), byte(i >> 8), byte(i)})
				p, err := g.Open(ctx, v)
				c.mu.Lock()
				if err != nil {
					c.failed = err
				} else {
					c.clicks[p.ClickID] = true
				}
				c.mu.Unlock()
				c.opened.Add(1)
			}
		})
	}
}

// until waits for something that comes about by itself.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick, late := time.NewTicker(10*time.Millisecond), time.NewTimer(time.Minute)
	defer tick.Stop()
	defer late.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatal("waited too long for " + what)
		}
	}
}

// The database goes away and comes back under load. Nobody is turned away, and in the end every
// click is there, once.
func TestGate_DatabaseRestarts(t *testing.T) {
	t.Parallel()
	d, options, running := ownCluster(t)
	w := newWorld(t, d)
	g := tracking.NewGate(tracking.RecorderOptions{System: d.System, Log: slog.New(slog.DiscardHandler), Now: w.clock, Spool: t.TempDir()})
	g.Recorder.Start()
	t.Cleanup(g.Recorder.Stop)
	open(t, g, visit("")) // the link is known before the trouble begins

	c := &crowd{home: make(chan struct{}), clicks: map[uuid.UUID]bool{}}
	c.come(g, 8)
	more := func(n int64) func() bool {
		begun := c.opened.Load()
		return func() bool { return c.opened.Load() >= begun+n }
	}
	until(t, "clicks before the outage", more(200))
	if err := running.Stop(); err != nil {
		t.Fatal(err)
	}
	until(t, "clicks during the outage", more(200))
	if g.Recorder.Counts().Depth == 0 {
		t.Error("no click went to the spool")
	}
	running, err := cluster.Start(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the spool to be emptied while clicks go on", func() bool { return g.Recorder.Counts().Depth == 0 })
	until(t, "clicks after the outage", more(100))
	t.Cleanup(func() { _ = running.Stop() })
	close(c.home)
	c.all.Wait()
	until(t, "the spool to be emptied", func() bool { return g.Recorder.Counts().Depth == 0 })
	if c.failed != nil {
		t.Errorf("a visitor was turned away: %v", c.failed)
	}
	w.do(func(ctx context.Context) error {
		var stored []uuid.UUID
		if err := db.Tx(ctx).NewRaw(`select id from clicks`).Scan(ctx, &stored); err != nil {
			return err
		}
		if len(stored) != len(c.clicks)+1 {
			t.Errorf("%d clicks are stored, %d were answered", len(stored)-1, len(c.clicks))
		}
		have := map[uuid.UUID]bool{}
		for _, id := range stored {
			have[id] = true
		}
		for id := range c.clicks {
			if !have[id] {
				t.Errorf("click %s was answered and is lost", id)
			}
		}
		return nil
	})
	w.checkDaily()
}

// Without a spool there is nowhere to keep a click, and that is said.
func TestGate_NowhereToKeepClicks(t *testing.T) {
	t.Parallel()
	d, _, running := ownCluster(t)
	w := newWorld(t, d)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	g := tracking.NewGate(tracking.RecorderOptions{
		System: d.System, Log: slog.New(slog.DiscardHandler), Now: w.clock, Spool: filepath.Join(file, "spool"),
	})
	g.Recorder.Start()
	t.Cleanup(g.Recorder.Stop)
	open(t, g, visit(""))
	if err := running.Stop(); err != nil {
		t.Fatal(err)
	}
	_, err := g.Open(tenancy.With(context.Background(), testkit.Tenant()), visit(""))
	if code(err) != "click_not_recorded" {
		t.Errorf("got %v", err)
	}
	v := visit("")
	v.Peek = true // needs no record
	if got := open(t, g, v); got.Location != "https://shop.example.com/" {
		t.Errorf("got %s", got.Location)
	}
}
