package db_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/db/migrate"
	"github.com/openpartner/openpartner/tests/testkit"
)

// Whatever way a pool logs in, the server ends what its connections would hold for ever.
func TestPool_Timeouts(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	for name, way := range map[string]struct{ role, url, becomes string }{
		"AppsOwnLogin":     {migrate.RoleApp, d.AppURL, ""},
		"SystemsOwnLogin":  {migrate.RoleSystem, d.SystemURL, ""},
		"AppByTheOwner":    {migrate.RoleApp, d.OwnerURL, migrate.RoleApp},
		"SystemByTheOwner": {migrate.RoleSystem, d.OwnerURL, migrate.RoleSystem},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pool, err := db.Open(t.Context(), way.url, db.PoolOptions{MaxConns: 1, Role: way.becomes, Name: "test"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(pool.Close)
			got := map[string]string{}
			err = pool.InTx(t.Context(), db.TxOptions{}, func(ctx context.Context) error {
				for setting := range db.Timeouts(way.role) {
					var value string
					if err := db.Tx(ctx).NewRaw(`select current_setting(?)`, setting).Scan(ctx, &value); err != nil {
						return err
					}
					got[setting] = value
				}
				return nil
			})
			if diff := cmp.Diff(db.Timeouts(way.role), got); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
			if missing, err := pool.TimeoutsMissing(t.Context()); err != nil || len(missing) > 0 {
				t.Errorf("missing %q, %v", missing, err)
			}
		})
	}
	t.Run("MissingOnes", func(t *testing.T) {
		t.Parallel()
		owner, err := db.Open(t.Context(), d.OwnerURL, db.PoolOptions{MaxConns: 1, Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(owner.Close)
		if missing, err := owner.TimeoutsMissing(t.Context()); err != nil || len(missing) != len(db.Timeouts("")) {
			t.Errorf("missing %q, %v", missing, err)
		}
	})
	t.Run("NoneForWhatIsLong", func(t *testing.T) {
		t.Parallel()
		var value string
		err := d.App.InTx(t.Context(), db.TxOptions{Long: true}, func(ctx context.Context) error {
			return db.Tx(ctx).NewRaw(`show statement_timeout`).Scan(ctx, &value)
		})
		if err != nil || value != "0" {
			t.Errorf("got %q, %v", value, err)
		}
	})
	t.Run("Busy", func(t *testing.T) {
		t.Parallel()
		err := d.App.InTx(t.Context(), db.TxOptions{}, func(ctx context.Context) error {
			_, err := db.Tx(ctx).ExecContext(ctx, `set local statement_timeout = '10ms'; select pg_sleep(30)`)
			return err
		})
		if !db.Busy(err) {
			t.Errorf("got %v", err)
		}
	})
}
