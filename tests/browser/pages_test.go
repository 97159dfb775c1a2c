//go:build browser

package browser_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// TestEveryPage opens each page of the route table on the demo data, on a laptop and a phone, in
// light and in the dark: each theme and each width once.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	app := testkit.Start(t)
	_, entrance, found := strings.Cut(app.Command("seed-demo"), "Sign in as a partner, within ten minutes:")
	if !found {
		t.Fatal("the demo has no partner to sign in as")
	}
	t.Run("Portal", func(t *testing.T) { portal(t, app, strings.TrimSpace(entrance)) })
	paths := pages(t, app)
	if len(paths) < 20 {
		t.Fatalf("only %d pages: %v", len(paths), paths)
	}
	for _, s := range screens()[1:3] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			p := at(t, app)
			p.look(s)
			p.open(app.Command("create-admin", "--email", strings.ToLower(s.name)+"@example.com", "--name", "Reader"))
			p.press("Sign in")
			p.see("Overview")
			for _, path := range paths {
				p.open(path)
				p.fits()
			}
		})
	}
}

// portal opens every page that a partner can reach by links, on a phone.
func portal(t *testing.T, app *testkit.App, entrance string) {
	t.Helper()
	p := at(t, app)
	p.look(screens()[2])
	p.open(entrance)
	p.press("Sign in")
	p.see("Hello, ")
	seen := map[string]bool{}
	for waiting := []string{"/partner"}; len(waiting) > 0; waiting = waiting[1:] {
		p.open(waiting[0])
		p.fits()
		var reach []string
		p.script(&reach, `return [...document.querySelectorAll("a[href^='/partner']")].map(a => new URL(a.href).pathname)`)
		for _, path := range reach {
			shape := ids.ReplaceAllString(path, "{id}")
			if !seen[shape] && !strings.HasSuffix(path, ".svg") && !strings.HasSuffix(path, ".png") && !strings.HasSuffix(path, ".csv") {
				seen[shape] = true
				waiting = append(waiting, path)
			}
		}
	}
	if len(seen) < 12 {
		t.Errorf("a partner reaches only %v", seen)
	}
}

// ids are what differs between pages of one kind.
var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// pages are the pages that an admin can open, with the ids of things that exist.
func pages(t *testing.T, app *testkit.App) []string {
	t.Helper()
	var routes []struct{ Method, Path, Auth, Role string }
	if err := json.Unmarshal([]byte(app.Command("routes", "--json")), &routes); err != nil {
		t.Fatal(err)
	}
	key := app.Key()
	var out []string
	for _, r := range routes {
		isPage := r.Method == http.MethodGet && ((r.Auth == "session" && r.Role != "partner") || (r.Auth == "public" && !strings.HasPrefix(r.Path, "/api")))
		if !isPage || strings.Contains(r.Path, "{path}") || strings.HasSuffix(r.Path, ".svg") || strings.HasSuffix(r.Path, ".css") || strings.HasSuffix(r.Path, ".js") ||
			strings.HasSuffix(r.Path, ".csv") || strings.HasSuffix(r.Path, ".json") ||
			strings.HasSuffix(r.Path, "/letter") { // a mail in a sandbox, where no script runs
			continue
		}
		if path, ok := fillIn(t, app, key, r.Path); ok {
			out = append(out, path)
		}
	}
	return out
}

// fillIn puts an id of the right kind into a path; false where there is nothing of the kind, or
// where the page is for somebody else.
func fillIn(t *testing.T, app *testkit.App, key, path string) (string, bool) {
	t.Helper()
	for _, other := range []string{"/auth/", "/r/{", "/dev/mail/{", "/healthz", "/readyz", "/metrics", "/install", "/signin", "/sdk", "/brand/logo"} {
		if strings.HasPrefix(path, other) {
			return "", false
		}
	}
	if path == "/" {
		return "", false
	}
	lists := []struct{ part, list string }{
		{"/partners/{id}", "/partners"}, {"/campaigns/{id}", "/campaigns"}, {"/links/{id}", "/links"}, {"/events/{id}", "/events"},
		{"/commissions/{id}", "/commissions?status=pending"}, {"/api-keys/{id}", "/api-keys"}, {"/admins/{id}", "/admins"}, {"/clicks/{id}", "/fraud/clicks"},
		{"/coupons/{id}", "/coupons"}, {"/fraud/{id}", "/fraud/clicks"}, {"/payouts/{id}", "/payouts?status=pending"},
	}
	for _, l := range lists {
		if strings.Contains(path, l.part) {
			path = strings.Replace(path, "{id}", first(t, app, key, l.list), 1)
		}
	}
	if strings.Contains(path, "/runs/{id}") {
		var found struct {
			Data []struct {
				RunID string `json:"run_id"`
			}
		}
		app.Call(key, "GET", "/api/v1/payouts", nil).JSON(t, &found)
		if len(found.Data) > 0 {
			path = strings.Replace(path, "{id}", found.Data[0].RunID, 1)
		}
	}
	if strings.Contains(path, "{campaign") {
		open := strings.Index(path, "{campaign")
		end := strings.Index(path[open:], "}") + open + 1
		path = path[:open] + first(t, app, key, "/campaigns") + path[end:]
	}
	return path, !strings.Contains(path, "{") && !strings.Contains(path, "//")
}

func first(t *testing.T, app *testkit.App, key, list string) string {
	t.Helper()
	var found struct{ Data []struct{ ID string } }
	app.Call(key, "GET", "/api/v1"+list, nil).JSON(t, &found)
	if len(found.Data) == 0 {
		return ""
	}
	return found.Data[0].ID
}
