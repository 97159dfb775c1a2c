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

// story makes one linear campaign of 10 percent with two partners, one customer who clicked on
// both, and gives the partners, the service and a way to record events.
func story(t *testing.T) (ctx context.Context, s *reports.Service, ada, bo uuid.UUID, record func(day int, in attribution.EventInput)) {
	t.Helper()
	ctx = testkit.Tx(t)
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	c, p, k, m := campaigns.NewService(clock), partners.NewService(nil, clock), tracking.NewService(clock), commissions.NewService(clock)
	l := links.NewService(c, p, clock)
	unsigned := func(context.Context) (string, bool, error) { return "", false, nil }
	a := attribution.NewService(k, c, m, unsigned, clock)
	campaign, err := c.Create(ctx, campaigns.Input{
		Name: ptr("Summer"), DestinationURL: ptr("https://shop.example.com/"), AttributionModel: ptr(campaigns.Linear),
		Rules: &[]campaigns.RuleInput{{Kind: "percent", Rate: "10"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	promote := func(name string) uuid.UUID {
		partner, err := p.Create(ctx, partners.CreateInput{Email: name + "@example.com", Name: name, CampaignIDs: []uuid.UUID{campaign.ID}})
		if err != nil {
			t.Fatal(err)
		}
		link, err := l.Create(ctx, partner.ID, links.Input{CampaignID: campaign.ID})
		if err != nil {
			t.Fatal(err)
		}
		passage, err := k.Open(ctx, tracking.Visit{Key: link.Key, Query: url.Values{}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Identify(ctx, attribution.IdentifyInput{Cref: passage.ClickID, UserID: "u1"}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
		return partner.ID
	}
	ada, bo = promote("ada"), promote("bo")
	record = func(day int, in attribution.EventInput) {
		now = time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC)
		in.UserID = "u1"
		if _, err := a.Record(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	return ctx, reports.NewService(clock), ada, bo, record
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
