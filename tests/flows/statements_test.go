package flows_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/tests/testkit"
)

// mostStatements is what no page needs more of: begin, session, pin, what waits in the navigation,
// the page's own few, commit. A page that asked for each of its rows would need fifty more.
const mostStatements = 26

// TestDemo asks what needs long lists. The demo's six months are played once for all of it.
func TestDemo(t *testing.T) {
	t.Parallel()
	app := testkit.Start(t, "OPENPARTNER_SCHEDULER_INTERVAL=1h")
	_, entrance, _ := strings.Cut(app.Command("seed-demo"), "Sign in as a partner, within ten minutes:")
	tap := testkit.NewTap(t, app.DB.AppURL)
	tapped := app.Replica(nil, "DATABASE_URL_APP="+tap.URL)
	link, err := url.Parse(strings.TrimSpace(entrance))
	if err != nil {
		t.Fatal(err)
	}
	partner := tapped.Visitor()
	if got := partner.Post("/auth/verify", url.Values{"token": {link.Query().Get("token")}}); got.Status != http.StatusSeeOther {
		t.Fatalf("sign in: %d", got.Status)
	}
	heard := &program{App: tapped, t: t, admin: tapped.Admin(), key: tapped.Key()}
	t.Run("Statements", func(t *testing.T) { demoStatements(t, tap, heard.admin, partner) })
	t.Run("StatementsOfFraudReview", func(t *testing.T) { demoFraudReview(t, tap, heard) })
	p := &program{App: app, t: t, admin: app.Admin(), key: app.Key()}
	t.Run("Export", func(t *testing.T) { demoExport(t, p) })
	t.Run("Import", func(t *testing.T) { demoImport(t, p) })
}

// demoStatements opens the pages that need no id, where lists are full.
func demoStatements(t *testing.T, tap *testkit.Tap, admin, partner *testkit.Visitor) {
	t.Helper()
	opened := map[bool]int{} // of partners, and of admins
	for _, r := range testkit.Routes(t) {
		ofPartner := strings.HasPrefix(r.Path, "/partner") && r.Role == "partner"
		isFile := strings.HasSuffix(r.Path, ".csv") || strings.HasSuffix(r.Path, ".json")
		if r.Method != http.MethodGet || (!ofPartner && !strings.HasPrefix(r.Path, "/admin")) || len(r.Placeholders()) > 0 || isFile {
			continue // a file takes as many as its list is long
		}
		var got testkit.Answer
		who := admin
		if ofPartner {
			who = partner
		}
		said := tap.During(func() { got = who.Get(r.Path) })
		if got.Status != http.StatusOK {
			continue // asks for something that this visit does not say
		}
		opened[ofPartner]++
		if len(said) < 4 || len(said) > mostStatements {
			t.Errorf("%s takes %d statements:\n%s", r.Path, len(said), strings.Join(said, "\n"))
		}
	}
	if opened[false] < 15 || opened[true] < 8 {
		t.Errorf("only %v pages were opened", opened)
	}
}

// demoFraudReview opens the list whose rows say the most, with many of them: each tells what a
// judgement would change.
func demoFraudReview(t *testing.T, tap *testkit.Tap, p *program) {
	t.Helper()
	var clicks []string
	err := p.DB.System.InTx(t.Context(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`
			select k.id::text from clicks k where k.flag is null and exists (select from identities i where i.click_id = k.id)
			order by k.occurred_at desc limit 40`).Scan(ctx, &clicks)
	})
	if err != nil || len(clicks) < 40 {
		t.Fatalf("%d clicks with a customer, %v", len(clicks), err)
	}
	for _, k := range clicks {
		if got := p.Call(p.key, "POST", "/api/v1/clicks/"+k+"/flag", nil); got.Status >= http.StatusBadRequest {
			t.Fatalf("flag a click: %d %s", got.Status, got.Body)
		}
	}
	p.admin.Get("/admin") // the first page of a session writes down that it was seen
	var got testkit.Answer
	said := tap.During(func() { got = p.admin.Get("/admin/fraud?show=all") })
	if got.Status != http.StatusOK || strings.Count(got.Body, "suspect-") < 40 {
		t.Fatalf("status %d, %d clicks", got.Status, strings.Count(got.Body, "suspect-"))
	}
	if len(said) > mostStatements {
		t.Errorf("%d statements for %d clicks:\n%s", len(said), len(clicks), strings.Join(said, "\n"))
	}
}
