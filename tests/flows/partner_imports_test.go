package flows_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/tests/testkit"
)

// count asks the database, whoever's rows they are.
func (p *program) count(query string) (n int) {
	p.t.Helper()
	err := p.DB.System.InTx(context.Background(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(query).Scan(ctx, &n)
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// imported waits until no list has a row left to add.
func (p *program) imported() {
	p.t.Helper()
	p.DB.Await(p.t, `select not exists (select from partner_import_rows where outcome = 'waiting')`)
}

func TestPartnerImports(t *testing.T) {
	t.Parallel()
	p := start(t)
	campaign := p.promotion("Summer")
	p.partner("Zoe")
	list := "\ufeffEmail;Name;Country;Campaigns\n" +
		"maya@example.com;Maya;se;Summer\n" +
		"zoe@example.com;Zoe;;\n" +
		"broken;Nobody;;\n" +
		"bo@example.com;Bo;;Autumn\n" +
		"MAYA@example.com;Maya again;;\n"
	list = strings.ReplaceAll(list, ";se;", ";SE;")
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		for name, text := range map[string]string{"Empty": "", "NoHead": "maya@example.com,Maya\n", "NoName": "email\nx@example.com\n", "Quote": "email,name\n\"x,y\n", "HeadAlone": "email,name\n"} {
			if _, fields := refused(t, v, v.Post("/admin/partners/import", url.Values{"text": {text}})); len(fields) != 1 || fields[0] != "text" {
				t.Errorf("%s: marked %v", name, fields)
			}
		}
		before := p.count(`select (select count(*) from partners) + (select count(*) from partner_imports) + (select count(*) from audit_log)`)
		doc := parsed(t, v.Post("/admin/partners/import", url.Values{"text": {list}, "send_invite": {"false"}}), http.StatusOK)
		if after := p.count(`select (select count(*) from partners) + (select count(*) from partner_imports) + (select count(*) from audit_log)`); after != before {
			t.Errorf("the dry run wrote %d rows", after-before)
		}
		says(t, doc, "There is no campaign called Autumn.", "The same address as in line 2.", "There is a partner with this address already.", "This is not an e-mail address")
		if got := doc.Find("tbody tr").Length(); got != 5 {
			t.Errorf("%d rows are shown", got)
		}
	})
	to := led(t, p.admin, p.admin.Post("/admin/partner-imports", url.Values{"text": {list}, "send_invite": {"false"}}))
	p.imported()
	says(t, page(t, p.admin, to), "1 partner added, 1 known before, 3 refused.")
	one := p.found("maya@example.com")
	if one["status"] != "active" || one["source"] != "import" || one["country"] != "SE" {
		t.Errorf("got %v", one)
	}
	if granted := p.api("GET", "/partners/"+idOf(one), nil)["campaign_ids"]; fmt.Sprint(granted) != "["+campaign+"]" {
		t.Errorf("granted %v", granted)
	}
	file := p.admin.Get(to + "/rows.csv")
	if lines := strings.Split(strings.TrimSpace(file.Body), "\r\n"); len(lines) != 6 || !strings.HasPrefix(lines[1], "2,maya@example.com,Maya,added,,") {
		t.Errorf("the file: %s", file.Body)
	}
	if got := p.viewer().Post("/admin/partner-imports", url.Values{"text": {list}}); got.Status != http.StatusForbidden {
		t.Errorf("a viewer: %d", got.Status)
	}
}

// TestPartnerImports_Many imports a long list twice, the second time cut off in between.
func TestPartnerImports_Many(t *testing.T) {
	t.Parallel()
	p := start(t)
	const rows = 600
	var list strings.Builder
	list.WriteString("email,name\n")
	for i := range rows {
		if i%100 == 0 {
			list.WriteString("nothing,Wrong\n")
		}
		fmt.Fprintf(&list, "creator%d@example.com,Creator %d\n", i, i)
	}
	form := url.Values{"text": {list.String()}, "send_invite": {"false"}}
	to := led(t, p.admin, p.admin.Post("/admin/partner-imports", form))
	p.imported()
	says(t, page(t, p.admin, to), "600 partners added, 0 known before, 6 refused.")

	// As after a crash: half of the rows wait again although their partners are there.
	id := to[strings.LastIndex(to, "/")+1:]
	p.DB.AsOwner(t, `update partner_import_rows set outcome = 'waiting' where import_id = $1 and line % 2 = 0 and outcome = 'added'`, id)
	p.DB.AsOwner(t, `insert into platform.jobs (id, tenant_id, kind, key, args, status, run_at, max_attempts)
		select gen_random_uuid(), tenant_id, kind, key, args, 'pending', now(), 12 from platform.jobs where kind = 'partners.import'`)
	led(t, p.admin, p.admin.Post("/admin/partner-imports", url.Values{"text": {"email,name\nlast@example.com,Last\n"}, "send_invite": {"false"}}))
	p.imported()
	if n := p.count(`select count(*) from partners`); n != rows+1 {
		t.Errorf("%d partners", n)
	}
	if n := p.count(`select count(*) from audit_log where action = 'partner.created'`); n != rows+1 {
		t.Errorf("%d were told of", n)
	}
}
