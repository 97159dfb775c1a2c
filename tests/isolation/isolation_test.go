package isolation_test

import (
	"maps"
	"testing"
)

func TestIsolation(t *testing.T) {
	t.Parallel()
	testIsolation(t, false)
}

// A pooler in transaction mode gives every transaction whatever connection is free, so that nothing
// may depend on what an earlier one left there.
func TestIsolation_ThroughAPooler(t *testing.T) {
	t.Parallel()
	testIsolation(t, true)
}

func testIsolation(t *testing.T, pooled bool) {
	t.Helper()
	w := start(t, pooled)
	before := w.fingerprint(t, w.other)
	t.Run("All", func(t *testing.T) {
		for _, x := range w.tables {
			t.Run(x.name, func(t *testing.T) { w.testTable(t, x) })
		}
		t.Run("SystemRole", func(t *testing.T) { t.Parallel(); w.testSystemRole(t) })
		t.Run("API", func(t *testing.T) { t.Parallel(); w.testAPI(t) })
		t.Run("Pages", func(t *testing.T) { t.Parallel(); w.testPages(t) })
		t.Run("Lists", func(t *testing.T) { t.Parallel(); w.testLists(t) })
		t.Run("Bodies", func(t *testing.T) { t.Parallel(); w.testBodies(t) })
		t.Run("Words", func(t *testing.T) { t.Parallel(); w.testWords(t) })
		t.Run("Export", func(t *testing.T) { t.Parallel(); w.testExport(t) })
		t.Run("Partners", func(t *testing.T) { t.Parallel(); w.testPartners(t) })
		t.Run("Credentials", func(t *testing.T) { t.Parallel(); w.testCredentials(t) })
	})
	w.testMatrix(t)
	if after := w.fingerprint(t, w.other); !maps.Equal(before, after) {
		t.Errorf("the other program's rows changed:\n%v\n%v", before, after)
	}
}
