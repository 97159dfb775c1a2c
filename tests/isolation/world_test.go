// Package isolation_test holds two programs in one database and shows that neither can see,
// reach or change the other's rows: not by SQL, not by the API, not by pages.
package isolation_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

// object is any JSON object.
type object = map[string]any

// secret stands in the names of all that the other program has.
const secret = "topsecret"

// world is one running program with two tenants: ours, and another whose rows are not ours.
type world struct {
	*testkit.App

	ours, other *tenant
	tables      []table
}

// tenant is one program on the deployment, with something of everything.
type tenant struct {
	tenancy.Tenant

	world      *world
	prefix     string // of its paths
	adminKey   string
	partnerKey string
	admin      *testkit.Visitor // signed in, as is the partner
	partner    *testkit.Visitor
	campaign   string
	cref       string
}

// table is a tenant table and the column that names the tenant.
type table struct{ name, tenant string }

func start(t *testing.T, pooled bool) *world {
	t.Helper()
	w := &world{}
	if pooled {
		w.App = testkit.StartPooled(t, 2, "OPENPARTNER_TENANCY=multi")
	} else {
		w.App = testkit.Start(t, "OPENPARTNER_TENANCY=multi")
	}
	id := uuid.MustParse("00000000-0000-7000-8000-0000000000b0")
	w.DB.AsOwner(t, `insert into platform.tenants (id, slug, display_name) values ($1, 'other', $2)`, id, secret+" program")
	w.ours = w.fill(t, tenancy.Tenant{ID: tenancy.DefaultID(), Slug: tenancy.DefaultSlug}, "ours")
	w.other = w.fill(t, tenancy.Tenant{ID: id, Slug: "other"}, secret)
	w.tables = w.tenantTables(t)
	return w
}

// fill gives a program rows in every table, as the product writes them.
func (w *world) fill(t *testing.T, at tenancy.Tenant, word string) *tenant {
	t.Helper()
	p := &tenant{Tenant: at, world: w, prefix: "/t/" + at.Slug}
	p.found(t, word)
	label := word
	if word == secret {
		label += " " + canary
	}
	p.campaign = p.post(t, "/campaigns", object{"name": label, "destination_url": "https://" + word + ".example.com/", "rules": []object{{"kind": "percent", "rate": "20"}}})
	partner := p.post(t, "/partners", object{"email": word + "@example.com", "name": label, "send_invite": false, "campaign_ids": []string{p.campaign}})
	p.post(t, "/partners/"+partner+"/links", object{"key": word, "campaign_id": p.campaign})
	p.post(t, "/coupons", object{"code": word, "partner_id": partner, "campaign_id": p.campaign})
	id := uuid.MustParse(partner)
	p.partnerKey = p.createKey(t, auth.APIKeyInput{Name: word, Kind: "partner", PartnerID: &id})
	p.partner = p.signIn(t, auth.MagicLink{PrincipalKind: auth.Partner, PrincipalID: id, Email: word + "@example.com"})
	p.call(t, p.adminKey, http.MethodPut, "/config/program", object{"website": "https://" + word + ".example.com/"})

	clicked := w.Call("", http.MethodGet, p.prefix+"/r/"+word, nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, p.cref, _ = strings.Cut(clicked.Header.Get("Location"), "cref=")
	p.call(t, p.adminKey, http.MethodPost, "/identify", object{"cref": p.cref, "user_id": word})
	p.call(t, p.adminKey, http.MethodPost, "/events", object{"user_id": word, "type": "sale", "amount": 1000, "currency": "USD", "external_id": word}, "Idempotency-Key", word)
	p.post(t, "/commissions/adjustments", object{"partner_id": partner, "amount": 500, "currency": "USD", "note": label})
	p.call(t, p.adminKey, http.MethodPost, "/payouts/runs", object{})
	p.rest(t, word, partner, p.post(t, "/webhooks", object{"url": "https://" + word + ".example.com/hooks", "events": []string{"payout.paid"}}))
	// What a program pays is the system role's to write.
	w.DB.AsOwner(t, `insert into billing_accounts (tenant_id, status, checkout_session, created_at) values ($1, 'past_due', $2, now())`, p.ID, word)
	w.DB.AsOwner(t, `insert into usage_reports (tenant_id, id, period_start, period_end, currency, amount, carried_in, value, carried_out, status, reason, last_error, created_at)
		values ($1, $2, '2026-01-01', '2026-01-02', 'USD', 100, 0, 0, 0, 'skipped', 'no_subscription', $3, now())`, p.ID, uuid.New(), word)
	p.do(t, func(ctx context.Context) error { // far in the future, so that nobody runs it
		return outbox.Add(ctx, outbox.Job{Kind: word, Args: object{}, RunAt: time.Now().AddDate(50, 0, 0)})
	})
	return p
}

// rest writes what a job would take away at once, or what takes a whole form to make.
func (p *tenant) rest(t *testing.T, word, partner, hook string) {
	t.Helper()
	p.do(t, func(ctx context.Context) error {
		id := uuid.New()
		for _, statement := range []struct {
			text string
			args []any
		}{
			{`insert into partner_applications (tenant_id, id, email, name, profile, created_at) values (?, ?, ?, ?, '{}', now())`, []any{p.ID, id, word + "-new@example.com", word}},
			{`insert into assets (tenant_id, kind, content_type, bytes, created_at) values (?, 'logo', 'image/png', ?, now())`, []any{p.ID, []byte(word)}},
			{`insert into partner_imports (tenant_id, id, send_invite, total, job_id, created_at) values (?, ?, true, 1, ?, now())`, []any{p.ID, id, uuid.New()}},
			{`insert into partner_import_rows (tenant_id, import_id, line, email, name, outcome, partner_id) values (?, ?, 2, ?, ?, 'added', ?)`, []any{p.ID, id, word + "@example.com", word, partner}},
			{`insert into program_imports (tenant_id, id, program, exported_at, job_id, created_at) values (?, ?, jsonb_build_object('display_name', ?::text), now(), ?, now())`, []any{p.ID, id, word, uuid.New()}},
			{`insert into program_import_rows (tenant_id, import_id, table_name, position, content, outcome, reason) values (?, ?, 'partners', 1, jsonb_build_object('email', ?::text), 'refused', ?)`, []any{p.ID, id, word + "@example.com", word}},
			{`insert into network_memberships (tenant_id, state, display_name, contact_email, last_error) values (?, 'failed', ?, ?, ?)`, []any{p.ID, word, word + "@example.com", word}},
			{`insert into network_outbox (tenant_id, id, partner_id, op, sequence, status, next_attempt_at, last_error, created_at) values (?, ?, ?, 'partner_upsert', 1, 'dead', now(), ?, now())`, []any{p.ID, id, partner, word}},
			{`insert into network_approvals (tenant_id, request_id, offering_id, campaign_id, creator_email, partner_id, created_at) values (?, ?, ?, ?, ?, ?, now())`, []any{p.ID, word, word, p.campaign, word + "@example.com", partner}},
			{`insert into webhook_deliveries (tenant_id, id, endpoint_id, message_id, event_type, payload, status, created_at) values (?, ?, ?, ?, 'payout.paid', '{}', 'dead', now())`, []any{p.ID, id, hook, word}},
			{`insert into platform.stripe_events (id, endpoint, stripe_event_id, type, livemode, tenant_id, payload, refs, status, occurred_at, created_at) values (?, 'tenant', ?, 'invoice.paid', false, ?, ?, array[?], 'processed', now(), now())`, []any{id, word, p.ID, word, word}},
			{`insert into event_refs (tenant_id, kind, ref, event_id, created_at) select tenant_id, 'invoice', ?, id, now() from events limit 1`, []any{word}},
			{`insert into stripe_refunds (tenant_id, ref, kind, event_id, amount, created_at) select tenant_id, ?, 'refund', id, 100, now() from events limit 1`, []any{word}},
			{`insert into stripe_customers (tenant_id, customer, user_id, rank, told_at, created_at) values (?, ?, ?, 2, now(), now())`, []any{p.ID, word, word}},
		} {
			if _, err := db.Tx(ctx).NewRaw(statement.text, statement.args...).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// found makes the first admin, with a key and a browser.
func (p *tenant) found(t *testing.T, word string) {
	t.Helper()
	var admin auth.Admin
	p.do(t, func(ctx context.Context) (err error) {
		admin, err = auth.NewAdmins(time.Now).Found(ctx, auth.AdminInput{Email: word + "-admin@example.com", Name: word})
		return err
	})
	p.adminKey = p.createKey(t, auth.APIKeyInput{Name: word, Kind: "admin"})
	p.admin = p.signIn(t, auth.MagicLink{PrincipalKind: auth.AdminKind, PrincipalID: admin.ID, Email: admin.Email})
}

// signIn opens a browser in which somebody is signed in.
func (p *tenant) signIn(t *testing.T, link auth.MagicLink) *testkit.Visitor {
	t.Helper()
	link.Purpose = auth.PurposeSignIn
	var token string
	p.do(t, func(ctx context.Context) (err error) {
		token, err = auth.NewMagicLinks(time.Now).Mint(ctx, link)
		return err
	})
	v := p.world.Visitor()
	if got := v.Post(p.prefix+"/auth/verify", url.Values{"token": {token}}); got.Status != http.StatusSeeOther {
		t.Fatalf("sign in: %d\n%s", got.Status, got.Body)
	}
	return v
}

func (p *tenant) createKey(t *testing.T, in auth.APIKeyInput) (plain string) {
	t.Helper()
	p.do(t, func(ctx context.Context) (err error) {
		_, plain, err = auth.NewAPIKeys(time.Now).Create(ctx, in)
		return err
	})
	return plain
}

// do works on the program's rows as an admin of it.
func (p *tenant) do(t *testing.T, work func(ctx context.Context) error) {
	t.Helper()
	if err := tenancy.Run(testkit.AsAdmin(t.Context()), p.world.DB.App, p.Tenant, work); err != nil {
		t.Fatal(err)
	}
}

// call sends a request to the program's API and expects a success.
func (p *tenant) call(t *testing.T, key, method, path string, body any, header ...string) testkit.Answer {
	t.Helper()
	got := p.world.Call(key, method, p.prefix+"/api/v1"+path, body, header...)
	if got.Status >= http.StatusBadRequest {
		t.Fatalf("%s %s: %d\n%s", method, path, got.Status, got.Body)
	}
	return got
}

// post makes something and gives its id.
func (p *tenant) post(t *testing.T, path string, body any) string {
	t.Helper()
	var made struct{ ID string }
	p.call(t, p.adminKey, http.MethodPost, path, body).JSON(t, &made)
	return made.ID
}

// platform asks as the system role, which sees all tenants when it says so.
func (w *world) platform(t *testing.T, into any, query string, args ...any) {
	t.Helper()
	err := w.DB.System.InTx(t.Context(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(query, args...).Scan(ctx, into)
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// tenantTables reads them from the catalog: those with a policy.
func (w *world) tenantTables(t *testing.T) []table {
	t.Helper()
	var names []string
	w.platform(t, &names, `select schemaname || '.' || tablename from pg_policies where policyname = 'tenant_isolation' order by 1`)
	if len(names) < 15 {
		t.Fatalf("only %d tenant tables: %v", len(names), names)
	}
	var tables []table
	for _, name := range names {
		column := "tenant_id"
		if name == "platform.tenants" {
			column = "id"
		}
		tables = append(tables, table{name, column})
	}
	for _, p := range []*tenant{w.ours, w.other} {
		for _, x := range tables {
			var n int
			w.platform(t, &n, fmt.Sprintf(`select count(*) from %s where %s = ?`, x.name, x.tenant), p.ID)
			if n == 0 {
				t.Errorf("%s has no row of %q: have fill write one", x.name, p.Slug)
			}
		}
	}
	return tables
}

// fingerprint changes when any row of the program does.
func (w *world) fingerprint(t *testing.T, p *tenant) map[string]string {
	t.Helper()
	prints := map[string]string{}
	for _, x := range w.tables {
		var sum string
		w.platform(t, &sum, fmt.Sprintf(`select count(*) || ' rows, ' || md5(string_agg(r::text, e'\n' order by r::text)) from %s r where %s = ?`, x.name, x.tenant), p.ID)
		prints[x.name] = sum
	}
	return prints
}

// ids are the program's, by the table that they stand in.
func (w *world) ids(t *testing.T, p *tenant) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, x := range w.tables {
		var some []string
		w.platform(t, &some, `select format('select id from %s where %I = %L limit 1', ?0::regclass, ?1::text, ?2::uuid)
			from pg_attribute where attrelid = ?0::regclass and attname = 'id'`, x.name, x.tenant, p.ID)
		if len(some) == 1 {
			var id string
			w.platform(t, &id, some[0])
			ids[strings.TrimPrefix(strings.TrimPrefix(x.name, "public."), "platform.")] = id
		}
	}
	var user string // of the merchant: no table of ours, but a name in paths
	w.platform(t, &user, `select user_id from events where tenant_id = ? limit 1`, p.ID)
	ids["users"] = user
	ids["imports"] = ids["program_imports"]
	ids["export"] = "sessions.csv" // no id, but a name that paths take: of a table that nobody gets
	return ids
}
