package migrate_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/db/migrate"
	"github.com/openpartner/openpartner/tests/testkit"
)

const insertCampaign = `
	insert into campaigns (tenant_id, id, name, destination_url, created_at)
	select id, '00000000-0000-7000-8000-0000000000c1', 'Summer', 'https://shop.example.com/', now() from platform.tenants`

// next is the migration after the last.
func next(text string) fstest.MapFS {
	return fstest.MapFS{"9001_next.sql": {Data: []byte("-- +goose Up\n" + text)}}
}

// count asks as the system role, over all tenants.
func count(t *testing.T, d *testkit.Database, query string) int {
	t.Helper()
	var n int
	err := d.System.InTx(t.Context(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(query).Scan(ctx, &n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The owner is blind itself under forced row-level security; a migration must not be.
func TestUp_SeesAllRows(t *testing.T) {
	t.Parallel()

	t.Run("UpdateTouchesThem", func(t *testing.T) {
		t.Parallel()
		d := testkit.DB(t)
		d.AsOwner(t, insertCampaign)
		if err := migrate.UpFiles(t.Context(), d.OwnerURL, next(`update campaigns set name = 'Winter';`)); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d, `select count(*) from campaigns where name = 'Winter'`); n != 1 {
			t.Errorf("%d rows were updated, want 1", n)
		}
	})
	t.Run("ForeignKeyIsValidatedOverThem", func(t *testing.T) {
		t.Parallel()
		d := testkit.DB(t)
		d.AsOwner(t, `alter table campaign_versions drop constraint campaign_versions_campaign_fkey`)
		d.AsOwner(t, `
			insert into campaign_versions (tenant_id, campaign_id, version, attribution_model, window_days, customer_lock, hold_days, auto_approve, active_from, created_at)
			select id, '00000000-0000-7000-8000-0000000000c2', 1, 'linear', 30, false, 0, false, '-infinity', now() from platform.tenants`)
		err := migrate.UpFiles(t.Context(), d.OwnerURL, next(`
			alter table campaign_versions add constraint back foreign key (tenant_id, campaign_id) references campaigns (tenant_id, id) not valid;
			alter table campaign_versions validate constraint back;`))
		if err == nil || !strings.Contains(err.Error(), "violates foreign key constraint") {
			t.Errorf("a row without its campaign passed: %v", err)
		}
	})
}

func TestUp_BrokenFileLeavesNothing(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	if err := migrate.UpFiles(t.Context(), d.OwnerURL, next(`create table half (id uuid); select 1/0;`)); err == nil {
		t.Fatal("no error")
	}
	if n := count(t, d, `select count(*) from pg_class where relname = 'half'`); n != 0 {
		t.Error("half of the migration is there")
	}
	if err := migrate.UpFiles(t.Context(), d.OwnerURL, next(`create table half (id uuid);`)); err != nil {
		t.Errorf("the corrected file: %v", err)
	}
}

func TestUp_AtOnce(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := migrate.UpFiles(t.Context(), d.OwnerURL, next(insertCampaign+`;`)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := count(t, d, `select count(*) from campaigns`); n != 1 {
		t.Errorf("the migration ran %d times", n)
	}
}

// A long transaction keeps a migration waiting, and nobody waits behind that for longer than its
// patience of two seconds.
func TestUp_LetsOthersPass(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	release, done := make(chan struct{}), make(chan error, 2)
	go func() {
		done <- d.System.InTx(t.Context(), db.TxOptions{}, func(ctx context.Context) error {
			if _, err := db.Tx(ctx).NewRaw(`lock table campaigns in access share mode`).Exec(ctx); err != nil {
				return err
			}
			go func() {
				done <- migrate.UpFiles(t.Context(), d.OwnerURL, next(`alter table campaigns add column later integer;`))
			}()
			<-release
			return nil
		})
	}()
	const waiting = `select exists (select from pg_locks where relation = 'campaigns'::regclass and not granted and database = (select oid from pg_database where datname = current_database()))`
	d.Await(t, waiting)
	began := time.Now()
	d.Read(t, new(int), `select count(*) from campaigns`)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("a reader waited %s", took)
	}
	d.Await(t, waiting) // the next try
	close(release)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := count(t, d, `select count(later) from campaigns`); n != 0 {
		t.Errorf("%d", n)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	if err := migrate.Check(t.Context(), d.System); err != nil {
		t.Fatal(err)
	}
	d.AsOwner(t, `update platform.schema_compat set min_binary = 9999`)
	if err := migrate.Check(t.Context(), d.System); !errors.Is(err, migrate.ErrAhead) {
		t.Errorf("a database of the future: %v", err)
	}
	d.AsOwner(t, `delete from schema_migrations where version_id = (select max(version_id) from schema_migrations)`)
	if err := migrate.Check(t.Context(), d.System); !errors.Is(err, migrate.ErrBehind) {
		t.Errorf("a database of the past: %v", err)
	}
}
