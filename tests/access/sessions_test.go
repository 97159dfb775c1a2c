package access_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

// A cookie that somebody planted in a browser is worth nothing after the sign-in, whether it was
// made up or belonged to a session of theirs.
func TestSession_Fixation(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	eve := a.Visitor()
	enter(eve, link(t, a))
	hers := eve.Cookie(t, "op_session")
	for name, planted := range map[string]string{"MadeUp": "planted", "FromASession": hers} {
		got := form(a, "/auth/verify", url.Values{"token": {link(t, a)}}, "Cookie", "op_session="+planted)
		cookie := sessionCookie(t, got)
		if got.Status != http.StatusSeeOther || strings.Contains(cookie, planted) {
			t.Errorf("%s: %d %s", name, got.Status, cookie)
		}
		if got := a.Call("", http.MethodGet, "/admin", nil, "Cookie", "op_session="+planted); got.Status != http.StatusSeeOther {
			t.Errorf("%s: whoever planted the cookie is in: %d", name, got.Status)
		}
	}
}

func TestSession_Cookie(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env    []string
		prefix string
		cookie string
	}{
		"HTTP":       {nil, "", "op_session"},
		"HTTPS":      {[]string{"OPENPARTNER_PUBLIC_URL=https://partners.example.com"}, "", "__Host-op_session"},
		"HTTPSMulti": {[]string{"OPENPARTNER_TENANCY=multi"}, "/t/default", "op_session_default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := testkit.Start(t, c.env...)
			line := sessionCookie(t, form(a, c.prefix+"/auth/verify", url.Values{"token": {link(t, a)}}))
			cookie, err := http.ParseSetCookie(line)
			if err != nil {
				t.Fatal(err)
			}
			if cookie.Name != c.cookie || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" {
				t.Errorf("got %s", line)
			}
			if cookie.Secure != strings.HasPrefix(c.cookie, "__Host-") {
				t.Errorf("secure: %s", line)
			}
		})
	}
}

// TestSession_LostAccess takes people's access away and then opens every page, and sends every
// form, with the session that they still hold.
func TestSession_LostAccess(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	admin, key := a.Admin(), a.Key()
	partner := made(t, a, key, "/partners", object{"email": "zoe@example.com", "name": "Zoe"})
	a.Await("--- mail to zoe@example.com")
	zoe := a.Visitor()
	enter(zoe, a.MailedToken("/auth/verify", 1))
	if got := zoe.Get("/partner"); got.Status != http.StatusOK {
		t.Fatalf("the partner's portal: %d", got.Status)
	}
	made(t, a, key, "/partners/"+idOf(partner)+"/revoke", object{})
	for _, other := range []string{"bo@example.com"} { // so that Ada is not the last one
		a.Command("create-admin", "--email", other, "--name", "Bo")
		a.DB.AsOwner(t, `update admins set activated_at = now() where email = $1`, other)
	}
	var admins struct{ Data []object }
	a.Call(key, http.MethodGet, "/api/v1/admins", nil).JSON(t, &admins)
	for _, one := range admins.Data {
		if one["email"] == ada {
			made(t, a, key, "/admins/"+idOf(one)+"/revoke", object{})
		}
	}
	tried := 0
	for _, r := range testkit.Routes(t) {
		if r.Auth != "session" {
			continue
		}
		v, path := admin, r.Fill(func(string) string { return uuid.NewString() })
		if r.Role == "partner" {
			v = zoe
		}
		got := v.Get(path)
		if !r.Safe() {
			got = v.Post(path, nil)
		}
		if tried++; got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/signin") {
			t.Errorf("%s: %d to %s", r, got.Status, got.Header.Get("Location"))
		}
	}
	if tried < 100 {
		t.Errorf("only %d routes", tried)
	}
}

// Somebody sees where they are signed in, and ends it there; the next request from there is
// nobody's. Other people's sessions do not exist for them.
func TestSession_List(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	here, there, third := a.Visitor(), a.Visitor(), a.Visitor()
	for _, v := range []*testkit.Visitor{here, there, third} {
		enter(v, link(t, a))
	}
	partner := a.Visitor()
	made(t, a, a.Key(), "/partners", object{"email": "zoe@example.com", "name": "Zoe"})
	a.Await("--- mail to zoe@example.com")
	enter(partner, a.MailedToken("/auth/verify", 1))

	list := parsed(t, here.Get("/admin/sessions"))
	if rows := list.Find("tbody tr").Length(); rows != 3 || list.Find(`tbody tr:contains("This one")`).Length() != 1 {
		t.Fatalf("%d rows:\n%s", rows, list.Text())
	}
	html, _ := list.Html()
	for _, v := range []*testkit.Visitor{here, there} {
		if strings.Contains(html, v.Cookie(t, "op_session")) {
			t.Error("a token is shown")
		}
	}
	if n := count(t, a, `select count(*) from sessions where position(token_hash in ?) > 0`, html); n > 0 {
		t.Error("a hash is shown")
	}
	theirs := parsed(t, there.Get("/admin/sessions")).Find(`tbody a[href$="/end"]`).AttrOr("href", "")
	if got := partner.Post(strings.Replace(theirs, "/admin/", "/partner/", 1), nil); got.Status != http.StatusNotFound {
		t.Errorf("somebody else's session: %d", got.Status)
	}
	ask := list.Find(`tbody a[href$="/end"]`).First().AttrOr("href", "")
	if got := here.Get(ask); got.Status != http.StatusOK || !strings.Contains(got.Body, "Sign out there?") {
		t.Errorf("the question: %d", got.Status)
	}
	here.Post(ask, nil)
	if in(there)+in(third) != 1 || in(here) != 1 {
		t.Errorf("in: here %d, there %d, elsewhere %d", in(here), in(there), in(third))
	}
	here.Post("/admin/sessions/end", nil)
	if in(here) != 1 || in(there)+in(third) != 0 {
		t.Errorf("in: here %d, there %d, elsewhere %d", in(here), in(there), in(third))
	}
	if got := partner.Get("/partner/sessions"); got.Status != http.StatusOK || !strings.Contains(got.Body, "This one") {
		t.Errorf("the partner is still in and sees it: %d", got.Status)
	}
}

// in is 1 for an admin who is still signed in.
func in(v *testkit.Visitor) int {
	if v.Get("/admin").Status == http.StatusOK {
		return 1
	}
	return 0
}

func parsed(t *testing.T, got testkit.Answer) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(got.Body))
	if err != nil || got.Status != http.StatusOK {
		t.Fatalf("%d, %v\n%s", got.Status, err, got.Body)
	}
	return doc
}
