package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
)

// envDatabase names the database of the reference that inserts.
const envDatabase = "BENCH_DATABASE_URL"

// reference is a server in a process of its own that does the least there is to do.
type reference struct {
	address string
	cmd     *exec.Cmd
}

func startReference(kind, database string) (*reference, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r := &reference{cmd: exec.Command(self, "reference", kind)} //nolint:gosec // ourselves
	r.cmd.Env = append(os.Environ(), envDatabase+"="+database)
	r.cmd.Stderr = os.Stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the reference %s did not start: %w", kind, err)
	}
	r.address = strings.TrimSpace(line)
	return r, nil
}

func (r *reference) stop() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// serveReference is the reference's process: "echo" answers 302 and nothing else; "insert"
// first inserts the click in a transaction of its own.
func serveReference(kind string) error {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	e := echo.New()
	answer := func(c echo.Context) error { return c.Redirect(http.StatusFound, "https://shop.example.com/sale?a=1") }
	switch kind {
	case "echo":
		e.GET("/r/:key", answer)
	case "insert":
		one, err := newInserter(context.Background(), os.Getenv(envDatabase))
		if err != nil {
			return err
		}
		e.GET("/r/:key", func(c echo.Context) error {
			if err := one.insert(c.Request().Context()); err != nil {
				return err
			}
			return answer(c)
		})
	default:
		return errors.New("there is no reference " + kind)
	}
	if _, err := fmt.Fprintln(os.Stdout, l.Addr()); err != nil {
		return err
	}
	return http.Serve(l, e) //nolint:gosec // on loopback, for seconds
}

// inserter writes one click per transaction, for a link that is there.
type inserter struct {
	pool                            *pgxpool.Pool
	tenant, link, partner, campaign string
}

func newInserter(ctx context.Context, url string) (*inserter, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	i := &inserter{pool: pool}
	return i, i.inTx(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tenant_id::text, id::text, partner_id::text, campaign_id::text from links limit 1`).
			Scan(&i.tenant, &i.link, &i.partner, &i.campaign)
	})
}

func (i *inserter) inTx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, i.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select set_config('app.platform_admin', 'on', true)`); err != nil {
			return err
		}
		return fn(tx)
	})
}

func (i *inserter) insert(ctx context.Context) error {
	return i.inTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into clicks (tenant_id, id, link_id, partner_id, campaign_id, destination_url, ip_hash, user_agent, occurred_at, created_at)
			values ($1, $2, $3, $4, $5, 'https://shop.example.com/sale?a=1', $6, $7, now(), now())`,
			i.tenant, uuid.Must(uuid.NewV7()).String(), i.link, i.partner, i.campaign, uuid.NewString(), agent)
		return err
	})
}
