package attribution_test

import (
	"testing"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
)

func TestIllustrate(t *testing.T) {
	t.Parallel()
	const nothing = -1
	share := campaigns.Rule{Trigger: campaigns.Every, Kind: campaigns.Percent, RatePPM: 200000}
	with := func(change func(*campaigns.Rule)) campaigns.Rule { r := share; change(&r); return r }
	sale := commissions.Sale{Type: "purchase", Amount: ptr(int64(9999)), Currency: "USD"}
	for _, c := range []struct {
		name         string
		rule         campaigns.Rule
		sale         commissions.Sale
		first, later int64
	}{
		{"Share", share, sale, 2000, 2000},
		{"FirstOnly", with(func(r *campaigns.Rule) { r.Trigger, r.EventType = campaigns.First, "purchase" }), sale, 2000, nothing},
		{"AllButTheFirst", with(func(r *campaigns.Rule) { r.Trigger, r.EventType = campaigns.Subsequent, "purchase" }), sale, nothing, 2000},
		{"WithinItsMonths", with(func(r *campaigns.Rule) { r.DurationMonths = 1 }), sale, 2000, 2000},
		{"OtherEvent", with(func(r *campaigns.Rule) { r.EventType = "signup" }), sale, nothing, nothing},
		{"ShareOfNothing", share, commissions.Sale{Type: "signup"}, nothing, nothing},
		{"FixedForAnEventWithoutMoney", campaigns.Rule{Trigger: campaigns.Every, Kind: campaigns.Fixed, Amount: 500, Currency: "EUR"}, commissions.Sale{Type: "signup"}, 500, 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := attribution.Illustrate([]campaigns.Rule{c.rule}, c.sale)[0]
			for name, pair := range map[string][2]int64{"first": {c.first, paid(got.First)}, "later": {c.later, paid(got.Later)}} {
				if pair[0] != pair[1] {
					t.Errorf("%s: want %d, got %d", name, pair[0], pair[1])
				}
			}
		})
	}
	t.Run("RulesKeepTheirOrder", func(t *testing.T) {
		t.Parallel()
		fixed := campaigns.Rule{Trigger: campaigns.Every, Kind: campaigns.Fixed, Amount: 500, Currency: "EUR"}
		got := attribution.Illustrate([]campaigns.Rule{fixed, share}, sale)
		if paid(got[0].First) != 500 || paid(got[1].First) != 2000 {
			t.Errorf("got %+v", got)
		}
	})
}

// paid is the amount of a target, -1 for none.
func paid(target *commissions.Target) int64 {
	if target == nil {
		return -1
	}
	return target.Amount
}
