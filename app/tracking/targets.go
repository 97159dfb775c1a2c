package tracking

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

const (
	freshFor    = 30 * time.Second // without a notification, a link is believed this long
	unknownFor  = 2 * time.Second  // and so is the absence of one
	staleFor    = 24 * time.Hour   // while the database is away
	loadTimeout = 5 * time.Second  // when there is nothing else to tell the visitor
	maxTargets  = 100_000          // some 60 MB
	maxUnknown  = 10_000
)

// Targets remembers where links lead, per replica.
//
// A notification drops what has changed; until the database has been asked again the old
// answer stays at hand, for the case that it can't be asked.
type Targets struct {
	system *db.Pool
	now    func() time.Time
	outage *outage

	mu      sync.RWMutex
	known   map[targetKey]remembered
	unknown map[targetKey]time.Time // until when
	loading map[targetKey]*loading
	changes uint64 // notifications so far
}

type targetKey struct {
	tenant uuid.UUID
	key    string
}

type remembered struct {
	target Target
	loaded time.Time
	until  time.Time
}

// loading is a look-up under way, which everybody who wants the same link waits for.
type loading struct {
	done   chan struct{}
	target Target
	err    error
}

func newTargets(system *db.Pool, o *outage, now func() time.Time) *Targets {
	return &Targets{
		system: system, outage: o, now: now, known: map[targetKey]remembered{}, unknown: map[targetKey]time.Time{},
		loading: map[targetKey]*loading{},
	}
}

// Find gives a link's target. An unknown key is a not-found fault; a key that is not in memory
// while the database is away is an unavailable fault.
func (t *Targets) Find(ctx context.Context, tenant uuid.UUID, keyNorm string) (Target, error) {
	key, now := targetKey{tenant, keyNorm}, t.now()
	t.mu.RLock()
	hit, known := t.known[key]
	missing := now.Before(t.unknown[key])
	t.mu.RUnlock()
	usable := known && now.Sub(hit.loaded) < staleFor
	switch {
	case known && now.Before(hit.until), usable && t.outage.on():
		return hit.target, nil
	case missing:
		return Target{}, fault.NotFound("link")
	}
	wait := loadTimeout
	if usable {
		wait = t.outage.patience
	}
	target, err := t.load(ctx, key, wait)
	if err == nil || fault.Is(err, fault.KindNotFound) || !db.Away(err) {
		return target, err
	}
	t.outage.begin(err)
	if usable {
		return hit.target, nil
	}
	return Target{}, fault.Unavailable("database_unavailable", "This link can't be looked up at the moment. Please try again.").Because(err)
}

// load asks the database, once for all who want the same link.
func (t *Targets) load(ctx context.Context, key targetKey, wait time.Duration) (Target, error) {
	t.mu.Lock()
	l, running := t.loading[key]
	if !running {
		l = &loading{done: make(chan struct{})}
		t.loading[key] = l
	}
	before := t.changes
	t.mu.Unlock()
	if running {
		select {
		case <-l.done:
			return l.target, l.err
		case <-ctx.Done():
			return Target{}, ctx.Err()
		}
	}
	// Whoever waits depends on this look-up, so it outlives the visitor that began it.
	ask, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
	defer cancel()
	l.target, l.err = askTarget(ask, t.system, key)
	t.keep(key, l, before)
	close(l.done)
	return l.target, l.err
}

// keep remembers the answer, unless something has changed while it was on its way.
func (t *Targets) keep(key targetKey, l *loading, before uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.loading, key)
	now := t.now()
	switch {
	case l.err == nil:
		if len(t.known) >= maxTargets {
			shrink(t.known)
		}
		r := remembered{target: l.target, loaded: now}
		if t.changes == before {
			r.until = now.Add(freshFor)
		}
		t.known[key] = r
		delete(t.unknown, key)
	case fault.Is(l.err, fault.KindNotFound):
		delete(t.known, key)
		if len(t.unknown) >= maxUnknown {
			clear(t.unknown)
		}
		if t.changes == before {
			t.unknown[key] = now.Add(unknownFor)
		}
	}
}

// shrink drops a tenth, whichever the map gives first: a link that is in use comes back with
// its next visitor.
func shrink(known map[targetKey]remembered) {
	n := len(known) / 10
	for key := range known {
		if n--; n < 0 {
			return
		}
		delete(known, key)
	}
}

// Heard drops what a notification names: "link <tenant> <key>" or "links <tenant>".
func (t *Targets) Heard(payload string) {
	words := strings.Fields(payload)
	if len(words) < 2 {
		return
	}
	tenant, err := uuid.Parse(words[1])
	if err != nil {
		return
	}
	switch {
	case words[0] == "link" && len(words) == 3:
		t.expire(func(key targetKey) bool { return key == targetKey{tenant, words[2]} })
	case words[0] == "links":
		t.expire(func(key targetKey) bool { return key.tenant == tenant })
	}
}

// Missed is called when notifications may have been missed: nothing is believed any more.
func (t *Targets) Missed() { t.expire(func(targetKey) bool { return true }) }

func (t *Targets) expire(concerns func(targetKey) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.changes++
	for key, r := range t.known {
		if concerns(key) {
			r.until = time.Time{}
			t.known[key] = r
		}
	}
	for key := range t.unknown {
		if concerns(key) {
			delete(t.unknown, key)
		}
	}
}

// askTarget reads one link in a transaction of one round trip: the two statements are sent
// together, and the setting ends with them.
func askTarget(ctx context.Context, system *db.Pool, key targetKey) (Target, error) {
	var both pgx.Batch
	both.Queue(`select set_config('app.tenant_id', $1, true)`, key.tenant.String())
	both.Queue(selectTarget+` where l.tenant_id = $1 and l.key_norm = $2`, key.tenant.String(), key.key)
	results := system.Native().SendBatch(ctx, &both)
	defer func() { _ = results.Close() }()
	if _, err := results.Exec(); err != nil {
		return Target{}, fmt.Errorf("pin the link's tenant: %w", err)
	}
	var t Target
	err := results.QueryRow().Scan(t.fields(&t.DeepLinkDomains)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Target{}, fault.NotFound("link")
	}
	if err != nil {
		return Target{}, fmt.Errorf("find link target: %w", err)
	}
	return t, nil
}
