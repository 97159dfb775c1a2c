// Package demo plays six months of a program, so that somebody who looks at OpenPartner for the
// first time sees every page at work.
//
// It owns no table and knows no SQL: everything happens through the services that people and
// programs use, at the time at which it would have happened. Invariant: the same seed on the
// same day plays the same months.
package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/tracking"
)

const (
	days = 182
	seed = 20_260_101
)

// Clock is the services' clock while they are on stage.
type Clock struct {
	Real func() time.Time
	at   time.Time
}

// Now is the time on stage, and the real one when nothing is played.
func (c *Clock) Now() time.Time {
	if c.at.IsZero() {
		return c.Real()
	}
	return c.at
}

// Program is the program that is played in, on services that go by the clock.
type Program struct {
	Clock       *Clock
	Run         func(ctx context.Context, fn func(ctx context.Context) error) error // one transaction
	Settings    *settings.Service
	Campaigns   *campaigns.Service
	Partners    *partners.Service
	Links       *links.Service
	Tracking    *tracking.Service
	Attribution *attribution.Service
	Coupons     *coupons.Service
	Commissions *commissions.Service
	Payouts     *payouts.Service
	Keys        *auth.APIKeys
}

// Played counts what is there afterwards.
type Played struct{ Partners, Campaigns, Links, Clicks, Events int }

// play is the state of a performance.
type play struct {
	Program
	done      Played
	rng       *rand.Rand
	now       time.Time // the real time, at which it ends
	start     time.Time // the first midnight
	agenda    []scene
	campaigns []uuid.UUID
	partners  []uuid.UUID
	links     []*link
	orders    int
	customers int
}

// scene is something that happens at a time.
type scene struct {
	at time.Time
	do func(ctx context.Context) error
}

// Play plays the months up to now, a day per transaction.
func Play(ctx context.Context, p Program) (Played, error) {
	now := p.Clock.Now()
	pl := &play{
		Program: p, rng: rand.New(rand.NewPCG(seed, seed)), now: now, //nolint:gosec // it has to be the same each time
		start:     now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -days),
		campaigns: make([]uuid.UUID, len(bills())), partners: make([]uuid.UUID, len(cast())),
	}
	defer func() { p.Clock.at = time.Time{} }()
	pl.open()
	for day := range days + 1 {
		end := pl.start.AddDate(0, 0, day+1)
		if end.After(now) {
			end = now
		}
		if err := p.Run(ctx, func(ctx context.Context) error { return pl.until(ctx, end) }); err != nil {
			return Played{}, fmt.Errorf("day %d of the demo: %w", day, err)
		}
	}
	return pl.done, nil
}

// plan puts a scene on the agenda. What would happen after the end never does.
func (p *play) plan(at time.Time, do func(ctx context.Context) error) {
	if !at.Before(p.now) {
		return
	}
	i, _ := slices.BinarySearchFunc(p.agenda, at, func(s scene, at time.Time) int {
		if s.at.After(at) {
			return 1
		}
		return -1 // so that scenes of the same time stay in order
	})
	p.agenda = slices.Insert(p.agenda, i, scene{at, do})
}

// until plays the scenes before a time; they may plan further ones.
func (p *play) until(ctx context.Context, end time.Time) error {
	for len(p.agenda) > 0 && p.agenda[0].at.Before(end) {
		next := p.agenda[0]
		p.agenda = p.agenda[1:]
		p.Clock.at = next.at
		if err := next.do(audit.With(ctx, audit.Actor{Kind: "system", Now: next.at})); err != nil {
			return err
		}
	}
	return nil
}

// day is a time on a day of the play.
func (p *play) day(n int, clock time.Duration) time.Time {
	return p.start.AddDate(0, 0, n).Add(clock)
}

// daytime is a time at which people are awake, most likely in the evening.
func (p *play) daytime() time.Duration {
	hours := 6 + 17*(1-p.rng.Float64()*p.rng.Float64())
	return time.Duration(hours * float64(time.Hour))
}

// chance is true with a probability.
func (p *play) chance(probability float64) bool { return p.rng.Float64() < probability }

// between is a time from one to the other.
func (p *play) between(from, to time.Duration) time.Duration {
	return from + time.Duration(p.rng.Float64()*float64(to-from))
}

func pick[T any](p *play, from []T) T { return from[p.rng.IntN(len(from))] }
