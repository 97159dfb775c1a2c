package rollup_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/rollup"
	"github.com/openpartner/openpartner/tests/testkit"
)

func day() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }

// write adds a sale of a partner of its own and does not wait for anybody.
func write(ctx context.Context) error {
	if _, err := db.Tx(ctx).NewRaw(`set local lock_timeout = '50ms'`).Exec(ctx); err != nil {
		return err
	}
	var s rollup.Sheet
	s.Add(rollup.Key{Day: day(), PartnerID: uuid.New(), CampaignID: uuid.New(), Currency: "USD"}, rollup.Figures{Conversions: 1, Revenue: 100})
	return s.Write(ctx)
}

func TestSheet_WritersDontWaitForEachOther(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	for range 2 {
		if err := write(testkit.Begin(t, d.App)); err != nil {
			t.Fatal(err)
		}
	}
}

// Between what a rebuild reads and what it writes nobody else may write.
func TestRebuild_KeepsWritersAway(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	ctx := testkit.Begin(t, d.App)
	if _, err := rollup.Rebuild(ctx, day(), day().AddDate(0, 0, 2)); err != nil {
		t.Fatal(err)
	}
	err := write(testkit.Begin(t, d.App))
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != "55P03" {
		t.Errorf("a writer did not wait for the rebuild: %v", err)
	}
	if err := write(ctx); err != nil {
		t.Errorf("the rebuild waits for itself: %v", err)
	}
}

// What a deed brought is gone when it is taken out, and a refund takes back what is left.
func TestSheet_Count(t *testing.T) {
	t.Parallel()
	ctx := testkit.Tx(t)
	amount := int64(100)
	deed := rollup.Deed{At: day(), Amount: &amount, Currency: "USD", Refunds: []rollup.Refund{{At: day(), Amount: 70}, {At: day().AddDate(0, 0, 1), Amount: 70}}}
	for range 3 {
		share := rollup.Share{PartnerID: uuid.New(), CampaignID: uuid.New()}
		share.Weight.Num, share.Weight.Den = 1, 3
		deed.Shares = append(deed.Shares, share)
	}
	var s rollup.Sheet
	s.Count(deed, 1)
	if err := s.Write(ctx); err != nil {
		t.Fatal(err)
	}
	var got []int64
	err := db.Tx(ctx).NewRaw(`
		select sum(revenue)::bigint from daily_money group by partner_id = '00000000-0000-0000-0000-000000000000',
			campaign_id = '00000000-0000-0000-0000-000000000000', day order by day, 1`).Scan(ctx, &got)
	if err != nil || len(got) != 6 || got[0] != 30 || got[1] != 30 || got[2] != 30 || got[3] != -30 {
		t.Errorf("err %v, revenue of the levels and days %v", err, got)
	}
	s.Count(deed, 1)
	s.Count(deed, -1)
	if err := s.Write(ctx); err != nil {
		t.Fatal(err)
	}
	if n, err := rollup.Rebuild(ctx, day(), day().AddDate(0, 0, 1)); err != nil || n != 14 {
		t.Errorf("err %v, want 7 figures of each day repaired, as there are no facts, got %d", err, n)
	}
}
