package structure_test

import (
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/tests/testkit"
)

// Every route says who may call it.
func TestRoutes_Declared(t *testing.T) {
	t.Parallel()
	all := testkit.MultiRoutes(t)
	if len(all) < 50 {
		t.Fatalf("only %d routes", len(all))
	}
	seen := map[string]bool{}
	for _, r := range all {
		if seen[r.String()] {
			t.Errorf("%s is there twice", r)
		}
		seen[r.String()] = true
		if !strings.HasPrefix(r.Path, "/") || strings.ContainsAny(r.Path, ":*") {
			t.Errorf("%s: the path is not in full", r)
		}
		if !slices.Contains([]string{"pinned", "global", "detached", "static"}, r.Group) {
			t.Errorf("%s: unknown group %q", r, r.Group)
		}
		if fault := undeclared(r); fault != "" {
			t.Errorf("%s: %s", r, fault)
		}
	}
}

// undeclared says what a route leaves open.
func undeclared(r testkit.Route) string {
	onlyLooks := []string{"/api/v1/campaigns/{id}/simulate", "/admin/campaigns/{id}/simulation"} // POST for the sake of its body
	oneself := []string{"/admin/sessions/end", "/admin/sessions/{id}/end"}
	onlyLooks = append(onlyLooks, "/platform/tenants/{id}/visits") // or to write down that somebody looks
	path := strings.TrimPrefix(r.Path, "/t/{slug}")
	switch r.Auth {
	case "session":
		if !slices.Contains([]string{"admin", "viewer", "partner", "creator", "platform", "support"}, r.Role) {
			return "a session needs a role"
		}
		if !r.Safe() && slices.Contains([]string{"viewer", "support"}, r.Role) && !slices.Contains(onlyLooks, path) && !slices.Contains(oneself, path) {
			return "a viewer must not change anything"
		}
	case "key":
		if r.Scope == "" && !strings.HasSuffix(r.Path, "/api/v1/whoami") {
			return "a key needs a scope"
		}
		if !r.Safe() && strings.HasSuffix(r.Scope, "read") && !slices.Contains(onlyLooks, path) {
			return "a scope that only reads must not change anything"
		}
	case "public", "token", "signature":
		if r.Role != "" || r.Group == "detached" && !r.Safe() {
			return "who may do that?"
		}
		if r.Auth == "public" && !r.Safe() && r.Limit == 0 && !strings.HasSuffix(r.Path, "/signout") {
			return "whoever may change something without saying who they are needs a limit"
		}
	default:
		return "unknown auth " + r.Auth
	}
	return ""
}

// In multi tenancy everything but what belongs to the deployment is below a tenant's prefix.
func TestRoutes_Multi(t *testing.T) {
	t.Parallel()
	root := regexp.MustCompile(`^/($|signup|signin|platform/|api/v1/signup$|api/openapi\.json$|sdk/v1\.js$|webhooks/stripe|healthz$|readyz$|metrics$|static/|docs/|dev/mail)`)
	for _, r := range testkit.MultiRoutes(t) {
		if !strings.HasPrefix(r.Path, "/t/{slug}/") && !root.MatchString(r.Path) {
			t.Errorf("%s belongs to a tenant, but is not below its prefix", r)
		}
	}
}

// The builder of URLs and the table of routes know the same pages.
func TestRoutes_Builder(t *testing.T) {
	t.Parallel()
	all := testkit.Routes(t)
	for _, r := range testkit.MultiRoutes(t) {
		if !strings.HasPrefix(r.Path, "/t/{slug}/") {
			all = append(all, r)
		}
	}
	compareBuilder(t, all, builtPaths(t, reflect.ValueOf(routes.New("https://example.com", ""))))
}

// So do those of the Network's hub, whose staff's door is the console's.
func TestRoutes_HubBuilder(t *testing.T) {
	t.Parallel()
	var all []testkit.Route
	console := slices.Collect(maps.Values(builtPaths(t, reflect.ValueOf(routes.New("https://example.com", "")))))
	for _, r := range testkit.HubRoutes(t) {
		ofConsole := strings.HasPrefix(r.Path, "/platform/") && slices.ContainsFunc(console, func(path string) bool { return matches(r.Path, path) })
		if fault := undeclared(r); fault != "" && r.Path != "/vendors/signup" { // which calls the vendor between two transactions
			t.Errorf("%s: %s", r, fault)
		}
		if !ofConsole {
			all = append(all, r)
		}
	}
	compareBuilder(t, all, builtPaths(t, reflect.ValueOf(routes.NewHub("https://example.com"))))
}

func compareBuilder(t *testing.T, all []testkit.Route, built map[string]string) {
	t.Helper()
	for name, path := range built {
		if !slices.ContainsFunc(all, func(r testkit.Route) bool { return matches(r.Path, path) }) {
			t.Errorf("routes.%s builds %s, which no route serves", name, path)
		}
	}
	for _, r := range all {
		if r.Method != http.MethodGet || !slices.Contains([]string{"session", "public"}, r.Auth) || r.Group == "static" {
			continue
		}
		found := false
		for _, path := range built {
			found = found || matches(r.Path, path)
		}
		if !found {
			t.Errorf("%s has no builder in app/routes", r)
		}
	}
}

// builtPaths calls every method of the builder that makes a path, with an id for each id.
func builtPaths(t *testing.T, builder reflect.Value) map[string]string {
	t.Helper()
	notPages := []string{"Absolute", "Origin", "Prefix", "API"}
	paths := map[string]string{}
	for i := range builder.NumMethod() {
		name := builder.Type().Method(i).Name
		if slices.Contains(notPages, name) {
			continue
		}
		method := builder.Method(i)
		var args []reflect.Value
		for j := range method.Type().NumIn() {
			switch in := method.Type().In(j); in {
			case reflect.TypeFor[uuid.UUID]():
				args = append(args, reflect.ValueOf(uuid.New()))
			case reflect.TypeFor[string]():
				args = append(args, reflect.ValueOf("word"))
			default:
				t.Fatalf("routes.%s takes a %s: teach this test to make one", name, in)
			}
		}
		path, _, _ := strings.Cut(method.Call(args)[0].String(), "?")
		paths[name] = path
	}
	return paths
}

// matches reports whether a path is one of a route's.
func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, segment := range want {
		if segment == "{path}" {
			return true
		}
		if i >= len(got) || (segment != got[i] && !strings.HasPrefix(segment, "{")) {
			return false
		}
	}
	return len(want) == len(got)
}

// Only views/ui holds what people operate, so that every page has the same; mails have rules
// of their own. Nothing is written inline, which the policy of the pages refuses.
func TestTemplates(t *testing.T) {
	t.Parallel()
	controls := regexp.MustCompile(`<(button|input|table|dialog|select|textarea)\b`)
	inline := regexp.MustCompile(`<(script|style)\b[^>]*>[^<]|\sstyle=|\son[a-z]+=|\shx-on|["']js:|javascript:`)
	for _, name := range files(t, ".templ", "views") {
		if strings.HasPrefix(name, "views/email/") {
			continue
		}
		for i, line := range strings.Split(read(t, name), "\n") {
			if found := controls.FindString(line); found != "" && !strings.HasPrefix(name, "views/ui/") {
				t.Errorf("%s:%d has a raw %s>: take one of views/ui", name, i+1, found)
			}
			if found := inline.FindString(line); found != "" {
				t.Errorf("%s:%d has %q inline", name, i+1, strings.TrimSpace(found))
			}
		}
	}
}
