package edge_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

func TestUnit_Commit(t *testing.T) {
	t.Parallel()

	t.Run("StoresBeforeItAnswers", func(t *testing.T) {
		t.Parallel()
		d := open(t)
		first := &firstByte{ResponseRecorder: httptest.NewRecorder(), look: func() int { return d.count("a") }}
		d.router.ServeHTTP(first, request(http.MethodPost, "/saved?text=a"))
		if first.Code != http.StatusCreated || first.seen != 1 {
			t.Errorf("status %d; at the first byte another connection saw %d rows, want 1", first.Code, first.seen)
		}
	})
	t.Run("FailureIsNoSuccess", func(t *testing.T) {
		t.Parallel()
		d := open(t)
		got := d.send(http.MethodPost, "/twice")
		if got.status != http.StatusInternalServerError || got.body != "failed" {
			t.Errorf("a commit that failed was answered %d %q", got.status, got.body)
		}
		if got.cookies() != "" {
			t.Errorf("a commit that failed set cookies: %s", got.cookies())
		}
		if n := d.count("twice"); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
	t.Run("SwallowedErrorIsNoSuccess", func(t *testing.T) {
		t.Parallel()
		d := open(t)
		for _, one := range []struct{ method, path string }{{http.MethodPost, "/swallowed"}, {http.MethodGet, "/written-silently"}} {
			if got := d.send(one.method, one.path); got.status != http.StatusInternalServerError || got.body != "failed" {
				t.Errorf("%s %s: %d %q", one.method, one.path, got.status, got.body)
			}
		}
		if n := d.count("swallowed"); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}

// firstByte looks at the database when the answer begins to leave.
type firstByte struct {
	*httptest.ResponseRecorder

	look func() int
	once sync.Once
	seen int
}

func (w *firstByte) WriteHeader(status int) {
	w.once.Do(func() { w.seen = w.look() })
	w.ResponseRecorder.WriteHeader(status)
}

func (w *firstByte) Write(p []byte) (int, error) {
	w.once.Do(func() { w.seen = w.look() })
	return w.ResponseRecorder.Write(p)
}

func TestUnit_RollBack(t *testing.T) {
	t.Parallel()

	t.Run("RefusedStatus", func(t *testing.T) {
		t.Parallel()
		d := open(t)
		got := d.send(http.MethodPost, "/refused")
		if got.status != http.StatusUnprocessableEntity || got.body != "please correct" {
			t.Errorf("got %d %q", got.status, got.body)
		}
		if n := d.count("refused"); n != 0 {
			t.Errorf("%d rows of a refused request", n)
		}
		if got.cookies() != "" {
			t.Errorf("a refused request changed the session: %s", got.cookies())
		}
	})
	t.Run("Error", func(t *testing.T) {
		t.Parallel()
		d := open(t)
		if got := d.send(http.MethodPost, "/broken"); got.status != http.StatusInternalServerError || d.count("broken") != 0 {
			t.Errorf("status %d, %d rows", got.status, d.count("broken"))
		}
	})
	t.Run("Panic", func(t *testing.T) {
		t.Parallel()
		d := open(t)
		got := d.send(http.MethodPost, "/panic")
		if got.status != http.StatusInternalServerError || got.body != "failed" || d.count("panic") != 0 {
			t.Errorf("got %d %q, %d rows", got.status, got.body, d.count("panic"))
		}
		d.wantUnpinned()
	})
	t.Run("NoAnswerInTime", func(t *testing.T) {
		t.Parallel()
		d := open(t, func(o *edge.Options) { o.Patience = 50 * time.Millisecond })
		if got := d.send(http.MethodPost, "/slow"); got.status != http.StatusInternalServerError || d.count("slow") != 0 {
			t.Errorf("status %d, %d rows", got.status, d.count("slow"))
		}
		d.wantUnpinned()
	})
	t.Run("ReadsCantWrite", func(t *testing.T) {
		t.Parallel()
		d := open(t)
		if got := d.send(http.MethodGet, "/written"); got.status != http.StatusInternalServerError || d.count("written") != 0 {
			t.Errorf("status %d, %d rows", got.status, d.count("written"))
		}
	})
}

// wantUnpinned takes every connection of the pool and expects no tenant on it.
func (d *desk) wantUnpinned() {
	d.t.Helper()
	ctx, size := d.t.Context(), int(d.App.Native().Config().MaxConns)
	for range size {
		conn, err := d.App.Native().Acquire(ctx)
		if err != nil {
			d.t.Fatal(err)
		}
		defer conn.Release()
		var pinned string
		if err := conn.QueryRow(ctx, `select coalesce(current_setting('app.tenant_id', true), '')`).Scan(&pinned); err != nil {
			d.t.Fatal(err)
		}
		if pinned != "" {
			d.t.Errorf("a connection is still pinned to %s", pinned)
		}
	}
}

func TestUnit_Pins(t *testing.T) {
	t.Parallel()
	d := open(t)
	if got := d.send(http.MethodGet, "/pin"); got.body != defaultTenant() {
		t.Errorf("got %d %q", got.status, got.body)
	}
	d.wantUnpinned()
}

// A request that held a connection and asked for another would stop a small pool for good.
func TestUnit_SmallPool(t *testing.T) {
	t.Parallel()
	const requests = 40
	d := open(t)
	b := d.browse()
	if size := d.App.Native().Config().MaxConns; size != 4 {
		t.Fatalf("the pool has %d connections", size)
	}
	var all sync.WaitGroup
	for i := range requests {
		all.Go(func() {
			if got := b.do(http.MethodPost, fmt.Sprintf("/saved?text=%d", i)); got.status != http.StatusCreated {
				t.Errorf("request %d: %d %q", i, got.status, got.body)
			}
			if got := b.do(http.MethodGet, "/notice"); got.status != http.StatusOK {
				t.Errorf("request %d: %d %q", i, got.status, got.body)
			}
		})
	}
	all.Wait()
	if n := d.App.Native().Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections were not given back", n)
	}
}

func TestUnit_Session(t *testing.T) {
	t.Parallel()

	t.Run("StoredWithTheData", func(t *testing.T) {
		t.Parallel()
		d := open(t)
		b := d.browse()
		if got := b.do(http.MethodPost, "/saved?text=a"); got.cookies() == "" {
			t.Fatal("no cookie")
		}
		if note, session := d.writer(`notes`), d.writer(`sessions`); note != session {
			t.Errorf("the note was written by transaction %s, the session by %s", note, session)
		}
	})
	t.Run("NoticeIsReadOnce", func(t *testing.T) {
		t.Parallel()
		b := open(t).browse()
		b.do(http.MethodPost, "/saved?text=a")
		first, second := b.do(http.MethodGet, "/notice"), b.do(http.MethodGet, "/notice")
		if first.body != "success:saved" || second.body != "" {
			t.Errorf("first %q, then %q", first.body, second.body)
		}
	})
	t.Run("UnchangedSetsNoCookie", func(t *testing.T) {
		t.Parallel()
		if got := open(t).send(http.MethodGet, "/pin"); got.cookies() != "" {
			t.Errorf("got %s", got.cookies())
		}
	})
	t.Run("EndedMeanwhileStaysEnded", func(t *testing.T) {
		t.Parallel()
		d := open(t)
		b := d.browse()
		b.do(http.MethodPost, "/saved?text=a")
		ended := make(chan answer)
		go func() { ended <- b.do(http.MethodPost, "/held") }()
		<-d.held
		d.endAllSessions()
		close(d.release)
		<-ended
		if got := b.do(http.MethodGet, "/notice"); got.body != "" {
			t.Errorf("the session lives again: %q", got.body)
		}
	})
}

// writer is the transaction that wrote the only row of a table.
func (d *desk) writer(table string) string {
	d.t.Helper()
	var id string
	err := tenancy.Read(d.t.Context(), d.System, testkit.Tenant(), func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`select xmin::text from `+table).Scan(ctx, &id)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// endAllSessions is what a sign-out in another window does.
func (d *desk) endAllSessions() {
	d.t.Helper()
	err := tenancy.Run(d.t.Context(), d.App, testkit.Tenant(), func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewRaw(`update sessions set revoked_at = now(), data = '{}'`).Exec(ctx)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
}
