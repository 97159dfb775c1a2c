package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/jobs"
)

const (
	finished = 1_000_000 // jobs of the last days that are over
	lately   = 20_000    // that end while a transaction is open: 33 a second for ten minutes
	claims   = 200       // that are measured
	probe    = "bench.probe"
)

// claiming measures how long a job that is due waits for an idle worker, which is the claim and the
// beginning of its run: on an empty table, and beside a million finished jobs while a transaction is open
// that began before the last of them, so that nothing of what these were is cleaned up.
func claiming(ctx context.Context, b *bench) (rows []Row, err error) {
	p, err := b.startProgram(ctx, "jobs")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	system, err := db.Open(ctx, p.database, db.PoolOptions{MaxConns: 4, Name: "bench"})
	if err != nil {
		return nil, err
	}
	defer system.Close()
	empty, err := claimTimes(ctx, system)
	if err != nil {
		return nil, err
	}
	filler, err := p.asOwner(ctx, finish("done", finished)+`; vacuum analyze platform.jobs`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, filler.Close(ctx)) }()
	open, err := p.asOwner(ctx, `begin isolation level repeatable read; select count(*) from platform.tenants`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, open.Close(ctx)) }()
	late, err := p.asOwner(ctx, finish("late", lately))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, late.Close(ctx)) }()
	full, err := claimTimes(ctx, system)
	if err != nil {
		return nil, err
	}
	at := func(times []time.Duration, part float64) time.Duration { return times[int(part*float64(len(times)))] }
	row := Row{
		Work: "claim beside 1,000,000 finished jobs", Unit: "us", Against: "an empty table", Target: "p99 < 50 ms",
		Reference: float64(at(empty, 0.5).Microseconds()), Ours: float64(at(full, 0.5).Microseconds()), P50: at(full, 0.5), P99: at(full, 0.99),
		Note: fmt.Sprintf("%d of them ended within a transaction that is still open; empty: p99 %s", lately, short(at(empty, 0.99))),
	}
	row.Ratio, row.Met = row.Ours/row.Reference, row.P99 < 50*time.Millisecond
	return []Row{row}, nil
}

// claimTimes has one job after the other claimed, and says how long each waited.
func claimTimes(ctx context.Context, system *db.Pool) ([]time.Duration, error) {
	begun := make(chan time.Time, 1)
	w := jobs.NewWorker(jobs.Options{
		App: system, System: system, Log: slog.New(slog.DiscardHandler), Now: time.Now, Interval: time.Hour,
		Kinds: []jobs.Registration{{Kind: probe, Run: func(context.Context, jobs.Job) error { begun <- time.Now(); return nil }}},
	})
	w.Start()
	defer w.Stop()
	var times []time.Duration
	for range claims {
		err := system.InTx(ctx, db.TxOptions{Platform: true}, func(ctx context.Context) error {
			_, err := db.Tx(ctx).NewRaw(`insert into platform.jobs (id, kind, args) values (gen_random_uuid(), ?, '{}')`, probe).Exec(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
		asked := time.Now()
		w.Wake()
		select {
		case at := <-begun:
			times = append(times, at.Sub(asked))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	slices.Sort(times)
	return times, nil
}

// finish has jobs come and go. They were pending once, and each leaves its traces in the index of what
// is due.
func finish(kind string, n int) string {
	return fmt.Sprintf(`
		insert into platform.jobs (id, kind, args) select gen_random_uuid(), 'bench.%[1]s', '{}' from generate_series(1, %[2]d);
		update platform.jobs set status = 'done', finished_at = now() where kind = 'bench.%[1]s'`, kind, n)
}

// asOwner runs statements as the owner, who sees all rows, and leaves the connection open.
func (p *program) asOwner(ctx context.Context, statements string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(p.owner)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["app.platform_admin"] = "on"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	for statement := range strings.SplitSeq(statements, ";") { // each in its own transaction
		if _, err := conn.Exec(ctx, statement); err != nil {
			return nil, errors.Join(err, conn.Close(ctx))
		}
	}
	return conn, nil
}
