package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAudit(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := idOf(p.api("POST", "/campaigns", object{"name": "Summer", "destination_url": "https://tea.example.com/", "rules": []object{{"kind": "percent", "rate": "20"}}}))
	partner := idOf(p.api("POST", "/partners", object{"email": "zoe@example.com", "name": "Zoe", "campaign_ids": []string{campaign}}))
	led(t, p.admin, p.admin.Post("/admin/partners/"+partner+"/revocation", url.Values{"reason": {"moved away"}}))
	p.api("PUT", "/config/mail", object{"transport": "smtp", "host": "smtp.example.com", "username": "tea", "password": "swordfish", "from_email": "tea@example.com"})
	doc := page(t, p.admin, "/admin/audit")
	says(t, doc, "Ada Admin revoked the partner Zoe", "The API key “test” added the campaign Summer", "The API key “test” changed the mail settings", "Ada Admin signed in",
		"transport, host, username, from_email, password", "The system made the API key test")
	has(t, doc, `a[href="/admin/partners/`+partner+`"]`, `a[href="/admin/campaigns/`+campaign+`"]`, `nav a[href="/admin/audit"][aria-current]`)
	if html, _ := doc.Html(); strings.Contains(html, "swordfish") || strings.Contains(html, "127.0.0.1") {
		t.Error("a secret or an address is in the log")
	}
	t.Run("Narrowed", func(t *testing.T) {
		for query, c := range map[string]struct{ has, hasNot string }{
			"group=settings":     {"mail settings", "Zoe"},
			"subject=" + partner: {"revoked the partner", "Summer"},
			"from=" + time.Now().UTC().AddDate(0, 0, 1).Format(time.DateOnly): {"Nothing matches", "Zoe"},
			"to=" + time.Now().UTC().Format(time.DateOnly):                    {"Zoe", "Nothing matches"},
		} {
			text := page(t, p.admin, "/admin/audit?"+query).Find("#audit").Text()
			if !strings.Contains(text, c.has) || strings.Contains(text, c.hasNot) {
				t.Errorf("%s: %s", query, text)
			}
		}
		byAda := doc.Find(`a:contains("Ada Admin")`).First().AttrOr("href", "")
		if text := page(t, p.admin, byAda).Find("#audit").Text(); !strings.Contains(text, "Ada Admin") || strings.Contains(text, "The API key") {
			t.Errorf("by Ada: %s", text)
		}
		for _, query := range []string{"group=none", "actor=none", "subject=none", "from=yesterday", "cursor=none"} {
			if got := p.admin.Get("/admin/audit?" + query); got.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", query, got.Status)
			}
		}
	})
	t.Run("PageByPage", func(t *testing.T) {
		seen, path := 0, "/admin/audit?limit=2"
		for path != "" {
			doc := page(t, p.admin, path)
			seen += doc.Find("#audit tbody tr").Length()
			path = doc.Find(`#audit a:contains("Next")`).AttrOr("href", "")
		}
		if all := doc.Find("#audit tbody tr").Length(); seen != all || all < 6 {
			t.Errorf("%d rows page by page, %d at once", seen, all)
		}
	})
	t.Run("AsAFile", func(t *testing.T) {
		got := p.admin.Get("/admin/audit.csv?group=settings")
		lines := strings.Split(strings.TrimSpace(got.Body), "\n")
		if got.Status != http.StatusOK || len(lines) != 2 || !strings.Contains(lines[1], "The API key “test” changed the mail settings.") {
			t.Errorf("%d\n%s", got.Status, got.Body)
		}
	})
	t.Run("AViewerReads", func(t *testing.T) {
		says(t, page(t, p.viewer(), "/admin/audit"), "Zoe")
	})
	t.Run("HTMX", func(t *testing.T) {
		v := p.admin
		v.HTMX = true
		defer func() { v.HTMX = false }()
		if doc := page(t, v, "/admin/audit?group=partners"); whole(doc) {
			t.Error("htmx got a whole page")
		}
	})
}
