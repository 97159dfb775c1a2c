package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

// row is a list's row as htmx gets it: a parser keeps one only inside of a table.
func row(t *testing.T, got testkit.Answer) testkit.Answer {
	t.Helper()
	got.Body = "<table><tbody>" + got.Body + "</tbody></table>"
	return got
}

// ownPurchase has a partner buy through their own link, which flags the click for review.
func (s *till) ownPurchase(key, user string) (cref string) {
	s.t.Helper()
	cref = s.brings(key, user)
	s.sale(user, object{"email": key + "@example.com"})
	return cref
}

func TestFraud_ListsTheEvidence(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	own := s.ownPurchase("zoe", "u1")
	bot := s.click("zoe", 0, crawler)
	s.name(bot, "u2")
	s.sale("u2", nil)
	var burst string
	for range 22 {
		burst = s.click("zoe", 0, firefox)
	}
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := page(t, v, "/admin/fraud")
		has(t, doc, "#suspect-"+own, "#suspect-"+burst, "!#suspect-"+bot)
		says(t, doc, "Customer u1 has the e-mail address of Zoe.", "clicks from this address through this link within a minute of it.",
			"No customer yet", "1 event of u1")
		doc = page(t, v, "/admin/fraud?show=all")
		has(t, doc, "#suspect-"+own, "#suspect-"+bot)
		says(t, doc, "Googlebot/2.1", "+$10.00 for Zoe", "1 event of u2")
	})
	has(t, page(t, s.admin, "/admin"), `#nav-fraud:contains("waiting")`, `a[href="/admin/fraud"]:contains("Clicks to judge")`)
}

func TestFraud_IsNarrowed(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe, ada := s.promoter("zoe"), s.promoter("ada")
	s.ownPurchase("zoe", "u1")
	s.click("zoe", 0, crawler)
	kept := s.click("zoe", 0, crawler)
	led(t, s.admin, s.admin.Post("/admin/activity/clicks/"+kept+"/confirmation", nil))
	for query, want := range map[string]int{
		"": 1, "?show=all": 3, "?show=reviewed": 1, "?flag=bot": 1, "?flag=bot&show=all": 2, "?flag=self_referral": 1, "?flag=velocity": 0,
		"?show=all&partner_id=" + zoe: 3, "?show=all&partner_id=" + ada: 0,
	} {
		t.Run(query, func(t *testing.T) {
			if got := page(t, s.admin, "/admin/fraud"+query).Find("#suspects tbody tr").Length(); got != want {
				t.Errorf("got %d rows, want %d", got, want)
			}
			if _, rows := spreadsheet(t, s.admin.Get("/admin/fraud.csv"+query)); len(rows) != want {
				t.Errorf("got %d rows in the file, want %d", len(rows), want)
			}
		})
	}
	for field, query := range map[string]string{"show": "show=some", "flag": "flag=ugly", "partner_id": "partner_id=1"} {
		t.Run("Wrong_"+field, func(t *testing.T) {
			has(t, parsed(t, s.admin.Get("/admin/fraud?"+query), http.StatusUnprocessableEntity), "[name="+field+"][aria-invalid=true]")
		})
	}
}

func TestFraud_CountsAClickAgain(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.promoter("ada")
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		user := "u" + uuid.NewString()
		s.brings("ada", user)
		bot := s.click("zoe", 0, crawler)
		s.name(bot, user)
		s.sale(user, nil)
		event, rows := s.sale(user, nil)
		path := "/admin/activity/clicks/" + bot
		doc := page(t, v, path+"/unflag")
		says(t, doc, "Count this click again?", "2 events of 1 customer will be decided anew", "+$20.00 for Zoe", "-$20.00 for Ada")
		has(t, doc, `form[method=post][action="`+path+`/unflag"]`)
		if dialog := doc.Find("dialog").Length() > 0; dialog != v.HTMX {
			t.Errorf("a dialog: %v", dialog)
		}
		if to := led(t, v, v.Post(path+"/unflag", nil)); to != path {
			t.Errorf("led to %s", to)
		}
		v.HTMX = false
		says(t, page(t, v, path), "The click counts again. 2 events were decided anew.")
		says(t, page(t, v, "/admin/activity/events/"+event), "Zoe earns $10.00.")
		if got := s.status(rows[0]); got != "reversed" {
			t.Errorf("what Ada had is %s", got)
		}
		if got := v.Post(path+"/unflag", nil); got.Status != http.StatusConflict {
			t.Errorf("twice: %d", got.Status)
		}
	})
}

func TestFraud_FlagsAClick(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		user := "u" + uuid.NewString()
		click := s.brings("zoe", user)
		event, _ := s.sale(user, nil)
		path := "/admin/activity/clicks/" + click
		has(t, page(t, v, path), `a[href="`+path+`/flag"]`, `!a[href="`+path+`/unflag"]`)
		doc := page(t, v, path+"/flag")
		says(t, doc, "Flag this click?", "1 event of 1 customer will be decided anew", "-$10.00 for Zoe")
		led(t, v, v.Post(path+"/flag", nil))
		says(t, page(t, v, path), "An admin flagged it.")
		says(t, page(t, v, "/admin/activity/events/"+event), "Nobody earns from this event")
		has(t, page(t, v, "/admin/fraud?show=reviewed"), "#suspect-"+click)
		has(t, page(t, v, "/admin/fraud"), "!#suspect-"+click)
	})
}

func TestFraud_JudgesInTheRow(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	first, second := s.ownPurchase("zoe", "u1"), s.ownPurchase("zoe", "u2")
	list := "/admin/fraud?flag=self_referral"
	doc := page(t, s.admin, list)
	has(t, doc, `#nav-fraud:contains("2 waiting")`)
	back := doc.Find("#suspect-"+first+" input[name=back]").AttrOr("value", "")
	ask := doc.Find("#suspect-"+second+` a[href*="/unflag"]`).AttrOr("href", "")

	t.Run("Keep", func(t *testing.T) {
		s.admin.HTMX = true
		got := s.admin.Post("/admin/activity/clicks/"+first+"/confirmation", url.Values{"back": {back}})
		s.admin.HTMX = false
		doc := parsed(t, row(t, got), http.StatusOK)
		has(t, doc, "tr#suspect-"+first, `!form`, `#nav-fraud[hx-swap-oob]:contains("1 waiting")`, `#flash[hx-swap-oob] .toast-success`)
		says(t, doc, "Own purchase", "reviewed", "The click stays flagged.")
	})
	t.Run("Count", func(t *testing.T) {
		s.admin.HTMX = true
		defer func() { s.admin.HTMX = false }()
		doc := page(t, s.admin, ask)
		has(t, doc, `dialog form[hx-target="#suspect-`+second+`"] input[name=back][value="`+list+`"]`)
		got := s.admin.Post("/admin/activity/clicks/"+second+"/unflag", url.Values{"back": {list}})
		doc = parsed(t, row(t, got), http.StatusOK)
		has(t, doc, "tr#suspect-"+second, `#nav-fraud[hx-swap-oob][hidden]`)
		says(t, doc, "Counts", "The click counts again. 1 event was decided anew.")
	})
	t.Run("PlainReturnsToTheList", func(t *testing.T) {
		if to := led(t, s.admin, s.admin.Post("/admin/activity/clicks/"+second+"/flag", url.Values{"back": {list}})); to != list {
			t.Errorf("led to %s", to)
		}
	})
}

func TestFraud_ViewerOnlyLooks(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	click := s.ownPurchase("zoe", "u1")
	v := s.viewer()
	has(t, page(t, v, "/admin/fraud"), "#suspect-"+click, "!#suspect-"+click+" form", `!#suspect-`+click+` a[href*="flag"]`)
	path := "/admin/activity/clicks/" + click
	has(t, page(t, v, path), "!main form", `!a[href$="/unflag"]`)
	for _, step := range []string{"/flag", "/unflag"} {
		if got := v.Get(path + step); got.Status != http.StatusForbidden {
			t.Errorf("GET %s: %d", step, got.Status)
		}
	}
	for _, step := range []string{"/flag", "/unflag", "/confirmation"} {
		if got := v.Post(path+step, nil); got.Status != http.StatusForbidden {
			t.Errorf("POST %s: %d", step, got.Status)
		}
	}
	if !strings.Contains(page(t, v, path).Text(), "The customer seems to be the partner.") {
		t.Error("the flag is gone")
	}
}

func TestFraud_UnknownClick(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		for _, id := range []string{uuid.NewString(), "nonsense"} {
			for _, step := range []string{"/flag", "/unflag", "/confirmation"} {
				if got := v.Post("/admin/activity/clicks/"+id+step, nil); got.Status != http.StatusNotFound {
					t.Errorf("POST %s: %d", step, got.Status)
				}
			}
		}
	})
}
