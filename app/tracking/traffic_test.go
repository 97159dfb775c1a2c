package tracking_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/tests/testkit"
)

type bundle struct {
	t        *testing.T
	ctx      context.Context
	now      time.Time
	partners *partners.Service
	tracking *tracking.Service
	campaign campaigns.Campaign
	partner  partners.Partner
	link     links.Link
}

// setup makes a link of a partner in a program whose clock the test moves.
func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t, ctx: testkit.Tx(t), now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return b.now }
	b.tracking = tracking.NewService(nil, clock)
	c := campaigns.NewService(nil, clock)
	b.partners = partners.NewService(nil, clock)
	name, home := "Summer", "https://shop.example.com/"
	var err error
	b.campaign, err = c.Create(b.ctx, campaigns.Input{Name: &name, DestinationURL: &home, Rules: &[]campaigns.RuleInput{{Kind: "percent", Rate: "20"}}})
	if err != nil {
		t.Fatal(err)
	}
	b.partner, err = b.partners.Create(b.ctx, partners.CreateInput{Email: "zoe@example.com", Name: "Zoe", CampaignIDs: []uuid.UUID{b.campaign.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if b.link, err = links.NewService(c, b.partners, clock).Create(b.ctx, b.partner.ID, links.Input{Key: "zoe", CampaignID: b.campaign.ID}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bundle) visit(agent string) uuid.UUID {
	b.t.Helper()
	to, err := b.tracking.Open(b.ctx, tracking.Visit{Key: "zoe", Query: url.Values{}, UserAgent: agent})
	if err != nil {
		b.t.Fatal(err)
	}
	return to.ClickID
}

const (
	browser = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
	robot   = "Googlebot/2.1 (+http://www.google.com/bot.html)"
)

func TestService_LinkTraffic(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.visit(browser) // on the first of May, before the three days
	b.now = b.now.AddDate(0, 0, 1)
	b.visit(browser)
	b.visit(browser)
	b.visit(robot)
	b.now = b.now.AddDate(0, 0, 2)
	b.visit(browser)
	got, err := b.tracking.LinkTraffic(b.ctx, b.link, 3)
	if err != nil {
		t.Fatal(err)
	}
	day := func(n int) time.Time { return time.Date(2026, 5, n, 0, 0, 0, 0, time.UTC) }
	want := []tracking.Traffic{{Day: day(2), Clicks: 2, Flagged: 1}, {Day: day(3)}, {Day: day(4), Clicks: 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestService_LinkClicks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.visit(browser)
	b.now = b.now.AddDate(0, 0, 1)
	b.visit(browser)
	b.visit(robot)
	for days, want := range map[int]int64{1: 1, 2: 2} {
		got, err := b.tracking.LinkClicks(b.ctx, []links.Link{b.link, {ID: uuid.New()}}, days)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[uuid.UUID]int64{b.link.ID: want}, got); diff != "" {
			t.Errorf("%d days: %s", days, diff)
		}
	}
}
