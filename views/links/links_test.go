package links

import (
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tracking"
)

func TestShowPage_Idle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	later := now.AddDate(0, 0, 1)
	for name, c := range map[string]struct {
		link     links.Link
		campaign campaigns.Campaign
		want     string
	}{
		"Running":  {links.Link{}, campaigns.Campaign{Status: campaigns.Active}, ""},
		"Paused":   {links.Link{}, campaigns.Campaign{Status: campaigns.Paused}, "The campaign is paused: the link leads visitors on, but their clicks don't count."},
		"Upcoming": {links.Link{}, campaigns.Campaign{Status: campaigns.Active, StartsAt: &later}, "The campaign is upcoming: the link leads visitors on, but their clicks don't count."},
		"Archived": {links.Link{ArchivedAt: &now}, campaigns.Campaign{Status: campaigns.Paused}, "This link was archived on 4 May 2026. It still leads visitors on, but their clicks don't count."},
	} {
		if got := (ShowPage{Link: c.link, Campaign: c.campaign, Now: now}).idle(); got != c.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestShowPage_Total(t *testing.T) {
	t.Parallel()
	for want, days := range map[string][]tracking.Traffic{
		"0 clicks in the last 30 days.":                                {{}, {}},
		"1 click in the last 30 days.":                                 {{Clicks: 1}, {}},
		"1\u202f200 clicks in the last 30 days; 3 more did not count.": {{Clicks: 1000, Flagged: 1}, {Clicks: 200, Flagged: 2}},
	} {
		p := ShowPage{Traffic: days}
		if got := p.total(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if series := len(p.chart().Series); (series == 2) != (days[0].Flagged > 0) {
			t.Errorf("%s: %d series in the chart", want, series)
		}
	}
}

func TestKeyPrefix(t *testing.T) {
	t.Parallel()
	for want, u := range map[string]routes.URLs{
		"go.example.com/r/":        routes.New("https://go.example.com", ""),
		"go.example.com/t/acme/r/": routes.New("https://go.example.com/", "acme"),
	} {
		if got := keyPrefix(u); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
