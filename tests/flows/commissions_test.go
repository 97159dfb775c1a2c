package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestCommission_ShowsItsTrace(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"hold_days": 30})
	s.promoter("zoe")
	s.brings("zoe", "u1")
	event, rows := s.sale("u1", nil)
	doc := page(t, s.admin, "/admin/commissions/"+rows[0])
	says(t, doc, "$10.00 for Zoe", "Pending until", "20 % of $49.99 × 1 = $10.00", "Written into the ledger", "On hold until", "Running")
	has(t, doc, `.trace [aria-current=true]`, `a[href="/admin/activity/events/`+event+`"]`)
}

func TestCommission_Approve(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		_, rows := s.sale("u1", nil)
		path := "/admin/commissions/" + rows[0]
		doc := page(t, v, path+"/approval")
		says(t, doc, "Approve $10.00 for Zoe?")
		has(t, doc, `form[method=post][action="`+path+`/approval"]`, "!textarea")
		if to := led(t, v, v.Post(path+"/approval", nil)); to != path {
			t.Errorf("led to %s", to)
		}
		doc = page(t, v, path)
		says(t, doc, "Approved on")
		has(t, doc, `.trace dd:contains("Ada Admin")`)
		if got := v.Post(path+"/approval", nil); got.Status != http.StatusConflict {
			t.Errorf("twice: %d", got.Status)
		}
	})
}

func TestCommission_ApproveInTheRow(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	_, first := s.sale("u1", nil)
	_, second := s.sale("u1", nil)
	list := "/admin/commissions?status=ready"
	doc := page(t, s.admin, list)
	button := func(id string) string {
		return `#commission-` + id + ` form[action="/admin/commissions/` + id + `/approval"]`
	}
	has(t, doc, button(first[0]), button(second[0]), `#nav-commissions:contains("2 waiting")`)
	back := doc.Find(button(first[0])+" input[name=back]").AttrOr("value", "")

	t.Run("HTMXGetsTheRowAndTheCounter", func(t *testing.T) {
		s.admin.HTMX = true
		got := s.admin.Post("/admin/commissions/"+first[0]+"/approval", url.Values{"back": {back}})
		s.admin.HTMX = false
		// A parser keeps a row only inside of a table.
		got.Body = "<table><tbody>" + got.Body + "</tbody></table>"
		doc := parsed(t, got, http.StatusOK)
		has(t, doc, "tr#commission-"+first[0], "!form", `#nav-commissions[hx-swap-oob]:contains("1 waiting")`, `#flash[hx-swap-oob] .toast-success`)
		says(t, doc, "Approved", "$10.00 for Zoe is approved.")
	})
	t.Run("PlainReturnsToTheList", func(t *testing.T) {
		if to := led(t, s.admin, s.admin.Post("/admin/commissions/"+second[0]+"/approval", url.Values{"back": {back}})); to != list {
			t.Errorf("led to %s, want %s", to, list)
		}
		has(t, page(t, s.admin, list), "!tbody tr", "#nav-commissions[hidden]")
	})
	t.Run("NeverLeadsElsewhere", func(t *testing.T) {
		_, rows := s.sale("u1", nil)
		got := s.admin.Post("/admin/commissions/"+rows[0]+"/approval", url.Values{"back": {"https://evil.example/"}})
		if to := led(t, s.admin, got); to != "/admin/commissions/"+rows[0] {
			t.Errorf("led to %s", to)
		}
	})
}

func TestCommission_ApproveBeforeMaturity(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"hold_days": 30})
	s.promoter("zoe")
	s.brings("zoe", "u1")
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		_, rows := s.sale("u1", nil)
		path := "/admin/commissions/" + rows[0] + "/approval"
		has(t, page(t, s.admin, "/admin/commissions"), "#commission-"+rows[0], "!#commission-"+rows[0]+" form")
		doc := page(t, v, path)
		says(t, doc, "It is on hold until", "Approving it now skips the hold", "Why is the hold skipped?")

		doc = parsed(t, v.Post(path, url.Values{"note": {"  "}}), http.StatusUnprocessableEntity)
		has(t, doc, `form[action="`+path+`"] textarea[name=note][aria-invalid=true]`, "!dialog")
		says(t, doc, "Say why the hold is skipped.", "It is on hold until")
		if whole(doc) == v.HTMX {
			t.Error("htmx gets the form alone, others the whole page")
		}
		if got := s.status(rows[0]); got != "pending" {
			t.Fatalf("the refused approval left it %s", got)
		}
		led(t, v, v.Post(path, url.Values{"note": {"A partner of many years"}}))
		says(t, page(t, v, "/admin/commissions/"+rows[0]), "Approved on", "A partner of many years")
	})
}

func TestCommission_Reverse(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		event, rows := s.sale("u1", nil)
		path := "/admin/commissions/" + rows[0]
		says(t, page(t, v, path+"/reversal"), "Reverse $10.00 for Zoe?", "This can't be undone.")

		doc := parsed(t, v.Post(path+"/reversal", nil), http.StatusUnprocessableEntity)
		has(t, doc, `form[action="`+path+`/reversal"] textarea[name=note][aria-invalid=true]`)
		says(t, doc, "Say why the commission is reversed.")
		doc = parsed(t, v.Post(path+"/reversal", url.Values{"note": {strings.Repeat("x", 1001)}}), http.StatusUnprocessableEntity)
		if got := doc.Find("textarea[name=note]").Text(); len(got) != 1001 {
			t.Errorf("%d characters of what was typed are kept", len(got))
		}

		led(t, v, v.Post(path+"/reversal", url.Values{"note": {"Returned <goods>"}}))
		doc = page(t, v, path)
		says(t, doc, "Rejected by the program", "Returned <goods>", "A person rejected it, so the rules leave it alone.")
		has(t, doc, "!goods", `.trace dd:contains("Ada Admin")`, `!a[href$="/reversal"]`, `!a[href$="/approval"]`)
		says(t, page(t, v, "/admin/activity/events/"+event), "Nobody earns from this event: what was earned was taken back.")
		if got := v.Post(path+"/reversal", url.Values{"note": {"again"}}); got.Status != http.StatusConflict {
			t.Errorf("twice: %d", got.Status)
		}
	})
}

func TestCommissions_AreNarrowed(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	ada := s.promoter("ada")
	s.brings("zoe", "u1")
	_, rows := s.sale("u1", nil)
	s.sale("u1", nil)
	s.api("POST", "/commissions/"+rows[0]+"/approve", nil)
	for query, want := range map[string]int{
		"": 2, "?status=ready": 1, "?status=pending": 1, "?status=approved": 1, "?status=paid": 0, "?partner_id=" + zoe: 2, "?partner_id=" + ada: 0,
		"?campaign_id=" + s.campaign: 2, "?to=2020-01-01": 0, "?from=2020-01-01": 2, "?partner_id=" + uuid.NewString(): 0,
	} {
		t.Run(query, func(t *testing.T) {
			if got := page(t, s.admin, "/admin/commissions"+query).Find("#commissions tbody tr").Length(); got != want {
				t.Errorf("got %d rows, want %d", got, want)
			}
		})
	}
	for field, query := range map[string]string{"status": "status=lost", "to": "to=soon", "campaign_id": "campaign_id=1"} {
		t.Run("Wrong_"+field, func(t *testing.T) {
			doc := parsed(t, s.admin.Get("/admin/commissions?"+query), http.StatusUnprocessableEntity)
			has(t, doc, "[name="+field+"][aria-invalid=true]")
		})
	}
}

func TestCommissions_ViewerOnlyLooks(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	event, rows := s.sale("u1", nil)
	path := "/admin/commissions/" + rows[0]
	v := s.viewer()
	has(t, page(t, v, "/admin/commissions"), "#commission-"+rows[0], "!#commission-"+rows[0]+" form")
	has(t, page(t, v, path), ".trace", `!a[href$="/approval"]`, `!a[href$="/reversal"]`)
	has(t, page(t, v, "/admin/activity/events/"+event), ".trace")
	for _, step := range []string{"/approval", "/reversal"} {
		if got := v.Get(path + step); got.Status != http.StatusForbidden {
			t.Errorf("GET %s: %d", step, got.Status)
		}
		if got := v.Post(path+step, url.Values{"note": {"no"}}); got.Status != http.StatusForbidden {
			t.Errorf("POST %s: %d", step, got.Status)
		}
	}
	if got := s.status(rows[0]); got != "pending" {
		t.Errorf("it is %s", got)
	}
}

func TestPortal_CommissionsOfOneself(t *testing.T) {
	t.Parallel()
	s := openTill(t, object{"attribution_model": "linear", "hold_days": 30, "rules": []object{{"kind": "percent", "rate": "10"}}})
	zoe := s.promoter("zoe")
	s.promoter("grace")
	s.brings("zoe", "customer-4711")
	s.brings("grace", "customer-4711")
	_, rows := s.sale("customer-4711", object{"amount": 10_000, "external_id": "order-1", "metadata": object{"secret": "x"}})
	own, others := rows[0], rows[1]
	v := s.asPartner(zoe, "zoe@example.com")

	t.Run("Home", func(t *testing.T) {
		has(t, page(t, v, "/partner"), `a[href="/partner/commissions"]`, `a[href="/partner/commissions/`+own+`"]`)
	})
	t.Run("List", func(t *testing.T) {
		doc := page(t, v, "/partner/commissions")
		says(t, doc, "$5.00", "Summer")
		has(t, doc, `.badge:contains("Pending") + .row-sub:contains("until ")`)
		has(t, doc, `a[href="/partner/commissions/`+own+`"]`, `!a[href="/partner/commissions/`+others+`"]`)
	})
	t.Run("TraceIsTheirPart", func(t *testing.T) {
		for _, htmx := range []bool{false, true} {
			v.HTMX = htmx
			got := v.Get("/partner/commissions/" + own)
			says(t, parsed(t, got, http.StatusOK), "$5.00", "Pending until", "Click on zoe", "Model: linear", "Share: 1/2",
				"10 % of $100.00 × 1/2 = $5.00", "Other partners led to this event, too.", "Purchase: $100.00")
			for _, secret := range []string{"grace", "Grace", "customer-4711", "order-1", "secret", others, "/admin"} {
				if strings.Contains(got.Body, secret) {
					t.Errorf("tells %q", secret)
				}
			}
		}
		v.HTMX = false
	})
	t.Run("OthersLookLikeNone", func(t *testing.T) {
		foreign, missing := v.Get("/partner/commissions/"+others), v.Get("/partner/commissions/"+uuid.NewString())
		if foreign.Status != http.StatusNotFound || missing.Status != http.StatusNotFound {
			t.Errorf("got %d and %d", foreign.Status, missing.Status)
		}
		v.HTMX = true
		foreign, missing = v.Get("/partner/commissions/"+others), v.Get("/partner/commissions/"+uuid.NewString())
		v.HTMX = false
		if foreign.Status != http.StatusNotFound || foreign.Body != missing.Body {
			t.Errorf("a foreign one says %s, a missing one %s", foreign.Body, missing.Body)
		}
	})
	t.Run("AdminPagesStayClosed", func(t *testing.T) {
		for _, path := range []string{"/admin/activity", "/admin/activity/clicks", "/admin/commissions", "/admin/commissions/" + own} {
			if got := v.Get(path); got.Status != http.StatusForbidden {
				t.Errorf("%s: %d", path, got.Status)
			}
		}
	})
}
