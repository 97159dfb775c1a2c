package campaigns_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
)

func render(t *testing.T, c templ.Component) *goquery.Document {
	t.Helper()
	var out strings.Builder
	if err := c.Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// has fails for every selector that finds nothing; one that begins with ! must find nothing.
func has(t *testing.T, doc *goquery.Document, selectors ...string) {
	t.Helper()
	for _, selector := range selectors {
		plain, absent := strings.CutPrefix(selector, "!")
		if found := doc.Find(plain).Length() > 0; found == absent {
			t.Errorf("%s: found %v", selector, found)
		}
	}
}

func TestRuleWords(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]campaigns.Rule{
		"20 % of every sale":                       {Kind: campaigns.Percent, RatePPM: 200000, Trigger: campaigns.Every},
		"20 % of every purchase for 12 months":     {Kind: campaigns.Percent, RatePPM: 200000, Trigger: campaigns.Every, EventType: "purchase", DurationMonths: 12},
		"12.5 % of the first invoice paid":         {Kind: campaigns.Percent, RatePPM: 125000, Trigger: campaigns.First, EventType: "invoice_paid"},
		"$12.50 for every later signup":            {Kind: campaigns.Fixed, Amount: 1250, Currency: "USD", Trigger: campaigns.Subsequent, EventType: "signup"},
		"¥500 for every event for 1 month":         {Kind: campaigns.Fixed, Amount: 500, Currency: "JPY", Trigger: campaigns.Every, DurationMonths: 1},
		"0.0001 % of every later subscription new": {Kind: campaigns.Percent, RatePPM: 1, Trigger: campaigns.Subsequent, EventType: "subscription_new"},
	} {
		if got := campaignsview.RuleWords(r); got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
}

func TestNewExample(t *testing.T) {
	t.Parallel()
	rules := []campaigns.Rule{
		{Kind: campaigns.Percent, RatePPM: 200000, Trigger: campaigns.Every, DurationMonths: 12},
		{}, // can't be read
		{Kind: campaigns.Fixed, Amount: 500, Currency: "EUR", Trigger: campaigns.First, EventType: "purchase"},
	}
	wrong := fault.Fields{"rules.1.rate": "Give a percentage."}
	sale := campaignsview.Sample{Amount: "99.99", Currency: "USD", Type: "purchase"}
	t.Run("Arithmetic", func(t *testing.T) {
		t.Parallel()
		got := campaignsview.NewExample(rules, wrong, sale)
		want := campaignsview.Example{
			Noun: "purchase", First: []string{"$20.00", "€5.00"}, Later: []string{"$20.00"},
			Lines: []campaignsview.ExampleLine{
				{Number: 1, Words: "20 % of every sale for 12 months", First: "20 % of $99.99 = $20.00", Later: "20 % of $99.99 = $20.00, for 12 months from the first"},
				{Number: 2, Problem: "Give a percentage."},
				{Number: 3, Words: "€5.00 for the first purchase", First: "€5.00, a fixed amount", Later: "Nothing: it is for the first only"},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("WithoutMoney", func(t *testing.T) {
		t.Parallel()
		got := campaignsview.NewExample(rules, wrong, campaignsview.Sample{Type: "signup"})
		if got.Lines[0].First != "Nothing: there is no amount to share" || got.Lines[2].First != "Nothing: it is for purchase only" || got.First != nil {
			t.Errorf("got %+v", got)
		}
	})
	for name, sample := range map[string]campaignsview.Sample{
		"NoAmount": {Amount: "ten", Currency: "USD"}, "Zero": {Amount: "0", Currency: "USD"}, "NoCurrency": {Amount: "10", Currency: "XXQ"},
		"TooManyDecimals": {Amount: "10.5", Currency: "JPY"},
	} {
		t.Run("Refuses"+name, func(t *testing.T) {
			t.Parallel()
			if got := campaignsview.NewExample(rules, wrong, sample); got.Problem == "" || got.Lines != nil {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestForm_Rules(t *testing.T) {
	t.Parallel()
	t.Run("TheOnlyOneCannotBeRemoved", func(t *testing.T) {
		t.Parallel()
		has(t, render(t, campaignsview.Form(campaignsview.NewForm())), `[name="rules.0.kind"]`, `button[name="step"][value="add"]`, `!button[value="remove.0"]`)
	})
	t.Run("ANewOneIsLedTo", func(t *testing.T) {
		t.Parallel()
		p := campaignsview.NewForm()
		p.Rules[0].Currency = "EUR"
		p.AddRule()
		has(t, render(t, campaignsview.Form(p)), `[name="rules.1.rate"][autofocus]`, `[name="rules.1.currency"][value="EUR"]`, `button[value="remove.1"]`, `!#field-rules-0-rate[autofocus]`)
	})
	t.Run("ThereAreTenAtMost", func(t *testing.T) {
		t.Parallel()
		p := campaignsview.NewForm()
		for range campaigns.MaxRules + 3 {
			p.AddRule()
		}
		has(t, render(t, campaignsview.Form(p)), `[name="rules.9.kind"]`, `![name="rules.10.kind"]`, `!button[value="add"]`)
	})
	t.Run("TheOneBeforeIsLedToAfterRemoval", func(t *testing.T) {
		t.Parallel()
		p := campaignsview.FormPage{Rules: []campaignsview.RuleRow{{Kind: "fixed", Amount: "1"}, {Rate: "2"}, {Rate: "3"}}}
		p.RemoveRule(1)
		if len(p.Rules) != 2 || p.Rules[1].Rate != "3" {
			t.Fatalf("rules %+v", p.Rules)
		}
		has(t, render(t, campaignsview.Form(p)), `[name="rules.0.amount"][autofocus]`, `![name="rules.0.rate"][autofocus]`)
	})
	t.Run("WhatIsWrongStandsAtItsRow", func(t *testing.T) {
		t.Parallel()
		p := campaignsview.FormPage{Rules: []campaignsview.RuleRow{{Kind: "percent"}, {Kind: "percent", Rate: "400"}}, Errors: fault.Fields{"rules.1.rate": "Too much."}}
		has(t, render(t, campaignsview.Form(p)), `[name="rules.1.rate"][value="400"][aria-invalid="true"][aria-describedby="field-rules-1-rate-error"]`,
			`#field-rules-1-rate-error`, `![name="rules.0.rate"][aria-invalid]`)
	})
	t.Run("EnterSaves", func(t *testing.T) {
		t.Parallel()
		first := render(t, campaignsview.Form(campaignsview.NewForm())).Find("form [type=submit]").First()
		if _, named := first.Attr("name"); named {
			t.Error("the first button is a step")
		}
	})
}

func TestForm_ShowsACampaignAsItIs(t *testing.T) {
	t.Parallel()
	end := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
	p := campaignsview.EditForm(campaigns.Campaign{
		ID: uuid.New(), Name: "Summer", DeepLinkDomains: []string{"a.example", "b.example"}, EndsAt: &end,
		Terms: campaigns.Terms{AttributionModel: campaigns.Linear, WindowDays: 30},
		Rules: []campaigns.Rule{{Kind: campaigns.Fixed, Amount: 1250, Currency: "EUR", Trigger: campaigns.First, EventType: "signup", DurationMonths: 3}},
	})
	doc := render(t, campaignsview.Form(p))
	has(t, doc, `[name="ends_at"][value="2027-01-31"]`, `[name="starts_at"][value=""]`, `[name="attribution_model"][value="linear"][checked]`,
		`[name="rules.0.amount"][value="12.50"]`, `[name="rules.0.currency"][value="EUR"]`, `[name="rules.0.kind"] [value="fixed"][selected]`,
		`[name="rules.0.trigger"] [value="first"][selected]`, `[name="rules.0.duration_months"][value="3"]`, `[name="sample.type"][value="signup"]`,
		`![name="customer_lock"][checked]`)
	if got := doc.Find(`[name="deep_link_domains"]`).Text(); got != "a.example\nb.example" {
		t.Errorf("domains %q", got)
	}
}

func TestShow_History(t *testing.T) {
	t.Parallel()
	a, b := uuid.New(), uuid.New()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	share := campaigns.Rule{ID: a, Kind: campaigns.Percent, RatePPM: 200000, Trigger: campaigns.Every}
	more := campaigns.Rule{ID: b, Kind: campaigns.Percent, RatePPM: 300000, Trigger: campaigns.Every}
	bonus := campaigns.Rule{ID: uuid.New(), Kind: campaigns.Fixed, Amount: 500, Currency: "USD", Trigger: campaigns.Every, Position: 1}
	last := campaigns.Terms{Version: 1, AttributionModel: campaigns.LastClick, WindowDays: 60, CustomerLock: true}
	linear := campaigns.Terms{Version: 2, AttributionModel: campaigns.Linear, WindowDays: 1, HoldDays: 7, AutoApprove: true}
	rows := render(t, campaignsview.Show(campaignsview.ShowPage{History: []campaigns.Period{
		{From: &at, Terms: linear, Rules: []campaigns.Rule{more}},
		{From: &at, To: &at, Terms: last, Rules: []campaigns.Rule{more, bonus}},
		{To: &at, Terms: last, Rules: []campaigns.Rule{share}},
	}})).Find("tbody tr")
	for i, want := range [][]string{
		{"Version 2", "Attribution: Last click → Linear", "Window: 60 days → 1 day", "Customer lock: on → off", "Hold: 0 days → 7 days", "Approval: by hand → by itself", "Removed: $5.00 for every event", "In force"},
		{"Version 1, new rules", "20 % of every sale → 30 % of every sale", "Added: $5.00 for every event"},
		{"Version 1", "the beginning", "Made"},
	} {
		for _, text := range want {
			if got := rows.Eq(i).Text(); !strings.Contains(got, text) {
				t.Errorf("row %d: no %q in %q", i, text, got)
			}
		}
	}
}

func TestShow_Actions(t *testing.T) {
	t.Parallel()
	show := func(status campaigns.Status, mayEdit bool) *goquery.Document {
		return render(t, campaignsview.Show(campaignsview.ShowPage{Campaign: campaigns.Campaign{Status: status}, MayEdit: mayEdit}))
	}
	has(t, show(campaigns.Active, true), `form [name="status"][value="paused"]`, `a[aria-haspopup="dialog"]`, `a[href$="/edit"]`)
	has(t, show(campaigns.Paused, true), `form [name="status"][value="active"]`, `a[aria-haspopup="dialog"]`, `.banner`)
	has(t, show(campaigns.Archived, true), `form [name="status"][value="active"]`, `!a[aria-haspopup="dialog"]`, `.banner`)
	has(t, show(campaigns.Active, false), `!form`, `!a[href$="/edit"]`, `!a[aria-haspopup="dialog"]`)
}

func TestIndex(t *testing.T) {
	t.Parallel()
	newOne := `a[href="/admin/campaigns/new"]`
	has(t, render(t, campaignsview.Index(campaignsview.IndexPage{MayEdit: true})), `.empty `+newOne, `!form`)
	has(t, render(t, campaignsview.Index(campaignsview.IndexPage{})), `.empty`, `!`+newOne)
	has(t, render(t, campaignsview.Index(campaignsview.IndexPage{Status: "paused", MayEdit: true})), `.empty`, `!.empty a`, `form [value="paused"][selected]`)
	rules := make([]campaigns.Rule, 5)
	doc := render(t, campaignsview.Index(campaignsview.IndexPage{Campaigns: []campaigns.Campaign{{Name: "Summer", Status: campaigns.Active, Rules: rules}}}))
	if got := doc.Find("tbody tr").Text(); !strings.Contains(got, "and 2 more rules") || doc.Find("tbody li").Length() != 3 {
		t.Errorf("row %q", got)
	}
}
