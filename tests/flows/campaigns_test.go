package flows_test

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/openpartner/openpartner/tests/testkit"
)

// campaignForm is the form of a campaign with one rule, with changes.
func campaignForm(changes ...string) url.Values {
	f := url.Values{
		"name": {"Summer"}, "destination_url": {"https://shop.example.com/"}, "deep_link_domains": {"blog.example.com\r\n\r\nDOCS.example.com"},
		"attribution_model": {"linear"}, "window_days": {"30"}, "customer_lock": {"true"}, "hold_days": {"14"},
		"starts_at": {"2026-01-01"}, "ends_at": {"2099-12-31"},
		"sample.amount": {"100.00"}, "sample.currency": {"USD"}, "sample.type": {"purchase"},
	}
	maps.Copy(f, ruleFields(0, "rate", "20"))
	for i := 0; i+1 < len(changes); i += 2 {
		f.Set(changes[i], changes[i+1])
	}
	return f
}

// ruleFields are the inputs of a rule, with changes.
func ruleFields(i int, changes ...string) url.Values {
	at := "rules." + strconv.Itoa(i) + "."
	f := url.Values{}
	for name, value := range map[string]string{
		"kind": "percent", "rate": "", "amount": "", "currency": "USD", "trigger": "every", "event_type": "", "duration_months": "",
	} {
		f.Set(at+name, value)
	}
	for n := 0; n+1 < len(changes); n += 2 {
		f.Set(at+changes[n], changes[n+1])
	}
	return f
}

// campaigns counts what is stored.
func (p *program) campaigns() int {
	p.t.Helper()
	list, _ := p.api("GET", "/campaigns", nil)["data"].([]any)
	return len(list)
}

// campaign makes one of 20 percent by the API and gives its page.
func (p *program) campaign() string {
	p.t.Helper()
	made := p.api("POST", "/campaigns", object{
		"name": "Summer", "destination_url": "https://shop.example.com/", "rules": []object{{"kind": "percent", "rate": "20"}},
	})
	return "/admin/campaigns/" + idOf(made)
}

func TestCampaigns_Create(t *testing.T) {
	t.Parallel()
	p := start(t)
	has(t, page(t, p.admin, "/admin/campaigns"), `.empty a[href="/admin/campaigns/new"]`)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, "/admin/campaigns/new")
		has(t, doc, `form[action="/admin/campaigns"][method="post"]`, `[name="rules.0.rate"]`)
		f := campaignForm("rules.0.event_type", "purchase", "rules.0.duration_months", "12")
		maps.Copy(f, ruleFields(1, "kind", "fixed", "amount", "1,012.50", "currency", "usd", "rate", "ignored"))
		show := led(t, v, v.Post("/admin/campaigns", f))
		doc = page(t, v, show)
		says(t, doc, "20 % of every purchase for 12 months", "20 % of $100.00 = $20.00", "$1,012.50 for every event", "Linear", "30 days",
			"By hand, after a hold of 14 days", "1 Jan 2026 to 31 Dec 2099", "shop.example.com, blog.example.com and docs.example.com", "Active")
	})
	doc := page(t, p.admin, "/admin/campaigns")
	if n := doc.Find("tbody tr").Length(); n != 2 {
		t.Errorf("want 2 rows, got %d", n)
	}
	says(t, doc, "20 % of every purchase for 12 months", "Linear", "Active")
}

func TestCampaigns_Refused(t *testing.T) {
	t.Parallel()
	p := start(t)
	cases := []struct {
		name    string
		changes []string
		fields  []string // which are marked, the one to go on with first
	}{
		{"Blank", []string{"name", " ", "destination_url", ""}, []string{"name", "destination_url"}},
		{"Script", []string{"destination_url", "javascript:alert(1)"}, []string{"destination_url"}},
		{"Domain", []string{"deep_link_domains", "https://x"}, []string{"deep_link_domains"}},
		{"Model", []string{"attribution_model", "best"}, []string{"attribution_model"}},
		{"Window", []string{"window_days", "many", "hold_days", "366"}, []string{"window_days", "hold_days"}},
		{"Dates", []string{"starts_at", "soon"}, []string{"starts_at"}},
		{"EndBeforeStart", []string{"ends_at", "2025-12-30"}, []string{"ends_at"}},
		{"Rate", []string{"rules.0.rate", "100.5"}, []string{"rules.0.rate"}},
		{"Months", []string{"rules.0.duration_months", "1.5"}, []string{"rules.0.duration_months"}},
		{"FirstOfAny", []string{"rules.0.trigger", "first"}, []string{"rules.0.event_type"}},
		{"Amount", []string{"rules.0.kind", "fixed", "rules.0.amount", "1.005"}, []string{"rules.0.amount"}},
		{"Negative", []string{"rules.0.kind", "fixed", "rules.0.amount", "-5"}, []string{"rules.0.amount"}},
		{"Currency", []string{"rules.0.kind", "fixed", "rules.0.amount", "5", "rules.0.currency", "XXQ"}, []string{"rules.0.currency"}},
		{"AllAtOnce", []string{"name", "", "starts_at", "x", "rules.0.kind", "fixed", "rules.0.amount", "x"}, []string{"name", "rules.0.amount", "starts_at"}},
	}
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				f := campaignForm(c.changes...)
				doc := parsed(t, v.Post("/admin/campaigns", f), http.StatusUnprocessableEntity)
				if whole(doc) == v.HTMX {
					t.Errorf("a whole page: %v", whole(doc))
				}
				marked := doc.Find(`[aria-invalid="true"]`).Map(func(_ int, s *goquery.Selection) string { return s.AttrOr("name", "") })
				if got := strings.Join(compacted(marked), " "); got != strings.Join(c.fields, " ") {
					t.Errorf("want %v marked, got %q", c.fields, got)
				}
				for i := 0; i+1 < len(c.changes); i += 2 {
					if got, kept := typed(doc, c.changes[i]); kept && got != strings.TrimSpace(c.changes[i+1]) {
						t.Errorf("%s: want %q kept, got %q", c.changes[i], c.changes[i+1], got)
					}
				}
			})
		}
		if n := p.campaigns(); n != 0 {
			t.Errorf("%d campaigns were stored", n)
		}
	})
}

// compacted drops repeats, such as the options of one group.
func compacted(names []string) []string {
	var out []string
	for _, name := range names {
		if len(out) == 0 || out[len(out)-1] != name {
			out = append(out, name)
		}
	}
	return out
}

// typed is the value of a text input; false for other inputs.
func typed(doc *goquery.Document, name string) (string, bool) {
	input := doc.Find(`input.input[name="` + name + `"]`)
	return input.AttrOr("value", ""), input.Length() == 1
}

func TestCampaigns_Rules(t *testing.T) {
	t.Parallel()
	p := start(t)
	edited := p.campaign()
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for name, action := range map[string]string{"New": "/admin/campaigns", "Edit": edited} {
			t.Run(name, func(t *testing.T) {
				doc := parsed(t, v.Post(action, campaignForm("name", "Kept", "rules.0.rate", "7", "step", "add")), http.StatusOK)
				if whole(doc) == v.HTMX {
					t.Errorf("a whole page: %v", whole(doc))
				}
				has(t, doc, `form[action="`+action+`"]`, `[name="rules.0.rate"][value="7"]`, `[name="rules.1.rate"][autofocus]`, `![name="rules.2.kind"]`,
					`[name="name"][value="Kept"]`, `![aria-invalid]`)

				f := campaignForm("rules.0.rate", "7", "step", "remove.0")
				maps.Copy(f, ruleFields(1, "kind", "fixed", "amount", "3.50"))
				doc = parsed(t, v.Post(action, f), http.StatusOK)
				has(t, doc, `[name="rules.0.amount"][value="3.50"]`, `![name="rules.1.kind"]`)

				doc = parsed(t, v.Post(action, campaignForm("step", "remove.0")), http.StatusOK)
				has(t, doc, `[name="rules.0.rate"][value="20"]`)
			})
		}
	})
	if n := p.campaigns(); n != 1 {
		t.Errorf("want 1 campaign, got %d", n)
	}
	says(t, page(t, p.admin, edited), "20 % of every sale", "Summer")

	f := campaignForm()
	for i := range 12 {
		maps.Copy(f, ruleFields(i, "rate", "1"))
	}
	has(t, parsed(t, p.admin.Post("/admin/campaigns", f), http.StatusUnprocessableEntity), `[role="alert"]`)
}

func TestCampaigns_Example(t *testing.T) {
	t.Parallel()
	p := start(t)
	two := campaignForm("sample.amount", "99.99")
	maps.Copy(two, ruleFields(1, "kind", "fixed", "amount", "5", "currency", "eur", "trigger", "first", "event_type", "purchase"))
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := parsed(t, v.Post("/admin/campaigns/example", two), http.StatusOK)
		says(t, doc, "20 % of $99.99 = $20.00", "€5.00, a fixed amount", "Nothing: it is for the first only", "$20.00 + €5.00")
		if whole(doc) == v.HTMX {
			t.Errorf("a whole page: %v", whole(doc))
		}
		doc = parsed(t, v.Post("/admin/campaigns/example", campaignForm("sample.amount", "lots")), http.StatusOK)
		says(t, doc, "Write the amount of the sample sale")
		doc = parsed(t, v.Post("/admin/campaigns/example", campaignForm("rules.0.rate", "200")), http.StatusOK)
		says(t, doc, "Rule 1", "Give a percentage")

		two.Set("step", "example")
		doc = parsed(t, v.Post("/admin/campaigns", two), http.StatusOK)
		says(t, doc, "20 % of $99.99 = $20.00")
		has(t, doc, `[name="sample.amount"][value="99.99"]`, `[name="rules.1.currency"][value="EUR"]`)
		two.Del("step")
	})
	if n := p.campaigns(); n != 0 {
		t.Errorf("%d campaigns were stored", n)
	}
}

func TestCampaigns_Edit(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		show := p.campaign()
		has(t, page(t, v, show+"/edit"), `form[action="`+show+`"]`, `[name="rules.0.rate"][value="20"]`, `[name="window_days"][value="60"]`)
		doc := parsed(t, v.Post(show, campaignForm("rules.0.rate", "0")), http.StatusUnprocessableEntity)
		has(t, doc, `[name="rules.0.rate"][aria-invalid="true"]`)
		says(t, page(t, v, show), "20 % of every sale")

		if got := led(t, v, v.Post(show, campaignForm("rules.0.rate", "30"))); got != show {
			t.Errorf("led to %s", got)
		}
		doc = page(t, v, show)
		rows := doc.Find("tbody tr")
		if rows.Length() != 2 || !strings.Contains(rows.Eq(0).Text(), "In force") {
			t.Fatalf("history: %s", rows.Text())
		}
		says(t, doc, "Version 2", "20 % of every sale → 30 % of every sale", "Window: 60 days → 30 days", "Attribution: Last click → Linear")
	})
}

func TestCampaigns_EditKeepsThePast(t *testing.T) {
	t.Parallel()
	p := start(t)
	show := p.campaign()
	id := show[strings.LastIndex(show, "/")+1:]
	partner := idOf(p.api("POST", "/partners", object{"email": "zoe@example.com", "name": "Zoe", "send_invite": false, "campaign_ids": []string{id}}))
	p.api("POST", "/partners/"+partner+"/links", object{"key": "zoe", "campaign_id": id})
	click := p.Call("", "GET", "/r/zoe", nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, _ := strings.Cut(click.Header.Get("Location"), "cref=")
	led(t, p.admin, p.admin.Post(show, campaignForm("rules.0.rate", "50")))

	before, after := time.Now().Add(-2*time.Minute).UTC().Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339Nano)
	for at, want := range map[string]string{before: "1000", after: "2500"} {
		got := p.Call(p.key, "POST", "/api/v1/events", object{
			"user_id": "u" + want, "type": "purchase", "amount": 5000, "currency": "USD", "cref": cref, "occurred_at": at,
		})
		if got.Status != http.StatusCreated || !strings.Contains(got.Body, `"amount":`+want+`,`) {
			t.Errorf("a sale at %s: want %s, got %d %s", at, want, got.Status, got.Body)
		}
	}
	says(t, page(t, p.admin, show), "1 link in use", "$35.00")
}

func TestCampaigns_KeepTimesThatTheFormShowsAsDays(t *testing.T) {
	t.Parallel()
	p := start(t)
	const start, end = "2026-01-01T09:30:00Z", "2099-12-31T17:00:00Z"
	made := p.api("POST", "/campaigns", object{
		"name": "Summer", "destination_url": "https://shop.example.com/", "rules": []object{{"kind": "percent", "rate": "20"}}, "starts_at": start, "ends_at": end,
	})
	path := "/campaigns/" + idOf(made)
	led(t, p.admin, p.admin.Post("/admin"+path, campaignForm()))
	if got := p.api("GET", path, nil); got["starts_at"] != start || got["ends_at"] != end {
		t.Errorf("unchanged days: %v to %v", got["starts_at"], got["ends_at"])
	}
	led(t, p.admin, p.admin.Post("/admin"+path, campaignForm("starts_at", "", "ends_at", "2099-12-30")))
	if got := p.api("GET", path, nil); got["starts_at"] != nil || got["ends_at"] != "2099-12-31T00:00:00Z" {
		t.Errorf("changed days: %v to %v", got["starts_at"], got["ends_at"])
	}
}

func TestCampaigns_Status(t *testing.T) {
	t.Parallel()
	p := start(t)
	show := p.campaign()
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for _, step := range []struct{ status, badge, offers string }{
			{"paused", "Paused", "active"}, {"active", "Active", "paused"}, {"archived", "Archived", "active"}, {"active", "Active", "paused"},
		} {
			if got := led(t, v, v.Post(show+"/status", url.Values{"status": {step.status}})); got != show {
				t.Errorf("led to %s", got)
			}
			doc := page(t, v, show)
			if got := doc.Find(".page-title .badge").Text(); got != step.badge {
				t.Errorf("want %s, got %s", step.badge, got)
			}
			has(t, doc, `form[action="`+show+`/status"] [name="status"][value="`+step.offers+`"]`)
		}
		doc := page(t, v, show+"/status")
		has(t, doc, `form[action="`+show+`/status"] [name="status"][value="archived"]`)
		if dialog := doc.Find("dialog").Length() > 0; dialog != v.HTMX {
			t.Errorf("a dialog: %v", dialog)
		}
		if got := v.Post(show+"/status", url.Values{"status": {"ended"}}); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("an unknown status: %d", got.Status)
		}
	})
}

func TestCampaigns_List(t *testing.T) {
	t.Parallel()
	p := start(t)
	paused := p.campaign()
	p.campaign()
	p.campaign()
	led(t, p.admin, p.admin.Post(paused+"/status", url.Values{"status": {"paused"}}))
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, "/admin/campaigns?status=paused")
		has(t, doc, `#campaigns a[href="`+paused+`"]`, `[name="status"] [value="paused"][selected]`)
		if n := doc.Find("tbody tr").Length(); n != 1 {
			t.Errorf("want 1 paused, got %d", n)
		}
		has(t, page(t, v, "/admin/campaigns?status=archived"), `#campaigns .empty`, `form[role="search"]`)

		first := page(t, v, "/admin/campaigns?status=active&limit=1")
		next := first.Find(".pager a:not([download])").AttrOr("href", "")
		second := page(t, v, next)
		a, b := first.Find("tbody a").AttrOr("href", ""), second.Find("tbody a").AttrOr("href", "")
		if a == "" || b == "" || a == b || second.Find("tbody tr").Length() != 1 {
			t.Errorf("pages %q and %q", a, b)
		}
		for _, query := range []string{"status=ended", "cursor=x", "limit=0"} {
			if got := v.Get("/admin/campaigns?" + query); got.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", query, got.Status)
			}
		}
	})
}

func TestCampaigns_Viewer(t *testing.T) {
	t.Parallel()
	p := start(t)
	show := p.campaign()
	v := p.viewer()
	has(t, page(t, v, "/admin/campaigns"), `a[href="`+show+`"]`, `!a[href="/admin/campaigns/new"]`)
	has(t, page(t, v, show), `.facts`, `!main form`, `!a[href="`+show+`/edit"]`, `!a[href="`+show+`/status"]`)
	for _, htmx := range []bool{false, true} {
		v.HTMX = htmx
		for _, path := range []string{"/admin/campaigns/new", show + "/edit", show + "/status"} {
			if got := v.Get(path); got.Status != http.StatusForbidden {
				t.Errorf("GET %s: %d", path, got.Status)
			}
		}
		for _, path := range []string{"/admin/campaigns", "/admin/campaigns/example", show, show + "/status"} {
			if got := v.Post(path, campaignForm("status", "paused")); got.Status != http.StatusForbidden {
				t.Errorf("POST %s: %d", path, got.Status)
			}
		}
	}
	v.HTMX = false
	if n := p.campaigns(); n != 1 {
		t.Errorf("want 1 campaign, got %d", n)
	}
	says(t, page(t, v, show), "Active", "20 % of every sale")
}

func TestCampaigns_Unknown(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for _, id := range []string{"0198f0e0-0000-7000-8000-000000000000", "nonsense"} {
			base := "/admin/campaigns/" + id
			for _, path := range []string{base, base + "/edit", base + "/status"} {
				if got := v.Get(path); got.Status != http.StatusNotFound {
					t.Errorf("GET %s: %d", path, got.Status)
				}
			}
			for _, path := range []string{base, base + "/status"} {
				if got := v.Post(path, campaignForm("status", "paused")); got.Status != http.StatusNotFound {
					t.Errorf("POST %s: %d", path, got.Status)
				}
			}
		}
	})
}
