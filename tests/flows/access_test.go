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

// The form says what each scope opens, and offers none that opens nothing.
func TestAPIKeys_ScopesAreExplained(t *testing.T) {
	t.Parallel()
	p := start(t)
	doc := page(t, p.admin, "/admin/api-keys/new")
	says(t, doc, "Add a coupon; Put a coupon out of use, or back", "Make a link; Archive a link.")
	for _, box := range doc.Find(`input[name="scopes"]`).EachIter() {
		if doc.Find("#"+box.AttrOr("aria-describedby", "nothing")).Text() == "" {
			t.Errorf("%s is not explained", box.AttrOr("value", ""))
		}
	}
}

func TestAPIKeys_Narrowed(t *testing.T) {
	t.Parallel()
	p := start(t)
	partner := idOf(p.api("POST", "/partners", object{"email": "zoe@example.com", "name": "Zoe"}))
	led(t, p.admin, p.admin.Post("/admin/partners/"+partner+"/revocation", nil))
	prefix, _ := p.api("POST", "/api-keys", object{"name": "Émile's till", "kind": "scoped", "scopes": []string{"links:write", "events:read", "links:read"}})["prefix"].(string)
	p.api("POST", "/api-keys", object{"name": "Old", "kind": "partner", "partner_id": partner, "expires_at": "2099-02-01T00:00:00Z"})
	gone := p.api("POST", "/api-keys", object{"name": "Gone", "kind": "admin"})
	if got := p.Call(p.key, "DELETE", "/api/v1/api-keys/"+idOf(gone), nil); got.Status != http.StatusNoContent {
		t.Fatalf("revoke: %d", got.Status)
	}
	parsed(t, p.admin.Post("/admin/api-keys", url.Values{"name": {"Made by hand"}, "kind": {"admin"}}), http.StatusOK)
	ada := idOf(p.api("GET", "/admins", nil)["data"].([]any)[0].(object))

	for query, want := range map[string]string{
		"q=émile": "Émile's till",
		"q=" + url.QueryEscape(strings.ToUpper(prefix)+"…"): "Émile's till",
		"q=till":                     "",
		"q=%25":                      "",
		"kind=partner":               "Old",
		"status=revoked":             "Gone",
		"created_by=" + ada:          "Made by hand",
		"kind=admin&q=made":          "Made by hand",
		"kind=scoped&q=made":         "",
		"status=expired":             "",
		"status=active&q=gone":       "",
		"status=active&kind=partner": "Old",
	} {
		var shown, listed []string
		for _, row := range page(t, p.admin, "/admin/api-keys?"+query).Find("#api-keys .row-title").EachIter() {
			shown = append(shown, row.Text())
		}
		for _, one := range p.api("GET", "/api-keys?"+query, nil)["data"].([]any) {
			listed = append(listed, one.(object)["name"].(string))
		}
		if strings.Join(shown, ", ") != want || strings.Join(listed, ", ") != want {
			t.Errorf("%s: the page shows %q, the API %q, want %q", query, shown, listed, want)
		}
	}
	for _, query := range []string{"kind=x", "status=x", "created_by=x", "q=%00"} {
		if got := p.admin.Get("/admin/api-keys?" + query); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", query, got.Status)
		}
		if got := p.Call(p.key, "GET", "/api/v1/api-keys?"+query, nil); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("the API, %s: %d", query, got.Status)
		}
	}
	t.Run("Readable", func(t *testing.T) {
		doc := page(t, p.admin, "/admin/api-keys")
		says(t, doc, "Events: read", "Links: read, write", "What Zoe may do", "until 31 Jan 2099", "by Ada")
	})
	t.Run("AViewerOnlyLooks", func(t *testing.T) {
		has(t, page(t, p.viewer(), "/admin/api-keys"), "#api-keys", `!a[href$="/new"]`, `!a[href$="/revocation"]`)
	})
}

// Keys outlive who made them, and whoever takes somebody's access away is told so.
func TestAPIKeys_OfAnAdminWhoLeaves(t *testing.T) {
	t.Parallel()
	p := start(t)
	bo := p.signedIn("bo@example.com", "Bo", "admin")
	id := idOf(p.api("GET", "/admins", nil)["data"].([]any)[0].(object))
	ask := "/admin/admins/" + id + "/revocation"
	if text := page(t, p.admin, ask).Text(); strings.Contains(text, "made") {
		t.Error("somebody without keys is said to have some")
	}
	keys := map[string]string{}
	for _, name := range []string{"Shop", "Till", "Old"} {
		made := parsed(t, bo.Post("/admin/api-keys", url.Values{"name": {name}, "kind": {"admin"}}), http.StatusOK)
		keys[name] = made.Find("#new-key").AttrOr("value", "")
	}
	p.DB.AsOwner(t, `update api_keys set expires_at = now() - interval '1 second' where name = 'Old'`)
	doc := page(t, p.admin, ask)
	says(t, doc, "2 active keys that they made go on working")
	list := page(t, p.admin, doc.Find(`.banner a`).AttrOr("href", ""))
	if n := list.Find("#api-keys tbody tr").Length(); n != 2 {
		t.Errorf("led to %d keys", n)
	}
	led(t, p.admin, p.admin.Post(ask, nil))
	says(t, page(t, p.admin, "/admin/api-keys"), "by Bo, who is revoked")
	if got := p.Call(keys["Shop"], "GET", "/api/v1/whoami", nil); got.Status != http.StatusOK {
		t.Errorf("the key of somebody who left: %d", got.Status)
	}
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
