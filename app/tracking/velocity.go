package tracking

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Velocity is how many visits one address may make through one link: Clicks within Seconds.
type Velocity struct {
	Clicks  int
	Seconds int
}

// DefaultVelocity counts while a program has not chosen otherwise.
func DefaultVelocity() Velocity { return Velocity{Clicks: 20, Seconds: 60} }

func (v Velocity) window() time.Duration { return time.Duration(v.Seconds) * time.Second }

// exceeded reports whether a visit at a time makes more than the allowed number fall into some
// window, given the other visits in order. Visits need not arrive in the order of their times:
// one that comes late is judged by those after it, too.
func (v Velocity) exceeded(others []time.Time, at time.Time) bool {
	later, _ := slices.BinarySearchFunc(others, at, func(other, at time.Time) int {
		if other.After(at) {
			return 1
		}
		return -1
	})
	// Try the windows that begin with the visit itself, with the one before it, and so on.
	for first := later; first >= 0; first-- {
		from := at
		if first < later {
			from = others[first]
		}
		if at.Sub(from) >= v.window() {
			break
		}
		n := later - first
		for i := later; i < len(others) && n < v.Clicks && others[i].Sub(from) < v.window(); i++ {
			n++
		}
		if n >= v.Clicks {
			return true
		}
	}
	return false
}

// origin is what the velocity rule counts by: one address on one link of a tenant, the latter
// two as a digest.
type origin struct{ tenant, digest uuid.UUID }

// lock is the number by which those who judge the same origin wait for each other.
func (o origin) lock() int64 {
	return int64(binary.LittleEndian.Uint64(o.digest[:8])) //nolint:gosec // any 64 bits will do
}

// originOf gives where a click comes from; false when the velocity rule does not look at it.
func originOf(a Arrival) (origin, bool) {
	c := a.Click
	if c.Flag != "" || c.LinkID == nil || c.IPHash == nil {
		return origin{}, false
	}
	sum := sha256.Sum256(append(c.LinkID[:], *c.IPHash...))
	return origin{tenant: a.TenantID, digest: uuid.UUID(sum[:16])}, true
}

// group is what the velocity rule looks at together: clicks of one origin within a second. That
// is so short that the clicks nearest to its first are the nearest to all.
type group struct {
	origin      origin
	limit       Velocity
	members     []*Click // in the order of their times
	first, last time.Time
	near        []time.Time // of other clicks around it, in order
}

const groupSpan = time.Second

// groupByOrigin expects arrivals in the order of their times.
func groupByOrigin(arrivals []Arrival) []*group {
	open := map[origin]*group{}
	var all []*group
	for i := range arrivals {
		o, judged := originOf(arrivals[i])
		if !judged {
			continue
		}
		c := &arrivals[i].Click
		g := open[o]
		if g == nil || c.OccurredAt.Sub(g.first) > groupSpan {
			g = &group{origin: o, limit: arrivals[i].Velocity, first: c.OccurredAt}
			open[o] = g
			all = append(all, g)
		}
		g.members, g.last = append(g.members, c), c.OccurredAt
	}
	return all
}

// around is the time in which other clicks can share a window with the group's.
func (g *group) around() (since, until time.Time) {
	return g.first.Add(-g.limit.window()), g.last.Add(g.limit.window())
}

// judge flags those of the clicks that are too many. Groups are in the order of their times.
func judge(groups []*group) {
	earlier := map[origin][]time.Time{} // of this batch, which are not stored yet
	for _, g := range groups {
		g.near = append(g.near, earlier[g.origin]...)
		slices.SortFunc(g.near, time.Time.Compare)
		for _, c := range g.members {
			if g.limit.exceeded(g.near, c.OccurredAt) {
				c.Flag = FlagVelocity
			}
			place, _ := slices.BinarySearchFunc(g.near, c.OccurredAt, time.Time.Compare)
			g.near = slices.Insert(g.near, place, c.OccurredAt)
			earlier[g.origin] = append(earlier[g.origin], c.OccurredAt)
		}
	}
}
