package platform_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestSignUp(t *testing.T) {
	t.Parallel()
	m := start(t)

	got := m.signUp("acme", "ada@acme.example")
	wantStatus(t, "sign-up", got, http.StatusCreated)
	var made struct {
		Tenant struct {
			ID, Slug string
		}
		MailQueued bool `json:"mail_queued"`
		Network    struct{ Status string }
	}
	got.JSON(t, &made)
	if made.Tenant.Slug != "acme" || made.Tenant.ID != m.idOf("acme") || !made.MailQueued || made.Network.Status != "off" {
		t.Errorf("got %s", got.Body)
	}
	t.Run("TheLinkOpensIt", func(t *testing.T) {
		ada, path := m.Visitor(), "/t/acme/auth/verify"
		token := m.MailedToken(path, 1)
		for range 3 { // a scanner
			wantStatus(t, "look", m.Visitor().Get(path+"?token="+token), http.StatusOK)
		}
		m.enter(ada, path, 1)
		wantStatus(t, "home", ada.Get("/t/acme/admin"), http.StatusOK)
		wantStatus(t, "the link again", m.Visitor().Post(path, url.Values{"token": {token}}), http.StatusForbidden)
	})
	t.Run("Refused", func(t *testing.T) {
		for slug, want := range map[string]string{
			"acme": "slug_taken", "www": "slug_reserved", "default": "slug_reserved", "r": "slug_reserved",
			"Acme": "invalid", "a": "invalid", "-acme": "invalid", "ac--me": "invalid", "acme_": "invalid", strings.Repeat("a", 31): "invalid", "": "invalid",
		} {
			status := http.StatusConflict
			if want == "invalid" {
				status = http.StatusUnprocessableEntity
			}
			m.reset()
			wantCode(t, slug, m.signUp(slug, "eve@example.com"), status, want)
		}
		m.reset()
		bad := m.Call("", http.MethodPost, "/api/v1/signup", object{"slug": "fine", "display_name": "", "admin_email": "nobody", "admin_name": "a\nb"})
		wantCode(t, "fields", bad, http.StatusUnprocessableEntity, "admin_email")
		for _, field := range []string{"display_name", "admin_name"} {
			if !strings.Contains(bad.Body, field) {
				t.Errorf("%s is not named: %s", field, bad.Body)
			}
		}
	})
	t.Run("PageInBothWays", func(t *testing.T) {
		for name, htmx := range map[string]bool{"plain": false, "htmx": true} {
			m.reset()
			v := m.Visitor()
			v.HTMX = htmx
			form := url.Values{"slug": {"acme"}, "display_name": {"Page " + name}, "admin_email": {name + "@example.com"}, "admin_name": {"Bob"}}
			if got := v.Post("/signup", form); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, "This address is taken.") ||
				!strings.Contains(got.Body, `value="Page `+name+`"`) || htmx == strings.Contains(got.Body, "<html") {
				t.Errorf("%s: %d\n%s", name, got.Status, got.Body)
			}
			form.Set("slug", "page-"+name)
			got := v.Post("/signup", form)
			if to := got.Header.Get("Location") + got.Header.Get("HX-Redirect"); to != "/signup?sent=1" {
				t.Errorf("%s: %d to %q\n%s", name, got.Status, to, got.Body)
			}
			m.enter(m.Visitor(), "/t/page-"+name+"/auth/verify", 1)
		}
	})
	t.Run("Availability", func(t *testing.T) {
		v := m.Visitor()
		v.HTMX = true
		for slug, want := range map[string]string{"acme": "is taken", "admin": "reserved", "x": "3 to 30", "free-one": "Free: your program would be at /t/free-one/"} {
			if got := v.Get("/signup/slug?slug=" + slug); got.Status != http.StatusOK || !strings.Contains(got.Body, want) {
				t.Errorf("%s: %d\n%s", slug, got.Status, got.Body)
			}
		}
	})
}

// reset empties the limits, which are not what these tests are about.
func (m *multi) reset() { m.DB.AsOwner(m.t, `delete from platform.rate_limits`) }

// A slug that nobody has confirmed is kept for whoever asked first, for seven days.
func TestSignUp_Unconfirmed(t *testing.T) {
	t.Parallel()
	m := start(t)
	wantStatus(t, "first", m.signUp("acme", "ada@example.com"), http.StatusCreated)
	first := m.idOf("acme")
	m.MailedToken("/t/acme/auth/verify", 1)

	wantCode(t, "somebody else", m.signUp("acme", "eve@example.com"), http.StatusConflict, "slug_taken")
	wantStatus(t, "the same again", m.signUp("acme", "ada@example.com"), http.StatusCreated)
	if m.idOf("acme") != first {
		t.Error("asking again made another program")
	}
	m.enter(m.Visitor(), "/t/acme/auth/verify", 2) // the newer link; the older one is void

	wantStatus(t, "another slug", m.signUp("late", "ada@example.com"), http.StatusCreated)
	m.DB.AsOwner(t, `update platform.tenants set created_at = now() - interval '8 days' where slug in ('acme', 'late')`)
	wantCode(t, "one that was confirmed", m.signUp("acme", "eve@example.com"), http.StatusConflict, "slug_taken")
	wantStatus(t, "one that was not", m.signUp("late", "eve@example.com"), http.StatusCreated)
	var admins []string
	m.DB.Read(t, &admins, `select email from admins a join platform.tenants t on t.id = a.tenant_id where slug = 'late'`)
	if len(admins) != 1 || admins[0] != "eve@example.com" {
		t.Errorf("its admins are %v", admins)
	}
}

// One address gets a few programs and mails, from wherever it is asked for; and one place may ask
// ten times a minute.
func TestSignUp_Limits(t *testing.T) {
	t.Parallel()
	m := start(t)
	for _, slug := range []string{"one", "two", "three", "four", "five"} {
		wantStatus(t, slug, m.signUp("its-"+slug, "ada@example.com"), http.StatusCreated)
	}
	got := m.signUp("its-six", "ada@example.com")
	wantCode(t, "one too many of an address", got, http.StatusTooManyRequests, "rate_limited")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	for range 4 {
		m.signUp("www", "bob@example.com")
	}
	wantCode(t, "the eleventh request", m.signUp("fine", "bob@example.com"), http.StatusTooManyRequests, "rate_limited")
	var waiting int
	m.AwaitAll(`"kind":"tenants.signed_up"`, 5)
	m.DB.Read(t, &waiting, `select count(*) from platform.jobs where kind = 'tenants.signed_up' and status = 'pending'`)
	if waiting != 2 {
		t.Errorf("%d mails to one address wait, want 2 of 5", waiting)
	}
}

// Of many who want a slug at the same moment one gets it.
func TestSignUp_AtOnce(t *testing.T) {
	t.Parallel()
	m := start(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 8 {
		all.Go(func() {
			got := m.signUp("acme", strings.Repeat("a", i+1)+"@example.com")
			mu.Lock()
			defer mu.Unlock()
			statuses[got.Status]++
		})
	}
	all.Wait()
	if statuses[http.StatusCreated] != 1 || statuses[http.StatusConflict] != 7 {
		t.Errorf("got %v", statuses)
	}
}

// At the door of a deployment nobody knows which program somebody means, so each that knows the
// address sends its link; and nobody learns whether any does.
func TestSignIn_Everywhere(t *testing.T) {
	t.Parallel()
	m := start(t)
	for _, slug := range []string{"acme", "bolt", "calm"} {
		m.open(slug)
		m.reset()
	}
	for _, slug := range []string{"bolt", "calm"} { // the admin of acme is a partner of bolt, and was of calm
		key := m.KeyIn(slug)
		made := m.Call(key, http.MethodPost, "/t/"+slug+"/api/v1/partners", object{"email": "acme@example.com", "name": "A", "send_invite": false})
		var p struct{ ID string }
		made.JSON(t, &p)
		if slug == "calm" {
			wantStatus(t, "revoke", m.Call(key, http.MethodPost, "/t/calm/api/v1/partners/"+p.ID+"/revoke", object{}), http.StatusOK)
		}
	}
	known := m.Visitor().Post("/signin", url.Values{"email": {"ACME@example.com"}})
	unknown := m.Visitor().Post("/signin", url.Values{"email": {"nobody@example.com"}})
	for _, got := range []testkit.Answer{known, unknown} {
		got.Header.Del("X-Request-Id")
		got.Header.Del("Date")
	}
	if known.Status != http.StatusSeeOther || known.Body != unknown.Body || len(known.Header) != len(unknown.Header) || known.Header.Get("Location") != unknown.Header.Get("Location") {
		t.Errorf("known %d %v, unknown %d %v", known.Status, known.Header, unknown.Status, unknown.Header)
	}
	m.enter(m.Visitor(), "/t/acme/auth/verify", 2)
	bolt := m.Visitor()
	m.enter(bolt, "/t/bolt/auth/verify", 2)
	wantStatus(t, "the portal of bolt", bolt.Get("/t/bolt/partner"), http.StatusOK)
	m.AwaitAll(`"kind":"signin.everywhere"`, 2)
	var mails int
	m.DB.Read(t, &mails, `select count(*) from platform.jobs where kind = 'signin.requested'`)
	if mails != 2 {
		t.Errorf("%d links were ordered, want 2", mails)
	}
}

// A program that nobody confirmed is deleted after a week, by the daily job.
func TestSignUp_NeverConfirmed(t *testing.T) {
	t.Parallel()
	m := startNew(t, "OPENPARTNER_SCHEDULER_INTERVAL=100ms")
	wantStatus(t, "sign-up", m.signUp("acme", "ada@example.com"), http.StatusCreated)
	m.open("bolt")
	m.DB.AsOwner(t, `update platform.tenants set created_at = $1 where slug in ('acme', 'bolt')`, time.Now().AddDate(0, 0, -8))
	m.deleteNow()
	var left []string
	m.DB.Read(t, &left, `select slug from platform.tenants where slug <> 'default' order by slug`)
	if len(left) != 1 || left[0] != "bolt" {
		t.Errorf("left are %v", left)
	}
}
