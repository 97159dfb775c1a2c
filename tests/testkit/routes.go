package testkit

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/openpartner/openpartner/app/secrets"
)

// Route is one line of `openpartner routes --json`.
type Route struct {
	Method, Path, Group, Auth, Role, Scope string

	Limit int // of an address
}

// Routes asks the program for its table of routes; it needs no database for that.
func Routes(t testing.TB, env ...string) []Route {
	t.Helper()
	return routesOf(t, env)
}

// HubRoutes are those of the Network's hub.
func HubRoutes(t testing.TB) []Route {
	t.Helper()
	return routesOf(t, nil, "--coordinator")
}

func routesOf(t testing.TB, env []string, args ...string) []Route {
	t.Helper()
	cmd := exec.Command(Binary(t), append([]string{"routes", "--json"}, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "OPENPARTNER_ENV=development", "OPENPARTNER_DATA=" + t.TempDir()}, env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("routes --json: %v", err)
	}
	var routes []Route
	if err := json.Unmarshal(out, &routes); err != nil {
		t.Fatalf("routes --json printed no JSON: %v\n%s", err, out)
	}
	return routes
}

// MultiRoutes are the routes of a deployment with many programs.
func MultiRoutes(t testing.TB) []Route {
	t.Helper()
	return Routes(t, "OPENPARTNER_TENANCY=multi", "SECRETS_ENCRYPTION_KEY="+secrets.Generate())
}

// String names the route as people do.
func (r Route) String() string { return r.Method + " " + r.Path }

// Safe reports whether the method promises to change nothing.
func (r Route) Safe() bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// Placeholders are the names in the path that a value goes in for.
func (r Route) Placeholders() []string {
	var names []string
	for _, found := range placeholder.FindAllStringSubmatch(r.Path, -1) {
		names = append(names, found[1])
	}
	return names
}

// Fill puts values into the path.
func (r Route) Fill(value func(name string) string) string {
	return placeholder.ReplaceAllStringFunc(r.Path, func(found string) string { return value(found[1 : len(found)-1]) })
}
