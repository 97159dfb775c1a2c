package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReports(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign, partner, link := p.sell()

	t.Run("NothingToDivideBy", func(t *testing.T) {
		got := p.want(200, "GET", "/reports/funnel", nil)
		want := object{
			"clicks": 0.0, "identities": 0.0, "signups": 0.0, "paid": 0.0,
			"rates": object{"identities": nil, "signups": nil, "paid": nil, "overall": nil},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	p.click(link)
	for _, user := range []string{"u1", "u2"} {
		p.want(200, "POST", "/identify", object{"cref": p.click(link), "user_id": user})
	}
	p.want(201, "POST", "/events", object{"user_id": "u1", "type": "signup"})
	p.want(201, "POST", "/events", object{"user_id": "u1", "type": "purchase", "amount": 10000, "currency": "USD"})

	t.Run("Funnel", func(t *testing.T) {
		want := object{
			"clicks": 3.0, "identities": 2.0, "signups": 1.0, "paid": 1.0,
			"rates": object{"identities": "66.6667", "signups": "50", "paid": "100", "overall": "33.3333"},
		}
		for _, filter := range []string{"", "?partner_id=" + partner, "?campaign_id=" + campaign} {
			if diff := cmp.Diff(want, p.want(200, "GET", "/reports/funnel"+filter, nil)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", filter, diff)
			}
		}
		p.want(422, "GET", "/reports/funnel?from=soon", nil)
		p.want(422, "GET", "/reports/funnel?partner_id=x", nil)
	})

	path := "/partners/" + partner + "/dashboard"
	t.Run("Dashboard", func(t *testing.T) {
		got := p.want(200, "GET", path+"?bucket=week", nil)
		if n := len(got["buckets"].([]any)); n < 5 || n > 6 {
			t.Errorf("%d weeks in 30 days", n)
		}
		delete(got, "buckets")
		sums := object{"pending": 2000.0, "held": 0.0, "approved": 0.0, "paid": 0.0}
		balance := object{"currency": "USD"}
		for state, sum := range sums {
			balance[state] = sum
		}
		want := object{
			"partner_id": partner, "clicks": 3.0, "leads": 1.0, "conversions": 1.0, "links": 1.0, "campaigns": 1.0,
			"money":    []any{object{"currency": "USD", "revenue": 10000.0, "commission": sums}},
			"balances": []any{balance},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		p.want(422, "GET", path+"?bucket=month", nil)
		p.want(404, "GET", "/partners/01900000-0000-7000-8000-000000000000/dashboard", nil)
	})

	t.Run("WhoMay", func(t *testing.T) {
		own := text(t, p.want(201, "POST", "/api-keys", object{"name": "zoe's", "kind": "partner", "partner_id": partner}), "key")
		other := text(t, p.want(201, "POST", "/partners", object{"email": "yan@example.com", "name": "Yan"}), "id")
		stranger := text(t, p.want(201, "POST", "/api-keys", object{"name": "yan's", "kind": "partner", "partner_id": other}), "key")
		for _, c := range []struct {
			name, key, path string
			status          int
			says            string
		}{
			{"Reports", p.Key("reports:read"), path, 200, `"clicks":3`},
			{"Commissions", p.Key("commissions:read"), path, 200, `"clicks":3`},
			{"CommissionsNotTheFunnel", p.Key("commissions:read"), "/reports/funnel", 403, `"required":"reports:read"`},
			{"Neither", p.Key("events:read"), path, 403, `"required":"reports:read"`},
			{"Own", own, path, 200, `"clicks":3`},
			{"OwnFunnel", own, "/reports/funnel", 200, `"clicks":3`},
			{"OwnFunnelOnly", stranger, "/reports/funnel?partner_id=" + partner, 200, `"clicks":0`},
			{"NotAnothers", stranger, path, 404, `"not_found"`},
			{"Nobody", "", path, 401, `"unauthorized"`},
		} {
			if got := p.Call(c.key, "GET", "/api/v1"+c.path, nil); got.Status != c.status || !strings.Contains(got.Body, c.says) {
				t.Errorf("%s: got %d %s", c.name, got.Status, got.Body)
			}
		}
	})
}
