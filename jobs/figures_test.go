package jobs_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/jobs"
	"github.com/openpartner/openpartner/tests/testkit"
)

// Sums of the last three days that are not what the facts say are put right, told of and counted;
// those of other days are nobody's business, and a program without any is not asked.
func TestFigures(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	now := func() time.Time { return time.Date(2026, 3, 10, 4, 15, 0, 0, time.UTC) }
	var told bytes.Buffer
	repaired := 0
	kinds := jobs.Figures(jobs.FiguresOptions{
		App: d.App, Clicks: tracking.NewService(&facts.Bus{}, now), Log: slog.New(slog.NewTextHandler(&told, nil)), Now: now,
		Repaired: func(n int) { repaired += n },
	})
	look := func() (ordered int) {
		t.Helper()
		err := d.System.InTx(t.Context(), db.TxOptions{Platform: true}, func(ctx context.Context) error { return kinds[0].Run(ctx, jobs.Job{}) })
		if err != nil {
			t.Fatal(err)
		}
		d.Read(t, &ordered, `select count(*) from platform.jobs where kind = ?`, jobs.KindCheckProgramFigures)
		return ordered
	}
	check := func() {
		t.Helper()
		if err := kinds[1].Run(t.Context(), jobs.Job{Tenant: testkit.Tenant()}); err != nil {
			t.Fatal(err)
		}
	}
	if n := look(); n != 0 {
		t.Errorf("%d programs without anything are checked", n)
	}
	check()
	if repaired != 0 {
		t.Errorf("%d sums of nothing were repaired", repaired)
	}
	for _, day := range []string{"2026-03-06", "2026-03-07", "2026-03-09", "2026-03-10"} {
		d.AsOwner(t, `insert into daily_money (tenant_id, day, partner_id, campaign_id, currency, slot, conversions, revenue)
			select id, $1::date, $2::uuid, $2::uuid, 'USD', 1, 1, 100 from platform.tenants`, day, uuid.Nil)
		d.AsOwner(t, `insert into daily_clicks (tenant_id, day, partner_id, campaign_id, link_id, clicks, flagged)
			select id, $1::date, $2::uuid, $3::uuid, null, 7, 0 from platform.tenants`, day, uuid.New(), uuid.New())
	}
	if n := look(); n != 1 {
		t.Errorf("%d programs are checked", n)
	}
	check()
	var left struct{ Money, Clicks string }
	d.Read(t, &left, `
		select (select string_agg(distinct day::text, ' ') from daily_money where revenue <> 0 group by tenant_id) as money,
			(select string_agg(day::text, ' ' order by day) from daily_clicks) as clicks`)
	if left.Clicks != "2026-03-06 2026-03-10" || repaired != 4 || strings.Count(told.String(), "level=ERROR") != 2 {
		t.Errorf("left %+v, repaired %d, told\n%s", left, repaired, told.String())
	}
	var wrong int
	if d.Read(t, &wrong, `select count(*) from (select day from daily_money where day between '2026-03-07' and '2026-03-09' group by day having sum(revenue) <> 0) as days`); wrong != 0 {
		t.Errorf("the money of %d days is wrong", wrong)
	}
	if check(); repaired != 4 {
		t.Error("what is right was repaired again")
	}
}
