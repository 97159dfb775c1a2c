package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestSettings_Program(t *testing.T) {
	t.Parallel()
	p := start(t)
	form := func(name, color string) url.Values {
		return url.Values{"name": {name}, "website": {"https://tea.example.com"}, "accent_color": {color}, "terms": {"Be kind."}}
	}
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		if _, fields := refused(t, v, v.Post("/admin/settings/program", form("", "red"))); strings.Join(fields, " ") != "name accent_color" {
			t.Errorf("marked %v", fields)
		}
		to := led(t, v, v.Post("/admin/settings/program", form("Tea Club", "#aa3300")))
		doc := page(t, v, to)
		if doc.Find(`input[name="name"]`).AttrOr("value", "") != "Tea Club" {
			t.Error("the name is not kept")
		}
		if css := v.Get("/brand.css").Body; !strings.Contains(css, "#aa3300") {
			t.Errorf("the colour: %s", css)
		}
	})
}

func TestSettings_Mail(t *testing.T) {
	t.Parallel()
	p := start(t)
	form := url.Values{
		"transport": {"smtp"}, "host": {"smtp.example.com"}, "port": {"587"}, "tls": {"required"}, "username": {"tea"}, "password": {"swordfish"},
		"from_email": {"tea@example.com"}, "from_name": {""}, "reply_to": {""},
	}
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		bad := url.Values{"transport": {"smtp"}, "port": {"none"}, "tls": {"auto"}}
		if _, fields := refused(t, v, v.Post("/admin/settings/mail", bad)); len(fields) == 0 {
			t.Error("nothing is marked")
		}
		doc := page(t, v, led(t, v, v.Post("/admin/settings/mail", form)))
		if html, _ := doc.Html(); strings.Contains(html, "swordfish") {
			t.Error("the password comes out")
		}
		says(t, doc, "A password is kept.")
		keep := url.Values{}
		for name, values := range form {
			keep[name] = values
		}
		keep.Set("password", "")
		says(t, page(t, v, led(t, v, v.Post("/admin/settings/mail", keep))), "A password is kept.")
	})
	if stored := p.api("GET", "/config/mail", nil); stored["has_password"] != true || stored["host"] != "smtp.example.com" {
		t.Errorf("stored: %v", stored)
	}
}

func TestSettings_MailIsTested(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := parsed(t, v.Post("/admin/settings/mail/test", nil), http.StatusOK)
		says(t, doc, "ada@example.com")
		if whole(doc) == v.HTMX {
			t.Errorf("a whole page: %v", whole(doc))
		}
	})
}

func TestSettings_Tracking(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		doc := parsed(t, v.Post("/admin/settings/tracking", url.Values{"new_secret": {"true"}, "require_signature": {"true"}}), http.StatusOK)
		secret := doc.Find("#identify-secret").AttrOr("value", "")
		if len(secret) != 64 {
			t.Fatalf("the new secret is %q", secret)
		}
		if html, _ := page(t, v, "/admin/settings/tracking").Html(); strings.Contains(html, secret) {
			t.Error("the secret is shown twice")
		}
		led(t, v, v.Post("/admin/settings/tracking", url.Values{}))
	})
	if kept := p.api("GET", "/config/tracking", nil); kept["require_signature"] != false || kept["has_identify_secret"] != true {
		t.Errorf("kept: %v", kept)
	}
}

func TestSettings_AViewerChangesNothing(t *testing.T) {
	t.Parallel()
	p := start(t)
	v := p.viewer()
	for _, path := range []string{"/admin/settings/program", "/admin/settings/mail", "/admin/settings/tracking"} {
		page(t, v, path)
		if got := v.Post(path, url.Values{"name": {"Mine now"}}); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d", path, got.Status)
		}
	}
}
