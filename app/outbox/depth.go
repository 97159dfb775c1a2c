package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
)

// Depth is how much waits, over all tenants that the transaction sees.
type Depth struct {
	Pending, Running, Dead int64
	Oldest                 time.Duration // how long the oldest due job has been waiting
}

// Measure counts the jobs that are not over.
func Measure(ctx context.Context) (Depth, error) {
	var d Depth
	var seconds float64
	err := db.Tx(ctx).NewRaw(`
		select (select count(*) from platform.jobs where status = 'pending'),
			(select count(*) from platform.jobs where status = 'running'),
			(select count(*) from platform.jobs where status = 'dead'),
			coalesce((select extract(epoch from now() - min(run_at))
				from platform.jobs where status = 'pending' and run_at <= now()), 0)`).
		Scan(ctx, &d.Pending, &d.Running, &d.Dead, &seconds)
	if err != nil {
		return Depth{}, fmt.Errorf("measure the outbox: %w", err)
	}
	d.Oldest = time.Duration(seconds * float64(time.Second))
	return d, nil
}

// countedDead is where CountDead stops: nobody reads a larger number as a number.
const countedDead = 1000

// CountDead counts this tenant's jobs that were given up, up to 1000.
func CountDead(ctx context.Context) (n int, err error) {
	err = db.Tx(ctx).NewRaw(`select count(*) from (select from platform.jobs where status = 'dead' limit ?) as dead`, countedDead).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count dead jobs: %w", err)
	}
	return n, nil
}

// CountOpen counts this tenant's jobs of some kinds that are not over.
func CountOpen(ctx context.Context, kinds []string) (n int, err error) {
	err = db.Tx(ctx).NewRaw(`select count(*) from platform.jobs where status in ('pending', 'running') and kind in (?)`, bun.List(kinds)).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count open jobs: %w", err)
	}
	return n, nil
}
