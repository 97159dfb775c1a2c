package tracking

import (
	"cmp"
	"log/slog"
	"sync"
	"time"
)

// DefaultPatience is how long the database may take to answer a visitor who can be helped
// without it.
const DefaultPatience = 250 * time.Millisecond

// outage is what the parts of the click path know together about the database being away, so
// that only the first visitor waits to find out.
type outage struct {
	log      *slog.Logger
	patience time.Duration

	mu    sync.Mutex
	since time.Time     // zero while the database answers
	began chan struct{} // closed when an outage begins
}

func newOutage(log *slog.Logger, patience time.Duration) *outage {
	return &outage{log: log, patience: cmp.Or(patience, DefaultPatience), began: make(chan struct{})}
}

// on reports whether the database is away.
func (o *outage) on() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero()
}

// begin notes that the database does not answer. A repeat is a no-op.
func (o *outage) begin(why error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.since.IsZero() {
		return
	}
	o.since = time.Now()
	close(o.began)
	o.log.Error("the database does not answer: clicks go to the spool", "error", why)
}

// end notes that it answers again.
func (o *outage) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return
	}
	o.log.Info("the database answers again", "after_ms", time.Since(o.since).Milliseconds())
	o.since, o.began = time.Time{}, make(chan struct{})
}

// beginning is closed when an outage begins.
func (o *outage) beginning() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.began
}
