package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/openpartner/openpartner/app/backlog"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/ids"
)

// Periodic is a kind of job that the clock asks for, in UTC.
type Periodic struct {
	Kind string
	Spec string // cron, such as "10 3 * * *" or "@hourly"
}

// Turns says when the clock asks for each kind the next time.
func Turns(now time.Time) []backlog.Turn { return turnsOf(Periodics(), now) }

// HubTurns are those of the Network's hub.
func HubTurns(now time.Time) []backlog.Turn { return turnsOf(HubPeriodics(), now) }

func turnsOf(all []Periodic, now time.Time) []backlog.Turn {
	var turns []backlog.Turn
	for _, p := range all {
		schedule, err := cron.ParseStandard(p.Spec)
		if err != nil {
			continue // the worker complains about it
		}
		next := schedule.Next(now.UTC())
		turns = append(turns, backlog.Turn{Kind: p.Kind, Next: next, Every: schedule.Next(next).Sub(next)})
	}
	return turns
}

// addPeriodics adds the job of the latest period of each kind that has begun. The dedupe key
// names the period, so any number of replicas may run the clock, and a period that passed
// while nobody was running is caught up.
func (w *Worker) addPeriodics(ctx context.Context) error {
	for _, p := range w.Periodics {
		begun, err := lastBegun(p.Spec, w.Now().UTC())
		if err != nil {
			return fmt.Errorf("schedule of %s: %w", p.Kind, err)
		}
		_, err = db.Tx(ctx).NewRaw(`
			insert into platform.jobs (id, tenant_id, kind, dedupe_key, args, status, run_at, max_attempts)
			values (?, null, ?, ?, ?, 'pending', now(), 12)
			on conflict (tenant_id, dedupe_key) where dedupe_key is not null do nothing`,
			ids.NewAt(time.Now()), p.Kind, p.Kind+":"+begun.Format(time.RFC3339),
			`{"period":"`+begun.Format(time.RFC3339)+`"}`).Exec(ctx)
		if err != nil {
			return fmt.Errorf("add periodic %s: %w", p.Kind, err)
		}
	}
	return nil
}

// lastBegun is the latest moment of the schedule that is not after now.
func lastBegun(spec string, now time.Time) (time.Time, error) {
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		return time.Time{}, err
	}
	// The library only looks ahead, so begin a while back and walk; periods are an hour to a
	// month, so the walk is short when it begins close enough.
	for _, back := range []time.Duration{2 * time.Hour, 48 * time.Hour, 9 * 24 * time.Hour, 63 * 24 * time.Hour} {
		at := schedule.Next(now.Add(-back))
		if at.After(now) {
			continue
		}
		for next := schedule.Next(at); !next.After(now); next = schedule.Next(next) {
			at = next
		}
		return at, nil
	}
	return time.Time{}, fmt.Errorf("%q has no moment in the last 63 days", spec)
}
