package reports_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/reports"
)

func sale(amount int64) attribution.EventInput {
	return attribution.EventInput{Type: "purchase", Amount: &amount, Currency: ptr("USD")}
}

func TestService_Funnel(t *testing.T) {
	t.Parallel()
	w := open(t)
	ada, one := w.partner("ada")
	bo, other := w.partner("bo")
	w.click(one)                      // nobody
	w.click(one, "looker")            // signs up for nothing
	w.click(one, "lead")              // signs up
	w.click(one, "buyer")             // signs up and buys
	w.click(other, "buyer")           // the same customer by another way
	w.click(other, "straight")        // buys without signing up
	w.click(other, "free")            // buys for nothing
	w.click(other, "first", "second") // two people at one machine
	flagged := w.click(other, "robot")
	if _, err := w.attribution.Flag(w.ctx, flagged); err != nil {
		t.Fatal(err)
	}
	w.record(1, "lead", attribution.EventInput{Type: "signup"})
	w.record(2, "buyer", attribution.EventInput{Type: "signup"})
	w.record(3, "buyer", sale(5000))
	w.record(3, "straight", sale(100))
	w.record(3, "free", sale(0))
	w.record(3, "stranger", sale(700))
	w.record(3, "second", sale(700))
	w.record(4, "robot", sale(700))

	for name, c := range map[string]struct {
		filter reports.Filter
		want   reports.Funnel
	}{
		"All":           {reports.Filter{}, reports.Funnel{Clicks: 8, Identities: 6, Signups: 4, Paid: 2}},
		"Ada":           {reports.Filter{PartnerID: &ada}, reports.Funnel{Clicks: 4, Identities: 3, Signups: 2, Paid: 1}},
		"Bo":            {reports.Filter{PartnerID: &bo}, reports.Funnel{Clicks: 4, Identities: 4, Signups: 3, Paid: 2}},
		"Campaign":      {reports.Filter{CampaignID: &w.campaign}, reports.Funnel{Clicks: 8, Identities: 6, Signups: 4, Paid: 2}},
		"OtherCampaign": {reports.Filter{CampaignID: ptr(uuid.New())}, reports.Funnel{}},
		"LaterComeTheSales": {
			reports.Filter{From: ptr(day(1)), To: ptr(day(2))}, reports.Funnel{Clicks: 8, Identities: 6, Signups: 4, Paid: 2},
		},
		"LaterVisits": {reports.Filter{From: ptr(day(2)), To: ptr(day(5))}, reports.Funnel{}},
	} {
		got, err := w.reports.Funnel(w.ctx, c.filter)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s: err %v (-want +got):\n%s", name, err, diff)
		}
	}

	t.Run("PartsAreWhatTheirFiltersGive", func(t *testing.T) {
		for name, f := range map[string]reports.Filter{"All": {}, "Ada": {PartnerID: &ada}, "Campaign": {CampaignID: &w.campaign}, "Later": {From: ptr(day(2)), To: ptr(day(5))}} {
			byPartner, err := w.reports.FunnelByPartner(w.ctx, f, 10)
			if err != nil {
				t.Fatal(err)
			}
			byCampaign, err := w.reports.FunnelByCampaign(w.ctx, f, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range byPartner {
				w.isPart(name, p, reports.Filter{From: f.From, To: f.To, PartnerID: &p.ID, CampaignID: f.CampaignID})
			}
			for _, p := range byCampaign {
				w.isPart(name, p, reports.Filter{From: f.From, To: f.To, PartnerID: f.PartnerID, CampaignID: &p.ID})
			}
			want := map[string][2]int{"All": {2, 1}, "Ada": {1, 1}, "Campaign": {2, 1}, "Later": {0, 0}}[name]
			if diff := cmp.Diff(want, [2]int{len(byPartner), len(byCampaign)}); diff != "" {
				t.Errorf("%s: partners and campaigns (-want +got):\n%s", name, diff)
			}
		}
		most, err := w.reports.FunnelByPartner(w.ctx, reports.Filter{}, 1)
		if err != nil || len(most) != 1 || most[0].ID != bo || most[0].Name != "bo" {
			t.Errorf("err %v, got %+v", err, most)
		}
	})
	t.Run("PartsAreForAdmins", func(t *testing.T) {
		ctx := auth.With(w.ctx, auth.Principal{Kind: auth.Key, KeyKind: "partner", PartnerID: ada})
		_, byPartner := w.reports.FunnelByPartner(ctx, reports.Filter{}, 10)
		_, byCampaign := w.reports.FunnelByCampaign(ctx, reports.Filter{}, 10)
		_, figures := w.reports.FiguresOf(ctx, reports.Filter{}, []uuid.UUID{bo})
		for _, err := range []error{byPartner, byCampaign, figures} {
			if !fault.Is(err, fault.KindForbidden) {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("PartnersSeeTheirOwn", func(t *testing.T) {
		ctx := auth.With(w.ctx, auth.Principal{Kind: auth.Key, KeyKind: "partner", PartnerID: ada})
		got, err := w.reports.Funnel(ctx, reports.Filter{PartnerID: &bo})
		if err != nil || got.Clicks != 4 || got.Paid != 1 {
			t.Errorf("err %v, got %+v", err, got)
		}
	})
}

// isPart compares a part with the funnel of its filter.
func (w *shop) isPart(name string, p reports.Part, f reports.Filter) {
	w.t.Helper()
	want, err := w.reports.Funnel(w.ctx, f)
	if diff := cmp.Diff(want, p.Funnel); err != nil || diff != "" {
		w.t.Errorf("%s, %s: err %v (-filtered +part):\n%s", name, p.Name, err, diff)
	}
}

// What a customer did before the visit was not its doing.
func TestService_FunnelBegins(t *testing.T) {
	t.Parallel()
	w := open(t)
	_, link := w.partner("ada")
	w.click(link, "u1")
	w.record(2, "u1", sale(100))
	w.now = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	w.click(link, "u1")
	got, err := w.reports.Funnel(w.ctx, reports.Filter{From: ptr(day(10))})
	if diff := cmp.Diff(reports.Funnel{Clicks: 1, Identities: 1}, got); err != nil || diff != "" {
		t.Errorf("err %v (-want +got):\n%s", err, diff)
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		part, whole int64
		want        string
	}{{0, 4, "0"}, {1, 8, "12.5"}, {1, 3, "33.3333"}, {2, 3, "66.6667"}, {5, 5, "100"}, {1, 10_000_000, "0"}, {0, 0, ""}} {
		if got, ok := reports.Rate(c.part, c.whole); got != c.want || ok != (c.want != "") {
			t.Errorf("%d of %d: got %q", c.part, c.whole, got)
		}
	}
}

func TestService_Dashboard(t *testing.T) {
	t.Parallel()
	w := open(t)
	ada, link := w.partner("ada")
	bo, other := w.partner("bo")
	w.click(link, "u1")
	w.click(other, "u1")
	w.record(2, "u1", attribution.EventInput{Type: "signup"})
	w.record(3, "u1", sale(10000))
	w.record(4, "u1", attribution.EventInput{Type: "purchase", Amount: ptr(int64(1000)), Currency: ptr("JPY")})

	got, err := w.reports.Dashboard(w.ctx, ada, reports.Filter{From: ptr(day(3)), To: ptr(day(5))}, reports.Day)
	if err != nil {
		t.Fatal(err)
	}
	want := reports.Figures{Conversions: 2, Money: []reports.Money{{Currency: "JPY", Revenue: 500, Pending: 50}, {Currency: "USD", Revenue: 5000, Pending: 500}}}
	if diff := cmp.Diff(want, reports.Sum(got.Series)); diff != "" || len(got.Series) != 2 {
		t.Errorf("%d days (-want +got):\n%s", len(got.Series), diff)
	}
	if diff := cmp.Diff([]reports.Money{{Currency: "JPY", Pending: 50}, {Currency: "USD", Pending: 500}}, got.Balances); diff != "" || got.Links != 1 || got.Campaigns != 1 {
		t.Errorf("%d links, %d campaigns (-want +got):\n%s", got.Links, got.Campaigns, diff)
	}

	for name, c := range map[string]struct {
		who  auth.Principal
		of   uuid.UUID
		kind fault.Kind
		ok   bool
	}{
		"Reports":     {auth.Principal{Kind: auth.Key, KeyKind: "scoped", Scopes: []string{"reports:read"}}, ada, 0, true},
		"Commissions": {auth.Principal{Kind: auth.Key, KeyKind: "scoped", Scopes: []string{"commissions:read"}}, ada, 0, true},
		"Own":         {auth.Principal{Kind: auth.Key, KeyKind: "partner", PartnerID: ada}, ada, 0, true},
		"Others":      {auth.Principal{Kind: auth.Key, KeyKind: "partner", PartnerID: bo}, ada, fault.KindNotFound, false},
		"Nobodys":     {auth.Principal{Kind: auth.AdminKind, Role: "viewer"}, uuid.New(), fault.KindNotFound, false},
		"Neither":     {auth.Principal{Kind: auth.Key, KeyKind: "scoped", Scopes: []string{"events:read"}}, ada, fault.KindForbidden, false},
	} {
		_, err := w.reports.Dashboard(auth.With(w.ctx, c.who), c.of, reports.Filter{}, reports.Week)
		if c.ok != (err == nil) || (!c.ok && !fault.Is(err, c.kind)) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
