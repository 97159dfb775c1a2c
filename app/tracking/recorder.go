package tracking

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/spool"
)

const (
	maxBatch = 500
	// A batch may take longer than a visitor waits, whose click then is in the spool as well;
	// the second of the two finds the first and does nothing.
	batchTimeout = 5 * time.Second
)

// RecorderOptions are what a Recorder is made of.
type RecorderOptions struct {
	System *db.Pool
	Log    *slog.Logger
	Now    func() time.Time
	Spool  string // the directory of the spool; empty for none
	// Patience is how long a visitor waits for the database before the spool is used; 0 for
	// DefaultPatience.
	Patience time.Duration
}

// Recorder makes clicks durable: in the database, many in one transaction, or, while it is
// away, in the spool.
//
// Nobody waits for a batch to fill: while one is being committed, the next collects.
type Recorder struct {
	o      RecorderOptions
	outage *outage
	spool  *spool.Spool // nil when nothing can be kept on the disk

	mu      sync.Mutex
	waiting *pending // collects; nil when nobody waits
	wake    chan struct{}

	stop   context.CancelFunc
	done   sync.WaitGroup
	once   sync.Once
	counts counts
}

// pending is a batch that collects.
type pending struct {
	arrivals []Arrival
	done     chan struct{}

	// Set before done is closed.
	err     error // nothing can be stored at the moment
	refused map[uuid.UUID]error
}

// counts are what metrics show.
type counts struct{ stored, batches, spooled, replayed, refused atomic.Int64 }

func newRecorder(o RecorderOptions) *Recorder {
	return &Recorder{o: o, outage: newOutage(o.Log, o.Patience), wake: make(chan struct{}, 1)}
}

// Start opens the spool and begins to record. Without a spool clicks are still recorded, but
// an outage of the database breaks links.
func (r *Recorder) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	if r.o.Spool != "" {
		s, err := spool.Open(r.o.Spool, r.o.Log)
		if err != nil {
			r.o.Log.Error("clicks can't be kept on this disk: links will break while the database is away", "directory", r.o.Spool, "error", err)
		} else {
			r.spool = s
		}
	}
	r.done.Go(func() { r.record(ctx) })
	r.done.Go(func() { r.catchUp(ctx) })
}

// Stop writes what waits and returns. A repeat is a no-op. Clicks that are in the spool stay
// there for the next process.
func (r *Recorder) Stop() {
	r.once.Do(func() {
		r.stop()
		r.done.Wait()
		if r.spool == nil {
			return
		}
		if err := r.spool.Close(); err != nil {
			r.o.Log.Error("the spool was not closed well", "error", err)
		}
	})
}

// Record returns when the click is durable: nil, or what the database refused the click for,
// or an unavailable fault when it can be kept nowhere.
func (r *Recorder) Record(a Arrival) error {
	if r.outage.on() && r.spool != nil {
		return r.keep(a)
	}
	b := r.join(a)
	timer := time.NewTimer(r.outage.patience)
	defer timer.Stop()
	why := errSlow
	select {
	case <-b.done:
		if b.err == nil {
			return b.refused[a.Click.ID]
		}
		why = b.err
	case <-r.outage.beginning():
	case <-timer.C:
	}
	r.outage.begin(why)
	return r.keep(a)
}

// errSlow stands for the database that does not answer in time.
var errSlow = errors.New("no answer in time")

// join adds the click to the batch that collects.
func (r *Recorder) join(a Arrival) *pending {
	r.mu.Lock()
	if r.waiting == nil {
		r.waiting = &pending{done: make(chan struct{})}
	}
	b := r.waiting
	b.arrivals = append(b.arrivals, a)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return b
}

// keep puts the click into the spool.
func (r *Recorder) keep(a Arrival) error {
	unavailable := fault.Unavailable("click_not_recorded", "This link can't be opened at the moment. Please try again.")
	if r.spool == nil {
		return unavailable.Because(errors.New("the database is away and there is no spool"))
	}
	if err := r.spool.Append(encodeArrival(a)); err != nil {
		return unavailable.Because(err)
	}
	r.counts.spooled.Add(1)
	return nil
}

// record writes one batch after the other.
func (r *Recorder) record(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			r.flush(context.WithoutCancel(ctx))
			return
		case <-r.wake:
			r.flush(ctx)
		}
	}
}

// flush writes what waits, until nothing does. During an outage those who wait go to the spool
// by themselves.
func (r *Recorder) flush(ctx context.Context) {
	for {
		r.mu.Lock()
		b := r.waiting
		r.waiting = nil
		r.mu.Unlock()
		switch {
		case b == nil:
			return
		case r.outage.on() && r.spool != nil:
			b.err = errSlow
		default:
			b.refused, b.err = r.store(ctx, b.arrivals)
		}
		close(b.done)
	}
}

// store writes clicks in batches of a size that locks little. When the database refuses a
// batch, its halves are tried, so that a click that can't be stored costs only itself.
func (r *Recorder) store(ctx context.Context, arrivals []Arrival) (refused map[uuid.UUID]error, err error) {
	refused = map[uuid.UUID]error{}
	for batch := range slices.Chunk(arrivals, maxBatch) {
		if err := r.storeOrSplit(ctx, batch, refused); err != nil {
			return refused, err
		}
	}
	return refused, nil
}

func (r *Recorder) storeOrSplit(ctx context.Context, batch []Arrival, refused map[uuid.UUID]error) error {
	err := r.storeOnce(ctx, batch)
	switch {
	case err == nil:
		r.counts.stored.Add(int64(len(batch)))
		r.counts.batches.Add(1)
		return nil
	case !unstorable(err):
		return err
	case len(batch) > 1:
		half := len(batch) / 2
		if err := r.storeOrSplit(ctx, batch[:half], refused); err != nil {
			return err
		}
		return r.storeOrSplit(ctx, batch[half:], refused)
	default:
		r.counts.refused.Add(1)
		r.o.Log.Error("a click can't be stored", "click_id", batch[0].Click.ID, "tenant_id", batch[0].TenantID, "error", err)
		refused[batch[0].Click.ID] = err
		return nil
	}
}

// storeOnce tries a batch again when another transaction stood in its way.
func (r *Recorder) storeOnce(ctx context.Context, batch []Arrival) (err error) {
	ctx, cancel := context.WithTimeout(ctx, batchTimeout)
	defer cancel()
	for range 3 {
		if err = storeBatch(ctx, r.o.System, batch); !db.Again(err) {
			return err
		}
	}
	return err
}

// unstorable reports whether the database refused what a click says, such as a link that was
// deleted a moment ago. Every other failure passes.
func unstorable(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (strings.HasPrefix(pgErr.Code, "22") || strings.HasPrefix(pgErr.Code, "23"))
}

// Counts are figures for metrics.
type Counts struct{ Stored, Batches, Spooled, Replayed, Refused, Depth int64 }

// Counts gives the figures since the start, and how many clicks wait in the spool.
func (r *Recorder) Counts() Counts {
	c := Counts{
		Stored: r.counts.stored.Load(), Batches: r.counts.batches.Load(), Spooled: r.counts.spooled.Load(),
		Replayed: r.counts.replayed.Load(), Refused: r.counts.refused.Load(),
	}
	if r.spool != nil {
		c.Depth = int64(r.spool.Depth())
	}
	return c
}
