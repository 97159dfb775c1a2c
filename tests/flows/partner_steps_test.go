package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestPartners_Revoke(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.partner("Zoe")
	show := "/admin/partners/" + id
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, show+"/revocation")
		has(t, doc, `form[action="`+show+`/revocation"][method="post"] [name="reason"]`)
		has(t, doc, map[bool]string{true: `dialog[data-open]`, false: `main .confirm`}[v.HTMX])

		got := v.Post(show+"/revocation", url.Values{"reason": {strings.Repeat("x", 1001)}})
		has(t, parsed(t, got, http.StatusUnprocessableEntity), `[name="reason"][aria-invalid="true"]`)
		if got := p.status(id); got != "active" {
			t.Fatalf("a refused reason left %v", got)
		}

		led(t, v, v.Post(show+"/revocation", url.Values{"reason": {"Bought our own name"}}))
		doc = page(t, v, show)
		says(t, doc, "Revoked", "Bought our own name")
		has(t, doc, `form[action="`+show+`/reinstatement"]`, `!a[href="`+show+`/revocation"]`)
		if got := v.Post(show+"/revocation", nil); got.Status != http.StatusConflict {
			t.Errorf("once more: got %d", got.Status)
		}

		led(t, v, v.Post(show+"/reinstatement", nil))
		doc = page(t, v, show)
		says(t, doc, "Active", "Reinstated")
		has(t, doc, `!.banner`)
		if got := v.Post(show+"/reinstatement", nil); got.Status != http.StatusConflict {
			t.Errorf("reinstate an active one: got %d", got.Status)
		}
	})
}

func TestPartners_Applications(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		mode := t.Name()[len("TestPartners_Applications/"):]
		approved, declined := p.partner("Ada "+mode), p.partner("Bo "+mode)
		p.setStatus(approved, "pending_review")
		p.setStatus(declined, "pending_review")

		show := "/admin/partners/" + approved
		doc := page(t, v, show)
		says(t, doc, "waits for your decision")
		has(t, doc, `form[action="`+show+`/approval"] [name="decision"][value="approve"]`, `a[href="`+show+`/approval"]`)
		if got := v.Post(show+"/approval", url.Values{"decision": {"perhaps"}}); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("perhaps: got %d", got.Status)
		}
		led(t, v, v.Post(show+"/approval", url.Values{"decision": {"approve"}}))
		says(t, page(t, v, show), "Active", "Application approved")
		if got := v.Post(show+"/approval", url.Values{"decision": {"decline"}}); got.Status != http.StatusConflict {
			t.Errorf("decline an active one: got %d", got.Status)
		}

		show = "/admin/partners/" + declined
		has(t, page(t, v, show+"/approval"), `form[action="`+show+`/approval"] [name="decision"][value="decline"]`)
		got := v.Post(show+"/approval", url.Values{"decision": {"decline"}, "reason": {strings.Repeat("x", 1001)}})
		has(t, parsed(t, got, http.StatusUnprocessableEntity), `[name="reason"][aria-invalid="true"]`, `[name="decision"][value="decline"]`)
		led(t, v, v.Post(show+"/approval", url.Values{"decision": {"decline"}, "reason": {"No audience"}}))
		says(t, page(t, v, show), "Declined", "No audience", "Application declined")
	})
}

func TestPartners_InviteAgain(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := idOf(p.api("POST", "/partners", object{"name": "Zoe", "email": "zoe@example.com"}))
	p.Await("mail to zoe@example.com")
	show := "/admin/partners/" + id
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		led(t, v, v.Post(show+"/invitation", nil))
		says(t, page(t, v, show), "Invited again")
	})
	p.setStatus(id, "active")
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		got := v.Post(show+"/invitation", nil)
		says(t, parsed(t, got, http.StatusConflict), "This partner is active already.")
		if v.HTMX && got.Header.Get("HX-Retarget") != "#flash" {
			t.Errorf("the refusal goes to %q", got.Header.Get("HX-Retarget"))
		}
	})
}

// TestPartners_Show follows a sale from the click to the page of the partner.
func TestPartners_Show(t *testing.T) {
	t.Parallel()
	p := start(t)
	id := p.partner("Zoe", p.promotion("Summer"))
	show := "/admin/partners/" + id
	says(t, page(t, p.admin, show), "No link yet")
	campaign := p.api("GET", "/campaigns", nil)["data"].([]any)[0].(object)["id"].(string)
	p.api("POST", "/partners/"+id+"/links", object{"key": "zoe", "campaign_id": campaign})
	got := p.Call("", "GET", "/r/zoe", nil, "User-Agent", "Mozilla/5.0 Firefox/140.0", "Referer", "https://www.blog.example.com/post")
	_, cref, _ := strings.Cut(got.Header.Get("Location"), "cref=")
	p.Call("", "GET", "/r/zoe", nil, "User-Agent", "Googlebot/2.1 (+http://www.google.com/bot.html)")
	p.api("POST", "/events", object{"user_id": "u1", "type": "purchase", "amount": 4999, "currency": "USD", "cref": cref})
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, show)
		figures := map[string]string{}
		doc.Find(".stat").Each(func(_ int, s *goquery.Selection) {
			figures[strings.TrimSpace(s.Find(".stat-label").Text())] = s.Find(".stat-value").Text()
		})
		for label, want := range map[string]string{"Clicks": "1", "Conversions": "1", "Revenue": "$49.99", "Commission": "$10.00"} {
			if figures[label] != want {
				t.Errorf("%s: want %s, got %q", label, want, figures[label])
			}
		}
		says(t, doc, "Pending $10.00", "blog.example.com", "no: Bot")
		has(t, doc, `[data-copy="`+p.URL+`/r/zoe"]`, `svg.chart-plot`, `a[href^="/admin/commissions/"]`, `a[href="/admin/activity/clicks/`+cref+`"]`)
	})
}

// TestPartners_Viewer holds every page of partners and links to what a viewer may do.
func TestPartners_Viewer(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	id := p.partner("Zoe", campaign)
	link := idOf(p.api("POST", "/partners/"+id+"/links", object{"key": "zoe", "campaign_id": campaign}))
	v := p.viewer()
	for _, r := range promotionRoutes(t) {
		path := r.Fill(func(name string) string {
			switch {
			case name == "campaign":
				return campaign
			case strings.HasPrefix(r.Path, "/admin/links"):
				return link
			default:
				return id
			}
		})
		for _, htmx := range []bool{false, true} {
			v.HTMX = htmx
			got, want := v.Get(path), http.StatusForbidden
			if r.Method == http.MethodPost {
				got = v.Post(path, partnerForm())
			} else if r.Role == "viewer" {
				want = http.StatusOK
			}
			doc := parsed(t, got, want)
			if want == http.StatusOK {
				has(t, doc, `!#main form[method="post"]`, `!#main a[href$="/new"]`, `!#main a[href$="/edit"]`, `!#main a[aria-haspopup="dialog"]`)
			}
		}
	}
	if n := p.rows("/partners"); n != 1 || p.status(id) != "active" {
		t.Errorf("%d partners, and Zoe is %v", n, p.status(id))
	}
}

// TestPartners_Unknown asks for what does not exist, on every page that names something.
func TestPartners_Unknown(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for _, r := range promotionRoutes(t) {
			if len(r.Placeholders()) == 0 {
				continue
			}
			for _, id := range []string{nobody, "1"} {
				path := r.Fill(func(string) string { return id })
				got := v.Get(path)
				if r.Method == http.MethodPost {
					got = v.Post(path, editForm())
				}
				if got.Status != http.StatusNotFound {
					t.Errorf("%s %s: got %d", r.Method, path, got.Status)
				}
			}
		}
	})
}

// promotionRoutes are the routes of partners and links.
func promotionRoutes(t *testing.T) []testkit.Route {
	t.Helper()
	var out []testkit.Route
	for _, r := range testkit.Routes(t) {
		if strings.HasPrefix(r.Path, "/admin/partners") || strings.HasPrefix(r.Path, "/admin/links") {
			out = append(out, r)
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d routes", len(out))
	}
	return out
}
