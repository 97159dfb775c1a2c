package structure_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"testing"

	"github.com/openpartner/openpartner/views/auditlog"
	"github.com/openpartner/openpartner/views/platform"
)

// action is how what is written into the audit log is named.
var action = regexp.MustCompile(`^(partner|campaign|link|coupon|commissions?|click|attribution|sessions|admin|api_key|program|mail|settings|user|tenant|webhook|network|payout|stripe|billing|job)\.[a-z_]+$`)

// The page of the audit log has words for everything that is written into it. Names in constants
// are kinds of jobs.
func TestAudit_EveryActionHasWords(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, s := range sources(t, "app", "jobs") {
		known, log := auditlog.Known, "views/auditlog"
		if s.dir() == "app/coordinator" { // whose log is the console's
			known, log = platform.Known, "views/platform"
		}
		for _, d := range s.file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || f.Body == nil {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				literal, is := n.(*ast.BasicLit)
				if !is || literal.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(literal.Value)
				if err != nil || !action.MatchString(text) {
					return true
				}
				found[text] = true
				if !known(text) {
					t.Errorf("%s: %s has no words for %q", s.name, log, text)
				}
				return true
			})
		}
	}
	if len(found) < 25 {
		t.Errorf("only %d actions found: %v", len(found), found)
	}
}
