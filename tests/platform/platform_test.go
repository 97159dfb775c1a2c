// Package platform_test runs a deployment with many programs: people sign up, staff look after
// them, and what is closed is closed for everybody at once.
package platform_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// object is any JSON object.
type object = map[string]any

// multi is a running deployment.
type multi struct {
	*testkit.App

	t *testing.T
}

func TestMain(m *testing.M) { testkit.Main(m) }

func start(t *testing.T) *multi {
	t.Helper()
	return &multi{testkit.Borrow(t, "OPENPARTNER_TENANCY=multi"), t}
}

// startNew is start on a program that has served nobody before, whose clock asks for its first
// jobs at once.
func startNew(t *testing.T, env ...string) *multi {
	t.Helper()
	return &multi{testkit.Start(t, append([]string{"OPENPARTNER_TENANCY=multi"}, env...)...), t}
}

// signUp asks for a program.
func (m *multi) signUp(slug, email string) testkit.Answer {
	m.t.Helper()
	return m.Call("", http.MethodPost, "/api/v1/signup", object{
		"slug": slug, "display_name": "The " + slug, "admin_email": email, "admin_name": "Ada",
	})
}

// opened is a program whose first admin has opened it, with a key for its API.
type opened struct {
	slug, key string
	admin     *testkit.Visitor
}

// open signs a program up and has its admin follow the link in the mail.
func (m *multi) open(slug string) opened {
	m.t.Helper()
	if got := m.signUp(slug, slug+"@example.com"); got.Status != http.StatusCreated {
		m.t.Fatalf("sign-up: %d %s", got.Status, got.Body)
	}
	v := m.Visitor()
	m.enter(v, "/t/"+slug+"/auth/verify", 1)
	return opened{slug, m.KeyIn(slug), v}
}

// enter follows the nth mailed link.
func (m *multi) enter(v *testkit.Visitor, path string, n int) {
	m.t.Helper()
	if got := v.Post(path, url.Values{"token": {m.MailedToken(path, n)}}); got.Status != http.StatusSeeOther {
		m.t.Fatalf("%s: %d\n%s", path, got.Status, got.Body)
	}
}

// staff is somebody who signed in to the console.
func (m *multi) staff(role string) *testkit.Visitor {
	m.t.Helper()
	link, err := url.Parse(m.Command("create-platform-admin", "--email", role+"@operator.example", "--name", role, "--role", role))
	if err != nil {
		m.t.Fatal(err)
	}
	v := m.Visitor()
	if got := v.Post("/platform/auth/verify", url.Values{"token": {link.Query().Get("token")}}); got.Status != http.StatusSeeOther {
		m.t.Fatalf("sign in: %d\n%s", got.Status, got.Body)
	}
	return v
}

// idOf is the id of a program.
func (m *multi) idOf(slug string) string {
	m.t.Helper()
	var id string
	m.DB.Read(m.t, &id, `select id from platform.tenants where slug = ?`, slug)
	return id
}

func wantStatus(t *testing.T, what string, got testkit.Answer, want int) {
	t.Helper()
	if got.Status != want {
		t.Fatalf("%s: got %d, want %d\n%s", what, got.Status, want, got.Body)
	}
}

func wantCode(t *testing.T, what string, got testkit.Answer, status int, code string) {
	t.Helper()
	if got.Status != status || !strings.Contains(got.Body, `"`+code+`"`) {
		t.Errorf("%s: got %d %s, want %d %s", what, got.Status, got.Body, status, code)
	}
}
