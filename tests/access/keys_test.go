package access_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/tests/testkit"
)

// refusal is what a guard says to a key without the right.
func refused(got testkit.Answer) bool {
	return got.Status == http.StatusForbidden && (strings.Contains(got.Body, `"forbidden_scope"`) || strings.Contains(got.Body, `"forbidden"`))
}

// TestScopes sends every scope to every endpoint: exactly those that the table names get past
// the guard, and no scoped key ever becomes an admin.
func TestScopes(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t)
	either := map[string]string{"GET /api/v1/partners/{id}/dashboard": "commissions:read"} // does as well
	opened := map[string]int{}
	var keyed []testkit.Route
	for _, r := range testkit.Routes(t) {
		if r.Auth == "key" && r.Scope != "" {
			keyed = append(keyed, r)
		}
	}
	if len(keyed) < 50 {
		t.Fatalf("only %d endpoints", len(keyed))
	}
	for _, scope := range auth.Scopes() {
		key := a.Key(scope)
		for _, r := range keyed {
			var body any
			if !r.Safe() {
				body = object{}
			}
			got := a.Call(key, r.Method, r.Fill(func(string) string { return uuid.NewString() }), body)
			may := r.Scope == scope || either[r.String()] == scope
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

// A key that was revoked, or has had its time, is out at the next request, whatever it asks for.
func TestKey_LostAccess(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t)
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
	a := testkit.Start(t)
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
