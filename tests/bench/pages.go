package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/paging"
)

const (
	fewClicks  = 10_000
	manyClicks = 10_000_000
	deepPage   = 10_000
	perPage    = 50
)

// pages measures what an admin waits for in a program of few clicks and in one of many: the
// overview, which reads the sums of days, and a list at its beginning and deep inside.
func pages(ctx context.Context, b *bench) (rows []Row, err error) {
	p, err := b.startProgram(ctx, "pages")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if _, err := p.makeLinks(ctx, 100); err != nil {
		return nil, err
	}
	session, err := p.signIn(ctx)
	if err != nil {
		return nil, err
	}
	read := func(path string) (time.Duration, error) {
		return b.read(ctx, p, session, path)
	}
	if err := p.fillClicks(ctx, fewClicks); err != nil {
		return nil, err
	}
	small, err := read("/admin")
	if err != nil {
		return nil, err
	}
	if err := p.fillClicks(ctx, manyClicks-fewClicks); err != nil {
		return nil, err
	}
	large, err := read("/admin")
	if err != nil {
		return nil, err
	}
	form, err := read("/admin/api-keys/new")
	if err != nil {
		return nil, err
	}
	first, err := read("/admin/activity/clicks")
	if err != nil {
		return nil, err
	}
	cursor, err := p.cursor(ctx, deepPage*perPage)
	if err != nil {
		return nil, err
	}
	deep, err := read("/admin/activity/clicks?cursor=" + url.QueryEscape(cursor.String()))
	if err != nil {
		return nil, err
	}
	return []Row{
		timed("overview of 10,000,000 clicks", "of 10,000 clicks", small, large, 1.5, p),
		timed("list of 10,000,000 clicks, page 1", "a page with a form only", form, first, 3, p),
		timed("list of 10,000,000 clicks, page 10,000", "a page with a form only", form, deep, 3, p),
	}, nil
}

// timed is a row that compares how long two pages take.
func timed(work, against string, reference, ours time.Duration, limit float64, p *program) Row {
	r := Row{
		Work: work, Against: against, Unit: "us", Reference: float64(reference.Microseconds()), Ours: float64(ours.Microseconds()),
		Target: fmt.Sprintf("<= %.2f", limit), P50: ours, Memory: p.memory(), Note: "p50 against that " + against,
	}
	r.Ratio = r.Ours / r.Reference
	r.Met = r.Ratio <= limit
	return r
}

// read opens a page again and again, as one person, and gives the median.
func (b *bench) read(ctx context.Context, p *program, session, path string) (time.Duration, error) {
	var times []time.Duration
	for began := time.Now(); time.Since(began) < b.length; {
		sent := time.Now()
		if err := p.get(ctx, session, path); err != nil {
			return 0, fmt.Errorf("open %s: %w", path, err)
		}
		times = append(times, time.Since(sent))
	}
	times = times[len(times)/5:] // the first ones warm
	slices.Sort(times)
	return times[len(times)/2], nil
}

// get reads a page whole.
func (p *program) get(ctx context.Context, session, path string) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Cookie", session)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// signIn gives the cookie of an admin's session.
func (p *program) signIn(ctx context.Context) (string, error) {
	link, err := p.command("create-admin", "--email", "bench@example.com", "--name", "Bench")
	if err != nil {
		return "", err
	}
	address, err := url.Parse(link)
	if err != nil {
		return "", err
	}
	form := url.Values{"token": {address.Query().Get("token")}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.address+address.Path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	for _, c := range res.Cookies() {
		if res.StatusCode == http.StatusSeeOther && c.Value != "" {
			return c.Name + "=" + c.Value, nil
		}
	}
	return "", fmt.Errorf("sign in: %s", res.Status)
}

// fillClicks writes that many clicks, spread over the links and the last 90 days, and their sums.
// Indexes and references are put aside meanwhile, which is ten times faster.
func (p *program) fillClicks(ctx context.Context, n int) error {
	owner, err := pgx.Connect(ctx, p.owner)
	if err != nil {
		return err
	}
	defer func() { _ = owner.Close(ctx) }()
	restore, err := putAside(ctx, owner, "clicks")
	if err != nil {
		return err
	}
	system, err := pgx.Connect(ctx, p.database)
	if err != nil {
		return err
	}
	defer func() { _ = system.Close(ctx) }()
	const day = `(occurred_at at time zone 'UTC')::date`
	for _, statement := range []string{
		`set app.platform_admin = 'on'`,
		fmt.Sprintf(`
			insert into clicks (tenant_id, id, link_id, partner_id, campaign_id, destination_url, ip_hash, user_agent, occurred_at, created_at)
			select l.tenant_id, ('01900000-0000-7000-8000-' || lpad(to_hex(%[2]d + n), 12, '0'))::uuid, l.id, l.partner_id, l.campaign_id, 'https://shop.example.com/', md5(n::text), '%[3]s',
				now() - n * interval '90 days' / %[1]d, now()
			from generate_series(1, %[1]d) n
			join (select *, row_number() over (order by id) as k, count(*) over () as links from links) l on l.k = n %% l.links + 1`, n, 20*n, agent), // ids in their order, as real ones are
		`insert into daily_clicks as d (tenant_id, day, partner_id, campaign_id, link_id, clicks)
			select tenant_id, ` + day + `, partner_id, campaign_id, link_id, count(*) from clicks group by 1, 2, 3, 4, 5
			on conflict (tenant_id, day, partner_id, campaign_id, link_id) do update set clicks = excluded.clicks`,
	} {
		if _, err := system.Exec(ctx, statement); err != nil {
			return fmt.Errorf("make clicks: %w", err)
		}
	}
	for _, statement := range append(restore, `vacuum (analyze) clicks`, `vacuum (analyze) daily_clicks`) {
		if _, err := owner.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// putAside drops a table's indexes and foreign keys, but for what carries the primary key, and
// gives the statements that bring them back.
func putAside(ctx context.Context, owner *pgx.Conn, table string) (restore []string, err error) {
	rows, err := owner.Query(ctx, `
		select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid) from pg_index where indrelid = $1::regclass and not indisunique
		union all
		select format('alter table %s drop constraint %I', conrelid::regclass, conname),
			format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
		from pg_constraint where conrelid = $1::regclass and contype = 'f'`, table)
	if err != nil {
		return nil, err
	}
	var drop []string
	var away, back string
	if _, err := pgx.ForEachRow(rows, []any{&away, &back}, func() error {
		drop, restore = append(drop, away), append(restore, back)
		return nil
	}); err != nil {
		return nil, err
	}
	for _, statement := range drop {
		if _, err := owner.Exec(ctx, statement); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	return restore, nil
}

// cursor points behind the newest n clicks.
func (p *program) cursor(ctx context.Context, n int) (c paging.Cursor, err error) {
	conn, err := pgx.Connect(ctx, p.database)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, `set app.platform_admin = 'on'`); err != nil {
		return c, err
	}
	err = conn.QueryRow(ctx, `select occurred_at, id from clicks order by occurred_at desc, id desc offset $1 limit 1`, n-1).Scan(&c.At, &c.ID)
	return c, err
}
