package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

func installForm(code string, changes ...string) url.Values {
	f := url.Values{"code": {code}, "name": {"Ada Admin"}, "email": {"ada@example.com"}, "program": {"Tea Club"}}
	for i := 0; i+1 < len(changes); i += 2 {
		f.Set(changes[i], changes[i+1])
	}
	return f
}

func TestInstall(t *testing.T) {
	t.Parallel()
	for name, htmx := range map[string]bool{"Plain": false, "HTMX": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := testkit.Start(t)
			v := app.Visitor()
			v.HTMX = htmx
			code := app.SetupCode()
			if doc := page(t, v, "/install?code="+code); doc.Find(`input[name="code"]`).AttrOr("value", "") != code {
				t.Error("the code of the link is not filled in")
			}
			for field, bad := range map[string]string{"code": "AAAA-BBBB-CCCC-DDDD", "email": "ada", "program": " "} {
				if _, fields := refused(t, v, v.Post("/install", installForm(code, field, bad))); len(fields) != 1 || fields[0] != field {
					t.Errorf("%s: marked %v", field, fields)
				}
			}
			if to := led(t, v, v.Post("/install", installForm(strings.ToLower(code)))); to != "/admin" {
				t.Errorf("led to %s", to)
			}
			says(t, page(t, v, "/admin"), "Overview")
			if again := app.Visitor().Post("/install", installForm(code, "email", "eve@example.com")); again.Status != http.StatusConflict {
				t.Errorf("a second install: %d", again.Status)
			}
			if got := app.Visitor().Get("/install"); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/signin" {
				t.Errorf("the wizard of an installed program: %d", got.Status)
			}
		})
	}
}

// TestInstall_WithoutMail shows that nobody is locked out by a mail server that is not there.
func TestInstall_WithoutMail(t *testing.T) {
	t.Parallel()
	app := testkit.Start(t, "OPENPARTNER_ENV=production")
	v := app.Visitor()
	if to := led(t, v, v.Post("/install", installForm(app.SetupCode()))); to != "/admin" {
		t.Errorf("led to %s", to)
	}
	says(t, page(t, v, "/admin/settings/mail"), "Mails wait until you choose")
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	p := start(t)
	link := func() string {
		p.t.Helper()
		u, err := url.Parse(p.Command("create-admin", "--email", "ada@example.com", "--name", "Ada"))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("token")
	}
	t.Run("KnownAndUnknownAreAnsweredAlike", func(t *testing.T) {
		for _, htmx := range []bool{false, true} {
			v := p.Visitor()
			v.HTMX = htmx
			known, unknown := v.Post("/signin", url.Values{"email": {"ada@example.com"}}), v.Post("/signin", url.Values{"email": {"nobody@example.com"}})
			if led(t, v, known) != led(t, v, unknown) || known.Body != unknown.Body {
				t.Errorf("%+v\n%+v", known, unknown)
			}
			if _, fields := refused(t, v, v.Post("/signin", url.Values{"email": {"ada"}})); len(fields) != 1 {
				t.Errorf("marked %v", fields)
			}
		}
	})
	t.Run("ScannersUseNothingUp", func(t *testing.T) {
		token := link()
		for range 20 {
			if got := p.Visitor().Get("/auth/verify?token=" + token); got.Status != http.StatusOK {
				t.Fatalf("got %d", got.Status)
			}
		}
		v := p.Visitor()
		if to := led(t, v, v.Post("/auth/verify", url.Values{"token": {token}, "next": {"/admin/links"}})); to != "/admin/links" {
			t.Errorf("led to %s", to)
		}
	})
	t.Run("OfManyAtOnceOneWins", func(t *testing.T) {
		token := link()
		var group sync.WaitGroup
		statuses := make(chan int, 20)
		for range cap(statuses) {
			v := p.Visitor()
			group.Go(func() { statuses <- v.Post("/auth/verify", url.Values{"token": {token}}).Status })
		}
		group.Wait()
		close(statuses)
		won := 0
		for s := range statuses {
			if s == http.StatusSeeOther {
				won++
			} else if s != http.StatusForbidden {
				t.Errorf("got %d", s)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	})
	t.Run("ANewLinkVoidsTheOld", func(t *testing.T) {
		old, fresh := link(), link()
		if got := p.Visitor().Post("/auth/verify", url.Values{"token": {old}}); got.Status != http.StatusForbidden {
			t.Errorf("the old one: %d", got.Status)
		}
		if got := p.Visitor().Post("/auth/verify", url.Values{"token": {fresh}}); got.Status != http.StatusSeeOther {
			t.Errorf("the new one: %d", got.Status)
		}
	})
	t.Run("NextStaysHere", func(t *testing.T) {
		v := p.Visitor()
		if to := led(t, v, v.Post("/auth/verify", url.Values{"token": {link()}, "next": {"//evil.example/"}})); to != "/admin" {
			t.Errorf("led to %s", to)
		}
	})
	t.Run("SignOutEndsTheSession", func(t *testing.T) {
		for _, htmx := range []bool{false, true} {
			v := p.Visitor()
			led(t, v, v.Post("/auth/verify", url.Values{"token": {link()}}))
			v.HTMX = htmx
			led(t, v, v.Post("/signout", nil))
			if to := led(t, v, v.Get("/admin/partners")); !strings.HasPrefix(to, "/signin") {
				t.Errorf("led to %s", to)
			}
		}
	})
	t.Run("AnEndedSessionLeadsBackAfterSignIn", func(t *testing.T) {
		v := p.Visitor()
		if to := led(t, v, v.Get("/admin/partners?status=active")); to != "/signin?next="+url.QueryEscape("/admin/partners?status=active") {
			t.Errorf("led to %s", to)
		}
	})
}
