package flows_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// exported is a program as a file.
type exported struct {
	Format     int
	ExportedAt string `json:"exported_at"`
	Program    object
	Tables     map[string][]object
	Manifest   map[string]exportedCount
}

type exportedCount struct {
	Rows int64
	Sums map[string]int64
}

func readExport(t *testing.T, got testkit.Answer) (out exported) {
	t.Helper()
	if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %d %s\n%.500s", got.Status, got.Header.Get("Content-Type"), got.Body)
	}
	decoder := json.NewDecoder(strings.NewReader(got.Body))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// demoExport holds the file against the database, to the row and the cent.
func demoExport(t *testing.T, p *program) {
	t.Helper()
	got := p.Call(p.key, "GET", "/api/v1/export.json", nil)
	out := readExport(t, got)

	var tables []string
	p.DB.Read(t, &tables, `
		select tablename from pg_policies where policyname = 'tenant_isolation' and schemaname = 'public'
			and tablename not in ('sessions', 'magic_links', 'idempotency_keys', 'recent_clicks', 'program_imports', 'program_import_rows') order by 1`)
	var names []string
	for name := range out.Tables {
		names = append(names, name)
	}
	slices.Sort(names)
	if diff := cmp.Diff(tables, names); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	for _, name := range tables {
		var want int64
		p.DB.Read(t, &want, `select count(*) from `+name)
		if rows, stated := int64(len(out.Tables[name])), out.Manifest[name].Rows; rows != want || stated != want {
			t.Errorf("%s: %d rows, the manifest says %d, the database %d", name, rows, stated, want)
		}
	}
	for _, name := range []string{"commissions", "events"} {
		var sums []struct {
			Currency string
			Total    int64
		}
		p.DB.Read(t, &sums, `select currency, sum(amount) as total from `+name+` where amount is not null group by 1`)
		want := map[string]int64{}
		for _, s := range sums {
			want[s.Currency] = s.Total
		}
		if diff := cmp.Diff(want, out.Manifest[name].Sums); diff != "" || len(want) == 0 {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if out.Format != 1 || out.Program["slug"] != "default" || !strings.HasSuffix(out.ExportedAt, "Z") {
		t.Errorf("got format %d, program %v, at %q", out.Format, out.Program, out.ExportedAt)
	}
	var columns []string
	p.DB.Read(t, &columns, `select attname from pg_attribute where attrelid = 'commissions'::regclass and attnum > 0 and not attisdropped order by 1`)
	row := out.Tables["commissions"][0]
	var members []string
	for name := range row {
		members = append(members, name)
	}
	slices.Sort(members)
	if diff := cmp.Diff(columns, members); diff != "" {
		t.Errorf("a commission (-want +got):\n%s", diff)
	}
	if at := fmt.Sprint(row["created_at"]); !strings.HasSuffix(at, "+00:00") {
		t.Errorf("created at %q", at)
	}
	if _, whole := row["amount"].(json.Number); !whole || strings.Contains(fmt.Sprint(row["amount"]), ".") {
		t.Errorf("an amount of %v", row["amount"])
	}
	if name := got.Header.Get("Content-Disposition"); !strings.Contains(name, "-export-20") || !strings.HasSuffix(name, ".json") {
		t.Errorf("named %q", name)
	}
}

// Whoever holds the file gets in nowhere by it.
func TestExport_HoldsNoSecret(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.api("PUT", "/config/mail", object{"transport": "smtp", "host": "smtp.example.com", "from_email": "a@example.com", "username": "u", "password": "hunter22hunter22"})
	p.api("PUT", "/config/tracking", object{"identify_secret": "0123456789abcdef"})
	p.api("POST", "/webhooks", object{"url": "https://example.com/hooks", "events": []string{"partner.created"}})
	p.api("POST", "/partners", object{"email": "bob@example.com", "name": "Bob"}) // with a link in a mail
	secrets := []string{"hunter22hunter22", "0123456789abcdef", p.key}
	for _, statement := range lines(t, p, `
		select format('select distinct m[1] from %I.%I r, regexp_matches(r::text, ''(v1\.[A-Za-z0-9_.=/+-]{20,})'', ''g'') m', schemaname, tablename)
		from pg_policies where policyname = 'tenant_isolation'
		union all
		select format('select %I::text from %I.%I', column_name, table_schema, table_name)
		from information_schema.columns where column_name ~ '(token|key)_hash$' and table_schema = 'public'`) {
		secrets = append(secrets, lines(t, p, statement)...)
	}
	if len(secrets) < 8 {
		t.Fatalf("only %d secrets: %v", len(secrets), secrets)
	}
	whole := p.Call(p.key, "GET", "/api/v1/export.json", nil)
	texts := map[string]string{"export.json": whole.Body}
	for name := range readExport(t, whole).Tables {
		texts[name] = p.Call(p.key, "GET", "/api/v1/export/"+name+".csv", nil).Body
	}
	for name, text := range texts {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
	}
	if !strings.Contains(texts["config"], "smtp.example.com") || !strings.Contains(texts["webhook_endpoints"], "https://example.com/hooks") {
		t.Error("what is no secret stays behind, too")
	}
}

// lines reads one column.
func lines(t *testing.T, p *program, query string) (found []string) {
	t.Helper()
	p.DB.Read(t, &found, query)
	return found
}

// A table is safe to open as a sheet, and its numbers are still numbers.
func TestExport_Table(t *testing.T) {
	t.Parallel()
	p := start(t)
	const formula = `=HYPERLINK("https://evil.example","Pay")`
	partner := idOf(p.api("POST", "/partners", object{"email": "bob@example.com", "name": formula, "send_invite": false}))
	p.api("POST", "/commissions/adjustments", object{"partner_id": partner, "amount": -500, "currency": "USD", "kind": "adjustment", "note": "-1+1 too much"})

	got := p.Call(p.key, "GET", "/api/v1/export/commissions.csv", nil)
	_, rows := spreadsheet(t, got)
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	want(t, rows[0], map[string]string{"partner_id": partner, "amount": "-500", "currency": "USD", "note": "'-1+1 too much", "event_id": ""})
	_, rows = spreadsheet(t, p.admin.Get("/admin/export/partners.csv"))
	want(t, rows[0], map[string]string{"id": partner, "name": "'" + formula, "platforms": "[]", "answers": "{}", "network_sequence": "0"})

	for _, name := range []string{"sessions.csv", "magic_links.csv", "idempotency_keys.csv", "recent_clicks.csv", "program_import_rows.csv", "jobs.csv", "tenants.csv", "schema_migrations.csv", "nothing.csv", "partners", "partners.json", "partners;--.csv"} {
		if got := p.Call(p.key, "GET", "/api/v1/export/"+name, nil); got.Status != http.StatusNotFound {
			t.Errorf("%s by the API: got %d", name, got.Status)
		}
		if got := p.admin.Get("/admin/export/" + name); got.Status != http.StatusNotFound {
			t.Errorf("%s by the page: got %d", name, got.Status)
		}
	}
}

// Only admins take a program out, and the log says that they did.
func TestExport_Page(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.api("POST", "/partners", object{"email": "bob@example.com", "name": "Bob", "send_invite": false})
	doc := page(t, p.admin, "/admin/export")
	file, _ := doc.Find(".page-actions a[download]").Attr("href")
	out := readExport(t, p.admin.Get(file))
	rows := doc.Find("#tables tbody tr")
	if rows.Length() != len(out.Tables) {
		t.Errorf("%d tables on the page, %d in the file", rows.Length(), len(out.Tables))
	}
	for _, row := range rows.EachIter() {
		name, href := strings.TrimSpace(row.Find(".row-title").Text()), row.Find("a[download]").AttrOr("href", "")
		if n := strings.TrimSpace(row.Find(".num").Text()); name == "partners" && n != "1" {
			t.Errorf("%s partners", n)
		}
		if _, listed := spreadsheet(t, p.admin.Get(href)); len(listed) != len(out.Tables[name]) && name != "audit_log" {
			t.Errorf("%s: %d rows at %s, %d in the file", name, len(listed), href, len(out.Tables[name]))
		}
	}
	if log := page(t, p.admin, "/admin/audit").Text(); !strings.Contains(log, "Ada Admin exported the program") {
		t.Errorf("the log does not say it:\n%s", log)
	}
	viewer, scoped := p.viewer(), p.Key("partners:read", "reports:read")
	for _, path := range []string{"", ".json", "/partners.csv"} {
		if got := viewer.Get("/admin/export" + path); got.Status != http.StatusForbidden {
			t.Errorf("a viewer gets %d for %q", got.Status, path)
		}
		if got := p.Call(scoped, "GET", "/api/v1/export"+path, nil); path != "" && got.Status != http.StatusForbidden {
			t.Errorf("a scoped key gets %d for %q", got.Status, path)
		}
	}
}
