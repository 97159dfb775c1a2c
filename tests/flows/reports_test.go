package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// cells gives the words of each row of a table.
func cells(rows *goquery.Selection) (out [][]string) {
	rows.Each(func(_ int, tr *goquery.Selection) {
		var row []string
		tr.Find("th, td").Each(func(_ int, cell *goquery.Selection) {
			row = append(row, strings.Join(strings.Fields(cell.Text()), " "))
		})
		out = append(out, row)
	})
	return out
}

// busy is a till with a month: Zoe brings two customers, one of whom buys, and Ada a click.
func busy(t *testing.T) (s *till, zoe, ada string) {
	t.Helper()
	s = openTill(t, nil)
	zoe, ada = s.promoter("zoe"), s.promoter("ada")
	s.brings("zoe", "u1")
	s.brings("zoe", "u2")
	s.click("ada", 0, firefox)
	s.sale("u1", object{"amount": 5000, "currency": "USD"})
	return s, zoe, ada
}

func TestReports_Funnel(t *testing.T) {
	t.Parallel()
	s, zoe, ada := busy(t)
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, "/admin/reports/funnel")
		if whole(doc) == v.HTMX {
			t.Errorf("a whole page: %v", whole(doc))
		}
		var values, rates []string
		doc.Find(".funnel-step").Each(func(_ int, step *goquery.Selection) {
			values, rates = append(values, step.Find(".funnel-value").Text()), append(rates, step.Find(".funnel-rate").Text())
		})
		if diff := cmp.Diff([]string{"3", "2", "1", "1"}, values); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"", "66.7 % of clicks", "50.0 % of identified", "100 % of signed up"}, rates); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		says(t, doc, "33.3 % of the clicks led to a customer who paid.", "By campaign", "By partner")
		want := [][]string{{"Zoe", "2", "2 100 %", "1 50.0 %", "1 100 %", "50.0 %"}, {"Ada", "1", "0 0 %", "0 –", "0 –", "0 %"}}
		if diff := cmp.Diff(want, cells(doc.Find("#report .card").Last().Find("tbody tr"))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		narrowed := "/admin/reports/funnel?days=30&partner_id=" + zoe
		has(t, doc, `.tabs [aria-current=page]:contains("30 days")`, `a[href="`+narrowed+`"]`)

		doc = page(t, v, narrowed)
		says(t, doc, "50.0 % of the clicks led to a customer who paid.", "By campaign")
		has(t, doc, `[name=partner_id] [value="`+zoe+`"][selected]`, `!caption:contains("By partner")`, `.tabs a[href="/admin/reports/funnel?days=7&partner_id=`+zoe+`"]`)
	})
	if doc := page(t, s.admin, "/admin/reports/funnel"); doc.Find(`.nav a[aria-current=page], nav a[aria-current=page]:contains("Funnel")`).Length() == 0 {
		t.Error("the navigation does not know the page")
	}
	doc := page(t, s.admin, "/admin/reports/funnel?days=7&campaign_id="+s.campaign+"&partner_id="+ada)
	has(t, doc, ".funnel", "!#report .card + .card", `#report .banner:contains("Nobody was identified")`)
}

func TestReports_FunnelCSV(t *testing.T) {
	t.Parallel()
	s, zoe, ada := busy(t)
	_, rows := spreadsheet(t, s.admin.Get("/admin/reports/funnel.csv?days=30"))
	if diff := cmp.Diff([]string{s.campaign, zoe, ada}, column(rows, "id")); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	want(t, rows[0], map[string]string{"by": "campaign", "clicks": "3", "identities": "2", "signups": "1", "paid": "1"})
	want(t, rows[1], map[string]string{"by": "partner", "name": "Zoe", "clicks": "2", "identities": "2", "signups": "1", "paid": "1"})
	_, rows = spreadsheet(t, s.admin.Get("/admin/reports/funnel.csv?days=30&partner_id="+ada))
	if diff := cmp.Diff([]string{s.campaign, ada}, column(rows, "id")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	has(t, page(t, s.admin, "/admin/reports/funnel?days=7&partner_id="+zoe), `a[download][href="/admin/reports/funnel.csv?days=7&partner_id=`+zoe+`"]`)
}

func TestReports_Partners(t *testing.T) {
	t.Parallel()
	s, zoe, ada := busy(t)
	s.sale("u1", object{"amount": 700, "currency": "JPY"})
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, "/admin/reports/partners?sort=revenue")
		if whole(doc) == v.HTMX {
			t.Errorf("a whole page: %v", whole(doc))
		}
		want := [][]string{{"Zoe zoe@example.com", "2", "0", "2", "$50.00¥700", "$10.00¥140"}, {"Ada ada@example.com", "1", "0", "0", "–", "–"}}
		if diff := cmp.Diff(want, cells(doc.Find("#report .table tbody tr"))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		has(t, doc, `a[href="/admin/partners/`+zoe+`"]`, `a[href="/admin/partners/`+ada+`"]`, `th[aria-sort=descending]:contains("Revenue")`,
			`a[download][href="/admin/reports/partners.csv?sort=revenue"]`, `a[href="/admin/reports/partners?days=30&sort=clicks"]`)
		says(t, doc, "Ordered by what is in USD; currencies are never added. Changes are against the 30 days before.")
	})
}

func TestReports_PartnersCSV(t *testing.T) {
	t.Parallel()
	s, zoe, ada := busy(t)
	s.sale("u1", object{"amount": 700, "currency": "JPY"})
	got := s.admin.Get("/admin/reports/partners.csv?sort=clicks&days=7")
	_, rows := spreadsheet(t, got)
	if diff := cmp.Diff([]string{zoe, zoe, ada}, column(rows, "partner_id")); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	want(t, rows[0], map[string]string{"partner": "Zoe", "email": "zoe@example.com", "clicks": "2", "conversions": "2", "revenue": "700", "commission": "140", "pending": "140", "currency": "JPY"})
	want(t, rows[1], map[string]string{"partner": "Zoe", "clicks": "", "conversions": "", "revenue": "50.00", "commission": "10.00", "paid": "0.00", "currency": "USD"})
	want(t, rows[2], map[string]string{"partner": "Ada", "clicks": "1", "conversions": "0", "revenue": "", "currency": ""})
	if name := got.Header.Get("Content-Disposition"); !strings.HasPrefix(name, "attachment; filename=partner-program-partner-report-20") {
		t.Errorf("got %q", name)
	}
	if _, rows = spreadsheet(t, s.admin.Get("/admin/reports/partners.csv?from=2020-01-01&to=2020-01-31")); len(rows) != 0 {
		t.Errorf("%d rows of long ago", len(rows))
	}
}

// Days that were typed win over a period, and those that can't be are told beside their fields
// and in the report.
func TestReports_Days(t *testing.T) {
	t.Parallel()
	s, _, _ := busy(t)
	viewer, today := s.viewer(), time.Now().UTC().Format(time.DateOnly)
	for _, path := range []string{"/admin/reports/funnel", "/admin/reports/partners"} {
		doc := page(t, s.admin, path+"?days=7&from="+today+"&to="+today)
		has(t, doc, `[name=from][value="`+today+`"]`, "!.tabs [aria-current]", "!#report .empty")
		says(t, doc, time.Now().UTC().Format("2 Jan 2006")+", whole days of UTC")

		has(t, page(t, s.admin, path+"?from=2020-01-01&to=2020-01-31"), `#report .empty a[href="/admin/links/new"]`)
		has(t, page(t, viewer, path+"?from=2020-01-01&to=2020-01-31"), "#report .empty", `!#report a[href="/admin/links/new"]`)
		has(t, page(t, s.admin, path+"?to=2020-01-31"), "#report .empty")
		for query, field := range map[string]string{
			"from=2026-03-02&to=2026-03-01": "to", "from=soon": "from", "from=2020-01-01": "from", "to=soon": "to", "campaign_id=x": "campaign_id",
		} {
			doc := parsed(t, s.admin.Get(path+"?"+query), http.StatusUnprocessableEntity)
			has(t, doc, "[name="+field+"][aria-invalid=true]", "#report .banner", "!#report .card")
		}
	}
	for _, query := range []string{"sort=beauty", "cursor=x"} {
		if got := s.admin.Get("/admin/reports/partners?" + query); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d", query, got.Status)
		}
	}
	for _, query := range []string{"sort=beauty", "from=soon", "from=2020-01-01", "campaign_id=x"} {
		if got := s.admin.Get("/admin/reports/partners.csv?" + query); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d", query, got.Status)
		}
	}
}

// Partners and strangers see none of it.
func TestReports_WhoMay(t *testing.T) {
	t.Parallel()
	s, zoe, _ := busy(t)
	partner := s.asPartner(zoe, "zoe@example.com")
	for _, path := range []string{"/admin/reports/funnel", "/admin/reports/funnel.csv", "/admin/reports/partners", "/admin/reports/partners.csv"} {
		if got := partner.Get(path); got.Status != http.StatusForbidden {
			t.Errorf("%s: a partner got %d", path, got.Status)
		}
		if got := s.Visitor().Get(path); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/signin?next="+url.QueryEscape(path) {
			t.Errorf("%s: nobody got %d", path, got.Status)
		}
	}
}
