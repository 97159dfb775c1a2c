package flows_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

// bothWays tells a story twice of one visitor: without scripts, and as htmx asks.
func bothWays(t *testing.T, v *testkit.Visitor, story func(t *testing.T)) {
	t.Helper()
	for name, htmx := range map[string]bool{"Plain": false, "HTMX": true} {
		t.Run(name, func(t *testing.T) {
			v.HTMX = htmx
			story(t)
			v.HTMX = false
		})
	}
}

// stat is what stands below the label of a figure.
func stat(doc *goquery.Document, label string) string {
	found := doc.Find(".stat").FilterFunction(func(_ int, s *goquery.Selection) bool {
		return strings.TrimSpace(s.Find(".stat-label").Text()) == label
	})
	said := found.First().Find(".stat-label, .stat-value, .stat-change").Map(func(_ int, s *goquery.Selection) string { return s.Text() })
	return strings.Join(strings.Fields(strings.Join(said, " ")), " ")
}

func TestPortal_FirstSteps(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := idOf(s.api("POST", "/partners", object{"email": "zoe@example.com", "name": "Zoe", "send_invite": false}))
	v := s.asPartner(zoe, "zoe@example.com")
	steps := func() (done int) {
		doc := page(t, v, "/partner")
		has(t, doc, `!.chart`)
		return doc.Find(".checklist li.done").Length()
	}
	if got := steps(); got != 0 {
		t.Errorf("%d steps are done at the beginning", got)
	}
	has(t, page(t, v, "/partner"), `!a[href="/partner/links/new"]`)
	says(t, page(t, v, "/partner/links/new"), "No campaign to promote yet")

	s.api("PUT", "/partners/"+zoe+"/campaigns", object{"campaign_ids": []string{s.campaign}})
	has(t, page(t, v, "/partner"), `.checklist a[href="/partner/links/new"]`)
	led(t, v, v.Post("/partner/links", url.Values{"campaign_id": {s.campaign}, "key": {"zoe"}}))
	if got := steps(); got != 2 {
		t.Errorf("%d steps are done with a link", got)
	}
	s.brings("zoe", "u1")
	s.sale("u1", nil)
	has(t, page(t, v, "/partner"), `!.checklist`, `nav a[href="/partner"][aria-current="page"]`, `.bottombar a[href="/partner/links"]`, `.chart`, `[data-copy="`+s.URL+`/r/zoe"]`)
}

func TestPortal_Balance(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"hold_days": 30})
	zoe := s.promoter("zoe")
	s.brings("zoe", "u1")
	v := s.asPartner(zoe, "zoe@example.com")

	_, young := s.sale("u1", object{"external_id": "o1"})
	until := time.Now().UTC().AddDate(0, 0, 30).Format("2 Jan 2006")
	for label, want := range map[string]string{"Pending": "Pending $10.00 Until " + until + ".", "Payable": "Payable $0.00 Nothing is approved at the moment."} {
		if got := stat(page(t, v, "/partner"), label); got != want {
			t.Errorf("%s: want %q, got %q", label, want, got)
		}
	}
	s.name(s.click("zoe", 48*time.Hour, firefox), "u2")
	s.sale("u2", object{"occurred_at": time.Now().AddDate(0, 0, -1).UTC().Format(time.RFC3339)})
	if got := stat(page(t, v, "/partner"), "Pending"); !strings.HasPrefix(got, "Pending $20.00 Holds end from ") {
		t.Errorf("two holds: got %q", got)
	}
	s.api("POST", "/commissions/"+young[0]+"/approve", object{"force": true, "note": "a friend"})
	if got := stat(page(t, v, "/partner"), "Payable"); got != "Payable $10.00 Goes into the next payout." {
		t.Errorf("approved: got %q", got)
	}
	s.api("POST", "/events", object{"user_id": "u1", "type": "dispute", "reverses": "o1"})
	if got := stat(page(t, v, "/partner"), "Held"); got != "Held $10.00 Held while the customer disputes the payment." {
		t.Errorf("disputed: got %q", got)
	}
	s.api("POST", "/commissions/adjustments", object{"partner_id": zoe, "amount": -2500, "currency": "USD", "note": "Sent twice."})
	if got := stat(page(t, v, "/partner"), "Payable"); got != "Payable -$25.00 More was taken back than is payable. What you earn next makes up for it." {
		t.Errorf("below zero: got %q", got)
	}
	s.api("POST", "/commissions/adjustments", object{"partner_id": zoe, "amount": 500, "currency": "EUR", "note": "Thank you."})
	doc := page(t, v, "/partner")
	has(t, doc, `[aria-label="Your balance in USD"]`, `[aria-label="Your balance in EUR"]`)
	says(t, doc, "€5.00")
}

func TestPortal_Links(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"deep_link_domains": []string{"blog.example.com"}})
	zoe := s.promoter("zoe")
	v := s.asPartner(zoe, "zoe@example.com")
	bothWays(t, v, func(t *testing.T) {
		key := "my-" + strings.ToLower(t.Name()[len("TestPortal_Links/"):])
		has(t, page(t, v, "/partner/links/new"), `form[action="/partner/links"][method="post"]`, `[name="campaign_id"] [value="`+s.campaign+`"][selected]`, `![name="partner_id"]`)
		show := led(t, v, v.Post("/partner/links", url.Values{"campaign_id": {s.campaign}, "key": {key}, "destination_url": {"https://blog.example.com/post"}}))
		doc := page(t, v, show)
		says(t, doc, key, "For Summer", "blog.example.com/post")
		has(t, doc, `#built [data-copy="`+s.URL+`/r/`+key+`"]`, `svg.qr`, `form[action="`+show+`"][method="get"]`, `a[href="`+show+`/qr.png"][download]`)

		has(t, page(t, v, show+"/archival"), `form[action="`+show+`/archival"][method="post"]`)
		led(t, v, v.Post(show+"/archival", nil))
		says(t, page(t, v, show), "You archived this link on ")
		for query, want := range map[string]int{"": 1, "?q=MY": 0, "?q=my&archived=true": 1, "?q=zo": 1, "?q=nothing": 0} {
			if want != 0 && query == "?q=my&archived=true" {
				want = len(page(t, v, "/partner/links?archived=true").Find("#link-list tbody tr").Nodes) - 1
			}
			if got := page(t, v, "/partner/links"+query).Find("#link-list tbody tr").Length(); got != want {
				t.Errorf("%q: want %d links, got %d", query, want, got)
			}
		}
	})
}

func TestPortal_LinksRefused(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	other := s.promotion("Winter")
	v := s.asPartner(zoe, "zoe@example.com")
	cases := map[string]struct{ name, value, field, says string }{
		"NoCampaign":  {"campaign_id", "", "campaign_id", "Choose what the link promotes."},
		"NotGranted":  {"campaign_id", other, "campaign_id", ""},
		"Unknown":     {"campaign_id", nobody, "campaign_id", "There is no such campaign."},
		"OddKey":      {"key", "z", "key", "A key has 3 to 64"},
		"TakenKey":    {"key", "ZOE", "key", "This key is already in use."},
		"ForeignSite": {"destination_url", "https://evil.example/", "destination_url", "its own sites only"},
		"Script":      {"destination_url", "javascript:alert(1)", "destination_url", ""},
	}
	bothWays(t, v, func(t *testing.T) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				f := url.Values{"campaign_id": {s.campaign}, "key": {"fresh"}, "destination_url": {"https://shop.example.com/a"}}
				f.Set(c.name, c.value)
				doc, fields := refused(t, v, v.Post("/partner/links", f))
				if diff := cmp.Diff([]string{c.field}, fields); diff != "" {
					t.Errorf("marked fields: %s", diff)
				}
				says(t, doc, c.says)
				has(t, doc, `[name="key"][value="`+f.Get("key")+`"]`)
			})
		}
	})
	if n := s.rows("/links"); n != 1 {
		t.Errorf("%d links are stored", n)
	}
}

func TestPortal_LinkBuilder(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"deep_link_domains": []string{"blog.example.com"}})
	v := s.asPartner(s.promoter("zoe"), "zoe@example.com")
	show := page(t, v, "/partner/links").Find(`#link-list th a`).AttrOr("href", "")
	const query = "?url=https%3A%2F%2Fnews.blog.example.com%2Fa%3Fb%3Dc&sub1=news+letter&sub5=x%26y"
	bothWays(t, v, func(t *testing.T) {
		doc := page(t, v, show+query)
		has(t, doc, `#built [data-copy="`+s.URL+`/r/zoe`+query+`"]`, `[name="url"][value="https://news.blog.example.com/a?b=c"]`, `[name="sub5"][value="x&y"]`,
			`details[open] [name="sub5"]`, `a[href="`+show+`/qr.svg`+query+`"]`)
		got := s.Call("", "GET", "/r/zoe"+query, nil)
		to, err := url.Parse(got.Header.Get("Location"))
		if err != nil || to.Host != "news.blog.example.com" || to.Query().Get("b") != "c" || to.Query().Get("sub1") != "news letter" || to.Query().Get("sub5") != "x&y" {
			t.Errorf("leads to %s, %v", got.Header.Get("Location"), err)
		}
		for _, bad := range []string{"https://evil.example/", "blog.example.com", "javascript:alert(1)", "https://blog.example.com.evil.example/", "https://shop.example.com/own-host"} {
			doc := parsed(t, v.Get(show+"?sub1=a&url="+url.QueryEscape(bad)), http.StatusUnprocessableEntity)
			says(t, doc, "Give the whole address of a page on blog.example.com.")
			has(t, doc, `#built [data-copy="`+s.URL+`/r/zoe"]`, `[name="url"][aria-invalid]`)
		}
		says(t, parsed(t, v.Get(show+"?sub1="+strings.Repeat("%C3%A4", 700)), http.StatusUnprocessableEntity), "too long")
	})
	png := v.Get(show + "/qr.png" + query)
	if !strings.HasPrefix(png.Body, "\x89PNG") || png.Header.Get("Content-Type") != "image/png" || png.Header.Get("Content-Disposition") != `attachment; filename="zoe.png"` {
		t.Errorf("PNG: %d, %v", png.Status, png.Header)
	}
	if plain, built := v.Get(show+"/qr.svg"), v.Get(show+"/qr.svg"+query); plain.Body == built.Body || !strings.HasPrefix(built.Body, "<svg") {
		t.Error("the drawing is not of what was built")
	}
}

// What is another partner's is answered as what nobody has, on every page with an id.
func TestPortal_OthersAreMissing(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	v := s.asPartner(s.promoter("zoe"), "zoe@example.com")
	grace := s.promoter("grace")
	s.brings("grace", "u1")
	_, rows := s.sale("u1", nil)
	foreign := map[string]string{"links": idOf(s.api("GET", "/partners/"+grace+"/links", nil)["data"].([]any)[0].(object)), "commissions": rows[0]}
	bothWays(t, v, func(t *testing.T) {
		for _, r := range testkit.Routes(t) {
			if !strings.HasPrefix(r.Path, "/partner/") || len(r.Placeholders()) == 0 || foreign[strings.Split(r.Path, "/")[2]] == "" {
				continue
			}
			ask := func(id string) testkit.Answer {
				path := strings.Replace(r.Path, "{id}", id, 1)
				if r.Safe() {
					return v.Get(path)
				}
				return v.Post(path, nil)
			}
			theirs, none := foreign[strings.Split(r.Path, "/")[2]], uuid.NewString()
			got, want := ask(theirs), ask(none)
			clean := func(a testkit.Answer, id string) string {
				return strings.NewReplacer(a.Header.Get("X-Request-Id"), "", id, "").Replace(a.Body)
			}
			if got.Status != http.StatusNotFound || want.Status != http.StatusNotFound || clean(got, theirs) != clean(want, none) {
				t.Errorf("%s: got %d for another's and %d for a missing one", r, got.Status, want.Status)
			}
		}
	})
	if archived := s.api("GET", "/partners/"+grace+"/links", nil)["data"].([]any); len(archived) != 1 {
		t.Errorf("grace has %d links", len(archived))
	}
}

func TestPortal_CommissionFilters(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	s.promoter("grace")
	s.brings("zoe", "u1")
	s.brings("grace", "u2")
	var mine []string
	for i := range 3 {
		_, rows := s.sale("u1", object{"amount": 1000 * (i + 1)})
		mine = append(mine, rows...)
	}
	_, others := s.sale("u2", nil)
	s.api("POST", "/commissions/"+mine[0]+"/reverse", object{"note": "looks fishy"})
	s.api("POST", "/commissions/adjustments", object{"partner_id": zoe, "amount": 500, "currency": "USD", "note": "Thank you."})
	v := s.asPartner(zoe, "zoe@example.com")
	tomorrow := time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly)
	list := func(query string) int {
		return page(t, v, "/partner/commissions"+query).Find("#commissions tbody tr").Length()
	}
	bothWays(t, v, func(t *testing.T) {
		for query, want := range map[string]int{
			"": 4, "?status=pending": 2, "?status=reversed": 1, "?status=approved": 1, "?campaign_id=" + s.campaign: 3, "?from=" + tomorrow: 0, "?to=" + tomorrow: 4,
			"?partner_id=" + nobody: 4,
		} {
			if got := list(query); got != want {
				t.Errorf("%q: want %d, got %d", query, want, got)
			}
		}
		for _, bad := range []string{"?status=odd", "?campaign_id=1", "?from=yesterday"} {
			has(t, parsed(t, v.Get("/partner/commissions"+bad), http.StatusUnprocessableEntity), `[aria-invalid]`)
		}
	})
	t.Run("PageByPage", func(t *testing.T) {
		var seen []string
		for path := "/partner/commissions?limit=3"; path != ""; {
			doc := page(t, v, path)
			doc.Find("#commissions th a").Each(func(_ int, a *goquery.Selection) { seen = append(seen, a.AttrOr("href", "")) })
			path = doc.Find(`.pager a:contains("Next page")`).AttrOr("href", "")
		}
		if slices.Sort(seen); len(slices.Compact(slices.Clone(seen))) != 4 {
			t.Errorf("the pages hold %v", seen)
		}
	})
	t.Run("File", func(t *testing.T) {
		href := page(t, v, "/partner/commissions?status=pending").Find(`a[download]`).AttrOr("href", "")
		got := v.Get(href)
		lines := strings.Split(strings.TrimSpace(got.Body), "\n")
		if got.Status != http.StatusOK || len(lines) != 3 || !strings.Contains(lines[0], "weight_den,amount,currency,status,matures_at") {
			t.Fatalf("%s: %d\n%s", href, got.Status, got.Body)
		}
		all := v.Get("/partner/commissions.csv").Body
		for _, secret := range append(others, "fishy", "partner", "grace", "event_id", "u1") {
			if strings.Contains(all, secret) {
				t.Errorf("the file tells %q", secret)
			}
		}
		if n := strings.Count(all, "\n"); n != 5 {
			t.Errorf("the whole file has %s lines", strconv.Itoa(n))
		}
	})
	t.Run("NotesOfAdminsStayTheirs", func(t *testing.T) {
		if body := v.Get("/partner/commissions/" + mine[0]).Body; strings.Contains(body, "fishy") {
			t.Error("tells why it was reversed in the admin's words")
		}
		bonus := page(t, v, "/partner/commissions?status=approved").Find("#commissions th a").AttrOr("href", "")
		says(t, page(t, v, bonus), "Given by the program", "Thank you.", "In the next payout")
	})
}

// Whoever is revoked is out with the next request.
func TestPortal_Revoked(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	v := s.asPartner(zoe, "zoe@example.com")
	page(t, v, "/partner")
	s.api("POST", "/partners/"+zoe+"/revoke", object{})
	for _, path := range []string{"/partner", "/partner/links", "/partner/commissions.csv"} {
		if got := v.Get(path); got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/signin") {
			t.Errorf("%s: got %d to %q", path, got.Status, got.Header.Get("Location"))
		}
	}
	if got := v.Post("/partner/links", url.Values{"campaign_id": {s.campaign}}); got.Status != http.StatusSeeOther || s.rows("/links") != 1 {
		t.Errorf("a link: got %d", got.Status)
	}
}

func TestPortal_Activity(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"attribution_model": "linear", "rules": []object{{"kind": "percent", "rate": "10"}}})
	zoe, grace := s.promoter("zoe"), s.promoter("grace")
	s.api("POST", "/partners/"+zoe+"/links", object{"key": "zoe-two", "campaign_id": s.campaign})
	s.api("POST", "/coupons", object{"code": "ZOE10", "partner_id": zoe, "campaign_id": s.campaign})
	s.brings("zoe", "u1")
	s.brings("grace", "u1")
	s.brings("zoe-two", "u2")
	s.sale("u1", object{"amount": 10_000})
	s.api("POST", "/events", object{"user_id": "u2", "type": "signup"})
	s.api("POST", "/coupons/redeem", object{"code": "zoe10", "user_id": "u3", "event": object{"type": "purchase", "amount": 2000, "currency": "EUR", "external_id": "c1"}})
	s.api("POST", "/commissions/adjustments", object{"partner_id": zoe, "amount": 700, "currency": "USD", "note": "Thank you."})
	s.api("POST", "/commissions/adjustments", object{"partner_id": grace, "amount": 9900, "currency": "USD", "note": "Thank you."})
	v := s.asPartner(zoe, "zoe@example.com")
	cells := func(doc *goquery.Document, table, name string) string {
		row := doc.Find(`table`).FilterFunction(func(_ int, x *goquery.Selection) bool { return x.Find("caption").Text() == table }).
			Find("tr").FilterFunction(func(_ int, x *goquery.Selection) bool {
			return strings.TrimSpace(x.Find(`th[scope="row"]`).Text()) == name
		})
		return strings.Join(row.Find("td").Map(func(_ int, x *goquery.Selection) string { return strings.Join(strings.Fields(x.Text()), " ") }), "|")
	}
	bothWays(t, v, func(t *testing.T) {
		doc := page(t, v, "/partner/activity")
		for label, want := range map[string]string{"Clicks": "Clicks 3", "Leads": "Leads 1", "Conversions": "Conversions 2", "Commission": "Commission $12.00"} {
			if got := stat(doc, label); got != want {
				t.Errorf("%s: want %q, got %q", label, want, got)
			}
		}
		for _, c := range [][3]string{
			{"By campaign", "Summer", "€2.00$5.00|2|1|3"}, {"By campaign", "Without a campaign", "$7.00|0|0|0"},
			{"By link", "zoe", "$5.00|1|0|1"}, {"By link", "zoe-two", "|0|1|1"}, {"By link", "Without a link", "€2.00$7.00|1|0|1"},
		} {
			if got := cells(doc, c[0], c[1]); got != c[2] {
				t.Errorf("%s, %s: want %q, got %q", c[0], c[1], c[2], got)
			}
		}
		has(t, doc, `.chart table`, `[name="campaign_id"] [value="`+s.campaign+`"]`, `![name="partner_id"]`)
		if strings.Contains(doc.Text(), "grace") || strings.Contains(doc.Text(), "$99") {
			t.Error("tells of another partner")
		}
		doc = page(t, v, "/partner/activity?partner_id="+grace+"&campaign_id="+s.campaign)
		if got := stat(doc, "Commission"); got != "Commission $5.00" {
			t.Errorf("in the campaign: got %q", got)
		}
		has(t, page(t, v, "/partner/activity?from=2020-01-01&to=2020-01-31"), `.empty`)
		for _, bad := range []string{"?from=2026-02-01&to=2026-01-01", "?from=odd", "?campaign_id=1", "?from=2001-01-01"} {
			has(t, parsed(t, v.Get("/partner/activity"+bad), http.StatusUnprocessableEntity), `#report .banner`)
		}
	})
	_, rows := spreadsheet(t, v.Get(page(t, v, "/partner/activity?days=7").Find("a[download]").AttrOr("href", "")))
	if diff := cmp.Diff([]string{"campaign", "campaign", "campaign", "link", "link", "link", "link"}, column(rows, "by")); diff != "" {
		t.Errorf("rows of the file (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"3", "", "0"}, column(rows, "clicks")[:3]); diff != "" {
		t.Errorf("clicks of the file (-want +got):\n%s", diff)
	}
}

func TestPortal_Program(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"window_days": 45, "hold_days": 14, "auto_approve": true, "deep_link_domains": []string{"blog.example.com"}})
	zoe := s.promoter("zoe")
	other, ended := s.promotion("Winter"), s.promotion("Autumn", object{"ends_at": "2020-01-01T00:00:00Z", "rules": []object{{"kind": "percent", "rate": "5"}}})
	s.api("PUT", "/partners/"+zoe+"/campaigns", object{"campaign_ids": []string{s.campaign, ended}})
	s.api("PUT", "/partners/"+zoe+"/campaigns/"+s.campaign+"/rules", object{"rules": []object{{"kind": "percent", "rate": "33"}}})
	s.api("PUT", "/config/program", object{"terms": "Be kind.\nTell the truth.", "terms_version": "7"})
	v := s.asPartner(zoe, "zoe@example.com")
	bothWays(t, v, func(t *testing.T) {
		doc := page(t, v, "/partner/program")
		says(t, doc, "33 % of every sale", "Agreed with you alone.", "for 45 days", "After a hold of 14 days, by itself", "blog.example.com", "Terms, version 7", "Tell the truth.")
		has(t, doc, `a[href="/partner/links/new?campaign_id=`+s.campaign+`"]`, `.card:contains("Autumn") .badge:contains("Ended")`)
		if text := doc.Text(); strings.Contains(text, "20 %") || strings.Contains(text, "Winter") || strings.Contains(doc.Text(), other) {
			t.Error("tells terms that are not theirs")
		}
	})
	s.api("PUT", "/partners/"+zoe+"/campaigns/"+s.campaign+"/rules", object{"rules": []object{}})
	s.api("PUT", "/partners/"+zoe+"/campaigns", object{"campaign_ids": []string{}})
	doc := page(t, v, "/partner/program") // the link stays, and earns by the common terms
	says(t, doc, "20 % of every purchase", "No new links")
	has(t, doc, `!.card:contains("Autumn")`)
}
