// Package db owns connections and transactions.
//
// Everything above it meets the database through the transaction in its context: db.Tx(ctx).
// It does not know features, tenants' names or HTTP. Invariant: a transaction that has a
// tenant is pinned to it by its first statement, and the setting ends with the transaction.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// PoolOptions are the limits of one pool.
type PoolOptions struct {
	MaxConns int32  // defaults to 10
	Role     string // when set, every connection does SET ROLE (direct connections only)
	Name     string // application_name, for people who look at pg_stat_activity
	Prepares Preparing
}

// Preparing says which statements the server keeps, with their plans. That is for direct
// connections only: behind a pooler in transaction mode the next transaction may meet another
// server process, which never heard of them.
type Preparing int

// What a pool prepares.
const (
	PreparesNothing Preparing = iota
	PreparesHot               // what is asked by Hot
	PreparesAll               // for a few statements that are all the pool is for
)

// Pool is a set of connections that log in as one role.
type Pool struct {
	native *pgxpool.Pool
	std    *sql.DB
	bun    *bun.DB
	hot    pgx.QueryExecMode // of what is asked by Hot
}

// connectTimeout is how long a new connection may take.
const connectTimeout = 5 * time.Second

// Open makes a pool. It does not connect: the first transaction does.
//
// Unless it is told otherwise the pool speaks the exec protocol, so it works behind a pooler in
// transaction mode and keeps no prepared statements.
func Open(ctx context.Context, url string, o PoolOptions) (*Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	hot := pgx.QueryExecModeExec
	if o.Prepares != PreparesNothing {
		hot = pgx.QueryExecModeCacheStatement
	}
	if o.Prepares == PreparesAll {
		cfg.ConnConfig.DefaultQueryExecMode = hot
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "openpartner " + o.Name
	cfg.ConnConfig.ConnectTimeout = connectTimeout
	cfg.MaxConns = 10
	if o.MaxConns > 0 {
		cfg.MaxConns = o.MaxConns
	}
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		// The exec protocol asks no server what a parameter is, so lists of ids must be known.
		c.TypeMap().RegisterDefaultPgType([]uuid.UUID{}, "_uuid")
		c.TypeMap().RegisterDefaultPgType([]*uuid.UUID{}, "_uuid")
		c.TypeMap().RegisterDefaultPgType(pgtype.FlatArray[pgtype.UUID]{}, "_uuid")
		c.TypeMap().RegisterDefaultPgType(pgtype.FlatArray[pgtype.Text]{}, "_text")
		c.TypeMap().RegisterDefaultPgType(pgtype.FlatArray[time.Time]{}, "_timestamptz")
		if o.Prepares != PreparesNothing {
			// Our plans are the same for one row and for many. Left to itself the server plans most of
			// them anew each time, because it takes a list of unknown length for a long one. (Said here
			// and not as the connection starts, which poolers in session mode refuse.)
			if _, err := c.Exec(ctx, `set plan_cache_mode = force_generic_plan`); err != nil {
				return err
			}
		}
		if o.Role == "" {
			return nil
		}
		_, err := c.Exec(ctx, becoming(o.Role), pgx.QueryExecModeSimpleProtocol)
		return err
	}
	native, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the database pool: %w", err)
	}
	std := stdlib.OpenDBFromPool(native)
	return &Pool{native: native, std: std, bun: bun.NewDB(std, pgdialect.New()), hot: hot}, nil
}

// Native is the pgx pool underneath, for the hot paths that may not pay for bun.
func (p *Pool) Native() *pgxpool.Pool { return p.native }

// Hot is how the pool's own connections take statements that come by the thousand; see Hot.
func (p *Pool) Hot() pgx.QueryExecMode { return p.hot }

// Ping reports whether the database answers.
func (p *Pool) Ping(ctx context.Context) error { return p.native.Ping(ctx) }

// Close waits for the connections in use and closes the pool.
func (p *Pool) Close() {
	_ = p.std.Close()
	p.native.Close()
}

// TxOptions say what a transaction may see and do.
type TxOptions struct {
	Tenant   uuid.UUID // pinned when not zero
	ReadOnly bool
	Snapshot bool // all statements see the same moment, however long it takes
	Platform bool // all tenants' rows; honoured for the system role only
	Long     bool // a statement may take as long as its reader does
}

// ErrRollback asks InTx to roll back and return no error.
var ErrRollback = errors.New("roll back")

// InTx runs fn in one transaction and commits when it returns nil.
//
// A failure or a panic in fn rolls back; a failed commit is an error. The context that fn
// receives carries the transaction for Tx. Calling InTx inside InTx is a programmer's
// mistake that costs a second connection, so it panics.
func (p *Pool) InTx(ctx context.Context, o TxOptions, fn func(ctx context.Context) error) (err error) {
	if _, nested := ctx.Value(txKey{}).(transaction); nested {
		panic("db: a transaction inside a transaction; use db.Run for a savepoint")
	}
	isolation := sql.LevelDefault
	if o.Snapshot {
		isolation = sql.LevelRepeatableRead
	}
	tx, err := p.bun.BeginTx(ctx, &sql.TxOptions{ReadOnly: o.ReadOnly, Isolation: isolation})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			_ = tx.Rollback()
		}
	}()
	ctx = context.WithValue(ctx, txKey{}, transaction{tx, p.hot})
	if err := pin(ctx, o); err != nil {
		return err
	}
	if err := fn(ctx); err != nil {
		if errors.Is(err, ErrRollback) {
			return nil
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// pin makes the tenant the first thing the transaction knows.
func pin(ctx context.Context, o TxOptions) error {
	if o.Long {
		if err := Hot(ctx, `set local statement_timeout = 0`).Exec(ctx); err != nil {
			return fmt.Errorf("lift the statement's time-out: %w", err)
		}
	}
	if o.Platform {
		if err := seeAll(ctx, "on"); err != nil {
			return err
		}
	}
	if o.Tenant != uuid.Nil {
		return Pin(ctx, o.Tenant)
	}
	return nil
}
