package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestAPIKeys(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		if _, fields := refused(t, v, v.Post("/admin/api-keys", url.Values{"name": {""}, "kind": {"scoped"}})); len(fields) == 0 {
			t.Error("nothing is marked")
		}
		made := parsed(t, v.Post("/admin/api-keys", url.Values{"name": {"Shop"}, "kind": {"scoped"}, "scopes": {"events:write"}}), http.StatusOK)
		key := made.Find("#new-key").AttrOr("value", "")
		if got := p.Call(key, "GET", "/api/v1/whoami", nil); got.Status != http.StatusOK || !strings.Contains(got.Body, `"events:write"`) {
			t.Fatalf("the new key: %d %s", got.Status, got.Body)
		}
		list := page(t, v, "/admin/api-keys")
		if html, _ := list.Html(); strings.Contains(html, key) {
			t.Error("the list shows the key")
		}
		ask := list.Find(`a[href$="/revocation"]`).First().AttrOr("href", "")
		says(t, page(t, v, ask), "Revoke the key")
		led(t, v, v.Post(ask, nil))
		if got := p.Call(key, "GET", "/api/v1/whoami", nil); got.Status != http.StatusUnauthorized {
			t.Errorf("the revoked key: %d", got.Status)
		}
	})
}

func TestAdmins(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		email := "bo-" + map[bool]string{true: "h", false: "p"}[v.HTMX] + "@example.com"
		if _, fields := refused(t, v, v.Post("/admin/admins", url.Values{"name": {"Bo"}, "email": {"ada@example.com"}, "role": {"admin"}})); len(fields) != 1 || fields[0] != "email" {
			t.Errorf("marked %v", fields)
		}
		doc := page(t, v, led(t, v, v.Post("/admin/admins", url.Values{"name": {"Bo"}, "email": {email}, "role": {"viewer"}})))
		says(t, doc, email, "Invited")
		ask := ""
		for _, row := range doc.Find("tr").EachIter() {
			if strings.Contains(row.Text(), email) {
				ask = row.Find(`a[href$="/revocation"]`).AttrOr("href", "")
			}
		}
		led(t, v, v.Post(strings.TrimSuffix(ask, "/revocation")+"/invitation", nil))
		says(t, page(t, v, ask), "Revoke Bo?")
		says(t, page(t, v, led(t, v, v.Post(ask, url.Values{"reason": {"left"}}))), "Revoked")
		led(t, v, v.Post(strings.TrimSuffix(ask, "/revocation")+"/reinstatement", nil))
	})
	t.Run("NobodyRevokesThemselves", func(t *testing.T) {
		me := idOf(p.api("GET", "/admins", nil)["data"].([]any)[2].(object))
		if got := p.admin.Post("/admin/admins/"+me+"/revocation", nil); got.Status != http.StatusConflict {
			t.Errorf("got %d", got.Status)
		}
	})
	t.Run("ARevokedPersonIsOutAtOnce", func(t *testing.T) {
		v := p.viewer()
		page(t, v, "/admin")
		for _, one := range p.api("GET", "/admins", nil)["data"].([]any) {
			if a := one.(object); a["email"] == "vic@example.com" {
				p.api("POST", "/admins/"+idOf(a)+"/revoke", object{})
			}
		}
		if to := led(t, v, v.Get("/admin")); !strings.HasPrefix(to, "/signin") {
			t.Errorf("led to %s", to)
		}
	})
}
