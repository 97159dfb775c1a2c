package flows_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// imports is the result of a job that imports.
type imports struct {
	DryRun bool `json:"dry_run"`
	Tables []struct {
		Table                       string
		Rows, Added, Known, Refused int64
	}
	Skipped []struct{ Table, Why string }
	Refused []struct {
		Table  string
		Row    int64
		Reason string
	}
}

// sum adds the tables up.
func (i imports) sum() (added, known, refused int64) {
	for _, t := range i.Tables {
		added, known, refused = added+t.Added, known+t.Known, refused+t.Refused
	}
	return added, known, refused
}

// bringFile sends a file by the API.
func (p *program) bringFile(query, body string) testkit.Answer {
	p.t.Helper()
	return p.Call(p.key, "POST", "/api/v1/import"+query, body)
}

// bring imports a file by the API, and waits for the end.
func (p *program) bring(query, body string) (out imports) {
	p.t.Helper()
	got := p.bringFile(query, body)
	if got.Status != http.StatusAccepted {
		p.t.Fatalf("got %d\n%s", got.Status, got.Body)
	}
	var ordered struct {
		JobID string `json:"job_id"`
	}
	got.JSON(p.t, &ordered)
	return p.awaitImport(ordered.JobID)
}

func (p *program) awaitImport(job string) (out imports) {
	p.t.Helper()
	p.DB.Await(p.t, `select status not in ('pending', 'running') from platform.jobs where id = ?`, job)
	var done struct {
		Status    string
		LastError *string `json:"last_error"`
		Result    imports
	}
	p.Call(p.key, "GET", "/api/v1/jobs/"+job, nil).JSON(p.t, &done)
	if done.Status != "done" {
		p.t.Fatalf("the job is %s: %v", done.Status, *done.LastError)
	}
	return done.Result
}

// rowsOf gives the tables of an export as an import restores them: each row as text, in order.
func rowsOf(t *testing.T, e exported) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for name, rows := range e.Tables {
		switch name {
		case "api_keys", "webhook_endpoints", "webhook_deliveries", "audit_log", "partner_applications", "network_memberships", "network_outbox", "network_approvals":
			continue
		case "admins": // whoever imports is there already, by an id of the program
			rows = slices.DeleteFunc(slices.Clone(rows), func(o object) bool { return o["email"] == "ada@example.com" })
		case "daily_money":
			rows = summedMoney(t, rows)
		}
		texts := []string{}
		for _, row := range rows {
			delete(row, "tenant_id")
			text, err := json.Marshal(row)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
		slices.Sort(texts)
		out[name] = texts
	}
	return out
}

// summedMoney adds up the rows that share a figure.
func summedMoney(t *testing.T, rows []object) (out []object) {
	t.Helper()
	figures := []string{"leads", "conversions", "revenue", "pending", "held", "approved", "paid"}
	sums := map[string]map[string]int64{}
	for _, row := range rows {
		key := fmt.Sprint(row["day"], row["partner_id"], row["campaign_id"], row["currency"])
		if sums[key] == nil {
			sums[key] = map[string]int64{}
		}
		for _, f := range figures {
			n, err := row[f].(json.Number).Int64()
			if err != nil {
				t.Fatal(err)
			}
			sums[key][f] += n
		}
	}
	for key, sum := range sums {
		if slices.ContainsFunc(figures, func(f string) bool { return sum[f] != 0 }) {
			out = append(out, object{"key": key, "sum": sum})
		}
	}
	return out
}

// demoImport imports the program into a second one, looks first, and again.
func demoImport(t *testing.T, p *program) {
	t.Helper()
	q := start(t, "OPENPARTNER_SCHEDULER_INTERVAL=1h") // whose clock has nobody told of what comes back
	var logo bytes.Buffer
	if err := png.Encode(&logo, picture(40, 20)); err != nil {
		t.Fatal(err)
	}
	led(t, p.admin, upload(t, p.admin, "/admin/settings/program/logo", "logo", logo.Bytes()))
	p.api("POST", "/webhooks", object{"url": "https://example.com/hooks", "events": []string{"*"}})
	p.api("PUT", "/config/mail", object{"transport": "smtp", "host": "smtp.example.com", "from_email": "a@example.com", "username": "u", "password": "hunter22hunter22"})
	q.api("POST", "/webhooks", object{"url": "https://example.com/hooks", "events": []string{"*"}})
	q.api("PUT", "/config/tracking", object{"identify_secret": "0123456789abcdef"})
	body := p.Call(p.key, "GET", "/api/v1/export.json", nil)
	before := readExport(t, body)
	jobs := q.count(`select count(*) from platform.jobs where tenant_id is not null and kind <> 'program.import'`)

	empty := rowsOf(t, readExport(t, q.Call(q.key, "GET", "/api/v1/export.json", nil)))
	to := led(t, q.admin, upload(t, q.admin, "/admin/import", "file", []byte(body.Body)))
	first := q.awaitImport(lines(t, q, `select job_id from program_imports`)[0])
	if diff := cmp.Diff(empty, rowsOf(t, readExport(t, q.Call(q.key, "GET", "/api/v1/export.json", nil)))); diff != "" {
		t.Fatalf("the dry run wrote (-want +got):\n%s", diff)
	}
	says(t, page(t, q.admin, to), "Nothing has been changed yet.", "Import now", "Please make new ones.")

	q.admin.HTMX = true
	led(t, q.admin, q.admin.Post(to+"/start", nil))
	q.admin.HTMX = false
	second := q.awaitImport(lines(t, q, `select job_id from program_imports`)[0])
	added, _, refused := second.sum()
	if would, _, _ := first.sum(); !first.DryRun || second.DryRun || added != would || added < 1000 || refused != 0 {
		t.Errorf("%d would be added, %d were, %d refused: %v", would, added, refused, second.Refused)
	}
	says(t, page(t, q.admin, to), "rows added", "0 refused.")
	after := readExport(t, q.Call(q.key, "GET", "/api/v1/export.json", nil))
	want, got := rowsOf(t, before), rowsOf(t, after)
	want["config"], got["config"] = nil, nil // merged with what was there
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-exported +imported):\n%.5000s", diff)
	}
	if after.Program["display_name"] != before.Program["display_name"] || after.Program["logo"] != before.Program["logo"] || after.Program["logo"] == nil {
		t.Errorf("the program is %v", after.Program)
	}
	if mail := q.api("GET", "/config/mail", nil); mail["host"] != "smtp.example.com" || mail["has_password"] != false {
		t.Errorf("the mail settings are %v", mail)
	}
	if tracking := q.api("GET", "/config/tracking", nil); tracking["has_identify_secret"] != true {
		t.Errorf("the tracking settings are %v", tracking)
	}
	q.Command("verify-ledger")
	if n := q.count(`select count(*) from platform.jobs where tenant_id is not null and kind <> 'program.import'`); n != jobs {
		t.Errorf("somebody was told: %d jobs, %d before", n, jobs)
	}
	if n := q.count(`select count(*) from webhook_deliveries`); n != 0 {
		t.Errorf("%d webhooks heard of it", n)
	}
	says(t, page(t, q.admin, "/admin/audit"), "Ada Admin imported the program")
	// Once more, after one click was taken out: nothing of the older decision comes back beside the new one, and all else is known.
	q.api("POST", "/clicks/"+lines(t, q, `select click_id from attributions order by event_id limit 1`)[0]+"/flag", nil)
	again := q.bring("", body.Body)
	if added, known, refused := again.sum(); added != 0 || known == 0 || refused == 0 {
		t.Errorf("once more: %d added, %d known, %d refused", added, known, refused)
	}
	for _, r := range again.Refused {
		if !slices.Contains([]string{"clicks", "decisions", "attributions", "commissions"}, r.Table) {
			t.Errorf("once more: %v", r)
		}
	}
	q.Command("verify-ledger")
}

// exportOf writes a file as an export does, with a manifest that is right.
func exportOf(t *testing.T, tables map[string][]object) object {
	t.Helper()
	manifest := object{}
	for name, rows := range tables {
		one := object{"rows": len(rows)}
		if name == "commissions" || name == "events" {
			sums := map[string]int{}
			for _, row := range rows {
				sums[row["currency"].(string)] += row["amount"].(int)
			}
			one["sums"] = sums
		}
		manifest[name] = one
	}
	return object{"format": 1, "exported_at": "2026-05-01T12:00:00Z", "program": object{"slug": "x", "display_name": "Tea House", "status": "suspended"}, "tables": tables, "manifest": manifest}
}

func text(t *testing.T, file object) string {
	t.Helper()
	out, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// partnerRow is a partner as an export writes it.
func partnerRow(n int, email string, more object) object {
	row := object{
		"tenant_id": "00000000-0000-7000-8000-00000000dead", "id": id(n), "email": email, "name": "P", "name_norm": "p", "status": "active", "source": "admin",
		"created_at": "2026-05-01T12:00:00+00:00",
	}
	for k, v := range more {
		row[k] = v
	}
	return row
}

func id(n int) string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", n) }

// One bad row costs only itself, and says why.
func TestImport_BadRows(t *testing.T) {
	t.Parallel()
	p := start(t)
	known := p.api("POST", "/partners", object{"email": "bob@example.com", "name": "Bob", "send_invite": false})
	campaign := p.promotion("Summer")
	event := func(n int, reverses any) object {
		return object{
			"id": id(n), "user_id": "u", "type": "sale", "amount": n, "currency": "USD", "source": "api", "request_hash": "h", "reverses_event_id": reverses, "metadata": object{},
			"occurred_at": "2026-05-01T12:00:00+00:00", "created_at": "2026-05-01T12:00:00+00:00",
		}
	}
	file := exportOf(t, map[string][]object{
		"partners": {
			partnerRow(1, "new@example.com", nil),
			partnerRow(2, "odd@example.com", object{"status": "odd"}),
			partnerRow(3, "bob@example.com", nil),
			partnerRow(4, "column@example.com", object{"shoe_size": 41}),
			partnerRow(5, "zero@example.com", object{"name": "a\x00b"}),
			{"id": id(6), "name": "Nobody"},
			partnerRow(0, "robert@example.com", object{"id": known["id"]}),
			partnerRow(8, "when@example.com", object{"created_at": "someday"}),
			partnerRow(1, "new@example.com", nil),
			partnerRow(10, "last@example.com", nil),
		},
		"links": {
			{"id": id(20), "key": "lost", "key_norm": "lost", "partner_id": id(2), "campaign_id": campaign, "created_at": "2026-05-01T12:00:00+00:00"},
			{"id": id(21), "key": "found", "key_norm": "found", "partner_id": id(1), "campaign_id": campaign, "created_at": "2026-05-01T12:00:00+00:00"},
		},
		"events": {event(33, id(32)), event(32, id(31)), event(31, nil), event(34, id(99))},
		"admins": {{"id": id(40), "email": "ada@example.com", "name": "Ada", "role": "viewer", "revoked_at": "2026-05-01T12:00:00+00:00", "created_at": "2026-05-01T12:00:00+00:00"}},
		"assets": {{"kind": "logo", "content_type": "image/png", "bytes": `\x3c7363726970743e`, "created_at": "2026-05-01T12:00:00+00:00"}},
	})
	want := []string{
		"assets 1: This is not a picture as a logo may be.",
		"events 4: There is no such event.",
		"links 1: There is no such partner.",
		"partners 2: It breaks the rule partners_status_known.",
		"partners 3: A partner with this e-mail address already exists.",
		"partners 4: There is no column called shoe_size.",
		"partners 5: A value is not one of its column: unsupported Unicode escape sequence.",
		"partners 6: There is no email.",
		"partners 7: Differs from what is here: created_at, email, name, name_norm.",
		`partners 8: A value is not one of its column: invalid input syntax for type timestamp with time zone: "someday".`,
	}
	for _, query := range []string{"?dry_run=true", "", ""} {
		done := p.bring(query, text(t, file))
		var got []string
		for _, r := range done.Refused {
			got = append(got, fmt.Sprintf("%s %d: %s", r.Table, r.Row, r.Reason))
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
		_, _, refused := done.sum()
		if int(refused) != len(want) {
			t.Errorf("%d refused", refused)
		}
		if n := p.count(`select count(*) from partners`); (query != "" && n != 1) || (query == "" && n != 3) {
			t.Errorf("%q: %d partners", query, n)
		}
	}
	if n := p.count(`select count(*) from events where id in ('` + id(31) + `', '` + id(32) + `', '` + id(33) + `')`); n != 3 {
		t.Errorf("%d events", n)
	}
	if ada := p.count(`select count(*) from admins where email = 'ada@example.com' and role = 'admin' and revoked_at is null`); ada != 1 {
		t.Error("the admin who imports lost their access")
	}
	if tenant := lines(t, p, `select slug || ' ' || status || ' ' || display_name from platform.tenants`); tenant[0] != "default active Tea House" {
		t.Errorf("the program is %q", tenant)
	}
	list := page(t, p.admin, "/admin/import")
	to, _ := list.Find("table a.row-title").First().Attr("href")
	says(t, page(t, p.admin, to), "It breaks the rule partners_status_known.", "0 rows added")
	if _, rows := spreadsheet(t, p.admin.Get(to+"/refused.csv")); len(rows) != len(want) {
		t.Errorf("%d rows in the file of what was refused", len(rows))
	}
	if viewer := p.viewer(); viewer.Get(to).Status != http.StatusForbidden || viewer.Post(to+"/start", nil).Status != http.StatusForbidden {
		t.Error("a viewer sees or starts an import")
	}
	if got := p.Call(p.Key("partners:write"), "POST", "/api/v1/import", text(t, file)); got.Status != http.StatusForbidden {
		t.Errorf("a scoped key: %d", got.Status)
	}
	t.Run("BadFiles", func(t *testing.T) { badFiles(t, p) })
}

// badFiles are refused whole, and nothing of them stays.
func badFiles(t *testing.T, p *program) {
	good := func() object {
		return exportOf(t, map[string][]object{
			"partners":    {partnerRow(50, "fifty@example.com", nil)},
			"commissions": {{"id": id(51), "amount": 500, "currency": "USD"}, {"id": id(52), "amount": -100, "currency": "USD"}},
		})
	}
	with := func(change func(file object)) string {
		file := good()
		change(file)
		return text(t, file)
	}
	whole := text(t, good())
	before := p.count(`select (select count(*) from program_imports) * 1000000 + (select count(*) from program_import_rows)`)
	for name, tt := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"Empty":     {"", 400, "breaks off"},
		"Text":      {"hello", 400, "not valid JSON, at byte"},
		"List":      {"[]", 400, "not an export"},
		"Truncated": {whole[:len(whole)-40], 400, "breaks off"},
		"Twice":     {whole + whole, 400, "after the end"},
		"UTF8":      {strings.Replace(whole, `"name":"P"`, "\"name\":\"\xff\"", 1), 400, "UTF-8"},
		"Format":    {with(func(f object) { f["format"] = 2 }), 422, "format 2"},
		"NoFormat":  {with(func(f object) { delete(f, "format") }), 422, "before the tables"},
		"NoTables":  {with(func(f object) { delete(f, "tables") }), 422, "lacks"},
		"Manifest":  {with(func(f object) { delete(f, "manifest") }), 422, "lacks"},
		"Rows": {with(func(f object) { f["manifest"].(object)["partners"] = object{"rows": 2} }), 422,
			"The manifest says that partners has 2 rows, and the file has 1."},
		"Sums": {with(func(f object) {
			f["manifest"].(object)["commissions"] = object{"rows": 2, "sums": object{"USD": 500}}
		}), 422, "The manifest says that the amounts of commissions in USD come to 500, and in the file they come to 400."},
		"Lacking":   {with(func(f object) { f["manifest"].(object)["links"] = object{"rows": 0} }), 422, "lacks the table links"},
		"Stranger":  {with(func(f object) { f["tables"].(map[string][]object)["sessions"] = []object{} }), 422, "no such table"},
		"Nameless":  {with(func(f object) { f["program"] = object{} }), 422, "blank"},
		"Part":      {with(func(f object) { f["wishes"] = 1 }), 422, "no such part"},
		"RowIsNone": {strings.Replace(whole, `"partners":[{`, `"partners":["x",{`, 1), 422, "Row 1 is not an object"},
		"LargeRow":  {strings.Replace(whole, `"name":"P"`, `"name":"`+strings.Repeat("x", 3<<20)+`"`, 1), 413, "larger than 1 MB"},
	} {
		if got := p.bringFile("", tt.body); got.Status != tt.status || !strings.Contains(got.Body, tt.says) {
			t.Errorf("%s: got %d %s", name, got.Status, got.Body)
		}
		doc := parsed(t, upload(t, p.admin, "/admin/import", "file", []byte(tt.body)), http.StatusUnprocessableEntity)
		if !strings.Contains(doc.Find(".field-error").Text(), tt.says) {
			t.Errorf("%s: the form says %q", name, doc.Find(".field-error").Text())
		}
	}
	if after := p.count(`select (select count(*) from program_imports) * 1000000 + (select count(*) from program_import_rows)`); after != before {
		t.Errorf("something stays: %d, %d before", after, before)
	}
	if got := p.Call(p.key, "POST", "/api/v1/import", whole, "Content-Type", "text/plain"); got.Status != http.StatusUnsupportedMediaType {
		t.Errorf("as text: %d", got.Status)
	}
	if got := p.bringFile("?dry_run=maybe", whole); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a dry run, maybe: %d", got.Status)
	}
	if got := p.admin.Post("/admin/import", url.Values{"file": {whole}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a form without a file: %d", got.Status)
	}
}
