package reports_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/tests/testkit"
)

func ptr[T any](v T) *T { return &v }

// shop is a program in a rolled-back transaction, with one linear campaign of 10 percent and a
// clock that tests move.
type shop struct {
	t           *testing.T
	ctx         context.Context
	now         time.Time
	campaign    uuid.UUID
	partners    *partners.Service
	links       *links.Service
	tracking    *tracking.Service
	attribution *attribution.Service
	reports     *reports.Service
}

func open(t *testing.T) *shop {
	t.Helper()
	w := &shop{t: t, ctx: testkit.Tx(t), now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	c, m := campaigns.NewService(nil, clock), commissions.NewService(nil, clock)
	w.partners, w.tracking, w.reports = partners.NewService(nil, clock), tracking.NewService(nil, clock), reports.NewService(clock)
	w.links = links.NewService(c, w.partners, clock)
	unsigned := func(context.Context) (string, bool, error) { return "", false, nil }
	w.attribution = attribution.NewService(w.tracking, c, m, unsigned, nil, clock)
	campaign, err := c.Create(w.ctx, campaigns.Input{
		Name: ptr("Summer"), DestinationURL: ptr("https://shop.example.com/"), AttributionModel: ptr(campaigns.Linear),
		Rules: &[]campaigns.RuleInput{{Kind: "percent", Rate: "10"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.campaign = campaign.ID
	return w
}

// partner adds one with a link.
func (w *shop) partner(name string) (uuid.UUID, links.Link) {
	w.t.Helper()
	partner, err := w.partners.Create(w.ctx, partners.CreateInput{Email: name + "@example.com", Name: name, CampaignIDs: []uuid.UUID{w.campaign}})
	if err != nil {
		w.t.Fatal(err)
	}
	link, err := w.links.Create(w.ctx, partner.ID, links.Input{CampaignID: w.campaign})
	if err != nil {
		w.t.Fatal(err)
	}
	return partner.ID, link
}

// click visits through a link, and ties the visit to users.
func (w *shop) click(link links.Link, users ...string) uuid.UUID {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	passage, err := w.tracking.Open(w.ctx, tracking.Visit{Key: link.Key, Query: url.Values{}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, user := range users {
		if _, err := w.attribution.Identify(w.ctx, attribution.IdentifyInput{Cref: passage.ClickID, UserID: user}); err != nil {
			w.t.Fatal(err)
		}
		w.now = w.now.Add(time.Second)
	}
	return passage.ClickID
}

// record has a user do something on a day of March, at noon.
func (w *shop) record(day int, user string, in attribution.EventInput) {
	w.t.Helper()
	w.now = time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC)
	in.UserID = user
	if _, err := w.attribution.Record(w.ctx, in); err != nil {
		w.t.Fatal(err)
	}
}

// story gives two partners and one customer who clicked on both, and a way to record events.
func story(t *testing.T) (ctx context.Context, s *reports.Service, ada, bo uuid.UUID, record func(day int, in attribution.EventInput)) {
	t.Helper()
	w := open(t)
	ada, one := w.partner("ada")
	bo, other := w.partner("bo")
	w.click(one, "u1")
	w.click(other, "u1")
	return w.ctx, w.reports, ada, bo, func(day int, in attribution.EventInput) { t.Helper(); w.record(day, "u1", in) }
}

func TestService_Overview(t *testing.T) {
	t.Parallel()
	ctx, s, ada, bo, record := story(t)
	record(2, attribution.EventInput{Type: "signup"})
	record(3, attribution.EventInput{Type: "purchase", Amount: ptr(int64(10001)), Currency: ptr("USD"), ExternalID: ptr("o1")})
	record(4, attribution.EventInput{Type: "purchase", Amount: ptr(int64(500)), Currency: ptr("JPY")})
	record(5, attribution.EventInput{Type: "refund", Amount: ptr(int64(4000)), Currency: ptr("USD"), Reverses: ptr("o1")})
	record(6, attribution.EventInput{Type: "refund", Amount: ptr(int64(9000)), Currency: ptr("USD"), Reverses: ptr("o1")})

	t.Run("Whole", func(t *testing.T) {
		got, err := s.Overview(ctx, reports.Filter{})
		want := reports.Figures{Clicks: 2, Leads: 1, Conversions: 2, Money: []reports.Money{
			{Currency: "JPY", Revenue: 500, Pending: 50},
			{Currency: "USD", Revenue: 0, Pending: 0},
		}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("err %v, difference (-want +got):\n%s", err, diff)
		}
	})
	t.Run("RefundsOnTheirOwnDayAndCapped", func(t *testing.T) {
		series, err := s.Timeseries(ctx, reports.Filter{From: ptr(day(3)), To: ptr(day(7))}, reports.Day)
		var got []int64
		for _, m := range series {
			got = append(got, m.In("USD").Revenue)
		}
		if diff := cmp.Diff([]int64{10001, 0, -4000, -6001}, got); err != nil || diff != "" {
			t.Fatalf("err %v, difference (-want +got):\n%s", err, diff)
		}
	})
	t.Run("OnePartnersPart", func(t *testing.T) {
		got, err := s.Overview(ctx, reports.Filter{PartnerID: &bo})
		if err != nil || got.Clicks != 1 || got.Conversions != 2 || got.In("JPY").Revenue != 250 || got.In("JPY").Pending != 25 {
			t.Fatalf("err %v, got %+v", err, got)
		}
	})
	t.Run("Weeks", func(t *testing.T) {
		series, err := s.Timeseries(ctx, reports.Filter{From: ptr(day(1)), To: ptr(day(9))}, reports.Week)
		if err != nil || len(series) != 2 || series[0].Start != time.Date(2026, 2, 23, 0, 0, 0, 0, time.UTC) || series[1].Conversions != 2 {
			t.Fatalf("err %v, got %+v", err, series)
		}
	})
	t.Run("TopPartners", func(t *testing.T) {
		top, err := s.TopPartners(ctx, reports.Filter{}, 5)
		if err != nil || len(top) != 2 || top[0].Clicks != 1 || top[0].Conversions != 2 || top[0].In("JPY").Revenue != 250 {
			t.Fatalf("err %v, got %+v", err, top)
		}
		if ids := map[uuid.UUID]bool{top[0].PartnerID: true, top[1].PartnerID: true}; !ids[ada] || !ids[bo] {
			t.Fatalf("got %v", ids)
		}
	})
}

func TestService_RefusesRanges(t *testing.T) {
	t.Parallel()
	ctx, s, _, _, _ := story(t)
	for name, f := range map[string]reports.Filter{
		"Backwards": {From: ptr(day(5)), To: ptr(day(5))},
		"TooLong":   {From: ptr(day(1).AddDate(-3, 0, 0)), To: ptr(day(5))},
	} {
		if _, err := s.Overview(ctx, f); !fault.Is(err, fault.KindInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func day(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
