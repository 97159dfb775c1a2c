package isolation_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
)

// Whoever can inject SQL has the app role, pinned to their own tenant. This is what they get.
func (w *world) testTable(t *testing.T, x table) {
	foreign := fmt.Sprintf(`select count(*) from %s where %s = ?`, x.name, x.tenant)

	t.Run("Reads", func(t *testing.T) {
		t.Parallel()
		for name, prepare := range map[string]string{
			"Pinned":           w.pinned(),
			"Unset":            `select 1`,
			"Empty":            `select set_config('app.tenant_id', '', true)`,
			"ClaimingPlatform": `select set_config('app.platform_admin', 'on', true), set_config('app.tenant_id', '` + w.ours.ID.String() + `', true)`,
			"OnlyPlatform":     `select set_config('app.platform_admin', 'on', true)`,
		} {
			w.asApp(t, prepare, func(ctx context.Context, tx bun.IDB) {
				var n int
				if err := tx.NewRaw(foreign, w.other.ID).Scan(ctx, &n); err != nil || n != 0 {
					t.Errorf("%s: %d foreign rows, %v", name, n, err)
				}
			})
		}
		for name, prepare := range map[string]string{"Unset": `select 1`, "Empty": `select set_config('app.tenant_id', '', true)`} {
			w.asApp(t, prepare, func(ctx context.Context, tx bun.IDB) {
				var n int
				if err := tx.NewRaw(`select count(*) from `+x.name).Scan(ctx, &n); err != nil || n != 0 {
					t.Errorf("%s: %d rows, %v", name, n, err)
				}
			})
		}
	})
	t.Run("Writes", func(t *testing.T) {
		t.Parallel()
		w.wantNothingWritten(t, fmt.Sprintf(`update %s set %s = %[2]s where %[2]s = ?`, x.name, x.tenant))
		w.wantNothingWritten(t, fmt.Sprintf(`delete from %s where %s = ?`, x.name, x.tenant))
		w.wantRefused(t, fmt.Sprintf(`update %s set %s = ?`, x.name, x.tenant), w.other.ID)
		var row string
		w.platform(t, &row, fmt.Sprintf(`select to_jsonb(r) from %s r where %s = ? limit 1`, x.name, x.tenant), w.other.ID)
		w.wantRefused(t, fmt.Sprintf(`insert into %s select * from jsonb_populate_record(null::%[1]s, ?::jsonb)`, x.name), row)
	})
}

// asApp works in a transaction of the app role that is rolled back.
func (w *world) asApp(t *testing.T, prepare string, work func(ctx context.Context, tx bun.IDB)) {
	t.Helper()
	err := w.DB.App.InTx(t.Context(), db.TxOptions{}, func(ctx context.Context) error {
		if _, err := db.Tx(ctx).NewRaw(prepare).Exec(ctx); err != nil {
			return err
		}
		work(ctx, db.Tx(ctx))
		return db.ErrRollback
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) pinned() string {
	return `select set_config('app.tenant_id', '` + w.ours.ID.String() + `', true)`
}

// wantNothingWritten expects that a statement on the other's rows finds none, or is not allowed.
func (w *world) wantNothingWritten(t *testing.T, statement string) {
	t.Helper()
	w.asApp(t, w.pinned(), func(ctx context.Context, tx bun.IDB) {
		res, err := tx.NewRaw(statement, w.other.ID).Exec(ctx)
		if refused(err) {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", statement, err)
			return
		}
		if n, err := res.RowsAffected(); err != nil || n != 0 {
			t.Errorf("%s: %d rows of another tenant, %v", statement, n, err)
		}
	})
}

// wantRefused expects that a row can't be put into the other's program.
func (w *world) wantRefused(t *testing.T, statement string, args ...any) {
	t.Helper()
	w.asApp(t, w.pinned(), func(ctx context.Context, tx bun.IDB) {
		if _, err := tx.NewRaw(statement, args...).Exec(ctx); !refused(err) {
			t.Errorf("%s: %v", statement, err)
		}
	})
}

// refused reports whether row-level security, a grant or a guard of the table said no.
func refused(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgErr.Code == "42501" || pgErr.Code == "23000")
}

// The system role has to say that it wants all tenants; pinned, it sees one.
func (w *world) testSystemRole(t *testing.T) {
	for _, x := range w.tables {
		err := w.DB.System.InTx(t.Context(), db.TxOptions{Tenant: w.ours.ID}, func(ctx context.Context) error {
			var n int
			err := db.Tx(ctx).NewRaw(fmt.Sprintf(`select count(*) from %s where %s = ?`, x.name, x.tenant), w.other.ID).Scan(ctx, &n)
			if n != 0 {
				t.Errorf("%s: the system role sees %d foreign rows without asking", x.name, n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
