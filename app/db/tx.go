package db

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

type txKey struct{}

// transaction is what a context carries: the transaction, and how its connection takes hot
// statements.
type transaction struct {
	bun.Tx

	hot pgx.QueryExecMode
}

func current(ctx context.Context) transaction {
	tx, ok := ctx.Value(txKey{}).(transaction)
	if !ok {
		panic("db: no transaction in context")
	}
	return tx
}

// Tx is the transaction of this request or job. It panics when there is none, because a
// statement outside the transaction would not be pinned to a tenant.
func Tx(ctx context.Context) bun.IDB { return current(ctx).Tx }

// Statement is SQL with $1, $2, ... for its arguments.
type Statement struct {
	tx   bun.Tx
	text string
	args []any
}

// Hot is a statement that comes by the thousand in one and the same form. Where the pool may, it
// is parsed and planned once for each connection, which takes longer than most of them run.
// Arguments say their type ($1::uuid), since the server may not be asked for it.
func Hot(ctx context.Context, text string, args ...any) Statement {
	tx := current(ctx)
	return Statement{tx.Tx, text, append([]any{tx.hot}, args...)}
}

// Scan reads all rows into a slice.
func (s Statement) Scan(ctx context.Context, rows any) error {
	found, err := s.tx.Tx.QueryContext(ctx, s.text, s.args...) //nolint:rowserrcheck // by ScanRows
	if err != nil {
		return err
	}
	return s.tx.NewRaw("").DB().ScanRows(ctx, found, rows)
}

// Exec runs the statement for what it does.
func (s Statement) Exec(ctx context.Context) error {
	_, err := s.tx.Tx.ExecContext(ctx, s.text, s.args...)
	return err
}

// Pin makes the transaction in ctx see the rows of one tenant. Only the global routes, which
// create or look up the tenant first, need it; everywhere else InTx has pinned already.
func Pin(ctx context.Context, tenant uuid.UUID) error {
	if err := Hot(ctx, `select set_config('app.tenant_id', $1::text, true)`, tenant.String()).Exec(ctx); err != nil {
		return fmt.Errorf("pin the tenant: %w", err)
	}
	return nil
}

// AllTenants opens the rows of all tenants to fn, and to nothing after it. Only the system role sees
// more by it.
func AllTenants(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := seeAll(ctx, "on"); err != nil {
		return err
	}
	err := fn(ctx)
	if closed := seeAll(ctx, ""); closed != nil && err == nil {
		return closed // after an error of SQL no statement is taken, and nothing will be committed
	}
	return err
}

func seeAll(ctx context.Context, value string) error {
	if err := Hot(ctx, `select set_config('app.platform_admin', $1::text, true)`, value).Exec(ctx); err != nil {
		return fmt.Errorf("open the platform's view: %w", err)
	}
	return nil
}

// Run runs fn under a savepoint: a part that may fail without spoiling the transaction.
func Run(ctx context.Context, fn func(ctx context.Context) error) error {
	outer := current(ctx)
	save, err := outer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	released := false
	defer func() {
		if !released {
			_ = save.Rollback()
		}
	}()
	if err := fn(context.WithValue(ctx, txKey{}, transaction{save, outer.hot})); err != nil {
		return err
	}
	if err := save.Commit(); err != nil {
		return fmt.Errorf("release the savepoint: %w", err)
	}
	released = true
	return nil
}

// Detach is the same context without the transaction, for what outlives it.
func Detach(ctx context.Context) context.Context {
	return context.WithValue(ctx, txKey{}, nil)
}
