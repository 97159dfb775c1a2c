package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/hold"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenancy"
)

const (
	slots          = 16 // jobs that run at a time
	defaultTimeout = 30 * time.Second
	leaseSlack     = 30 * time.Second // a lease outlives the job's time-out by this
	logAwayEvery   = time.Minute
)

// Options are what a Worker is made of.
type Options struct {
	App, System *db.Pool
	Log         *slog.Logger
	Now         func() time.Time
	Interval    time.Duration // how often due work is looked for besides wake-ups
	PerTenant   int           // how many jobs of one tenant run at a time; 0 for as many as there are slots
	URLs        func(tenancy.Tenant) routes.URLs
	Kinds       []Registration
	Periodics   []Periodic
	Beats       []func(ctx context.Context) error // on every look at the clock, over all tenants
	Observe     func(kind, result string, took time.Duration)
}

// Worker claims due jobs and runs them, several at a time and few of one tenant.
type Worker struct {
	Options
	kinds map[string]Registration
	all   []string // the kinds it knows
	free  []string // those of them that move no money
	money []string // and those that do
	wake  chan struct{}

	stop    context.CancelFunc
	stopped chan struct{}
	once    sync.Once
	away    time.Time
	held    bool      // as it was at the last look
	served  uuid.UUID // the tenant whose turn was last
}

// NewWorker makes a worker. Two registrations of one kind are a programmer's mistake.
func NewWorker(o Options) *Worker {
	if o.PerTenant == 0 {
		o.PerTenant = slots
	}
	w := &Worker{Options: o, kinds: map[string]Registration{}, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	for _, r := range o.Kinds {
		if _, twice := w.kinds[r.Kind]; twice {
			panic("jobs: kind registered twice: " + r.Kind)
		}
		if r.Timeout == 0 {
			r.Timeout = defaultTimeout
		}
		w.kinds[r.Kind] = r
		w.all = append(w.all, r.Kind)
		if r.Money {
			w.money = append(w.money, r.Kind)
		} else {
			w.free = append(w.free, r.Kind)
		}
	}
	return w
}

// Wake tells the worker that there may be work. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Start begins to work and returns. Stop ends it.
func (w *Worker) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	go w.loop(ctx)
}

// Stop takes no more jobs, gives what is under way back and waits. A repeat is a no-op.
func (w *Worker) Stop() {
	w.once.Do(func() {
		w.stop()
		<-w.stopped
	})
}

// loop fills slots whenever one gets free, somebody wakes it or the interval is over, so that a slow
// job holds up none but those of its key.
func (w *Worker) loop(ctx context.Context) {
	defer close(w.stopped)
	ticker := time.NewTicker(w.Interval)
	defer ticker.Stop()
	c := newCrew()
	defer c.wait()
	for beat := true; ; {
		if err := w.advance(ctx, c, beat); err != nil && ctx.Err() == nil {
			w.complain(err)
		}
		beat = false
		select {
		case <-ctx.Done():
			return
		case tenant := <-c.ended:
			c.leave(tenant)
		case <-w.wake:
		case <-ticker.C:
			beat = true
		}
	}
}

func (w *Worker) advance(ctx context.Context, c *crew, beat bool) error {
	if beat {
		if err := w.beat(ctx); err != nil {
			return err
		}
	}
	return w.fill(ctx, c)
}

// fill claims and begins jobs until nothing is due or no slot is free.
func (w *Worker) fill(ctx context.Context, c *crew) error {
	for ctx.Err() == nil {
		c.settle()
		if c.free() == 0 {
			return nil
		}
		claimed, err := w.take(ctx, room{jobs: c.free(), perTenant: w.PerTenant, busy: c.busy})
		if err != nil || len(claimed) == 0 {
			return err
		}
		for _, j := range claimed {
			c.enter(j.Tenant.ID)
			go func() {
				w.run(ctx, j)
				c.ended <- j.Tenant.ID
			}()
		}
	}
	return ctx.Err()
}

// complain logs an outage of the database once a minute, and survives it.
func (w *Worker) complain(err error) {
	if time.Since(w.away) >= logAwayEvery {
		w.away = time.Now()
		w.Log.Error("jobs can't be claimed", "error", err)
	}
}

// beat gives back what dead workers held and adds the periodic jobs of this moment.
func (w *Worker) beat(ctx context.Context) error {
	err := w.System.InTx(ctx, db.TxOptions{Platform: true}, rescue)
	if err != nil {
		return err
	}
	for _, do := range append([]func(context.Context) error{w.addPeriodics}, w.Beats...) {
		if err := w.System.InTx(ctx, db.TxOptions{Platform: true}, do); err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) take(ctx context.Context, r room) (claimed []Job, err error) {
	err = w.System.InTx(ctx, db.TxOptions{Platform: true}, func(ctx context.Context) error {
		if r.kinds, err = w.claimable(ctx); err != nil {
			return err
		}
		chosen, err := due(ctx, w.served, r)
		if err != nil || len(chosen) == 0 {
			return err
		}
		w.served = chosen[len(chosen)-1].TenantID
		claimed, err = claim(ctx, chosen, uuid.New(), w.leases())
		return err
	})
	return claimed, err
}

// claimable are the kinds to claim now: those that this worker knows, since the database may also hold
// jobs of a newer version or of the Network's hub, and without those that are held back. Whoever puts the
// hold on meets with no claim that began after it.
func (w *Worker) claimable(ctx context.Context) ([]string, error) {
	if len(w.money) == 0 {
		return w.all, nil
	}
	state, err := hold.Read(ctx)
	if err != nil {
		return nil, err
	}
	if state.On != w.held {
		w.held = state.On
		w.Log.Info("the hold on money changed", "on", state.On, "reason", state.Reason, "by", state.By)
	}
	if !state.On {
		return w.all, nil
	}
	return w.free, nil
}

// leases are how long a worker may hold a job: its time-out and a while to settle it.
func (w *Worker) leases() string {
	seconds := make(map[string]float64, len(w.kinds))
	for kind, r := range w.kinds {
		seconds[kind] = (r.Timeout + leaseSlack).Seconds()
	}
	text, _ := json.Marshal(seconds) // numbers by name always encode
	return string(text)
}

// run runs one job and records how it went.
func (w *Worker) run(ctx context.Context, j Job) {
	r, known := w.kinds[j.Kind]
	began := time.Now()
	err := fmt.Errorf("no handler for jobs of kind %q", j.Kind)
	settled := false
	if known {
		settled, err = w.attempt(ctx, r, j)
	}
	took := time.Since(began)
	log := w.Log.With("job_id", j.ID, "kind", j.Kind, "attempt", j.Attempt, "tenant", j.Tenant.Slug, "ms", took.Milliseconds())
	outcome := resultOf(j, err, ctx.Err() != nil)
	if w.Observe != nil {
		w.Observe(j.Kind, string(outcome), took)
	}
	if !settled {
		w.settle(ctx, log, j, err, outcome)
	}
	// The line comes last, so that who reads it finds the row settled.
	switch {
	case err == nil:
		log.Info("job done")
	case outcome == resultCancelled:
		log.Info("job cancelled", "error", err)
	case outcome == resultSnoozed:
		log.Info("job put off", "why", err)
	case ctx.Err() != nil:
		log.Info("job given back at shutdown")
	default:
		log.Warn("job failed", "error", err)
	}
}

// settle records the outcome, even while shutting down, so the worker's context does not count.
func (w *Worker) settle(ctx context.Context, log *slog.Logger, j Job, err error, r result) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	settleErr := w.System.InTx(ctx, db.TxOptions{Platform: true}, func(txCtx context.Context) error {
		return settleAs(txCtx, j, err, r)
	})
	if errors.Is(settleErr, errLeaseLost) {
		log.Warn("job is another worker's by now")
	} else if settleErr != nil {
		log.Error("job not settled; its lease will run out", "error", settleErr)
	}
}

// attempt runs the handler. Database-only work and its settling share one transaction.
func (w *Worker) attempt(ctx context.Context, r Registration, j Job) (settled bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	defer func() {
		if value := recover(); value != nil {
			w.Log.Error("panic in job", "kind", j.Kind, "value", value, "stack", string(debug.Stack()))
			settled, err = false, fmt.Errorf("panic: %v", value)
		}
	}()
	ctx = w.context(ctx, j)
	if !r.InTx {
		return false, r.Run(ctx, j)
	}
	pool, options := w.App, db.TxOptions{Tenant: j.Tenant.ID}
	if j.Tenant.ID == uuid.Nil {
		pool, options = w.System, db.TxOptions{Platform: true}
	}
	err = pool.InTx(ctx, options, func(ctx context.Context) error {
		if err := r.Run(ctx, j); err != nil {
			return err
		}
		return settleDone(ctx, j)
	})
	return err == nil, err
}

// context restores the tenant from the row, never from whoever wrote it.
func (w *Worker) context(ctx context.Context, j Job) context.Context {
	ctx = auth.With(ctx, auth.SystemPrincipal("job "+j.Kind))
	ctx = audit.With(ctx, audit.Actor{Kind: "job", ID: j.ID, Now: w.Now()})
	ctx = outbox.WithWaker(ctx, &outbox.Waker{})
	if j.Tenant.ID != uuid.Nil {
		ctx = routes.With(tenancy.With(ctx, j.Tenant), w.URLs(j.Tenant))
	}
	return ctx
}

// result is how an attempt ended.
type result string

const (
	resultDone      result = "done"
	resultBack      result = "given_back" // cut off by a shutdown
	resultSnoozed   result = "snoozed"
	resultCancelled result = "cancelled"
	resultDead      result = "dead"
	resultRetry     result = "retry"
)

func resultOf(j Job, err error, shutdown bool) result {
	o := outcomeOf(err)
	switch {
	case err == nil:
		return resultDone
	case shutdown:
		return resultBack
	case o.snooze:
		return resultSnoozed
	case o.cancel:
		return resultCancelled
	case o.dead || j.Attempt >= j.MaxAttempts:
		return resultDead
	default:
		return resultRetry
	}
}

func settleAs(ctx context.Context, j Job, err error, r result) error {
	o := outcomeOf(err)
	switch r {
	case resultDone:
		return settleDone(ctx, j)
	case resultBack:
		return settleBack(ctx, j)
	case resultSnoozed:
		return settleSnooze(ctx, j, o.after, err.Error())
	case resultCancelled:
		return settleCancelled(ctx, j, err.Error())
	case resultDead:
		return settleDead(ctx, j, err.Error())
	default:
		return settleRetry(ctx, j, max(o.after, backoff(j.Attempt, rand.Float64())), err.Error())
	}
}
