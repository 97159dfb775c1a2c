package campaigns_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
)

func TestSimulation_Verdict(t *testing.T) {
	t.Parallel()
	zoe, ada := uuid.New(), uuid.New()
	for name, c := range map[string]struct {
		rows []attribution.Simulated
		want string
	}{
		"Nothing":   {nil, "Nothing was earned in this time"},
		"Unchanged": {[]attribution.Simulated{{PartnerID: zoe, Currency: "USD", Was: 100, WouldBe: 100}}, "No difference"},
		"More":      {[]attribution.Simulated{{PartnerID: zoe, Currency: "USD", Was: 100, WouldBe: 350}}, "These terms would have paid $2.50 more."},
		"MoreAndLess": {[]attribution.Simulated{
			{PartnerID: zoe, Currency: "USD", Was: 100, WouldBe: 50}, {PartnerID: zoe, Currency: "JPY", Was: 0, WouldBe: 500},
		}, "These terms would have paid ¥500 more and $0.50 less."},
		"Shifted": {[]attribution.Simulated{
			{PartnerID: zoe, Currency: "USD", Was: 100, WouldBe: 0}, {PartnerID: ada, Currency: "USD", Was: 0, WouldBe: 100},
		}, "Altogether the same, but others would have earned it."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := campaignsview.NewSimulation(campaigns.Campaign{ID: uuid.New()})
			p.Result = &campaignsview.SimulationResult{Rows: c.rows, Totals: attribution.Totals(c.rows), Names: map[uuid.UUID]string{zoe: "Zoe", ada: "Ada"}}
			if text := render(t, campaignsview.Simulation(p)).Text(); !strings.Contains(text, c.want) {
				t.Errorf("does not say %q: %s", c.want, text)
			}
		})
	}
}
