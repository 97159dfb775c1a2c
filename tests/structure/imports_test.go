// Package structure_test holds the code to the plan of the house in docs/ARCHITECTURE.md: what
// may import what, what every table must have, what every route must say.
package structure_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/openpartner/openpartner/"

// floors are the floors of the house, from the ground up. A package imports only from floors
// below its own, and beside it only along the stairs.
func floors() [][]string {
	return [][]string{
		{"app/backup", "app/csvfile", "app/fault", "app/ids", "app/money", "app/paging", "app/person", "app/protocol", "app/routes", "app/config", "app/netguard", "migrations", "static"},
		{
			"app/db", "app/db/cluster", "app/db/migrate", "app/tenancy", "app/limits", "app/facts", "app/hold", "app/outbox", "app/audit", "app/auth",
			"app/mail", "app/metrics", "app/pay", "app/rollup", "app/secrets", "app/spool",
		},
		{
			"app/install", "app/signin", "app/signup", "app/campaigns", "app/partners", "app/links", "app/tracking", "app/attribution", "app/commissions",
			"app/payouts", "app/coupons", "app/stripeinbox", "app/billing", "app/network", "app/coordinator", "app/webhooks", "app/reports",
			"app/portability", "app/settings", "app/tenants", "app/backlog", "app/demo", "app/verify",
		},
		{"views/..."},
		{"app/edge", "app/web", "app/api", "app/hub", "app/redirect", "jobs"},
		{"cmd/...", "tests/..."},
	}
}

// stairs are the imports between packages of one floor.
func stairs() map[string][]string {
	return map[string][]string{
		"app/csvfile":     {"app/money"},
		"app/person":      {"app/fault"},
		"app/paging":      {"app/fault"},
		"app/db/migrate":  {"app/db"},
		"app/tenancy":     {"app/db"},
		"app/limits":      {"app/db"},
		"app/outbox":      {"app/db", "app/tenancy"},
		"app/audit":       {"app/db", "app/tenancy"},
		"app/auth":        {"app/db", "app/tenancy", "app/audit", "app/outbox"},
		"app/hold":        {"app/db", "app/tenancy", "app/audit"},
		"app/metrics":     {"app/db", "app/outbox"},
		"app/rollup":      {"app/db", "app/tenancy"},
		"app/signin":      {"app/partners", "app/signup"},
		"app/signup":      {"app/partners", "app/settings"},
		"app/links":       {"app/campaigns", "app/partners"},
		"app/tracking":    {"app/links"},
		"app/attribution": {"app/tracking", "app/campaigns", "app/partners", "app/commissions"},
		"app/payouts":     {"app/commissions", "app/partners"},
		"app/coupons":     {"app/campaigns", "app/partners", "app/attribution"},
		"app/network":     {"app/partners", "app/links", "app/campaigns"},
		"app/billing":     {"app/attribution", "app/commissions"},
		"app/stripeinbox": {"app/attribution", "app/tracking", "app/payouts", "app/partners", "app/billing"},
		"app/reports":     {"app/..."}, // these four know all, and nobody on their floor imports them
		"app/verify":      {"app/..."},
		"app/portability": {"app/..."},
		"app/demo":        {"app/..."},
		"views/...":       {"views/ui", "views/layout", "views/chart", "views/figures", "views/qr"},
		"views/partners":  {"views/links", "views/campaigns", "views/coupons"},                  // whose links, rules and codes they show
		"views/ledger":    {"views/campaigns"},                                                  // a trace says what a rule pays
		"views/activity":  {"views/ledger", "views/fraud"},                                      // an event is told as its commissions are, a click as it is judged
		"views/fraud":     {"views/ledger"},                                                     // which names the flags
		"views/settings":  {"views/email"},                                                      // whose mails it shows
		"views/portal":    {"views/ledger", "views/links", "views/campaigns", "views/partners"}, // whose traces, addresses, rules and forms partners see, too
		"views/program":   {"views/campaigns"},                                                  // what it advertises with
		"app/web":         {"app/edge"},
		"app/api":         {"app/edge"},
		"app/redirect":    {"app/edge"},
		"app/hub":         {"app/edge", "app/api"}, // whose way with bodies and errors is that of the protocol, too
		"tests/...":       {"tests/testkit"},
	}
}

// doors are the libraries that only some packages may open.
func doors() map[string][]string {
	return map[string][]string{
		"github.com/labstack/echo/":    {"app/edge", "app/web", "app/api", "app/hub", "app/redirect", "cmd/openpartner", "tests/bench"},
		"github.com/stripe/stripe-go/": {"app/pay"},
		"github.com/wneessen/go-mail":  {"app/mail"},
		"github.com/prometheus/":       {"app/metrics"},
		"github.com/alexedwards/scs/":  {"app/auth", "app/edge"},
	}
}

// goPackage is what `go list` says about a package.
type goPackage struct {
	ImportPath string
	Imports    []string
}

// name is the package's path below the module.
func (p goPackage) name() string { return strings.TrimPrefix(p.ImportPath, module) }

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var ours []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, module) {
			ours = append(ours, p)
		}
	}
	return ours
}

// root is the module's directory, seen from this package.
func root() string { return path.Join("..", "..") }

// in reports whether a package is on a list, in which "x/..." stands for all below x.
func in(name string, list []string) bool {
	return slices.ContainsFunc(list, func(pattern string) bool {
		prefix, all := strings.CutSuffix(pattern, "...")
		return name == pattern || (all && strings.HasPrefix(name, prefix))
	})
}

func floorOf(name string) int {
	return slices.IndexFunc(floors(), func(floor []string) bool { return in(name, floor) })
}

func TestImports(t *testing.T) {
	t.Parallel()
	packages := listPackages(t)
	if len(packages) < 20 {
		t.Fatalf("only %d packages found", len(packages))
	}
	for _, p := range packages {
		if floorOf(p.name()) < 0 {
			t.Errorf("%s is on no floor: give it one in this test", p.name())
			continue
		}
		for _, imported := range p.Imports {
			if other, ours := strings.CutPrefix(imported, module); ours {
				checkEdge(t, p.name(), other)
			} else {
				checkLibrary(t, p.name(), imported)
			}
		}
	}
}

func checkEdge(t *testing.T, from, to string) {
	t.Helper()
	here, there := floorOf(from), floorOf(to)
	switch {
	case there > here:
		t.Errorf("%s imports %s, which is above it", from, to)
	case there == here && !alongStairs(from, to):
		t.Errorf("%s imports %s beside it, and there are no stairs", from, to)
	case in(from, []string{"views/..."}) && in(to, []string{"app/db/...", "app/db", "app/tenancy", "app/limits"}):
		t.Errorf("%s imports %s: a view shows values and asks nobody", from, to)
	case in(to, []string{"app/db/cluster", "app/db/migrate"}) && !in(from, []string{"cmd/...", "tests/..."}):
		t.Errorf("%s imports %s, which is for commands", from, to)
	case to == "tests/testkit" && !in(from, []string{"tests/..."}):
		t.Errorf("%s imports %s outside of a test", from, to)
	}
}

func alongStairs(from, to string) bool {
	for lower, upper := range stairs() {
		if in(from, []string{lower}) && in(to, upper) {
			return true
		}
	}
	return false
}

func checkLibrary(t *testing.T, from, library string) {
	t.Helper()
	for prefix, allowed := range doors() {
		if strings.HasPrefix(library, prefix) && !in(from, allowed) {
			t.Errorf("%s imports %s, which is for %s alone", from, library, strings.Join(allowed, ", "))
		}
	}
	if strings.HasPrefix(library, "github.com/uptrace/bun") && floorOf(from) > 2 && !in(from, []string{"app/edge", "jobs"}) {
		t.Errorf("%s imports %s: SQL belongs to the features", from, library)
	}
	if floorOf(from) == 0 && strings.Contains(library, "/pgx/") {
		t.Errorf("%s imports %s: the ground floor knows no database", from, library)
	}
}
