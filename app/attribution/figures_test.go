package attribution_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/rollup"
	"github.com/openpartner/openpartner/app/verify"
)

// days are those on which there are figures.
func (w *world) days(t rapid.TB) (days []time.Time) {
	t.Helper()
	if err := db.Tx(w.ctx).NewRaw(`select distinct day from daily_money order by day`).Scan(w.ctx, &days); err != nil {
		t.Fatal(err)
	}
	return days
}

// rebuild holds the figures of days against the facts and gives how many were wrong.
func (w *world) rebuild(t rapid.TB, days []time.Time) (repaired int) {
	t.Helper()
	for _, day := range days {
		n, err := rollup.Rebuild(w.ctx, day, day)
		if err != nil {
			t.Fatal(err)
		}
		repaired += n
	}
	return repaired
}

// TestRebuild damages the figures of any history and has them rebuilt.
func TestRebuild(t *testing.T) {
	t.Parallel()
	w := setup(t)
	damages := []string{
		`delete from daily_money`,
		`delete from daily_money where partner_id = '00000000-0000-0000-0000-000000000000'`,
		`update daily_money set revenue = revenue + 7, conversions = conversions - 1, pending = pending * 2 + 1`,
		`update daily_money set leads = leads + 1 where currency = ''`,
		`update daily_money set approved = approved + 100, paid = paid - 100`,
		`insert into daily_money (tenant_id, partner_id, campaign_id, day, currency, slot, leads, revenue)
			select distinct tenant_id, gen_random_uuid(), campaign_id, day, 'EUR', 9, 3, 500 from daily_money`,
	}
	rapid.Check(t, func(r *rapid.T) {
		w.attempt(func(w *world) {
			promote := w.market(rapid.SampledFrom(campaigns.Models()).Draw(r, "model"), rapid.Bool().Draw(r, "lock"))
			w.now = w.now.AddDate(0, 6, 0)
			for _, f := range shuffled(r, history(r, promote)) {
				w.now = w.now.Add(time.Minute)
				f.tell(w, "a")
			}
			days := w.days(r)
			damage := rapid.SampledFrom(damages).Draw(r, "damage")
			w.exec(damage)
			breaches, err := verify.Ledger(w.ctx)
			if err != nil {
				r.Fatal(err)
			}
			if repaired := w.rebuild(r, days); repaired == 0 && len(breaches) > 0 {
				r.Errorf("nothing was repaired of %v", breaches)
			}
			w.holds(r)
		})
	})
}
