package redirect

import (
	"net/netip"
	"sync"
	"time"

	"github.com/openpartner/openpartner/app/fault"
)

// maxAddresses bounds the memory of a limit: some 10 MB.
const maxAddresses = 100_000

// limit counts the visits of each address in the minute that began with its first.
//
// It is per replica and in memory on purpose: it protects this process, and must not cost a
// question to the database.
type limit struct {
	perMinute int
	now       func() time.Time

	mu   sync.Mutex
	seen map[netip.Addr]visits
}

type visits struct {
	until time.Time
	n     int
}

func newLimit(perMinute int, now func() time.Time) *limit {
	return &limit{perMinute: perMinute, now: now, seen: map[netip.Addr]visits{}}
}

// take counts a visit. Above the limit it is a rate_limited fault.
func (l *limit) take(address netip.Addr) error {
	if l.perMinute == 0 || !address.IsValid() {
		return nil
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	v, known := l.seen[address]
	if !known || !now.Before(v.until) {
		if !known && len(l.seen) >= maxAddresses {
			l.shrink(now)
		}
		v = visits{until: now.Add(time.Minute)}
	}
	v.n++
	l.seen[address] = v
	if v.n > l.perMinute {
		return fault.RateLimited(v.until.Sub(now))
	}
	return nil
}

// shrink forgets addresses whose minute is over, or, in a flood of them, all.
func (l *limit) shrink(now time.Time) {
	for address, v := range l.seen {
		if !now.Before(v.until) {
			delete(l.seen, address)
		}
	}
	if len(l.seen) >= maxAddresses {
		clear(l.seen)
	}
}
