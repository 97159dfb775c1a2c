// Package backlog lets people look at the work that is done later, and step in where it fails.
//
// It runs nothing and adds nothing: jobs are added by app/outbox and run by the workers. Invariant:
// nobody interferes with a job that runs; only its worker settles that.
package backlog

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/hold"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/paging"
)

// State is how jobs are told apart in the list.
type State string

// The states. Open are all that are not over.
const (
	Open      State = "open"
	Waiting   State = "pending"
	Running   State = "running"
	Dead      State = "dead"
	Done      State = "done"
	Cancelled State = "cancelled"
)

// States lists them in the order in which people are shown them.
func States() []State { return []State{Open, Waiting, Running, Dead, Done, Cancelled} }

// Filter narrows the list; without a state it shows what is open.
type Filter struct {
	State State
	Kind  string
}

func (f Filter) rows() outbox.Filter {
	if f.State == "" || f.State == Open {
		return outbox.Filter{Kind: f.Kind, Statuses: []string{string(Waiting), string(Running), string(Dead)}}
	}
	return outbox.Filter{Kind: f.Kind, Statuses: []string{string(f.State)}}
}

// Turn is when the clock asks for a kind of job.
type Turn struct {
	Kind  string
	Every time.Duration
	Next  time.Time
}

// Period is a turn, and the latest job of it; nil before the first.
type Period struct {
	Turn

	Latest *outbox.Row
}

// Service shows jobs and changes those that fail.
type Service struct {
	turns func(now time.Time) []Turn
	now   func() time.Time
}

// NewService makes the service; turns says what the clock will ask for.
func NewService(turns func(now time.Time) []Turn, now func() time.Time) *Service {
	return &Service{turns: turns, now: now}
}

// List gives a page of the program's jobs, newest first.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[outbox.Row], error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return paging.Result[outbox.Row]{}, err
	}
	rows, err := outbox.List(ctx, f.rows(), page)
	if err != nil {
		return paging.Result[outbox.Row]{}, err
	}
	return paging.Cut(rows, page, func(r outbox.Row) paging.Cursor { return paging.Cursor{At: r.CreatedAt, ID: r.ID} }), nil
}

// Find gives one job of the program.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (outbox.Row, error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return outbox.Row{}, err
	}
	return outbox.Find(ctx, id)
}

// Hold says whether money is held back: to all who may look at jobs, since some of theirs may wait for it.
func (s *Service) Hold(ctx context.Context) (hold.State, error) { return hold.Read(ctx) }

// CountDead counts the program's jobs that were given up, up to 1000.
func (s *Service) CountDead(ctx context.Context) (int, error) { return outbox.CountDead(ctx) }

// DeadByKind counts what was given up, kind by kind.
func (s *Service) DeadByKind(ctx context.Context) ([]outbox.DeadKind, error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return nil, err
	}
	return outbox.DeadByKind(ctx)
}

// Retry has a job tried at once that was given up, or that waits after a failure.
func (s *Service) Retry(ctx context.Context, id uuid.UUID) (outbox.Row, error) {
	return s.change(ctx, id, "job.retried", outbox.Again, fault.Conflict("job_not_failed", "This job has not failed, so there is nothing to try again."))
}

// Cancel gives up for good a job that waits or was given up.
func (s *Service) Cancel(ctx context.Context, id uuid.UUID) (outbox.Row, error) {
	return s.change(ctx, id, "job.cancelled", outbox.Drop, fault.Conflict("job_not_waiting", "This job runs or is over, so it can't be discarded."))
}

func (s *Service) change(ctx context.Context, id uuid.UUID, action string, step func(context.Context, uuid.UUID) (bool, error), refused error) (outbox.Row, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return outbox.Row{}, err
	}
	before, err := outbox.Find(ctx, id)
	if err != nil {
		return outbox.Row{}, err
	}
	changed, err := step(ctx, id)
	if err != nil {
		return outbox.Row{}, err
	}
	if !changed {
		return outbox.Row{}, refused
	}
	return before, audit.Record(ctx, audit.Entry{
		Action: action, SubjectKind: "job", SubjectID: id, Detail: map[string]any{"kind": before.Kind, "was": before.Status},
	})
}

// RetryDead has all jobs of a kind tried at once that were given up, and counts them.
func (s *Service) RetryDead(ctx context.Context, kind string) (int, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return 0, err
	}
	n, err := outbox.AllAgain(ctx, kind)
	if err != nil || n == 0 {
		return 0, err
	}
	return n, audit.Record(ctx, audit.Entry{Action: "job.all_retried", SubjectKind: "job", Detail: map[string]any{"kind": kind, "jobs": n}})
}

// Periods gives the jobs that the clock asks for. They belong to no program: the operator's staff may see
// them, and the admin of the only program there is.
func (s *Service) Periods(ctx context.Context) ([]Period, error) {
	if auth.Require(ctx, auth.PlatformReadScope) != nil {
		if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
			return nil, err
		}
	}
	var kinds []string
	turns := s.turns(s.now())
	for _, t := range turns {
		kinds = append(kinds, t.Kind)
	}
	latest := map[string]*outbox.Row{}
	err := db.AllTenants(ctx, func(ctx context.Context) error {
		rows, err := outbox.LatestOfPlatform(ctx, kinds)
		for i, r := range rows {
			latest[r.Kind] = &rows[i]
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []Period
	for _, t := range turns {
		out = append(out, Period{Turn: t, Latest: latest[t.Kind]})
	}
	return out, nil
}

// DeadByProgram counts, for the operator's staff, what was given up in each program.
func (s *Service) DeadByProgram(ctx context.Context) (piles []outbox.Pile, err error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return nil, err
	}
	err = db.AllTenants(ctx, func(ctx context.Context) error {
		piles, err = outbox.DeadByTenant(ctx)
		return err
	})
	return piles, err
}
