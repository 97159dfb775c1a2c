package flows_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// spreadsheet reads a file: its head, and its rows by the names of the columns.
func spreadsheet(t *testing.T, got testkit.Answer) (head []string, rows []map[string]string) {
	t.Helper()
	if got.Status != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/csv; charset=utf-8") {
		t.Fatalf("got %d %s\n%s", got.Status, got.Header.Get("Content-Type"), got.Body)
	}
	all, err := csv.NewReader(strings.NewReader(got.Body)).ReadAll()
	if err != nil || len(all) == 0 || strings.Count(got.Body, "\r\n") < len(all) {
		t.Fatalf("err %v, not a file of rows:\n%s", err, got.Body)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		rows = append(rows, row)
	}
	return all[0], rows
}

// column gives the values of one column.
func column(rows []map[string]string, name string) (values []string) {
	for _, row := range rows {
		values = append(values, row[name])
	}
	return values
}

// want compares cells of a row by name.
func want(t *testing.T, row map[string]string, cells map[string]string) {
	t.Helper()
	for name, value := range cells {
		if row[name] != value {
			t.Errorf("%s: want %q, got %q", name, value, row[name])
		}
	}
}

// Whoever named himself a formula is text to a spreadsheet, and every list is what its page is
// filtered to.
func TestDownloads(t *testing.T) {
	t.Parallel()
	p := openTill(t, object{"name": "+Summer", "attribution_model": "linear", "rules": []object{{"kind": "percent", "rate": "12.5"}}})
	const formula = `=HYPERLINK("https://evil.example","Pay")`
	var partners []string
	for i, name := range []string{formula, "Bo, \"the\" second"} {
		key := []string{"ada", "bob"}[i]
		partner := idOf(p.api("POST", "/partners", object{
			"email": key + "@example.com", "name": name, "send_invite": key == "bob", "campaign_ids": []string{p.campaign},
		}))
		p.api("POST", "/partners/"+partner+"/links", object{"key": key, "campaign_id": p.campaign})
		p.brings(key, "-user")
		partners = append(partners, partner)
	}
	p.api("POST", "/events", object{"user_id": "-user", "type": "purchase", "amount": 10001, "currency": "JPY", "external_id": "@order"})
	p.api("POST", "/events", object{"user_id": "-user", "type": "signup"})

	t.Run("Partners", func(t *testing.T) {
		_, rows := spreadsheet(t, p.admin.Get("/admin/partners.csv"))
		if diff := cmp.Diff([]string{`Bo, "the" second`, "'" + formula}, column(rows, "name")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		want(t, rows[1], map[string]string{"id": partners[0], "email": "ada@example.com", "status": "active", "campaigns": "1", "links": "1", "revoked_at": ""})
		_, rows = spreadsheet(t, p.admin.Get("/admin/partners.csv?status=invited&q=bob"))
		if len(rows) != 1 {
			t.Errorf("%d rows", len(rows))
		}
	})
	t.Run("Campaigns", func(t *testing.T) {
		_, rows := spreadsheet(t, p.admin.Get("/admin/campaigns.csv"))
		want(t, rows[0], map[string]string{"name": "'+Summer", "state": "active", "attribution_model": "linear", "window_days": "60", "customer_lock": "true", "rules": "12.5 % of every sale"})
	})
	t.Run("Links", func(t *testing.T) {
		_, rows := spreadsheet(t, p.admin.Get("/admin/links.csv?partner_id="+partners[0]))
		if len(rows) != 1 {
			t.Fatalf("%d rows", len(rows))
		}
		want(t, rows[0], map[string]string{"key": "ada", "url": p.URL + "/r/ada", "partner": "'" + formula, "clicks_of_30_days": "1", "archived_at": ""})
	})
	t.Run("Coupons", func(t *testing.T) {
		p.api("POST", "/coupons", object{"code": "-TEN", "partner_id": partners[0], "campaign_id": p.campaign})
		_, rows := spreadsheet(t, p.admin.Get("/admin/coupons.csv?partner_id="+partners[0]))
		if len(rows) != 1 {
			t.Fatalf("%d rows", len(rows))
		}
		want(t, rows[0], map[string]string{"code": "'-TEN", "partner": "'" + formula, "campaign": "'+Summer", "active": "true"})
		if _, rows = spreadsheet(t, p.admin.Get("/admin/coupons.csv?partner_id="+partners[1])); len(rows) != 0 {
			t.Errorf("%d rows of another partner", len(rows))
		}
	})
	t.Run("Events", func(t *testing.T) {
		_, rows := spreadsheet(t, p.admin.Get("/admin/activity.csv?type=purchase"))
		if len(rows) != 1 {
			t.Fatalf("%d rows", len(rows))
		}
		want(t, rows[0], map[string]string{"user_id": "'-user", "amount": "10001", "currency": "JPY", "external_id": "'@order", "status": "attributed"})
	})
	t.Run("Clicks", func(t *testing.T) {
		_, rows := spreadsheet(t, p.admin.Get("/admin/activity/clicks.csv"))
		if diff := cmp.Diff([]string{"bob", "ada"}, column(rows, "link")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if _, rows = spreadsheet(t, p.admin.Get("/admin/activity/clicks.csv?flagged=true")); len(rows) != 0 {
			t.Errorf("%d flagged rows", len(rows))
		}
	})
	t.Run("Commissions", func(t *testing.T) {
		_, rows := spreadsheet(t, p.admin.Get("/admin/commissions.csv?status=pending&partner_id="+partners[1]))
		if len(rows) != 1 {
			t.Fatalf("%d rows", len(rows))
		}
		want(t, rows[0], map[string]string{
			"amount": "625", "currency": "JPY", "base_amount": "10001", "base_currency": "JPY", "rate_percent": "12.5", "weight_num": "1", "weight_den": "2",
			"status": "pending", "campaign": "'+Summer",
		})
	})
	t.Run("AsFiltered", func(t *testing.T) {
		doc := page(t, p.admin, "/admin/partners?status=invited&q=bob")
		href, _ := doc.Find(`a[download]`).Attr("href")
		if href != "/admin/partners.csv?q=bob&status=invited" {
			t.Errorf("got %q", href)
		}
		got := p.admin.Get(href)
		if name := got.Header.Get("Content-Disposition"); !strings.HasPrefix(name, "attachment; filename=partner-program-partners-20") || !strings.HasSuffix(name, ".csv") {
			t.Errorf("got %q", name)
		}
	})
	t.Run("NothingToDownload", func(t *testing.T) {
		has(t, page(t, p.admin, "/admin/partners?q=nobody"), "!a[download]")
	})
	t.Run("WrongFilters", func(t *testing.T) {
		for _, path := range []string{
			"/admin/partners.csv?status=gone", "/admin/links.csv?partner_id=x", "/admin/campaigns.csv?status=x", "/admin/activity.csv?from=soon",
			"/admin/activity/clicks.csv?campaign_id=x", "/admin/commissions.csv?status=x", "/admin/coupons.csv?partner_id=x", "/admin/fraud.csv?show=some",
		} {
			if got := p.admin.Get(path); got.Status != http.StatusUnprocessableEntity || got.Header.Get("Content-Disposition") != "" {
				t.Errorf("%s: got %d", path, got.Status)
			}
		}
	})
	t.Run("WhoMay", func(t *testing.T) {
		if got := p.viewer().Get("/admin/partners.csv"); got.Status != http.StatusOK {
			t.Errorf("a viewer got %d", got.Status)
		}
		if got := p.Visitor().Get("/admin/partners.csv"); got.Status != http.StatusSeeOther || got.Header.Get("Location") != "/signin?next="+url.QueryEscape("/admin/partners.csv") {
			t.Errorf("nobody got %d %s", got.Status, got.Header.Get("Location"))
		}
	})
}

// A long list comes whole: each row once, in the order of its page.
func TestDownloads_Long(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.DB.AsOwner(t, `
		insert into partners (tenant_id, id, email, name, name_norm, status, source, platforms, answers, created_at)
		select (select id from platform.tenants limit 1), gen_random_uuid(), n || '@example.com', lpad(n::text, 5, '0'), lpad(n::text, 5, '0'), 'active', 'import',
			'[]'::jsonb, '{}'::jsonb, timestamptz '2026-01-01Z' - n / 3 * interval '1 hour'
		from generate_series(1, 4321) n`)
	_, rows := spreadsheet(t, p.admin.Get("/admin/partners.csv"))
	seen, last := map[string]bool{}, "9999"
	for _, row := range rows {
		if seen[row["id"]] || row["created_at"] > last {
			t.Fatalf("%s is there twice, or out of order", row["name"])
		}
		seen[row["id"]], last = true, row["created_at"]
	}
	if len(rows) != 4321 {
		t.Errorf("got %d rows", len(rows))
	}
}
