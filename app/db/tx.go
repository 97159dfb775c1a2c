package db

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
)

type txKey struct{}

// Tx is the transaction of this request or job. It panics when there is none, because a
// statement outside the transaction would not be pinned to a tenant.
func Tx(ctx context.Context) bun.IDB {
	tx, ok := ctx.Value(txKey{}).(bun.Tx)
	if !ok {
		panic("db: no transaction in context")
	}
	return tx
}

// Pin makes the transaction in ctx see the rows of one tenant. Only the global routes, which
// create or look up the tenant first, need it; everywhere else InTx has pinned already.
func Pin(ctx context.Context, tenant uuid.UUID) error {
	if _, err := Tx(ctx).ExecContext(ctx, `select set_config('app.tenant_id', ?, true)`, tenant.String()); err != nil {
		return fmt.Errorf("pin the tenant: %w", err)
	}
	return nil
}

// Run runs fn under a savepoint: a part that may fail without spoiling the transaction.
func Run(ctx context.Context, fn func(ctx context.Context) error) error {
	outer, ok := ctx.Value(txKey{}).(bun.Tx)
	if !ok {
		panic("db: no transaction in context")
	}
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
	if err := fn(context.WithValue(ctx, txKey{}, save)); err != nil {
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
