package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	senders   = 8       // merchants' servers that report at the same time
	customers = 200_000 // of whom each came by one click
	batchSize = 1000
)

// events measures what a shop's server reports: one by one against the same rows written by hand,
// in batches against one by one, and deciding all anew as the ledger grows.
func events(ctx context.Context, b *bench) (rows []Row, err error) {
	p, err := b.startProgram(ctx, "events")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	keys, err := p.makeLinks(ctx, 1)
	if err != nil {
		return nil, err
	}
	if err := p.makeCustomers(ctx, keys[0]); err != nil {
		return nil, err
	}
	single, err := b.ingest(ctx, p)
	if err != nil {
		return nil, err
	}
	batch, err := b.batches(ctx, p)
	if err != nil {
		return nil, err
	}
	linear, err := b.rederive(ctx, p)
	if err != nil {
		return nil, err
	}
	return []Row{single, batch, linear}, nil
}

// makeCustomers stitches a click to each of many users, by one statement each.
func (p *program) makeCustomers(ctx context.Context, link string) error {
	conn, err := pgx.Connect(ctx, p.database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []string{
		`set app.platform_admin = 'on'`,
		`create temp table made as select gen_random_uuid() as id, n from generate_series(1, ` + strconv.Itoa(customers) + `) n`,
		`insert into clicks (tenant_id, id, link_id, partner_id, campaign_id, destination_url, occurred_at, created_at)
			select l.tenant_id, made.id, l.id, l.partner_id, l.campaign_id, 'https://shop.example.com/', now() - interval '1 hour', now()
			from made, links l where l.key = '` + link + `'`,
		`insert into daily_clicks (tenant_id, day, partner_id, campaign_id, link_id, clicks)
			select tenant_id, (occurred_at at time zone 'UTC')::date, partner_id, campaign_id, link_id, count(*) from clicks group by 1, 2, 3, 4, 5`,
		`insert into identities (tenant_id, id, click_id, user_id, verified, occurred_at, created_at)
			select c.tenant_id, gen_random_uuid(), made.id, 'customer-' || made.n, true, now() - interval '1 hour', now()
			from made join clicks c on c.id = made.id`,
		`analyze clicks`, `analyze identities`,
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("make customers: %w", err)
		}
	}
	return nil
}

// ingest sends sales one by one, each of another customer. The reference writes as many rows, to
// tables of the same form, in one transaction each: event, decision, share, commission and the
// day's figures at three levels.
func (b *bench) ingest(ctx context.Context, p *program) (Row, error) {
	keys, err := p.makeKeys(ctx, 64)
	if err != nil {
		return Row{}, err
	}
	var sent atomic.Int64
	sales := load{address: p.address, connections: senders, length: b.length, want: 201, request: func(_, _ int) []byte {
		i := sent.Add(1)
		body := fmt.Sprintf(`{"user_id":"customer-%d","type":"purchase","amount":4999,"currency":"USD","external_id":"single-%d"}`, i%customers+1, i)
		return fmt.Appendf(nil, "POST /api/v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			keys[int(i)%len(keys)], len(body), body)
	}}
	warm := sales
	warm.length = b.length / 2
	warm.run(ctx)
	before, err := p.insertRows(ctx, b.length)
	if err != nil {
		return Row{}, err
	}
	ours := sales.run(ctx)
	after, err := p.insertRows(ctx, b.length)
	if err = errors.Join(err, ours.failure); err != nil {
		return Row{}, err
	}
	row := Row{
		Work: "event ingest with attribution", Unit: "events/s", Against: "as many inserts in a transaction", Target: ">= 0.50",
		Reference: (before + after) / 2, Ours: ours.rate(), P50: ours.percentile(0.5), P99: ours.percentile(0.99), Memory: p.memory(),
		Note: fmt.Sprintf("against 7 inserts a transaction, %d connections each", senders),
	}
	row.Ratio = row.Ours / row.Reference
	row.Met = row.Ratio >= 0.5
	return row, nil
}

// makeKeys makes API keys, as each may only ask so often a minute.
func (p *program) makeKeys(ctx context.Context, n int) ([]string, error) {
	keys := make([]string, n)
	for i := range keys {
		var made struct {
			Key string `json:"key"`
		}
		body := map[string]any{"name": fmt.Sprintf("bench %d", i), "kind": "scoped", "scopes": []string{"events:write"}}
		if err := p.post(ctx, "/api-keys", body, &made); err != nil {
			return nil, err
		}
		keys[i] = made.Key
	}
	return keys, nil
}

// insertRows writes the rows of sales to tables of the same form and indexes, without deciding
// anything, and gives transactions a second.
func (p *program) insertRows(ctx context.Context, length time.Duration) (float64, error) {
	owner, err := pgxpool.New(ctx, p.owner)
	if err != nil {
		return 0, err
	}
	defer owner.Close()
	for _, statement := range []string{
		`drop schema if exists reference cascade`, `create schema reference`,
		`create table reference.events (like events including indexes)`, `create table reference.decisions (like decisions including indexes)`,
		`create table reference.attributions (like attributions including indexes)`, `create table reference.commissions (like commissions including indexes)`,
		`create table reference.daily_money (like daily_money including indexes including defaults)`,
	} {
		if _, err := owner.Exec(ctx, statement); err != nil {
			return 0, fmt.Errorf("make the reference's tables: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	var done atomic.Int64
	var all sync.WaitGroup
	var first atomic.Pointer[error]
	began := time.Now()
	for range senders {
		all.Go(func() {
			for ctx.Err() == nil {
				if err := insertOnce(ctx, owner); err != nil && ctx.Err() == nil {
					first.CompareAndSwap(nil, &err)
					return
				}
				done.Add(1)
			}
		})
	}
	all.Wait()
	if err := first.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(began).Seconds(), nil
}

func insertOnce(ctx context.Context, pool *pgxpool.Pool) error {
	tenant, event, other, now := uuid.New(), uuid.New(), uuid.New(), time.Now()
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		for _, s := range []struct {
			query string
			args  []any
		}{
			{`insert into reference.events (tenant_id, id, user_id, type, amount, currency, external_id, source, request_hash, metadata, occurred_at, created_at)
				values ($1, $2, 'customer', 'purchase', 4999, 'USD', $3, 'api', repeat('0', 64), '{}', $4, $4)`, []any{tenant, event, event.String(), now}},
			{`insert into reference.decisions (tenant_id, event_id, status, campaign_id, campaign_version, model, locked, trace, decided_at, created_at)
				values ($1, $2, 'attributed', $3, 1, 'last_click', false, '{"kept": []}', $4, $4)`, []any{tenant, event, other, now}},
			{`insert into reference.attributions (tenant_id, event_id, partner_id, click_id, campaign_id, weight_num, weight_den, position, created_at)
				values ($1, $2, $3, $3, $3, 1, 1, 0, $4)`, []any{tenant, event, other, now}},
			{`insert into reference.commissions (tenant_id, id, event_id, partner_id, campaign_id, rule_id, click_id, kind, base_amount, base_currency,
				rate_ppm, weight_num, weight_den, amount, currency, status, matures_at, occurred_at, created_at)
				values ($1, $2, $2, $3, $3, $3, $3, 'earned', 4999, 'USD', 200000, 1, 1, 1000, 'USD', 'pending', $4, $4, $4)`, []any{tenant, event, other, now}},
			{`insert into reference.daily_money (tenant_id, partner_id, campaign_id, day, currency, slot) values ($1, $2, $2, current_date, 'USD', 0)`, []any{tenant, event}},
			{`insert into reference.daily_money (tenant_id, partner_id, campaign_id, day, currency, slot) values ($1, $2, $2, current_date, 'USD', 1)`, []any{tenant, event}},
			{`insert into reference.daily_money (tenant_id, partner_id, campaign_id, day, currency, slot) values ($1, $2, $2, current_date, 'USD', 2)`, []any{tenant, event}},
		} {
			if _, err := tx.Exec(ctx, s.query, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// batches sends as many sales a request as may be, by one sender, and holds the rate against one
// sender's events one by one.
func (b *bench) batches(ctx context.Context, p *program) (Row, error) {
	one, err := p.oneByOne(ctx, b.length)
	if err != nil {
		return Row{}, err
	}
	sent, began := 0, time.Now()
	for time.Since(began) < b.length {
		if err := p.sendBatch(ctx, sent, func(i int) string { return fmt.Sprintf("customer-%d", i%customers+1) }); err != nil {
			return Row{}, err
		}
		sent += batchSize
	}
	row := Row{
		Work: "batches of 1,000 events", Unit: "events/s", Against: "one by one", Target: ">= 5.00", Reference: one,
		Ours: float64(sent) / time.Since(began).Seconds(), Memory: p.memory(), Note: "against one by one, by one sender",
	}
	row.Ratio = row.Ours / row.Reference
	row.Met = row.Ratio >= 5
	return row, nil
}

func (p *program) oneByOne(ctx context.Context, length time.Duration) (float64, error) {
	keys, err := p.makeKeys(ctx, 16)
	if err != nil {
		return 0, err
	}
	admin := p.key
	defer func() { p.key = admin }()
	n, began := 0, time.Now()
	for ; time.Since(began) < length; n++ {
		p.key = keys[n%len(keys)]
		var answer struct{}
		body := map[string]any{"user_id": fmt.Sprintf("customer-%d", customers/2+n), "type": "purchase", "amount": 4999, "currency": "USD", "external_id": fmt.Sprintf("one-%d", n)}
		if err := p.post(ctx, "/events", body, &answer); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// sendBatch reports sales number first and on.
func (p *program) sendBatch(ctx context.Context, first int, user func(i int) string) error {
	list := make([]map[string]any, batchSize)
	for i := range list {
		list[i] = map[string]any{
			"user_id": user(first + i), "type": "invoice", "amount": 1999, "currency": "USD", "external_id": fmt.Sprintf("batch-%d-%s", first+i, user(first+i)),
		}
	}
	var answer struct {
		Results []struct {
			Error *struct{ Code string }
		}
	}
	if err := p.post(ctx, "/events/batch", map[string]any{"events": list}, &answer); err != nil {
		return err
	}
	for _, r := range answer.Results {
		if r.Error != nil {
			return fmt.Errorf("a batch's event: %s", r.Error.Code)
		}
	}
	return nil
}

// rederive decides all events anew twice, the second time of a ledger that is larger by what the
// first run's users did again, and compares the time for an event.
func (b *bench) rederive(ctx context.Context, p *program) (Row, error) {
	small, few, err := p.timeRederive(ctx)
	if err != nil {
		return Row{}, err
	}
	for sent := few; sent < 10*few && sent < 100_000; sent += batchSize {
		if err := p.sendBatch(ctx, 1_000_000+sent, func(i int) string { return fmt.Sprintf("customer-%d", i%customers+1) }); err != nil {
			return Row{}, err
		}
		if sent/batchSize%30 == 29 { // a key sends 30 batches a minute
			if err := p.freshKey(ctx); err != nil {
				return Row{}, err
			}
		}
	}
	large, many, err := p.timeRederive(ctx)
	if err != nil {
		return Row{}, err
	}
	row := Row{
		Work: "deciding all events anew", Unit: "us/event", Target: "<= 1.30 of the smaller's", Against: "a tenth of the events",
		Reference: float64(small.Microseconds()) / float64(few), Ours: float64(large.Microseconds()) / float64(many), Memory: p.memory(),
		Note: fmt.Sprintf("%d events, then %d", few, many),
	}
	row.Ratio = row.Ours / row.Reference
	row.Met = row.Ratio <= 1.3
	return row, nil
}

func (p *program) freshKey(ctx context.Context) error {
	var made struct {
		Key string `json:"key"`
	}
	if err := p.post(ctx, "/api-keys", map[string]any{"name": "bench", "kind": "admin"}, &made); err != nil {
		return err
	}
	p.key = made.Key
	return nil
}

// analyze lets the planner know of what was written a moment ago, as autovacuum would in a minute.
func (p *program) analyze(ctx context.Context) (err error) {
	owner, err := pgx.Connect(ctx, p.owner)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, owner.Close(ctx)) }()
	_, err = owner.Exec(ctx, `analyze events, decisions, attributions, commissions, daily_money`)
	return err
}

// timeRederive orders a dry run over everything and waits for it.
func (p *program) timeRederive(ctx context.Context) (took time.Duration, n int, err error) {
	conn, err := pgx.Connect(ctx, p.database)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, `set app.platform_admin = 'on'`); err != nil {
		return 0, 0, err
	}
	if err := conn.QueryRow(ctx, `select count(*) from events`).Scan(&n); err != nil {
		return 0, 0, err
	}
	if err := p.analyze(ctx); err != nil {
		return 0, 0, err
	}
	began := time.Now()
	var ordered struct {
		JobID uuid.UUID `json:"job_id"`
	}
	if err := p.post(ctx, "/rederive", map[string]any{}, &ordered); err != nil {
		return 0, 0, err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var status string
		if err := conn.QueryRow(ctx, `select status from platform.jobs where id = $1`, ordered.JobID).Scan(&status); err != nil {
			return 0, 0, err
		}
		if status == "done" || status == "dead" {
			return time.Since(began), n, nil
		}
		select {
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		case <-tick.C:
		}
	}
}
