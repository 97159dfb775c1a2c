// Package jobs does what was asked for after the commit: it claims rows of platform.jobs, runs
// the handler of their kind and records the outcome.
//
// Handlers are shallow: decode, call one service, classify the error. The rule lives in the
// feature. Invariant: a row is settled only by the worker that holds its lease.
package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/tenancy"
)

// Job is one claimed row.
type Job struct {
	ID          uuid.UUID
	Tenant      tenancy.Tenant // zero for work of the whole platform
	Kind        string
	Args        json.RawMessage
	Attempt     int // 1 at the first try
	MaxAttempts int

	lease uuid.UUID
}

// Decode reads the args.
func (j Job) Decode(into any) error {
	if err := json.Unmarshal(j.Args, into); err != nil {
		return Dead(fmt.Errorf("decode args of %s: %w", j.Kind, err))
	}
	return nil
}

// Registration says how jobs of one kind are run.
type Registration struct {
	Kind    string
	Timeout time.Duration // defaults to 30 s
	// InTx runs the handler in one transaction pinned to the job's tenant, and settles the
	// job in that same transaction. Without it the handler runs outside of any transaction,
	// for calls to the outside, and takes short ones by itself.
	InTx bool
	// Money marks work that makes money move outside: it waits while the operator holds it back.
	Money bool
	Run   func(ctx context.Context, j Job) error
}

// outcome is an error that steers the engine.
type outcome struct {
	dead, cancel, snooze bool
	after                time.Duration
	err                  error
}

// Error is part of error.
func (o *outcome) Error() string { return o.err.Error() }

// Unwrap is part of errors.Is and errors.As.
func (o *outcome) Unwrap() error { return o.err }

// Dead says that trying again is of no use and that somebody has to look at it: the job becomes
// dead at once.
func Dead(err error) error { return &outcome{dead: true, err: err} }

// Cancel gives a job up that will never succeed, and of which whom it concerns is told already: no
// alarm goes off for it.
func Cancel(err error) error { return &outcome{cancel: true, err: err} }

// RetryAfter says when to try again at the earliest.
func RetryAfter(d time.Duration, err error) error { return &outcome{after: d, err: err} }

// Snooze says that the job can't be done yet through no fault of its own: it comes again after
// d, and the try does not count.
func Snooze(d time.Duration, err error) error { return &outcome{snooze: true, after: d, err: err} }

func outcomeOf(err error) outcome {
	if o, ok := errors.AsType[*outcome](err); ok {
		return *o
	}
	return outcome{err: err}
}

// maxBackoff is the longest wait between two tries.
const maxBackoff = 6 * time.Hour

// backoff is the wait after a failed attempt: 10 s doubling up to 6 h, with up to a fifth on
// top so that a herd of failures does not come back as a herd.
func backoff(attempt int, jitter float64) time.Duration {
	wait := maxBackoff
	if attempt < 12 {
		wait = min(10*time.Second<<(max(attempt, 1)-1), maxBackoff)
	}
	return wait + time.Duration(float64(wait)*0.2*jitter)
}
