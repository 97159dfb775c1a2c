package jobs

import "github.com/google/uuid"

// crew counts the jobs under way, by tenant. It belongs to the worker's loop alone; jobs only tell
// that they ended, which never blocks them.
type crew struct {
	ended   chan uuid.UUID // tenants of jobs that are over
	busy    map[uuid.UUID]int
	running int
}

func newCrew() *crew {
	return &crew{ended: make(chan uuid.UUID, slots), busy: map[uuid.UUID]int{}}
}

func (c *crew) free() int { return slots - c.running }

func (c *crew) enter(tenant uuid.UUID) {
	c.running++
	c.busy[tenant]++
}

func (c *crew) leave(tenant uuid.UUID) {
	c.running--
	if c.busy[tenant]--; c.busy[tenant] == 0 {
		delete(c.busy, tenant)
	}
}

// settle takes note of all that are over by now, so that the next claim fills their slots at once.
func (c *crew) settle() {
	for {
		select {
		case tenant := <-c.ended:
			c.leave(tenant)
		default:
			return
		}
	}
}

// wait returns when no job is under way.
func (c *crew) wait() {
	for c.running > 0 {
		c.leave(<-c.ended)
	}
}
