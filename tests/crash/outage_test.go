//go:build crash

package crash_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The promises are durations, so here the clock may speak.
const (
	recovery = 5 * time.Second  // from the database's return to the last error
	farewell = 30 * time.Second // from SIGTERM to the end of the program
)

// person sends a request as somebody with an address of their own, and reads the whole answer.
func person(ctx context.Context, client *http.Client, method, url string) (status int, err error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("token=spent")
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, err
	}
	a := rand.Uint32()
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("20.%d.%d.%d", byte(a>>16), byte(a>>8), byte(a)))
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// newClient keeps a connection of its own and follows nothing.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{}, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// await waits until something is true, and fails when that takes too long.
func await(t *testing.T, what string, limit time.Duration, is func() bool) {
	t.Helper()
	tick, late := time.NewTicker(10*time.Millisecond), time.NewTimer(limit)
	defer tick.Stop()
	defer late.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late.C:
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

// errorsEndWithTheOutage restarts the database under load. Pages fail while it is away, and no longer;
// links that are known lead on all the while.
func errorsEndWithTheOutage(t *testing.T, p *program) {
	t.Helper()
	const calm = 200 // answers in a row without an error
	database := p.database(t.Context())
	var (
		all                    sync.WaitGroup
		lastError, row         atomic.Int64
		visits, turned, failed atomic.Int64
	)
	ctx, home := context.WithCancel(t.Context())
	for range 3 {
		all.Go(func() {
			for client := newClient(); ctx.Err() == nil; row.Add(1) {
				if status, err := person(context.WithoutCancel(ctx), client, http.MethodGet, p.url+"/signin"); err != nil || status != http.StatusOK {
					failed.Add(1)
					lastError.Store(time.Now().UnixNano())
					row.Store(-1)
				}
			}
		})
	}
	for range 2 {
		all.Go(func() {
			for client := newClient(); ctx.Err() == nil; visits.Add(1) {
				if status, err := person(context.WithoutCancel(ctx), client, http.MethodGet, p.url+"/r/crash"); err != nil || status != http.StatusFound {
					turned.Add(1)
				}
			}
		})
	}
	await(t, "the load runs", farewell, func() bool { return row.Load() >= calm && visits.Load() >= calm })
	began, before := time.Now(), visits.Load()
	p.endDatabase(syscall.SIGINT) // which ends all its sessions at once
	await(t, "the outage is noticed", farewell, func() bool { return lastError.Load() > began.UnixNano() })
	await(t, "the database is back", farewell, func() bool { return answers(t, database) })
	back, meanwhile := time.Now(), visits.Load()-before
	await(t, "errors end", recovery+farewell, func() bool { return row.Load() >= calm })
	home()
	all.Wait()
	last := time.Unix(0, lastError.Load()).Sub(back)
	t.Logf("away for %s, the last of %d errors %s after its return; %d visits meanwhile", back.Sub(began), failed.Load(), last, meanwhile)
	if last > recovery {
		t.Errorf("there were errors for %s after the database was back", last)
	}
	if meanwhile == 0 || turned.Load() > 0 {
		t.Errorf("%d visitors of a known link were turned away, %d were not", turned.Load(), visits.Load())
	}
}

// answers says whether a database can be asked.
func answers(t *testing.T, url string) bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return false
	}
	return conn.Close(t.Context()) == nil
}

// nobodyIsTurnedAwayAtTheEnd stops the program under load: whoever got through to it has a whole answer.
func nobodyIsTurnedAwayAtTheEnd(t *testing.T, p *program) {
	t.Helper()
	var all sync.WaitGroup
	var answered, failed atomic.Int64
	asks := [][2]string{{http.MethodGet, "/signin"}, {http.MethodPost, "/auth/verify"}, {http.MethodGet, "/r/crash"}, {http.MethodPost, "/auth/verify"}}
	for i := range 8 {
		ask := asks[i%len(asks)]
		all.Go(func() {
			for client := newClient(); ; answered.Add(1) {
				status, err := person(t.Context(), client, ask[0], p.url+ask[1])
				if errors.Is(err, syscall.ECONNREFUSED) {
					return // nobody listens any more, as whoever balances the load knows
				}
				if err != nil || status >= http.StatusInternalServerError {
					failed.Add(1)
					t.Errorf("%s %s: %d, %v", ask[0], ask[1], status, err)
					return
				}
			}
		})
	}
	await(t, "the load runs", farewell, func() bool { return answered.Load() >= 200 })
	began := time.Now()
	err := p.stop()
	took := time.Since(began)
	all.Wait()
	t.Logf("%d requests were answered, %d failed; the program ended after %s", answered.Load(), failed.Load(), took)
	if err != nil || took > farewell {
		t.Errorf("the program ended after %s with %v", took, err)
	}
}
