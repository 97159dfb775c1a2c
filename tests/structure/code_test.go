package structure_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// source is a Go file of ours that is not a test and was not generated.
type source struct {
	name string // such as app/web/routes.go
	fset *token.FileSet
	file *ast.File
}

// dir is the directory of the file, which names its package.
func (s source) dir() string { return filepath.ToSlash(filepath.Dir(s.name)) }

func (s source) line(n ast.Node) int { return s.fset.Position(n.Pos()).Line }

// sources reads all of them below the given directories.
func sources(t *testing.T, dirs ...string) []source {
	t.Helper()
	var all []source
	for _, name := range files(t, ".go", dirs...) {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join(root(), name), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{name, fset, file})
	}
	return all
}

// files lists what has a suffix below directories of the module.
func files(t *testing.T, suffix string, dirs ...string) []string {
	t.Helper()
	var names []string
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root(), dir), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(path, suffix) {
				name, relErr := filepath.Rel(root(), path)
				names, err = append(names, filepath.ToSlash(name)), relErr
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(names) == 0 {
		t.Fatalf("no %s files below %v", suffix, dirs)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Work that is started beside a request is lost at shutdown and outlives its transaction, so
// goroutines start only where somebody also stops them.
func TestGoroutines(t *testing.T) {
	t.Parallel()
	starters := []string{"jobs", "app/db/cluster", "cmd/openpartner/serve.go", "tests/..."}
	for _, s := range sources(t, "app", "cmd", "jobs", "views", "static", "migrations", "tests") {
		if in(s.dir(), starters) || in(s.name, starters) || filepath.Base(s.name) == "recorder.go" || filepath.Base(s.name) == "listener.go" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if statement, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s:%d starts a goroutine", s.name, s.line(statement))
			}
			return true
		})
	}
}

// The system role's pool sees all tenants when it says so. Whoever holds it is named here.
func TestSystemPool(t *testing.T) {
	t.Parallel()
	holders := map[string]string{
		"tenancy.NewResolver": "finds the tenant of a path",
		"tracking.NewGate":    "looks up links and writes clicks of all tenants",
		"edge.New":            "global routes, such as install",
		"jobs.NewWorker":      "claims jobs of all tenants",
		"jobs.ClickExpiry":    "may delete clicks",
		"jobs.TenantDeletion": "deletes what is left of tenants whose time is over",
		"web.NewPlatform":     "keeps the sessions of the staff",
		"jobs.Unit":           "writes what programs owe, which is not theirs to change",
		"jobs.Hub":            "federates between two transactions",
		"jobs.Stripe":         "takes events of which nobody knows yet whose they are",
		"hub.NewServer":       "keeps the sessions of creators",
		"jobs.NewMailer":      "finds the staff, and the programs of an address",
		"migrate.Check":       "reads the schema's number",
		"metrics.New":         "counts jobs and connections at each scrape",
	}
	for _, s := range sources(t, "cmd") {
		if in(s.name, []string{"cmd/openpartner/database.go", "cmd/openpartner/doctor.go", "cmd/openpartner/doctor_database.go"}) {
			continue // they open, examine and close the pools
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !mentionsSystemPool(call) {
				return true
			}
			if name := callee(call); holders[name] == "" {
				t.Errorf("%s:%d gives the system pool to %s", s.name, s.line(call), name)
			}
			return true
		})
	}
}

// mentionsSystemPool reports whether an argument of the call is the system pool, by itself or
// as a field of a struct.
func mentionsSystemPool(call *ast.CallExpr) bool {
	found := false
	for _, arg := range call.Args {
		ast.Inspect(arg, func(n ast.Node) bool {
			if _, inner := n.(*ast.CallExpr); inner {
				return false // is judged by itself
			}
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "system" {
				found = true
			}
			return !found
		})
	}
	return found
}

func callee(call *ast.CallExpr) string {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "a function"
	}
	if pkg, ok := sel.X.(*ast.Ident); ok {
		return pkg.Name + "." + sel.Sel.Name
	}
	return sel.Sel.Name
}

// named reports whether an expression is this name, of this package or another.
func named(expr ast.Expr, name string) bool {
	switch e := expr.(type) {
	case *ast.Ident:
		return e.Name == name
	case *ast.SelectorExpr:
		return e.Sel.Name == name
	default:
		return false
	}
}

// A transaction that opens all tenants' rows is asked for only here.
func TestPlatformView(t *testing.T) {
	t.Parallel()
	askers := []string{
		"app/tenancy/resolver.go", "jobs/...", "cmd/openpartner/database.go",
		"cmd/openpartner/backup.go", "cmd/openpartner/restore.go", "cmd/openpartner/restore_database.go", // the whole deployment is what they are about
	}
	openers := []string{"app/tenants/...", "app/signin/everywhere.go", "app/backlog/...", "app/stripeinbox/...", "app/network/service.go", "app/billing/service.go", "app/coordinator/service.go"} // within a transaction, for some statements
	seen := 0
	for _, s := range sources(t, "app", "cmd", "jobs") {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && named(call.Fun, "AllTenants") && !in(s.name, openers) {
				t.Errorf("%s:%d opens all tenants' rows", s.name, s.line(call))
			}
			options, ok := n.(*ast.CompositeLit)
			if !ok || !named(options.Type, "TxOptions") {
				return true
			}
			for _, elt := range options.Elts {
				if pair, ok := elt.(*ast.KeyValueExpr); ok && named(pair.Key, "Platform") {
					seen++
					if !in(s.name, askers) {
						t.Errorf("%s:%d opens all tenants' rows", s.name, s.line(pair))
					}
				}
			}
			return true
		})
		if s.name != "app/db/tx.go" && s.name != "app/tracking/batch.go" && s.dir() != "app/db/migrate" && strings.Contains(read(t, s.name), `'app.platform_admin'`) {
			t.Errorf("%s sets app.platform_admin by hand", s.name)
		}
	}
	if seen == 0 {
		t.Error("nobody opens all tenants' rows: this test looks for the wrong field")
	}
}
