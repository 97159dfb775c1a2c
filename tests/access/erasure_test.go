package access_test

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/tests/testkit"
)

// shop is a program in which people did things whose traces must go.
type shop struct {
	*testkit.App

	key, campaign, partner string
}

func openShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{App: testkit.Borrow(t)}
	s.key = s.Key()
	s.campaign = idOf(made(t, s.App, s.key, "/campaigns", object{
		"name": "Summer", "destination_url": "https://shop.example.com/", "rules": []object{{"kind": "percent", "rate": "20"}},
	}))
	s.partner = idOf(made(t, s.App, s.key, "/partners", object{
		"email": "zoe@example.com", "name": "Zoe Maria", "campaign_ids": []string{s.campaign},
		"profile": object{"company": "Zoeworks", "website": "https://zoe.example.org", "bio": "Zoeography", "answers": object{"why": "Zoefulness"}},
	}))
	s.Await("--- mail to zoe@example.com")
	made(t, s.App, s.key, "/partners/"+s.partner+"/links", object{"key": "tea", "campaign_id": s.campaign})
	return s
}

// buy has a customer come through the link and buy something.
func (s *shop) buy(t *testing.T, user string) (event string) {
	t.Helper()
	got := s.Call("", http.MethodGet, "/r/tea?sub1=mystery&utm_source=riddle", nil, "User-Agent", "Mozilla/5.0 Firefox/140.0 "+user, "Referer", "https://enigma.example/")
	_, cref, _ := strings.Cut(got.Header.Get("Location"), "cref=")
	cref, _, _ = strings.Cut(cref, "&")
	made(t, s.App, s.key, "/identify", object{"cref": cref, "user_id": user})
	return idOf(made(t, s.App, s.key, "/events", object{
		"user_id": user, "type": "sale", "amount": 1000, "currency": "USD", "external_id": "order-" + strconv.Itoa(len(user)),
		"email": "puzzle@example.com", "metadata": object{"phone": "conundrum"},
	}))
}

// traces counts the rows of all tables in which a text stands, by table.
func traces(t *testing.T, a *testkit.App, text string) map[string]int {
	t.Helper()
	found := map[string]int{}
	err := a.DB.System.InTx(t.Context(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		var tables []string
		err := db.Tx(ctx).NewRaw(`select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('public', 'platform')`).Scan(ctx, &tables)
		if err != nil {
			return err
		}
		for _, table := range tables {
			var n int
			if err := db.Tx(ctx).NewRaw(`select count(*) from `+table+` x where position(lower(?) in lower(x::text)) > 0`, text).Scan(ctx, &n); err != nil {
				return err
			}
			if n > 0 {
				found[table] = n
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(found, "public.idempotency_keys") // which live for a day
	return found
}

// ledger is what the money says, without who it was.
func (s *shop) ledger(t *testing.T) string {
	t.Helper()
	var text string
	err := s.DB.System.InTx(t.Context(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`
			select coalesce(string_agg(c::text || d.status || d.trace::text, e'\n' order by c.id), '')
			from commissions c join decisions d on d.tenant_id = c.tenant_id and d.event_id = c.event_id`).Scan(ctx, &text)
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestErase_Partner(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	event := s.buy(t, "u1")
	own := made(t, s.App, s.key, "/api-keys", object{"name": "Zoe's key", "kind": "partner", "partner_id": s.partner})
	zoe := s.Visitor()
	enter(zoe, s.MailedToken("/auth/verify", 1))
	form(s.App, "/signin", url.Values{"email": {"zoe@example.com"}})
	made(t, s.App, s.key, "/commissions/adjustments", object{"partner_id": s.partner, "amount": 500, "currency": "USD", "note": "welcome"})
	before := s.ledger(t)
	for _, word := range []string{"zoe@example.com", "Zoe Maria", "Zoeworks", "Zoeography", "Zoefulness"} {
		if len(traces(t, s.App, word)) == 0 {
			t.Fatalf("%s stands nowhere", word)
		}
	}
	erase := func() object { return made(t, s.App, s.key, "/partners/"+s.partner+"/erase", object{}) }
	first := erase()
	if first["name"] != "Erased partner" || first["status"] != "revoked" || first["email"] != "erased-"+s.partner+"@erased.invalid" {
		t.Errorf("got %v", first)
	}
	if left := traces(t, s.App, "zoe"); len(left) > 0 {
		t.Errorf("the person still stands in %v", left)
	}
	again := erase()
	delete(first, "revoked_at") // which the database keeps in microseconds
	delete(again, "revoked_at")
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("a repeat:\n%s", diff)
	}
	if got := zoe.Get("/partner"); got.Status != http.StatusSeeOther {
		t.Errorf("the session: %d", got.Status)
	}
	if got := s.Call(own["key"].(string), http.MethodGet, "/api/v1/whoami", nil); got.Status != http.StatusUnauthorized {
		t.Errorf("the key: %d", got.Status)
	}
	for _, step := range []string{"reinstate", "invite", "approve"} {
		if got := s.Call(s.key, http.MethodPost, "/api/v1/partners/"+s.partner+"/"+step, object{}); got.Status != http.StatusConflict {
			t.Errorf("%s: %d", step, got.Status)
		}
	}
	if got := s.Call(s.key, http.MethodPatch, "/api/v1/partners/"+s.partner, object{"name": "Zoe"}); got.Status != http.StatusConflict {
		t.Errorf("change: %d", got.Status)
	}
	if after := s.ledger(t); after != before || event == "" {
		t.Errorf("money was\n%s\nand is\n%s", before, after)
	}
	s.Command("verify-ledger")
	made(t, s.App, s.key, "/partners", object{"email": "zoe@example.com", "name": "Zoe Maria"}) // the address is free again
	if got := s.Call(s.Key("partners:write"), http.MethodPost, "/api/v1/partners/"+s.partner+"/erase", object{}); got.Status != http.StatusForbidden {
		t.Errorf("a scoped key erases: %d", got.Status)
	}
}

func TestErase_User(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.buy(t, "labyrinth@example.com")
	s.buy(t, "other")
	made(t, s.App, s.key, "/rederive", object{"user_id": "labyrinth@example.com"})
	before := s.ledger(t)
	others := traces(t, s.App, "other")
	path := "/api/v1/users/" + url.PathEscape("labyrinth@example.com")
	if got := s.Call(s.Key("events:write"), http.MethodDelete, path, nil); got.Status != http.StatusForbidden {
		t.Errorf("a scoped key erases: %d", got.Status)
	}
	if got := s.Call(s.key, http.MethodDelete, path, nil); got.Status != http.StatusNoContent {
		t.Fatalf("got %d %s\n%s", got.Status, got.Body, s.Await(`"level":"ERROR"`))
	}
	if left := traces(t, s.App, "labyrinth"); len(left) > 0 {
		t.Errorf("the user still stands in %v", left)
	}
	for _, word := range []string{"mystery", "riddle", "enigma", "conundrum", "puzzle"} { // of each there were two
		for table, n := range traces(t, s.App, word) {
			if n > 1 {
				t.Errorf("%s still stands in %d rows of %s", word, n, table)
			}
		}
	}
	if got := s.Call(s.key, http.MethodDelete, path, nil); got.Status != http.StatusNotFound {
		t.Errorf("a repeat: %d", got.Status)
	}
	if diff := cmp.Diff(others, traces(t, s.App, "other")); diff != "" {
		t.Errorf("somebody else is touched:\n%s", diff)
	}
	same := func(when string) {
		t.Helper()
		if after := s.ledger(t); after != before {
			t.Errorf("%s money was\n%s\nand is\n%s", when, before, after)
		}
		s.Command("verify-ledger")
	}
	same("after the erasure")
	var job struct {
		JobID  string `json:"job_id"`
		Result struct{ Differences []any }
	}
	s.Call(s.key, http.MethodPost, "/api/v1/rederive", object{}).JSON(t, &job)
	s.Await(`"job_id":"` + job.JobID)
	same("derived anew")
	if got := s.Call(s.key, http.MethodDelete, "/api/v1/users/nobody", nil); got.Status != http.StatusNotFound {
		t.Errorf("nobody: %d", got.Status)
	}
}

// The same from the pages.
func TestErase_Pages(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	event := s.buy(t, "u1")
	admin := s.Admin()
	page := parsed(t, admin.Get("/admin/activity/events/"+event))
	ask := page.Find(`a:contains("Erase this customer")`).AttrOr("href", "")
	question := parsed(t, admin.Get(ask))
	user := question.Find(`main input[name="user_id"]`).AttrOr("value", "")
	if got := admin.Post(question.Find("main form").AttrOr("action", ""), url.Values{"user_id": {user}}); got.Status != http.StatusSeeOther || user != "u1" {
		t.Errorf("%q: %d", user, got.Status)
	}
	again := parsed(t, admin.Get("/admin/activity/events/"+event))
	if again.Find(`a:contains("Erase this customer")`).Length() > 0 || !strings.Contains(again.Text(), "erased-") {
		t.Error("the customer is still there")
	}
	ask = "/admin/partners/" + s.partner + "/erasure"
	if got := admin.Get(ask); got.Status != http.StatusOK || !strings.Contains(got.Body, "Erase Zoe Maria?") {
		t.Errorf("the question: %d", got.Status)
	}
	admin.Post(ask, nil)
	if text := parsed(t, admin.Get("/admin/partners/"+s.partner)).Text(); strings.Contains(text, "Zoe") || !strings.Contains(text, "was erased on") {
		t.Errorf("the partner: %s", text)
	}
}
