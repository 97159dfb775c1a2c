package reports

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/reports"
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

func march(from, days int) Scope {
	begin := time.Date(2026, 3, from, 0, 0, 0, 0, time.UTC)
	return Scope{Path: "/report", Begin: begin, End: begin.AddDate(0, 0, days), Days: days}
}

func TestScope_Days(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]Scope{
		"5 Mar 2026": march(5, 1), "5 – 11 Mar 2026": march(5, 7), "27 Feb – 5 Mar 2026": march(-1, 7), "29 Dec 2025 – 28 Mar 2026": march(-61, 90),
	} {
		if got := s.days(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A period takes the place of typed days, and keeps what the report is narrowed to.
func TestScope_Periods(t *testing.T) {
	t.Parallel()
	s := march(5, 7)
	s.Days, s.From, s.To, s.CampaignID = 0, "2026-03-05", "2026-03-11", "c1"
	var hrefs []string
	for _, tab := range s.periods() {
		if tab.Current {
			t.Errorf("%s is current", tab.Label)
		}
		hrefs = append(hrefs, tab.Href)
	}
	want := []string{"/report?campaign_id=c1&days=7", "/report?campaign_id=c1&days=30", "/report?campaign_id=c1&days=90"}
	if diff := cmp.Diff(want, hrefs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s.Days = 7; !s.periods()[0].Current {
		t.Error("the period is not current")
	}
}

func TestFunnel_NobodyIdentified(t *testing.T) {
	t.Parallel()
	doc := render(t, Funnel(FunnelPage{Scope: march(5, 7), Whole: reports.Funnel{Clicks: 3}}))
	if text := doc.Find("#report").Text(); !strings.Contains(text, "Nobody was identified.") || !strings.Contains(text, "– of identified") {
		t.Errorf("got %s", text)
	}
}

func TestFunnel_Nothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		partner string
		mayEdit bool
		links   int
	}{"Admin": {"", true, 1}, "Viewer": {"", false, 0}, "Narrowed": {"p1", true, 0}} {
		s := march(5, 7)
		s.PartnerID, s.MayEdit = c.partner, c.mayEdit
		doc := render(t, Funnel(FunnelPage{Scope: s}))
		if doc.Find(".empty").Length() != 1 || doc.Find(".empty a").Length() != c.links {
			t.Errorf("%s: got %s", name, doc.Find("#report").Text())
		}
	}
}

func TestFunnel_WrongDays(t *testing.T) {
	t.Parallel()
	s := march(5, 7)
	s.Errors = fault.Fields{"to": "Choose a last day that is not before the first."}
	doc := render(t, Funnel(FunnelPage{Scope: s}))
	if text := doc.Find("#report .banner").Text(); !strings.Contains(text, "Choose a last day") || doc.Find("#report .empty").Length() != 0 {
		t.Errorf("got %s", doc.Find("#report").Text())
	}
}

// Few clicks and what stays the same show no change; the currency of the order stands first.
func TestPartners_Changes(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	now := reports.Figures{Clicks: 30, Leads: 9, Conversions: 20, Money: []reports.Money{{Currency: "EUR", Revenue: 500}, {Currency: "USD", Revenue: 2000, Paid: 5}}}
	earlier := reports.Figures{Clicks: 20, Leads: 3, Conversions: 20, Money: []reports.Money{{Currency: "USD", Revenue: 4000}}}
	doc := render(t, Partners(PartnersPage{
		Scope: march(5, 7), Now: now, Before: earlier, Currency: "USD", By: reports.ByRevenue,
		Rows: []reports.PartnerFigures{{PartnerID: id, Name: "Ada", Email: "ada@example.com", Figures: now}}, Earlier: map[uuid.UUID]reports.Figures{id: earlier},
	}))
	var cells []string
	doc.Find("#report .table tbody td").Each(func(_ int, td *goquery.Selection) {
		cells = append(cells, strings.Join(strings.Fields(td.Text()), " "))
	})
	if diff := cmp.Diff([]string{"30 up 50 %", "9", "20", "$20.00 down 50 %€5.00", "$0.05"}, cells); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := doc.Find("#report th[aria-sort=descending] a").AttrOr("href", ""); got != "/report?days=7&sort=revenue" {
		t.Errorf("sorted by %q", got)
	}
	if text := doc.Find("#report").Text(); !strings.Contains(text, "Ordered by what is in USD;") {
		t.Errorf("got %s", text)
	}
}
