package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"
)

const exported = 1_000_000

// export measures a list as a file against what the database alone takes to write the same rows.
func export(ctx context.Context, b *bench) (rows []Row, err error) {
	p, err := b.startProgram(ctx, "export")
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
	if err := p.fillClicks(ctx, exported); err != nil {
		return nil, err
	}
	idle := p.memory()
	reference, err := p.copyClicks(ctx)
	if err != nil {
		return nil, err
	}
	took, peak, err := p.download(ctx, session, "/admin/activity/clicks.csv")
	if err != nil {
		return nil, err
	}
	row := Row{
		Work: "1,000,000 clicks as CSV", Unit: "rows/s", Against: "COPY TO STDOUT", Target: ">= 0.30, memory < 100 MB over idle",
		Reference: exported / reference.Seconds(), Ours: exported / took.Seconds(), Memory: peak,
		Note: fmt.Sprintf("against COPY TO STDOUT; %d MB over idle", (peak-idle)>>20),
	}
	row.Ratio = row.Ours / row.Reference
	row.Met = row.Ratio >= 0.3 && peak-idle < 100<<20
	return []Row{row}, nil
}

// copyClicks has the database write all clicks, with the names that the file has.
func (p *program) copyClicks(ctx context.Context) (took time.Duration, err error) {
	conn, err := pgx.Connect(ctx, p.database)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, `set app.platform_admin = 'on'`); err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = conn.PgConn().CopyTo(ctx, io.Discard, `
		copy (select k.*, p.name, c.name, l.key from clicks k
			join partners p on p.tenant_id = k.tenant_id and p.id = k.partner_id
			join campaigns c on c.tenant_id = k.tenant_id and c.id = k.campaign_id
			left join links l on l.tenant_id = k.tenant_id and l.id = k.link_id
			order by k.occurred_at desc, k.id desc) to stdout (format csv)`)
	return time.Since(began), err
}

// download reads a file to its end, and says how much memory the program took at most, as far as
// looks now and then can tell.
func (p *program) download(ctx context.Context, session, path string) (took time.Duration, peak int64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+path, nil)
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Cookie", session)
	began := time.Now()
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	lines, chunk := 0, make([]byte, 1<<20)
	for {
		n, err := res.Body.Read(chunk)
		lines += bytes.Count(chunk[:n], []byte{'\n'})
		peak = max(peak, p.memory())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
	}
	if lines != exported+1 {
		return 0, 0, fmt.Errorf("%s: %s, %d lines", path, res.Status, lines)
	}
	return time.Since(began), peak, nil
}
