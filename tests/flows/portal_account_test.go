package flows_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/tests/testkit"
)

func profileForm(changes ...string) url.Values {
	f := url.Values{
		"name": {"Zoe Zimmer"}, "profile.company": {"Zoe Ltd"}, "profile.website": {"https://zoe.example.com"}, "profile.country": {"de"}, "profile.bio": {"I film tea."},
		"profile.platforms.0.platform": {"YouTube"}, "profile.platforms.0.url": {"https://youtube.com/@zoe"}, "profile.platforms.0.followers": {"12000"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		f.Set(changes[i], changes[i+1])
	}
	return f
}

func TestPortal_Profile(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := idOf(s.api("POST", "/partners", object{
		"email": "zoe@example.com", "name": "Zoe", "send_invite": false, "profile": object{"answers": object{"why": "I love tea."}},
	}))
	v := s.asPartner(zoe, "zoe@example.com")
	bothWays(t, v, func(t *testing.T) {
		says(t, page(t, v, "/partner/profile"), "zoe@example.com", "why", "I love tea.")
		led(t, v, v.Post("/partner/profile", profileForm("email", "evil@example.com", "status", "revoked", "profile.answers.why", "changed")))
		stored := s.api("GET", "/partners/"+zoe, nil)
		want := object{
			"name": "Zoe Zimmer", "email": "zoe@example.com", "status": "active",
			"company": "Zoe Ltd", "website": "https://zoe.example.com", "country": "DE", "bio": "I film tea.", "answers": object{"why": "I love tea."},
			"platforms": []any{object{"platform": "YouTube", "url": "https://youtube.com/@zoe", "followers": 12000.0}},
		}
		for name, value := range want {
			if diff := cmp.Diff(value, stored[name]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for name, c := range map[string]struct{ field, value string }{
			"NoName": {"name", " "}, "LongName": {"name", strings.Repeat("z", 121)}, "OddWebsite": {"profile.website", "javascript:alert(1)"}, "OddCountry": {"profile.country", "deu"},
			"OddPlatform": {"profile.platforms.0.url", "youtube"}, "OddFollowers": {"profile.platforms.0.followers", "many"},
		} {
			t.Run(name, func(t *testing.T) {
				_, fields := refused(t, v, v.Post("/partner/profile", profileForm(c.field, c.value)))
				if diff := cmp.Diff([]string{c.field}, fields); diff != "" {
					t.Errorf("marked fields: %s", diff)
				}
			})
		}
	})
	t.Run("RowsWithoutScripts", func(t *testing.T) {
		doc := parsed(t, v.Post("/partner/profile", profileForm("step", "add", "name", "Unsaved")), http.StatusOK)
		has(t, doc, `[name="profile.platforms.1.url"]`, `[name="name"][value="Unsaved"]`)
		doc = parsed(t, v.Post("/partner/profile", profileForm("step", "remove.0")), http.StatusOK)
		has(t, doc, `[name="profile.platforms.0.url"][value=""]`, `![name="profile.platforms.1.url"]`)
		if name := s.api("GET", "/partners/"+zoe, nil)["name"]; name != "Zoe Zimmer" {
			t.Errorf("a step saved %v", name)
		}
	})
}

// lastMail waits for a mail and gives it as development shows it.
func lastMail(t *testing.T, s *till, to, subject string) string {
	t.Helper()
	program, _ := s.api("GET", "/config/program", nil)["name"].(string)
	subject = strings.ReplaceAll(subject, "PROGRAM", program)
	s.Await("--- mail to " + to + ": " + subject)
	doc := page(t, s.admin, "/dev/mail")
	href := doc.Find(`tbody tr:contains("`+to+`"):contains("`+subject+`") a`).First().AttrOr("href", "")
	if href == "" {
		t.Fatalf("no mail %q to %s:\n%s", subject, to, doc.Find("tbody").Text())
	}
	return s.admin.Get(href).Body
}

var mailedToken = regexp.MustCompile(`/auth/email\?token=([A-Za-z0-9_-]+)`)

func TestPortal_EmailChange(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	v, stranger := s.asPartner(zoe, "zoe@example.com"), s.Visitor()
	has(t, page(t, v, "/partner/profile"), `a[href="/partner/profile/email"]`)
	bothWays(t, v, func(t *testing.T) {
		for _, odd := range []string{"", "zoe", "ZOE@example.com"} {
			if _, fields := refused(t, v, v.Post("/partner/profile/email", url.Values{"email": {odd}})); len(fields) != 1 || fields[0] != "email" {
				t.Errorf("%q: marked fields %v", odd, fields)
			}
		}
	})
	led(t, v, v.Post("/partner/profile/email", url.Values{"email": {"New@Example.com"}}))
	email := func() any { return s.api("GET", "/partners/"+zoe, nil)["email"] }
	if email() != "zoe@example.com" {
		t.Fatal("changed without a confirmation")
	}
	notice := lastMail(t, s, "zoe@example.com", "Your address at PROGRAM is about to change")
	letter := lastMail(t, s, "new@example.com", "Confirm your new address for PROGRAM")
	found := mailedToken.FindStringSubmatch(letter)
	if len(found) != 2 || strings.Contains(notice, "token=") || !strings.Contains(notice, "new@example.com") {
		t.Fatalf("link %v, notice:\n%s", found, notice)
	}
	token := found[1]

	for range 3 { // scanners open links
		doc := page(t, stranger, "/auth/email?token="+token)
		says(t, doc, "new@example.com")
		has(t, doc, `form[action="/auth/email"][method="post"] [name="token"][value="`+token+`"]`)
	}
	for _, path := range []string{"/auth/verify?token=" + token, "/auth/email?token=" + strings.Repeat("a", 43), "/auth/email"} {
		if got := stranger.Get(path); got.Status != http.StatusForbidden {
			t.Errorf("%s: got %d", path, got.Status)
		}
	}
	if got := stranger.Post("/auth/verify", url.Values{"token": {token}}); got.Status != http.StatusForbidden {
		t.Errorf("the link lets in: %d to %s", got.Status, got.Header.Get("Location"))
	}
	if got := stranger.Get("/partner"); got.Status != http.StatusSeeOther {
		t.Errorf("a stranger is in: %d", got.Status)
	}
	entrance := s.signInLink(zoe, "zoe@example.com") // which was mailed to the old address
	if got := stranger.Post("/auth/email", url.Values{"token": {entrance}}); got.Status != http.StatusForbidden {
		t.Errorf("a sign-in link confirms an address: %d", got.Status)
	}

	says(t, page(t, stranger, led(t, stranger, stranger.Post("/auth/email", url.Values{"token": {token}}))), "Your address has changed")
	if email() != "new@example.com" {
		t.Errorf("the address is %v", email())
	}
	lastMail(t, s, "zoe@example.com", "Your address at PROGRAM has changed")
	if got := stranger.Post("/auth/email", url.Values{"token": {token}}); got.Status != http.StatusForbidden {
		t.Errorf("the second use: %d", got.Status)
	}
	if got := stranger.Post("/auth/verify", url.Values{"token": {entrance}}); got.Status != http.StatusForbidden {
		t.Errorf("a link that was mailed to the old address lets in: %d", got.Status)
	}
	page(t, v, "/partner")
	says(t, page(t, s.admin, "/admin/partners/"+zoe), "new@example.com")
}

func TestPortal_EmailTakenMeanwhile(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	v := s.asPartner(zoe, "zoe@example.com")
	led(t, v, v.Post("/partner/profile/email", url.Values{"email": {"grace@example.com"}}))
	token := mailedToken.FindStringSubmatch(lastMail(t, s, "grace@example.com", "Confirm your new address for PROGRAM"))[1]
	s.promoter("grace")
	bothWays(t, v, func(t *testing.T) {
		says(t, parsed(t, v.Post("/auth/email", url.Values{"token": {token}}), http.StatusConflict), "This address is in use already")
	})
	if email := s.api("GET", "/partners/"+zoe, nil)["email"]; email != "zoe@example.com" {
		t.Errorf("the address is %v", email)
	}
}

func TestPortal_EmailOfSomebodyRevoked(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	v := s.asPartner(zoe, "zoe@example.com")
	led(t, v, v.Post("/partner/profile/email", url.Values{"email": {"new@example.com"}}))
	token := mailedToken.FindStringSubmatch(lastMail(t, s, "new@example.com", "Confirm your new address for PROGRAM"))[1]
	s.api("POST", "/partners/"+zoe+"/revoke", object{})
	if got := v.Post("/auth/email", url.Values{"token": {token}}); got.Status != http.StatusForbidden {
		t.Errorf("got %d", got.Status)
	}
	if email := s.api("GET", "/partners/"+zoe, nil)["email"]; email != "zoe@example.com" {
		t.Errorf("the address is %v", email)
	}
}

// What matters asks for a recent sign-in.
func TestPortal_StepUp(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	v := s.asPartner(zoe, "zoe@example.com")
	s.inTenant(func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewRaw(`update sessions set data = regexp_replace(data, '"signed_in_at":"[^"]*"', ?)`,
			`"signed_in_at":"`+time.Now().Add(-31*time.Minute).UTC().Format(time.RFC3339)+`"`).Exec(ctx)
		return err
	})
	page(t, v, "/partner/profile")
	for _, r := range testkit.Routes(t) {
		if !strings.HasPrefix(r.Path, "/partner/profile/email") && !(strings.HasPrefix(r.Path, "/partner/api-keys/") || r.Path == "/partner/api-keys" && !r.Safe()) {
			continue
		}
		path := strings.Replace(r.Path, "{id}", uuid.NewString(), 1)
		got := v.Get(path)
		if !r.Safe() {
			got = v.Post(path, nil)
		}
		if got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/signin") {
			t.Errorf("%s: got %d to %q", r, got.Status, got.Header.Get("Location"))
		}
	}
}

// signInLink makes a sign-in link without mailing it, and gives its token.
func (s *till) signInLink(partner, email string) (token string) {
	s.t.Helper()
	s.inTenant(func(ctx context.Context) (err error) {
		token, err = auth.NewMagicLinks(time.Now).Mint(ctx, auth.MagicLink{
			Purpose: auth.PurposeSignIn, PrincipalKind: auth.Partner, PrincipalID: uuid.MustParse(partner), Email: email,
		})
		return err
	})
	return token
}

func TestPortal_APIKeys(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe, grace := s.promoter("zoe"), s.promoter("grace")
	v := s.asPartner(zoe, "zoe@example.com")
	var key string
	bothWays(t, v, func(t *testing.T) {
		// Whatever else is asked for, the key is the partner's own.
		doc := parsed(t, v.Post("/partner/api-keys", url.Values{"name": {"Mine"}, "kind": {"admin"}, "partner_id": {grace}, "scopes": {"partners:write"}}), http.StatusOK)
		key = doc.Find("#new-key").AttrOr("value", "")
		if got := s.Call(key, "GET", "/api/v1/partners/"+zoe, nil); got.Status != http.StatusOK {
			t.Errorf("their own row: %d", got.Status)
		}
		for _, path := range []string{"/partners/" + grace, "/partners/" + grace + "/commissions"} {
			if got := s.Call(key, "GET", "/api/v1"+path, nil); got.Status != http.StatusNotFound {
				t.Errorf("%s: %d", path, got.Status)
			}
		}
		for _, path := range []string{"/admins", "/api-keys", "/config/mail"} {
			if got := s.Call(key, "GET", "/api/v1"+path, nil); got.Status != http.StatusForbidden {
				t.Errorf("%s: %d", path, got.Status)
			}
		}
		for name, c := range map[string][2]string{"NoName": {"name", " "}, "OddDay": {"expires_at", "soon"}, "Past": {"expires_at", "2020-01-01"}} {
			t.Run(name, func(t *testing.T) {
				f := url.Values{"name": {"Mine"}}
				f.Set(c[0], c[1])
				if _, fields := refused(t, v, v.Post("/partner/api-keys", f)); len(fields) != 1 || fields[0] != c[0] {
					t.Errorf("marked fields %v", fields)
				}
			})
		}
	})
	if body := page(t, v, "/partner/api-keys").Text(); strings.Contains(body, key) || !strings.Contains(body, key[:8]) {
		t.Error("the list shows the key, or not its beginning")
	}
	t.Run("Revoked", func(t *testing.T) {
		path := page(t, v, "/partner/api-keys").Find(`a[href$="/revocation"]`).First().AttrOr("href", "")
		has(t, page(t, v, path), `form[action="`+path+`"][method="post"]`)
		led(t, v, v.Post(path, nil))
		if got := s.Call(key, "GET", "/api/v1/partners/"+zoe, nil); got.Status != http.StatusUnauthorized {
			t.Errorf("the key: %d", got.Status)
		}
	})
	t.Run("OfSomebodyRevoked", func(t *testing.T) {
		kept := parsed(t, v.Post("/partner/api-keys", url.Values{"name": {"Kept"}}), http.StatusOK).Find("#new-key").AttrOr("value", "")
		for _, c := range []struct {
			verb string
			want int
		}{{"revoke", http.StatusUnauthorized}, {"reinstate", http.StatusOK}} {
			s.api("POST", "/partners/"+zoe+"/"+c.verb, object{})
			if got := s.Call(kept, "GET", "/api/v1/partners/"+zoe, nil); got.Status != c.want {
				t.Errorf("after %s: want %d, got %d", c.verb, c.want, got.Status)
			}
		}
		v = s.asPartner(zoe, "zoe@example.com") // whose sessions ended
	})
	t.Run("OthersAreMissing", func(t *testing.T) {
		theirs := idOf(s.api("POST", "/api-keys", object{"name": "Hers", "kind": "partner", "partner_id": grace}))
		whole := idOf(s.api("POST", "/api-keys", object{"name": "Shop", "kind": "admin"}))
		for _, id := range []string{theirs, whole, uuid.NewString()} {
			path := "/partner/api-keys/" + id + "/revocation"
			if get, post := v.Get(path), v.Post(path, nil); get.Status != http.StatusNotFound || post.Status != http.StatusNotFound {
				t.Errorf("%s: %d and %d", id, get.Status, post.Status)
			}
		}
		if text := page(t, v, "/partner/api-keys").Text(); strings.Contains(text, "Hers") || strings.Contains(text, "Shop") {
			t.Error("the list shows keys of others")
		}
	})
	t.Run("AtMostTen", func(t *testing.T) {
		for range 8 {
			parsed(t, v.Post("/partner/api-keys", url.Values{"name": {"More"}}), http.StatusOK)
		}
		doc, _ := refused(t, v, v.Post("/partner/api-keys", url.Values{"name": {"More"}}))
		says(t, doc, "You have 10 keys already.")
	})
}
