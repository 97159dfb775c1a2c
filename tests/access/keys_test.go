package access_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/tests/testkit"
)

// refusal is what a guard says to a key without the right.
func refused(got testkit.Answer) bool {
	return got.Status == http.StatusForbidden && (strings.Contains(got.Body, `"forbidden_scope"`) || strings.Contains(got.Body, `"forbidden"`))
}

// scopedRoutes are the endpoints that ask a key for a scope.
func scopedRoutes(t *testing.T) []testkit.Route {
	t.Helper()
	var keyed []testkit.Route
	for _, r := range testkit.Routes(t) {
		if r.Auth == "key" && r.Scope != "" {
			keyed = append(keyed, r)
		}
	}
	if len(keyed) < 50 {
		t.Fatalf("only %d endpoints", len(keyed))
	}
	return keyed
}

// opens says whether a scope is enough for an endpoint.
func opens(scope string, r testkit.Route) bool {
	either := map[string]string{"GET /api/v1/partners/{id}/dashboard": "commissions:read"} // does as well
	return r.Scope == scope || either[r.String()] == scope
}

// TestScopes sends every scope to every endpoint: exactly those that the table names get past
// the guard, and no scoped key ever becomes an admin.
func TestScopes(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	opened := map[string]int{}
	keyed := scopedRoutes(t)
	for _, scope := range auth.Scopes() {
		key := a.Key(scope)
		for _, r := range keyed {
			var body any
			if !r.Safe() {
				body = object{}
			}
			got := a.Call(key, r.Method, r.Fill(func(string) string { return uuid.NewString() }), body)
			may := opens(scope, r)
			if refused(got) == may {
				t.Errorf("%s with %s: %d %s", r, scope, got.Status, got.Body)
			}
			if may {
				opened[scope]++
			}
		}
	}
	for _, later := range []string{"payouts:read", "payouts:write", "webhooks:write"} {
		opened[later]++ // what they open is not built yet
	}
	for _, scope := range auth.Scopes() {
		if opened[scope] == 0 {
			t.Errorf("%s opens nothing", scope)
		}
	}
}

// What the documents promise of each scope is what TestScopes finds it to open.
func TestScopes_AreTold(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	want := map[string][]string{}
	for _, r := range scopedRoutes(t) {
		for _, scope := range auth.Scopes() {
			if opens(scope, r) {
				want[scope] = append(want[scope], r.String())
			}
		}
	}
	var doc struct {
		Paths      map[string]map[string]struct{ OperationID string }
		Components struct {
			SecuritySchemes struct {
				Key struct {
					Scopes map[string][]string `json:"x-scopes"`
				}
			}
		}
	}
	a.Call("", http.MethodGet, "/api/openapi.json", nil).JSON(t, &doc)
	routeOf := map[string]string{}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			routeOf[o.OperationID] = strings.ToUpper(method) + " " + path
		}
	}
	t.Run("InTheDocument", func(t *testing.T) {
		t.Parallel()
		told := map[string][]string{}
		for scope, ids := range doc.Components.SecuritySchemes.Key.Scopes {
			for _, id := range ids {
				told[scope] = append(told[scope], routeOf[id])
			}
		}
		alike(t, told, want)
	})
	t.Run("InTheReference", func(t *testing.T) {
		t.Parallel()
		page, err := goquery.NewDocumentFromReader(strings.NewReader(a.Call("", http.MethodGet, "/docs/api", nil).Body))
		if err != nil {
			t.Fatal(err)
		}
		told := map[string][]string{}
		for _, row := range page.Find("#scopes dl > div").EachIter() {
			scope := row.Find("dt").Text()
			for _, link := range row.Find("a").EachIter() {
				id := strings.TrimPrefix(link.AttrOr("href", ""), "#")
				if page.Find("section#"+id).Length() != 1 {
					t.Errorf("%s leads nowhere", id)
				}
				told[scope] = append(told[scope], routeOf[id])
			}
		}
		alike(t, told, want)
	})
}

func alike(t *testing.T, got, want map[string][]string) {
	t.Helper()
	for _, m := range []map[string][]string{got, want} {
		for _, list := range m {
			slices.Sort(list)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A key that was revoked, or has had its time, is out at the next request, whatever it asks for.
func TestKey_LostAccess(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	admin := a.Key()
	gone := made(t, a, admin, "/api-keys", object{"name": "gone", "kind": "admin"})
	old := made(t, a, admin, "/api-keys", object{"name": "old", "kind": "admin", "expires_at": "2099-01-01T00:00:00Z"})
	for _, k := range []object{gone, old} {
		if got := a.Call(k["key"].(string), http.MethodGet, "/api/v1/whoami", nil); got.Status != http.StatusOK {
			t.Fatalf("before: %d", got.Status)
		}
	}
	a.Call(admin, http.MethodDelete, "/api/v1/api-keys/"+idOf(gone), nil)
	a.DB.AsOwner(t, `update api_keys set expires_at = now() - interval '1 second' where name = 'old'`)
	for _, r := range testkit.Routes(t) {
		if r.Auth != "key" {
			continue
		}
		for _, k := range []object{gone, old} {
			if got := a.Call(k["key"].(string), r.Method, r.Fill(func(string) string { return uuid.NewString() }), nil); got.Status != http.StatusUnauthorized {
				t.Errorf("%s with the key %s: %d", r, k["name"], got.Status)
			}
		}
	}
}

// The list says when a key was used last; writing that down is not part of every request.
func TestKey_LastUsed(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	key := made(t, a, a.Key(), "/api-keys", object{"name": "shop", "kind": "admin"})
	const used = `select count(*) from api_keys where name = 'shop' and last_used_at > now() - interval '1 minute'`
	if n := count(t, a, used); n != 0 {
		t.Error("used before it was")
	}
	a.Call(key["key"].(string), http.MethodGet, "/api/v1/whoami", nil)
	if n := count(t, a, used); n != 1 {
		t.Error("the use is not noted")
	}
	a.DB.AsOwner(t, `update api_keys set last_used_at = now() - interval '4 minutes' where name = 'shop'`)
	a.Call(key["key"].(string), http.MethodGet, "/api/v1/whoami", nil)
	if n := count(t, a, used); n != 0 {
		t.Error("noted again within five minutes")
	}
}
