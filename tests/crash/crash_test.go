//go:build crash

// Package crash_test kills the real program and its database, and looks whether what was
// acknowledged is still there.
package crash_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// cycles is how often something is killed.
const cycles = 20

// ledger is what the program has acknowledged.
type ledger struct {
	mu      sync.Mutex
	clicks  []string // the crefs of answered visits
	events  []string // the external ids of answered events
	refused []string // answers of a living server that were no redirect
	serving bool
	change  *sync.Cond
}

func newLedger() *ledger {
	l := &ledger{serving: true}
	l.change = sync.NewCond(&l.mu)
	return l
}

// server says whether it is there; visitors wait while it is not.
func (l *ledger) server(serving bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serving = serving
	l.change.Broadcast()
}

// await returns when so many more clicks and events were acknowledged.
func (l *ledger) await(clicks, events int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	clicks, events = clicks+len(l.clicks), events+len(l.events)
	for len(l.clicks) < clicks || len(l.events) < events {
		l.change.Wait()
	}
}

// visit opens the link as one of many visitors, and notes the cref.
func (l *ledger) visit(ctx context.Context, client *http.Client, p *program) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/r/crash", nil)
	if err != nil {
		panic(err)
	}
	a := rand.Uint32()
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("20.%d.%d.%d", byte(a>>16), byte(a>>8), byte(a)))
	res, err := client.Do(req)
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change.Broadcast()
	if err != nil {
		for !l.serving && ctx.Err() == nil {
			l.change.Wait()
		}
		return
	}
	_ = res.Body.Close()
	_, cref, _ := strings.Cut(res.Header.Get("Location"), "cref=")
	if res.StatusCode != http.StatusFound || cref == "" {
		l.refused = append(l.refused, res.Status+" "+res.Header.Get("Location"))
		return
	}
	l.clicks = append(l.clicks, cref)
}

// convert sends an event, until it is acknowledged or refused for good.
func (l *ledger) convert(ctx context.Context, p *program, name string) {
	status, _ := p.call("POST", "/events", map[string]any{"user_id": name, "type": "purchase", "amount": 1000, "currency": "USD", "external_id": name})
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.change.Broadcast()
	switch status {
	case http.StatusCreated, http.StatusOK:
		l.events = append(l.events, name)
	case 0:
		for !l.serving && ctx.Err() == nil {
			l.change.Wait()
		}
	}
}

// The tests of one program go on from each other, since making a database takes longer than any of them.
func TestProgram(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	campaign := p.made("/campaigns", map[string]any{
		"name": "Crash", "destination_url": "https://shop.example.com/", "rules": []map[string]any{{"kind": "percent", "rate": "20"}},
	})
	partner := p.made("/partners", map[string]any{"email": "zoe@example.com", "name": "Zoe", "send_invite": false, "campaign_ids": []string{campaign}})
	p.made("/partners/"+partner+"/links", map[string]any{"key": "crash", "campaign_id": campaign})
	t.Run("NothingAcknowledgedIsLost", func(t *testing.T) { nothingAcknowledgedIsLost(t, p) })
	t.Run("ErrorsEndWithTheOutage", func(t *testing.T) { errorsEndWithTheOutage(t, p) })
	t.Run("NobodyIsTurnedAwayAtTheEnd", func(t *testing.T) { nobodyIsTurnedAwayAtTheEnd(t, p) })
}

func nothingAcknowledgedIsLost(t *testing.T, p *program) {
	t.Helper()
	l := newLedger()
	ctx, home := context.WithCancel(t.Context())
	var all sync.WaitGroup
	client := &http.Client{
		Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for range 4 {
		all.Go(func() {
			for ctx.Err() == nil {
				l.visit(ctx, client, p)
			}
		})
	}
	for sender := range 2 {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				l.convert(ctx, p, fmt.Sprintf("sender-%d-%d", sender, i))
			}
		})
	}

	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any seed will do, and the test says which
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	var server, database int
	for range cycles {
		l.await(20+random.IntN(30), 1+random.IntN(3))
		switch random.IntN(8) {
		case 0, 1:
			server++
			l.server(false)
			p.kill()
			p.start()
			l.server(true)
		case 2:
			server++
			database++
			l.server(false)
			p.killDatabase()
			p.kill()
			p.start()
			l.server(true)
		default: // the server goes on, and so do the redirects
			database++
			p.killDatabase()
			l.await(20, 0)
		}
	}
	l.await(20, 5)
	home()
	l.server(true)
	all.Wait()
	t.Logf("server killed %d times, database %d times; %d clicks and %d events acknowledged", server, database, len(l.clicks), len(l.events))
	l.check(t, p)
}

// check holds what is stored against what was acknowledged.
func (l *ledger) check(t *testing.T, p *program) {
	t.Helper()
	ctx := context.Background()
	if len(l.refused) > 0 {
		t.Errorf("%d visitors were turned away by a living server: %s", len(l.refused), l.refused[0])
	}
	var missing int
	lost := fmt.Sprintf(`select count(*) from unnest('{%s}'::uuid[]) a where not exists (select from clicks k where k.id = a)`, strings.Join(l.clicks, ","))
	tick, late := time.NewTicker(100*time.Millisecond), time.NewTimer(30*time.Second)
	defer tick.Stop()
	defer late.Stop()
	for waiting := true; waiting; {
		if p.query(ctx, lost, &missing); missing == 0 {
			break
		}
		select {
		case <-tick.C:
		case <-late.C:
			waiting = false
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d acknowledged clicks are lost", missing, len(l.clicks))
	}
	p.query(ctx, fmt.Sprintf(`
		select count(*) from unnest('{%s}'::text[]) a where 1 <> (select count(*) from events e where e.external_id = a)`, strings.Join(l.events, ",")), &missing)
	if missing > 0 {
		t.Errorf("%d of %d acknowledged events are lost or double", missing, len(l.events))
	}
	var wrong int
	p.query(ctx, `
		select count(*) from (
			select (occurred_at at time zone 'UTC')::date as day, link_id, count(*) filter (where flag is null) as clicks, count(flag) as flagged
			from clicks group by 1, 2) k
		full join daily_clicks d on d.day = k.day and d.link_id = k.link_id
		where (d.clicks, d.flagged) is distinct from (k.clicks, k.flagged)`, &wrong)
	if wrong > 0 {
		t.Errorf("%d sums of days are not those of the clicks", wrong)
	}
}
