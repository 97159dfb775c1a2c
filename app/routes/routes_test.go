package routes_test

import (
	"testing"

	"github.com/openpartner/openpartner/app/routes"
)

func TestURLs(t *testing.T) {
	t.Parallel()
	single := routes.New("https://partners.example.com/", "")
	multi := routes.New("https://partners.example.com", "acme")
	cases := []struct{ name, got, want string }{
		{"SingleAtRoot", single.Partners(), "/admin/partners"},
		{"MultiUnderSlug", multi.Partners(), "/t/acme/admin/partners"},
		{"AbsoluteFromConfiguration", multi.Absolute(multi.Redirect("a b")), "https://partners.example.com/t/acme/r/a%20b"},
		{"ZeroValueIsRoot", routes.URLs{}.AdminHome(), "/admin"},
		{"NextIsEscaped", routes.WithNext("/signin", "/admin?x=1&y=2"), "/signin?next=%2Fadmin%3Fx%3D1%26y%3D2"},
		{"NextJoinsAQuery", routes.WithNext("/auth/verify?token=t", "/admin"), "/auth/verify?token=t&next=%2Fadmin"},
		{"ForeignNextIsDropped", routes.WithNext("/signin", "//evil.example"), "/signin"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.got != c.want {
				t.Errorf("got %q, want %q", c.got, c.want)
			}
		})
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]bool{
		"/admin": true, "/admin?tab=1#x": true, "/": true,
		"": false, "admin": false, "//evil.example": false, `/\evil.example`: false, "/a//b": false,
		"https://evil.example/": false, "/\tevil": false, "/%2f/evil.example": false, "javascript:alert(1)": false,
	} {
		if got := routes.Local(target); got != want {
			t.Errorf("Local(%q) = %v, want %v", target, got, want)
		}
	}
}
