package platform_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

// change takes a step on a program, as the console's form does.
func (m *multi) change(v *testkit.Visitor, slug, to string) testkit.Answer {
	m.t.Helper()
	return v.Post("/platform/tenants/"+m.idOf(slug)+"/status", url.Values{"to": {to}, "reason": {"Invoice 4711"}})
}

// hide takes out of an answer what names the request and the slug that was asked for.
func hide(a testkit.Answer, slug string) string {
	return strings.ReplaceAll(strings.ReplaceAll(a.Body, a.Header.Get("X-Request-Id"), ""), slug, "")
}

func TestConsole_Suspend(t *testing.T) {
	t.Parallel()
	m := startNew(t, "OPENPARTNER_SCHEDULER_INTERVAL=100ms")
	acme := m.open("acme")
	staff := m.staff("admin")
	api := func(path string) testkit.Answer { return m.Call(acme.key, http.MethodGet, "/t/acme/api/v1"+path, nil) }
	surfaces := map[string]func(slug string) testkit.Answer{
		"a page of an admin": func(slug string) testkit.Answer { return acme.admin.Get("/t/" + slug + "/admin") },
		"a form": func(slug string) testkit.Answer {
			return acme.admin.Post("/t/"+slug+"/admin/partners", url.Values{"name": {"x"}})
		},
		"sign-in": func(slug string) testkit.Answer { return m.Visitor().Get("/t/" + slug + "/signin") },
		"a click": func(slug string) testkit.Answer { return m.Call("", http.MethodGet, "/t/"+slug+"/r/some", nil) },
		"the API": func(slug string) testkit.Answer {
			return m.Call(acme.key, http.MethodGet, "/t/"+slug+"/api/v1/partners", nil)
		},
		"identify": func(slug string) testkit.Answer {
			return m.Call("", http.MethodPost, "/t/"+slug+"/api/v1/identify", object{"cref": uuid.NewString(), "user_id": "u"})
		},
	}
	wantStatus(t, "before", api("/whoami"), http.StatusOK)
	for to, word := range map[string]string{"suspend": "suspended", "cancel": "cancelled"} {
		if got := m.change(staff, "acme", to); got.Status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s", to, got.Status, got.Body)
		}
		for what, ask := range surfaces {
			closed, unknown := ask("acme"), ask("nobody")
			if closed.Status != http.StatusNotFound || unknown.Status != http.StatusNotFound || hide(closed, "acme") != hide(unknown, "nobody") {
				t.Errorf("%s, %s: %d, an unknown one %d, or another answer\n%s\n%s", word, what, closed.Status, unknown.Status, closed.Body, unknown.Body)
			}
		}
		says(t, staff.Get("/platform/tenants/"+m.idOf("acme")), strings.ToUpper(word[:1])+word[1:], "Invoice 4711")
		if got := m.change(staff, "acme", to); got.Status != http.StatusConflict {
			t.Errorf("%s again: %d", to, got.Status)
		}
		m.change(staff, "acme", "resume")
		wantStatus(t, "open again", api("/whoami"), http.StatusOK)
	}
	t.Run("ItsAdminsSeeWho", func(t *testing.T) {
		var actions []string
		m.DB.Read(t, &actions, `select action from audit_log where tenant_id = ? and actor_kind = 'platform_admin' order by id`, m.idOf("acme"))
		slices.Sort(actions)
		if want := []string{"tenant.cancelled", "tenant.resumed", "tenant.resumed", "tenant.suspended"}; !slices.Equal(actions, want) {
			t.Errorf("got %v", actions)
		}
	})
	t.Run("JobsWait", func(t *testing.T) {
		m.change(staff, "acme", "suspend")
		job := uuid.NewString()
		m.DB.AsOwner(t, `insert into platform.jobs (id, tenant_id, kind, args) values ($1, $2, 'signin.requested', '{"email":"acme@example.com"}')`, job, m.idOf("acme"))
		// The worker that takes this later job has looked past the earlier one.
		m.DB.AsOwner(t, `insert into platform.jobs (id, kind, args) values ($1, 'signin.everywhere', '{"email":"nobody@example.com"}')`, uuid.NewString())
		m.Await(`"kind":"signin.everywhere"`)
		var status string
		m.DB.Read(t, &status, `select status from platform.jobs where id = ?`, job)
		if status != "pending" {
			t.Errorf("the job is %s", status)
		}
		m.change(staff, "acme", "resume")
		m.MailedToken("/t/acme/auth/verify", 2)
	})
}

// says fails for every text that is not in the page.
func says(t *testing.T, got testkit.Answer, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if got.Status != http.StatusOK || !strings.Contains(got.Body, text) {
			t.Errorf("%d, no %q in\n%s", got.Status, text, got.Body)
		}
	}
}

func TestConsole_Roles(t *testing.T) {
	t.Parallel()
	m := start(t)
	acme := m.open("acme")
	admin, support, stranger := m.staff("admin"), m.staff("support"), m.Visitor()
	id := m.idOf("acme")
	var anyStaff string
	m.DB.Read(t, &anyStaff, `select id from platform.platform_admins where role = 'support'`)
	for _, r := range testkit.MultiRoutes(t) {
		if r.Auth != "session" || !strings.HasPrefix(r.Path, "/platform/") {
			continue
		}
		ids := map[bool]string{true: anyStaff, false: id}
		path := r.Fill(func(string) string { return ids[strings.Contains(r.Path, "/staff/")] })
		ask := func(v *testkit.Visitor) testkit.Answer {
			if r.Method == http.MethodGet {
				return v.Get(path + "?to=suspend")
			}
			return v.Post(path, url.Values{"to": {"nothing"}}) // wrong, so that nothing happens
		}
		for who, v := range map[string]*testkit.Visitor{"nobody": stranger, "a program's admin": acme.admin} {
			if got := ask(v); got.Status != http.StatusSeeOther || !strings.HasPrefix(got.Header.Get("Location"), "/platform/signin") {
				t.Errorf("%s as %s: %d", r, who, got.Status)
			}
		}
		got := ask(support)
		if want := r.Role == "platform"; want != (got.Status == http.StatusForbidden) {
			t.Errorf("%s as support: %d", r, got.Status)
		}
		if strings.HasSuffix(r.Path, "/revocation") && r.Method == http.MethodPost {
			continue // has no wrong form
		}
		if got := ask(admin); got.Status == http.StatusForbidden || got.Status >= http.StatusInternalServerError {
			t.Errorf("%s as admin: %d", r, got.Status)
		}
	}
	t.Run("NotInsideAProgram", func(t *testing.T) {
		if got := admin.Get("/t/acme/admin"); got.Status != http.StatusSeeOther {
			t.Errorf("staff in a program's pages: %d", got.Status)
		}
	})
	t.Run("RevokedIsOut", func(t *testing.T) {
		wantStatus(t, "support", support.Get("/platform/tenants"), http.StatusOK)
		if got := admin.Post("/platform/staff/"+anyStaff+"/revocation", nil); got.Status != http.StatusSeeOther {
			t.Fatalf("revoke: %d\n%s", got.Status, got.Body)
		}
		if got := support.Get("/platform/tenants"); got.Status != http.StatusSeeOther {
			t.Errorf("revoked staff: %d", got.Status)
		}
		var me string
		m.DB.Read(t, &me, `select id from platform.platform_admins where role = 'admin'`)
		if got := admin.Post("/platform/staff/"+me+"/revocation", nil); got.Status != http.StatusConflict {
			t.Errorf("the last admin revokes themselves: %d", got.Status)
		}
	})
	t.Run("TheirOwnDoor", func(t *testing.T) {
		v := m.Visitor()
		v.Post("/platform/signin", url.Values{"email": {"support@operator.example"}}) // revoked: no mail
		v.Post("/platform/signin", url.Values{"email": {"admin@operator.example"}})
		m.enter(v, "/platform/auth/verify", 1)
		wantStatus(t, "the console", v.Get("/platform/tenants"), http.StatusOK)
		v.Cookie(t, "op_platform")
		if got := v.Post("/platform/signout", nil); got.Status != http.StatusSeeOther {
			t.Errorf("sign out: %d", got.Status)
		}
		if got := v.Get("/platform/tenants"); got.Status != http.StatusSeeOther {
			t.Errorf("after signing out: %d", got.Status)
		}
	})
}

// Staff look into a program only after they said why, and its admins see that they did.
func TestConsole_Visit(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.open("acme")
	m.open("bolt")
	support := m.staff("support")
	inside := "/platform/tenants/" + m.idOf("acme") + "/inside"
	if got := support.Get(inside); got.Status != http.StatusSeeOther {
		t.Errorf("without a reason: %d", got.Status)
	}
	visits := "/platform/tenants/" + m.idOf("acme") + "/visits"
	if got := support.Post(visits, url.Values{"reason": {" "}}); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("an empty reason: %d", got.Status)
	}
	if got := support.Post(visits, url.Values{"reason": {"Ticket 4711"}}); got.Status != http.StatusSeeOther {
		t.Fatalf("visit: %d\n%s", got.Status, got.Body)
	}
	got := support.Get(inside)
	says(t, got, "acme@example.com", "program.signed_up")
	if strings.Contains(got.Body, "bolt@example.com") {
		t.Error("it shows another program's people")
	}
	if got := support.Get(strings.Replace(inside, m.idOf("acme"), m.idOf("bolt"), 1)); got.Status != http.StatusSeeOther {
		t.Errorf("another program: %d", got.Status)
	}
	var reason string
	m.DB.Read(t, &reason, `select detail->>'reason' from audit_log where tenant_id = ? and action = 'tenant.opened'`, m.idOf("acme"))
	if reason != "Ticket 4711" {
		t.Errorf("the program's log says %q", reason)
	}
	m.DB.AsOwner(t, `update platform.audit_log set created_at = now() - interval '31 minutes'`)
	if got := support.Get(inside); got.Status != http.StatusSeeOther {
		t.Errorf("after the visit: %d", got.Status)
	}
}

// deleteNow has the daily job run once more.
func (m *multi) deleteNow() {
	m.t.Helper()
	m.DB.AsOwner(m.t, `insert into platform.jobs (id, kind, args) values ($1, 'tenants.delete', '{}')`, uuid.NewString())
	m.AwaitAll(`"kind":"tenants.delete"`, 2) // one ran at the start
}

// What is cancelled goes after 30 days, with everything it has; nothing of anybody else's does.
func TestDeletion(t *testing.T) {
	t.Parallel()
	m := startNew(t, "OPENPARTNER_SCHEDULER_INTERVAL=100ms")
	staff := m.staff("admin")
	for _, slug := range []string{"acme", "bolt", "calm"} {
		m.trade(m.open(slug))
		m.reset()
	}
	for _, slug := range []string{"acme", "calm"} {
		m.change(staff, slug, "cancel")
	}
	gone := m.idOf("acme")
	m.DB.AsOwner(t, `update platform.tenants set cancelled_at = now() - interval '31 days' where slug = 'acme'`)
	m.DB.AsOwner(t, `update platform.tenants set cancelled_at = now() - interval '29 days' where slug = 'calm'`)
	if got := m.change(staff, "acme", "resume"); got.Status != http.StatusConflict {
		t.Errorf("resumed after the grace: %d", got.Status)
	}
	before := map[string]map[string]string{"bolt": m.prints("bolt"), "calm": m.prints("calm")}
	m.deleteNow()
	for table, print := range m.printsOf(gone) {
		if !strings.HasPrefix(print, "0 rows") {
			t.Errorf("%s has rows of the deleted program: %s", table, print)
		}
	}
	for slug, prints := range before {
		if after := m.prints(slug); !maps.Equal(prints, after) {
			t.Errorf("%s changed:\n%v\n%v", slug, prints, after)
		}
	}
	if got := m.change(staff, "calm", "resume"); got.Status != http.StatusSeeOther {
		t.Errorf("resume within the grace: %d\n%s", got.Status, got.Body)
	}
	m.Command("verify-ledger")
	says(t, staff.Get("/platform/audit"), "deleted the program")
	m.reset()
	wantStatus(t, "the slug is free", m.signUp("acme", "new@example.com"), http.StatusCreated)
}

// The log and the ledger of a program that stands are deleted by nobody.
func TestDeletion_OnlyOfWhatIsClosed(t *testing.T) {
	t.Parallel()
	m := start(t)
	m.trade(m.open("acme"))
	for _, table := range []string{"commissions", "events", "audit_log"} {
		if err := m.DB.Try(t, `delete from `+table+` where tenant_id = ?`, m.idOf("acme")); err == nil || !strings.Contains(err.Error(), "never deleted") {
			t.Errorf("%s: %v", table, err)
		}
	}
}

// trade gives a program something of what it deals with: a sale that a partner earns from, and its
// refund.
func (m *multi) trade(p opened) {
	m.t.Helper()
	post := func(path string, body object) (made struct{ ID string }) {
		got := m.Call(p.key, http.MethodPost, "/t/"+p.slug+"/api/v1"+path, body)
		if got.Status >= http.StatusBadRequest {
			m.t.Fatalf("%s: %d %s", path, got.Status, got.Body)
		}
		got.JSON(m.t, &made)
		return made
	}
	campaign := post("/campaigns", object{"name": "c", "destination_url": "https://example.com/", "rules": []object{{"kind": "percent", "rate": "20"}}})
	partner := post("/partners", object{"email": "p@example.com", "name": "p", "send_invite": false, "campaign_ids": []string{campaign.ID}})
	post("/partners/"+partner.ID+"/links", object{"key": "key", "campaign_id": campaign.ID})
	post("/coupons", object{"code": "TEN", "partner_id": partner.ID, "campaign_id": campaign.ID})
	clicked := m.Call("", http.MethodGet, "/t/"+p.slug+"/r/key", nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, _ := strings.Cut(clicked.Header.Get("Location"), "cref=")
	post("/events", object{"user_id": "u", "type": "sale", "amount": 1000, "currency": "USD", "external_id": "1", "cref": cref})
	post("/events", object{"user_id": "u", "type": "refund", "amount": 100, "currency": "USD", "external_id": "2", "reverses": "1"})
	p.admin.Post("/t/"+p.slug+"/admin/settings/program", url.Values{"name": {"The " + p.slug}, "terms": {"Be kind."}})
}

func (m *multi) prints(slug string) map[string]string { return m.printsOf(m.idOf(slug)) }

// printsOf changes when any row of the program does.
func (m *multi) printsOf(id string) map[string]string {
	m.t.Helper()
	var tables []string
	m.DB.Read(m.t, &tables, `select schemaname || '.' || tablename from pg_policies where policyname = 'tenant_isolation' and tablename <> 'tenants'`)
	prints := map[string]string{}
	for _, table := range tables {
		var sum string
		m.DB.Read(m.t, &sum, `select count(*) || ' rows ' || coalesce(md5(string_agg(r::text, e'\n' order by r::text)), '') from `+table+` r where tenant_id = ?`, id)
		prints[table] = sum
	}
	return prints
}

// The last admin of the platform does not become support, whoever types it in.
func TestStaff_LastAdminStays(t *testing.T) {
	t.Parallel()
	m := start(t)
	admin := m.staff("admin")
	demote := url.Values{"email": {"admin@operator.example"}, "name": {"Olga"}, "role": {"support"}}
	wantStatus(t, "demote the last admin", admin.Post("/platform/staff", demote), http.StatusConflict)
	wantStatus(t, "rename the last admin", admin.Post("/platform/staff", url.Values{"email": {"admin@operator.example"}, "name": {"Olga"}, "role": {"admin"}}), http.StatusSeeOther)
	wantStatus(t, "add another", admin.Post("/platform/staff", url.Values{"email": {"b@operator.example"}, "name": {"Bob"}, "role": {"admin"}}), http.StatusSeeOther)
	wantStatus(t, "demote one of two", admin.Post("/platform/staff", demote), http.StatusSeeOther)
	wantStatus(t, "act as support", admin.Get("/platform/staff/new"), http.StatusForbidden)
}

// Two of the staff who revoke each other at once: one goes, one stays, neither waits for ever.
func TestStaff_RevokeEachOther(t *testing.T) {
	t.Parallel()
	m := start(t)
	ids := map[string]string{}
	people := map[string]*testkit.Visitor{"ada": nil, "bob": nil}
	for name := range people {
		link, err := url.Parse(m.Command("create-platform-admin", "--email", name+"@operator.example", "--name", name))
		if err != nil {
			t.Fatal(err)
		}
		v := m.Visitor()
		v.Post("/platform/auth/verify", url.Values{"token": {link.Query().Get("token")}})
		people[name] = v
		var id string
		m.DB.Read(t, &id, `select id from platform.platform_admins where name = ?`, name)
		ids[name] = id
	}
	var both sync.WaitGroup
	both.Go(func() { people["ada"].Post("/platform/staff/"+ids["bob"]+"/revocation", nil) })
	both.Go(func() { people["bob"].Post("/platform/staff/"+ids["ada"]+"/revocation", nil) })
	both.Wait()
	var left int
	m.DB.Read(t, &left, `select count(*) from platform.platform_admins where revoked_at is null`)
	if left != 1 {
		t.Errorf("%d are left", left)
	}
}
