// Package flows_test follows people through the pages of the real program, with htmx and
// without.
package flows_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/openpartner/openpartner/tests/testkit"
)

// object is any JSON object.
type object = map[string]any

// program is a running program with an admin who is signed in, and a key for its API.
type program struct {
	*testkit.App

	t     *testing.T
	admin *testkit.Visitor
	key   string
}

func TestMain(m *testing.M) { testkit.Main(m) }

func start(t *testing.T, env ...string) *program {
	t.Helper()
	a := testkit.Borrow(t, env...)
	return &program{App: a, t: t, admin: a.Admin(), key: a.Key()}
}

// api calls the JSON API with the admin key and gives the answer's object.
func (p *program) api(method, path string, body any) object {
	p.t.Helper()
	got := p.Call(p.key, method, "/api/v1"+path, body)
	if got.Status >= http.StatusBadRequest {
		p.t.Fatalf("%s %s: %d\n%s", method, path, got.Status, got.Body)
	}
	var out object
	got.JSON(p.t, &out)
	return out
}

// idOf is the id of an object that the API gave.
func idOf(o object) string {
	id, _ := o["id"].(string)
	return id
}

// viewer is a visitor who signed in as an admin that may only look.
func (p *program) viewer() *testkit.Visitor {
	p.t.Helper()
	return p.signedIn("vic@example.com", "Vic Viewer", "viewer")
}

// signedIn is a visitor who signed in as a new admin.
func (p *program) signedIn(email, name, role string) *testkit.Visitor {
	p.t.Helper()
	p.api("POST", "/admins", object{"email": email, "name": name, "role": role})
	return p.SignIn(email, name)
}

// both runs a story as people without scripts live it, and again as htmx does.
func (p *program) both(t *testing.T, story func(t *testing.T, v *testkit.Visitor)) {
	t.Helper()
	for name, htmx := range map[string]bool{"Plain": false, "HTMX": true} {
		t.Run(name, func(t *testing.T) {
			p.admin.HTMX = htmx
			story(t, p.admin)
			p.admin.HTMX = false
		})
	}
}

// page loads a page that must be there.
func page(t *testing.T, v *testkit.Visitor, path string) *goquery.Document {
	t.Helper()
	return parsed(t, v.Get(path), http.StatusOK)
}

// parsed reads an answer that must have a status.
func parsed(t *testing.T, got testkit.Answer, status int) *goquery.Document {
	t.Helper()
	if got.Status != status {
		t.Fatalf("want %d, got %d\n%s", status, got.Status, got.Body)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(got.Body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// led gives the path that an action led on to.
func led(t *testing.T, v *testkit.Visitor, got testkit.Answer) string {
	t.Helper()
	if v.HTMX {
		if to := got.Header.Get("HX-Redirect"); got.Status == http.StatusNoContent && to != "" {
			return to
		}
	} else if got.Status == http.StatusSeeOther {
		return got.Header.Get("Location")
	}
	t.Fatalf("want a way on, got %d\n%s", got.Status, got.Body)
	return ""
}

// whole reports whether an answer is a page and not only a part of one.
func whole(doc *goquery.Document) bool { return doc.Find("main#main").Length() > 0 }

// has fails for every selector that finds nothing; one that begins with ! must find nothing.
func has(t *testing.T, doc *goquery.Document, selectors ...string) {
	t.Helper()
	for _, selector := range selectors {
		plain, absent := strings.CutPrefix(selector, "!")
		if found := doc.Find(plain).Length() > 0; found == absent {
			t.Errorf("%s: found %v", selector, found)
		}
	}
}

// says fails for every text that is not in the document.
func says(t *testing.T, doc *goquery.Document, texts ...string) {
	t.Helper()
	all := strings.Join(strings.Fields(doc.Text()), " ")
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("no %q in %q", text, all)
		}
	}
}
