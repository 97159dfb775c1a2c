package db_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

func TestTx(t *testing.T) {
	t.Parallel()

	t.Run("PanicsWithoutOne", func(t *testing.T) {
		t.Parallel()
		defer func() {
			if text, _ := recover().(string); !strings.Contains(text, "no transaction in context") {
				t.Errorf("got %q", text)
			}
		}()
		db.Tx(context.Background())
	})
	t.Run("SwallowedErrorFailsTheCommit", func(t *testing.T) {
		t.Parallel()
		d := testkit.DB(t)
		err := d.App.InTx(t.Context(), db.TxOptions{Tenant: tenancy.DefaultID()}, func(ctx context.Context) error {
			_, _ = db.Tx(ctx).ExecContext(ctx, `select 1/0`)
			return nil
		})
		if err == nil {
			t.Error("a transaction with a failed statement was reported as committed")
		}
	})
	t.Run("SavepointKeepsTheRest", func(t *testing.T) {
		t.Parallel()
		ctx := testkit.Tx(t)
		err := db.Run(ctx, func(ctx context.Context) error {
			_, err := db.Tx(ctx).ExecContext(ctx, `select 1/0`)
			return err
		})
		if err == nil {
			t.Fatal("no error")
		}
		if _, err := db.Tx(ctx).ExecContext(ctx, `select 1`); err != nil {
			t.Errorf("the transaction is spoiled: %v", err)
		}
	})
	t.Run("ReadOnlyCannotWrite", func(t *testing.T) {
		t.Parallel()
		d := testkit.DB(t)
		err := d.App.InTx(t.Context(), db.TxOptions{Tenant: tenancy.DefaultID(), ReadOnly: true}, func(ctx context.Context) error {
			_, err := db.Tx(ctx).ExecContext(ctx, `update platform.tenants set display_name = 'x'`)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("PanicLeavesNoPinBehind", func(t *testing.T) {
		t.Parallel()
		d := testkit.DB(t)
		func() {
			defer func() { _ = recover() }()
			_ = d.App.InTx(t.Context(), db.TxOptions{Tenant: tenancy.DefaultID()}, func(context.Context) error { panic("boom") })
		}()
		for range 8 {
			var rows int
			err := d.App.InTx(t.Context(), db.TxOptions{}, func(ctx context.Context) error {
				return db.Tx(ctx).NewRaw(`select count(*) from platform.tenants`).Scan(ctx, &rows)
			})
			if err != nil || rows != 0 {
				t.Fatalf("got %d rows, %v: a pin survived", rows, err)
			}
		}
	})
	t.Run("RefusesToNest", func(t *testing.T) {
		t.Parallel()
		d := testkit.DB(t)
		defer func() {
			if recover() == nil {
				t.Error("a second connection was taken inside a transaction")
			}
		}()
		_ = d.App.InTx(t.Context(), db.TxOptions{}, func(ctx context.Context) error {
			return d.App.InTx(ctx, db.TxOptions{}, func(context.Context) error { return errors.New("unreachable") })
		})
	})
}
