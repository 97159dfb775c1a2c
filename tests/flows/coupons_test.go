package flows_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestCoupons_Create(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	has(t, page(t, s.admin, "/admin/coupons"), "#coupons .empty", `a[href="/admin/coupons/new"]`)
	has(t, page(t, s.admin, "/admin/coupons/new?partner_id="+zoe), `[name=partner_id] [value="`+zoe+`"][selected]`, `[name=campaign_id] [value="`+s.campaign+`"][selected]`)
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		code := "ZOE-" + uuid.NewString()[:8]
		f := url.Values{"code": {code}, "partner_id": {zoe}, "campaign_id": {s.campaign}}
		doc := page(t, v, led(t, v, v.Post("/admin/coupons", f)))
		says(t, doc, code, "Zoe", "Summer", "Active")
		says(t, page(t, v, "/admin/partners/"+zoe), code)

		has(t, parsed(t, v.Post("/admin/coupons", f), http.StatusUnprocessableEntity), `[name=code][aria-invalid="true"]`)
		got := s.Call(s.key, "POST", "/api/v1/coupons/redeem", object{
			"code": code, "user_id": "u1", "event": object{"type": "purchase", "amount": 4999, "currency": "USD", "external_id": code},
		})
		if got.Status != http.StatusCreated {
			t.Errorf("redeem: %d %s", got.Status, got.Body)
		}
	})
	if n := page(t, s.admin, "/admin/coupons?partner_id="+zoe).Find("#coupons tbody tr").Length(); n != 2 {
		t.Errorf("%d coupons", n)
	}
}

func TestCoupons_Refused(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	other := idOf(s.api("POST", "/campaigns", object{"name": "Other", "destination_url": "https://shop.example.com/", "rules": []object{{"kind": "percent", "rate": "5"}}}))
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		for name, c := range map[string]struct{ code, partner, campaign, field string }{
			"Code":       {"no spaces", zoe, s.campaign, "code"},
			"NoPartner":  {"ZOE10", "", s.campaign, "partner_id"},
			"NoCampaign": {"ZOE10", zoe, "", "campaign_id"},
			"Unknown":    {"ZOE10", uuid.NewString(), s.campaign, "partner_id"},
			"NotGranted": {"ZOE10", zoe, other, "campaign_id"},
		} {
			t.Run(name, func(t *testing.T) {
				f := url.Values{"code": {c.code}, "partner_id": {c.partner}, "campaign_id": {c.campaign}}
				doc := parsed(t, v.Post("/admin/coupons", f), http.StatusUnprocessableEntity)
				has(t, doc, `[name="`+c.field+`"][aria-invalid="true"]`, `[name=code][value="`+c.code+`"]`)
				if whole(doc) == v.HTMX {
					t.Errorf("a whole page: %v", whole(doc))
				}
			})
		}
	})
	has(t, page(t, s.admin, "/admin/coupons"), "#coupons .empty")
}

func TestCoupons_Status(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	id := idOf(s.api("POST", "/coupons", object{"code": "ZOE10", "partner_id": zoe, "campaign_id": s.campaign}))
	path := "/admin/coupons/" + id + "/status"
	has(t, page(t, s.admin, "/admin/coupons"), `#coupon-`+id+` form[action="`+path+`"] [name=active][value=false]`)
	if to := led(t, s.admin, s.admin.Post(path, url.Values{"active": {"false"}, "back": {"/admin/coupons?partner_id=" + zoe}})); to != "/admin/coupons?partner_id="+zoe {
		t.Errorf("led to %s", to)
	}
	says(t, page(t, s.admin, "/admin/coupons"), "Inactive", "The coupon ZOE10 is inactive.")

	s.admin.HTMX = true
	got := s.admin.Post(path, url.Values{"active": {"true"}, "back": {"/admin/coupons"}})
	s.admin.HTMX = false
	doc := parsed(t, row(t, got), http.StatusOK)
	has(t, doc, "tr#coupon-"+id, `[name=active][value=false]`, `#flash[hx-swap-oob] .toast-success`)

	v := s.viewer()
	has(t, page(t, v, "/admin/coupons"), "#coupon-"+id, "!#coupon-"+id+" form", `!a[href="/admin/coupons/new"]`)
	for _, to := range []string{path, "/admin/coupons"} {
		if got := v.Post(to, url.Values{"active": {"false"}}); got.Status != http.StatusForbidden {
			t.Errorf("POST %s: %d", to, got.Status)
		}
	}
	if got := s.admin.Post("/admin/coupons/"+uuid.NewString()+"/status", url.Values{"active": {"true"}}); got.Status != http.StatusNotFound {
		t.Errorf("unknown: %d", got.Status)
	}
}
