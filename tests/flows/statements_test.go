package flows_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// mostStatements is what no page needs more of: begin, session, pin, what waits in the navigation,
// the page's own few, commit. A page that asked for each of its rows would need fifty more.
const mostStatements = 24

// TestStatements opens the pages that need no id on the demo's data, where lists are full.
func TestStatements(t *testing.T) {
	t.Parallel()
	app, tap := testkit.StartTapped(t, "OPENPARTNER_SCHEDULER_INTERVAL=1h")
	app.Command("seed-demo")
	admin := app.Admin()
	opened := 0
	for _, r := range testkit.Routes(t) {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.Path, "/admin") || len(r.Placeholders()) > 0 || strings.HasSuffix(r.Path, ".csv") {
			continue // a file takes as many as its list is long
		}
		var got testkit.Answer
		said := tap.During(func() { got = admin.Get(r.Path) })
		if got.Status != http.StatusOK {
			continue // asks for something that this visit does not say
		}
		opened++
		if len(said) < 4 || len(said) > mostStatements {
			t.Errorf("%s takes %d statements:\n%s", r.Path, len(said), strings.Join(said, "\n"))
		}
	}
	if opened < 15 {
		t.Errorf("only %d pages were opened", opened)
	}
}
