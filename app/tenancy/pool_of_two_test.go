package tenancy_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

// requests is how many the test makes: enough for every commit, or as many as
// OPENPARTNER_TEST_REQUESTS says.
func requests(t *testing.T) int64 {
	t.Helper()
	text := os.Getenv("OPENPARTNER_TEST_REQUESTS")
	if text == "" {
		return 5_000
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Two programs share two connections. Whatever becomes of a request (an answer, a refusal, a
// failed statement, a panic, a visitor who leaves in the middle), the next one on its connection
// sees the rows of its own program and no others.
func TestRun_PoolOfTwo(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	pool, err := db.Open(t.Context(), d.AppURL, db.PoolOptions{MaxConns: 2, Name: "test", Prepares: db.PreparesHot})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	other := uuid.MustParse("00000000-0000-7000-8000-0000000000b0")
	d.AsOwner(t, `insert into platform.tenants (id, slug, display_name) values ($1, 'other', 'Other')`, other)
	tenants := []tenancy.Tenant{testkit.Tenant(), {ID: other, Slug: "other"}}
	for _, tenant := range tenants {
		for range 3 {
			d.AsOwner(t, `insert into config (tenant_id, key, value, updated_at) values ($1, $2, '{}', now())`, tenant.ID, uuid.NewString())
		}
	}
	var left atomic.Int64
	total := requests(t)
	left.Store(total)
	var foreign, answered atomic.Int64
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(worker), 1))
			for left.Add(-1) >= 0 {
				request(t, pool, tenants[dice.IntN(2)], dice.IntN(100), &foreign, &answered)
			}
		})
	}
	all.Wait()
	if foreign.Load() != 0 || answered.Load() < total/2 {
		t.Errorf("%d foreign rows in %d requests, of which %d were answered", foreign.Load(), total, answered.Load())
	}
}

var errRefused = errors.New("refused")

// request looks at the rows of a tenant, and ends in one of several ways.
func request(t *testing.T, pool *db.Pool, tenant tenancy.Tenant, end int, foreign, answered *atomic.Int64) {
	defer func() { _ = recover() }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := tenancy.Run(ctx, pool, tenant, func(ctx context.Context) error {
		var seen struct{ Own, Others int64 }
		err := db.Tx(ctx).NewRaw(`
			select count(*) filter (where tenant_id = ?0) as own, count(*) filter (where tenant_id <> ?0) as others from config`, tenant.ID).Scan(ctx, &seen)
		if err != nil {
			return err
		}
		foreign.Add(seen.Others)
		if seen.Own < 3 {
			t.Errorf("only %d rows of its own", seen.Own)
		}
		switch {
		case end < 10:
			return errRefused
		case end < 20:
			_, err := db.Tx(ctx).NewRaw(`select 1/0`).Exec(ctx)
			return err
		case end < 21: // costs a new connection
			cancel()
			_, err := db.Tx(ctx).NewRaw(`select pg_sleep(1)`).Exec(ctx)
			return err
		case end < 30:
			panic("on purpose")
		case end < 45:
			_, err := db.Tx(ctx).NewRaw(`insert into config (tenant_id, key, value, updated_at) values (?, ?, '{}', now()) on conflict do nothing`,
				tenant.ID, fmt.Sprint("k", end)).Exec(ctx)
			return err
		}
		return nil
	})
	if err == nil {
		answered.Add(1)
	}
}
