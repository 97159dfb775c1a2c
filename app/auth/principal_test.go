package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/fault"
)

func TestNewKey(t *testing.T) {
	t.Parallel()
	key := newKey()
	if !wellFormed(key) {
		t.Fatalf("%q is not well-formed", key)
	}
	for _, broken := range []string{"", "op_live_", key + "0", strings.Replace(key, "op_live_", "op_test_", 1), key[:len(key)-1] + "~"} {
		if wellFormed(broken) {
			t.Errorf("%q is well-formed", broken)
		}
	}
}

func TestPrincipal_Holds(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		p     Principal
		scope string
		want  string
	}{
		{"AdminMayWrite", Principal{Kind: AdminKind, Role: "admin"}, "partners:write", ""},
		{"ViewerMayRead", Principal{Kind: AdminKind, Role: "viewer"}, "partners:read", ""},
		{"ViewerMayNotWrite", Principal{Kind: AdminKind, Role: "viewer"}, "partners:write", "forbidden"},
		{"AdminKeyMayDoAll", Principal{Kind: Key, KeyKind: "admin"}, AdminScope, ""},
		{"ScopedKeyHasItsScope", Principal{Kind: Key, KeyKind: "scoped", Scopes: []string{"links:read"}}, "links:read", ""},
		{"ScopedKeyLacksOthers", Principal{Kind: Key, KeyKind: "scoped", Scopes: []string{"links:read"}}, "links:write", "forbidden_scope"},
		{"ScopedKeyIsNeverAdmin", Principal{Kind: Key, KeyKind: "scoped", Scopes: []string{AdminScope}}, AdminScope, "forbidden"},
		{"PartnerKeyHasNoTenantRows", Principal{Kind: Key, KeyKind: "partner"}, "links:read", "forbidden"},
		{"NobodySignsIn", Principal{Kind: Nobody}, "links:read", "unauthorized"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code := ""
			if f, ok := fault.From(c.p.Holds(c.scope)); ok {
				code = f.Code
			}
			if code != c.want {
				t.Errorf("got %q, want %q", code, c.want)
			}
		})
	}
}

func TestPrincipal_Fresh(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	person := Principal{Kind: AdminKind, SignedInAt: now.Add(-31 * time.Minute)}
	if person.Fresh(now) {
		t.Error("a sign-in of 31 minutes ago counts as fresh")
	}
	if !(Principal{Kind: Key}).Fresh(now) {
		t.Error("a key is asked to sign in again")
	}
}
