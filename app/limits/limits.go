// Package limits counts requests across all replicas and restarts.
//
// It is a generic cell rate algorithm (GCRA) in one upsert on platform.rate_limits, by the
// database's clock: a bucket of Burst that refills evenly over Per. It counts outside the
// request's transaction, so that a refused request still counts.
package limits

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

// Rule is how often something may happen.
type Rule struct {
	Name  string        // such as "signin"; the key of a count starts with it
	Burst int           // how many at once
	Per   time.Duration // the time in which the bucket refills
}

// PerMinute allows n a minute.
func PerMinute(name string, n int) Rule { return Rule{Name: name, Burst: n, Per: time.Minute} }

// Result says what is left.
type Result struct {
	Limit     int
	Remaining int
	Reset     time.Duration // until the bucket is full again
}

// Limiter counts in the database.
type Limiter struct{ pool *db.Pool }

// New makes a limiter; it needs a pool whose role may write platform.rate_limits.
func New(pool *db.Pool) *Limiter { return &Limiter{pool: pool} }

// Take counts one use of rule by who. Over the limit it is a rate_limited fault that says
// when to try again.
func (l *Limiter) Take(ctx context.Context, rule Rule, who string) (Result, error) {
	key := rule.Name + ":" + who
	interval := rule.Per / time.Duration(rule.Burst)
	var left float64
	err := l.pool.Native().QueryRow(ctx, `
		insert into platform.rate_limits as r (key, tat) values ($1, clock_timestamp() + $2::interval)
		on conflict (key) do update set tat = greatest(r.tat, clock_timestamp()) + $2::interval
		where greatest(r.tat, clock_timestamp()) + $2::interval - clock_timestamp() <= $3::interval
		returning extract(epoch from tat - clock_timestamp())`,
		l.pool.Hot(), key, interval, rule.Per).Scan(&left)
	if errors.Is(err, pgx.ErrNoRows) {
		return l.refuse(ctx, rule, key, interval)
	}
	if err != nil {
		return Result{}, fmt.Errorf("count %s: %w", rule.Name, err)
	}
	used := time.Duration(left * float64(time.Second))
	return Result{Limit: rule.Burst, Remaining: int((rule.Per - used) / interval), Reset: used}, nil
}

// refuse reads when the next request will pass.
func (l *Limiter) refuse(ctx context.Context, rule Rule, key string, interval time.Duration) (Result, error) {
	var left float64
	err := l.pool.Native().QueryRow(ctx, `
		select extract(epoch from tat - clock_timestamp()) from platform.rate_limits where key = $1`, key).Scan(&left)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Result{}, fmt.Errorf("read count of %s: %w", rule.Name, err)
	}
	used := time.Duration(left * float64(time.Second))
	wait := max(used+interval-rule.Per, time.Second)
	return Result{Limit: rule.Burst, Reset: used}, fault.RateLimited(wait)
}
