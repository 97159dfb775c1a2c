package structure_test

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/views/jobs"
)

// The pages of jobs have words for every kind. Kinds are the untyped constants named Kind….
func TestJobs_EveryKindHasWords(t *testing.T) {
	t.Parallel()
	found := 0
	for _, s := range sources(t, "app", "jobs") {
		ast.Inspect(s.file, func(n ast.Node) bool {
			spec, is := n.(*ast.ValueSpec)
			if !is || spec.Type != nil {
				return true
			}
			for i, value := range spec.Values {
				literal, is := value.(*ast.BasicLit)
				if !is || literal.Kind != token.STRING || !strings.HasPrefix(spec.Names[i].Name, "Kind") {
					continue
				}
				found++
				if kind, err := strconv.Unquote(literal.Value); err != nil || !jobs.Known(kind) {
					t.Errorf("%s: views/jobs has no words for %s", s.name, literal.Value)
				}
			}
			return true
		})
	}
	if found < 20 {
		t.Errorf("only %d kinds found", found)
	}
	if words := len(jobs.Kinds()); words != found {
		t.Errorf("%d kinds, words for %d", found, words)
	}
}
