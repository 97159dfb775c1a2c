package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	connections = 64
	agent       = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// clicks measures the redirect: against a server that only answers, against one insert per
// click, and while the database is stopped.
func clicks(ctx context.Context, b *bench) (rows []Row, err error) {
	p, err := b.startProgram(ctx, "clicks")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	idle := p.memory()
	keys, err := p.makeLinks(ctx, 100)
	if err != nil {
		return nil, err
	}
	visits := load{address: p.address, connections: connections, length: b.length, want: 302, request: visitor(keys)}
	warm := visits
	warm.length = b.length / 2
	warm.run(ctx)

	durable, err := b.compare(ctx, p, visits, "echo", Row{
		Work: "click redirect, durable", Against: "bare Echo, 302", Target: ">= 0.30, p99 <= 25 ms",
	}, func(r Row) bool { return r.Ratio >= 0.3 && r.P99 <= 25*time.Millisecond })
	if err != nil {
		return nil, err
	}
	single, err := b.compare(ctx, p, visits, "insert", Row{
		Work: "click redirect, durable", Against: "one insert per click", Target: ">= 2.50",
	}, func(r Row) bool { return r.Ratio >= 2.5 })
	if err != nil {
		return nil, err
	}
	outage, err := b.outage(ctx, p, visits)
	if err != nil {
		return nil, err
	}
	memory := Row{Work: "memory, idle", Unit: "MB", Target: "<= 60 MB", Ours: float64(idle >> 20), Met: idle <= 60<<20, Memory: idle}
	return append([]Row{durable, single}, append(outage, memory)...), nil
}

// compare measures reference, ours and the reference again, and takes the mean of the two, as
// machines change their pace.
func (b *bench) compare(ctx context.Context, p *program, visits load, kind string, row Row, met func(Row) bool) (Row, error) {
	ref, err := startReference(kind, p.database)
	if err != nil {
		return Row{}, err
	}
	defer ref.stop()
	other := visits
	other.address = ref.address
	before := other.run(ctx)
	ours := visits.run(ctx)
	after := other.run(ctx)
	if err := errors.Join(before.failure, ours.failure, after.failure); err != nil {
		return Row{}, fmt.Errorf("%s: %w", row.Against, err)
	}
	row.Unit = "requests/s"
	row.Reference, row.Ours = (before.rate()+after.rate())/2, ours.rate()
	row.Ratio = row.Ours / row.Reference
	row.P50, row.P99, row.Memory = ours.percentile(0.5), ours.percentile(0.99), p.memory()
	row.Note = "against " + row.Against
	row.Met = met(row)
	return row, nil
}

// outage stops the database in its tracks, so that it takes connections and never answers, and
// measures the first visitors and those after them; then it lets it go on and counts.
func (b *bench) outage(ctx context.Context, p *program, visits load) ([]Row, error) {
	before, err := p.clicks(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.signalDatabase(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	first := visits
	first.length = time.Millisecond
	begun := first.run(ctx)
	then := visits.run(ctx)
	if err := p.signalDatabase(syscall.SIGCONT); err != nil {
		return nil, err
	}
	sent := begun.requests + then.requests
	stored, took, err := p.await(ctx, before+int64(sent))
	if err != nil {
		return nil, err
	}
	complete := stored == before+int64(sent)
	return []Row{
		{
			Work: "database stopped, first visitors", Target: "p50 <= 260 ms, 0 failures", P50: begun.percentile(0.5), P99: begun.percentile(0.99),
			Met: begun.percentile(0.5) <= 260*time.Millisecond && begun.failures == 0, Note: strconv.Itoa(begun.failures) + " failures",
		},
		{
			Work: "database stopped, from then on", Unit: "requests/s", Ours: then.rate(), Target: "p50 <= 5 ms, 0 failures, replay complete",
			P50: then.percentile(0.5), P99: then.percentile(0.99), Memory: p.memory(),
			Met:  then.percentile(0.5) <= 5*time.Millisecond && then.failures == 0 && complete,
			Note: fmt.Sprintf("%d failures; %d of %d clicks replayed in %s", then.failures, stored-before, sent, took.Round(time.Millisecond)),
		},
	}, nil
}

// visitor gives the requests of many visitors, each behind an address of their own.
func visitor(keys []string) func(connection, n int) []byte {
	return func(int, int) []byte {
		address := rand.Uint32()
		out := make([]byte, 0, 256)
		out = append(out, "GET /r/"...)
		out = append(out, keys[int(address)%len(keys)]...)
		out = append(out, " HTTP/1.1\r\nHost: bench\r\nUser-Agent: "+agent+"\r\nX-Forwarded-For: 20."...)
		out = strconv.AppendUint(out, uint64(address>>16&0xff), 10)
		out = append(out, '.')
		out = strconv.AppendUint(out, uint64(address>>8&0xff), 10)
		out = append(out, '.')
		out = strconv.AppendUint(out, uint64(address&0xff), 10)
		return append(out, "\r\n\r\n"...)
	}
}

// await waits until the program has stored that many clicks, for a minute at most.
func (p *program) await(ctx context.Context, want int64) (stored int64, took time.Duration, err error) {
	began := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if stored, err = p.clicks(ctx); err != nil || stored >= want || time.Since(began) > time.Minute {
			return stored, time.Since(began), err
		}
		select {
		case <-ctx.Done():
			return stored, time.Since(began), ctx.Err()
		case <-tick.C:
		}
	}
}

// clicks counts those that are stored.
func (p *program) clicks(ctx context.Context) (n int64, err error) {
	conn, err := pgx.Connect(ctx, p.database)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, `set app.platform_admin = 'on'`); err != nil {
		return 0, err
	}
	err = conn.QueryRow(ctx, `select coalesce(sum(clicks + flagged), 0) from daily_clicks`).Scan(&n)
	return n, err
}
