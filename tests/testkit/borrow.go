package testkit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// turns is how many tests one program serves. Some limits are in its memory and not in the
// database, such as how many visits of one address it takes in a minute.
const turns = 25

// shelf holds the programs that wait for the next test, by their environment.
var shelf struct {
	mu    sync.Mutex
	open  bool
	ready map[string][]*loan
}

// loan is a program that tests take turns on, with a database that is wiped between them.
type loan struct {
	*served

	home  string
	drop  func() error
	clean *cleaner
	left  int
}

// Main is the TestMain of a package whose tests borrow: it runs them, and ends the programs that
// served them.
func Main(m *testing.M) {
	shelf.open, shelf.ready = true, map[string][]*loan{}
	code := m.Run()
	for _, waiting := range shelf.ready {
		for _, l := range waiting {
			if err := l.scrap(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = max(code, 1)
			}
		}
	}
	os.Exit(code)
}

// Borrow is Start at a fraction of its cost, for tests that have no need of a program which just
// started: nobody else uses it, and its database is as new, but it has served other tests before.
func Borrow(t testing.TB, env ...string) *App {
	t.Helper()
	kind := strings.Join(env, " ")
	l := take(kind)
	if l == nil {
		l = lend(t, env)
	}
	a := *l.app
	a.t, a.since = t, a.out.size()
	t.Cleanup(func() {
		if err := l.giveBack(kind); err != nil {
			t.Error(err)
		}
	})
	return &a
}

func take(kind string) *loan {
	shelf.mu.Lock()
	defer shelf.mu.Unlock()
	waiting := shelf.ready[kind]
	if len(waiting) == 0 {
		return nil
	}
	last := len(waiting) - 1
	shelf.ready[kind] = waiting[:last]
	return waiting[last]
}

func lend(t testing.TB, env []string) *loan {
	t.Helper()
	if !shelf.open {
		t.Fatal("a package whose tests borrow needs testkit.Main as its TestMain")
	}
	home, err := os.MkdirTemp("", "openpartner-lent")
	if err != nil {
		t.Fatal(err)
	}
	d, drop := clone(t)
	clean, err := newCleaner(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return &loan{served: launch(t, d, home, nil, env...), home: home, drop: drop, clean: clean, left: turns}
}

// giveBack wipes the database and puts the program where the next test finds it.
func (l *loan) giveBack(kind string) error {
	l.left--
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if l.left == 0 {
		return l.scrap()
	}
	if err := l.renew(ctx); err != nil {
		return errors.Join(fmt.Errorf("make the program as new for the next test: %w", err), l.scrap())
	}
	shelf.mu.Lock()
	defer shelf.mu.Unlock()
	shelf.ready[kind] = append(shelf.ready[kind], l)
	return nil
}

// renew wipes the database, and waits until the program knows.
func (l *loan) renew(ctx context.Context) error {
	if err := l.clean.close(ctx); err != nil {
		return err
	}
	if err := l.awaitEntrance(ctx, http.StatusNotFound); err != nil {
		return err
	}
	if err := l.clean.wipe(ctx); err != nil {
		return err
	}
	return l.awaitEntrance(ctx, http.StatusOK)
}

// awaitEntrance asks for the page to sign in until it answers so.
func (l *loan) awaitEntrance(ctx context.Context, status int) error {
	address := l.app.URL + "/signin"
	if slices.Contains(l.app.env, "OPENPARTNER_TENANCY=multi") {
		address = l.app.URL + "/t/default/signin"
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for ; ; <-tick.C {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		res, err := noRedirect(nil).Do(req)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		if res.StatusCode == status {
			return nil
		}
	}
}

func (l *loan) scrap() error {
	err := l.end()
	l.clean.leave()
	return errors.Join(err, l.drop(), os.RemoveAll(l.home))
}
