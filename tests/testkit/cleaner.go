package testkit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// kept are the tables that a cleaner leaves alone: what the schema says of itself, and the salt of
// the day, which programs keep in mind.
const kept = `'schema_migrations', 'schema_compat', 'daily_salts'`

// closed shuts the default program, so that it can be seen when the one that serves has heard
// that it is open again.
const closed = `update platform.tenants set status = 'suspended' where slug = 'default'`

// heard has programs forget what they remember, since deleting tells nobody: of the default one
// last, for whoever waits for that.
const heard = `
	select pg_notify('openpartner_changes', what)
	from platform.tenants, lateral (values (1, 'links ' || id), (1, 'webhooks ' || id), (2, 'tenant ' || slug)) as news (turn, what)
	order by turn, slug = 'default'`

// cleaner brings a database back to what it was when the cleaner came. It is the superuser: nobody
// else may delete from the ledger.
type cleaner struct {
	conn  *pgx.Conn
	steps string
}

func newCleaner(ctx context.Context, d *Database) (*cleaner, error) {
	conn, err := connectAsSuperuser(ctx, d)
	if err != nil {
		return nil, err
	}
	c := &cleaner{conn: conn}
	if c.steps, err = c.plan(ctx); err != nil {
		return nil, fmt.Errorf("look at the tables: %w", err)
	}
	return c, nil
}

func connectAsSuperuser(ctx context.Context, d *Database) (*pgx.Conn, error) {
	server, err := shared()
	if err != nil {
		return nil, err
	}
	from, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(d.OwnerURL)
	if err != nil {
		return nil, err
	}
	to.User = from.User
	return pgx.Connect(ctx, to.String())
}

// plan writes down how all rows go, and how those that are there now come back.
func (c *cleaner) plan(ctx context.Context) (string, error) {
	steps := []string{`set local session_replication_role = replica`, heard}
	rows, _ := c.conn.Query(ctx, `
		select oid::regclass::text from pg_class
		where relkind = 'r' and relnamespace in ('public'::regnamespace, 'platform'::regnamespace) and relname not in (`+kept+`)`)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	var refills []string
	for _, table := range tables {
		steps = append(steps, "delete from "+table)
		var refill string
		err := c.conn.QueryRow(ctx, fmt.Sprintf(`
			select format('insert into %[1]s select * from jsonb_populate_recordset(null::%[1]s, %%L)', jsonb_agg(to_jsonb(r)))
			from %[1]s r having count(*) > 0`, table)).Scan(&refill)
		switch {
		case err == nil:
			refills = append(refills, refill)
		case !errors.Is(err, pgx.ErrNoRows):
			return "", err
		}
	}
	return strings.Join(append(steps, refills...), ";\n"), nil
}

// close shuts the default program.
func (c *cleaner) close(ctx context.Context) error {
	_, err := c.conn.Exec(ctx, closed)
	return err
}

// wipe waits until no job is at work, brings everything back, and opens the default program.
func (c *cleaner) wipe(ctx context.Context) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if done, err := c.tryWipe(ctx); err != nil || done {
			return err
		}
		<-tick.C
	}
}

func (c *cleaner) tryWipe(ctx context.Context) (idle bool, err error) {
	err = pgx.BeginFunc(ctx, c.conn, func(tx pgx.Tx) error {
		// From here on nothing is claimed.
		if _, err := tx.Exec(ctx, `lock table platform.jobs in exclusive mode`); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `select not exists (select from platform.jobs where status = 'running')`).Scan(&idle)
		if err != nil || !idle {
			return err
		}
		_, err = tx.Exec(ctx, c.steps)
		return err
	})
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == deadlock {
		return false, nil // with what the program does besides jobs; it is soon over
	}
	return idle, err
}

// deadlock is what PostgreSQL says to one of two who wait for each other.
const deadlock = "40P01"

func (c *cleaner) leave() { _ = c.conn.Close(context.Background()) }
