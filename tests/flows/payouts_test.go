package flows_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

// owe adds an approved amount to a partner's account.
func (s *till) owe(partner string, amount int, currency string) (id string) {
	s.t.Helper()
	return idOf(s.api("POST", "/commissions/adjustments", object{"partner_id": partner, "amount": amount, "currency": currency, "note": "Agreed by phone"}))
}

// run starts a payout run and gives it with its payouts' ids.
func (s *till) run(body object) (run object, payouts []string) {
	s.t.Helper()
	run = s.api("POST", "/payouts/runs", body)
	rows, _ := run["payouts"].([]any)
	for _, row := range rows {
		payouts = append(payouts, idOf(row.(object)))
	}
	return run, payouts
}

// approved is a sale whose commission is approved.
func (s *till) approved(user, externalID string) (commission string) {
	s.t.Helper()
	_, rows := s.sale(user, object{"external_id": externalID})
	s.api("POST", "/commissions/"+rows[0]+"/approve", object{})
	return rows[0]
}

func code(t *testing.T, got testkit.Answer) string {
	t.Helper()
	var out struct{ Error struct{ Code string } }
	got.JSON(t, &out)
	return out.Error.Code
}

// intact has the program hold its books against what must be true of them.
func (s *till) intact() {
	s.t.Helper()
	s.Command("verify-ledger")
}

func TestPayouts_ByPages(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe, mia := s.promoter("zoe"), s.promoter("mia")
	s.api("PUT", "/config/payouts", object{"thresholds": object{"USD": 1000}})
	s.both(t, func(t *testing.T, v *testkit.Visitor) {
		s.owe(zoe, 2500, "USD")
		s.owe(mia, 3000, "USD")
		ida := s.promoter("ida" + strings.ToLower(strings.ReplaceAll(t.Name()[strings.LastIndex(t.Name(), "/")+1:], "/", "")))
		s.owe(ida, 999, "USD")
		says(t, page(t, v, "/admin/payouts"), "Payable now", "Owed to")

		doc := page(t, v, "/admin/payouts/runs/new")
		says(t, doc, "2 partners $55.00", "Zoe", "Mia", "Below the threshold")
		has(t, doc, `form[method=get] input[name=exclude][value="`+mia+`"]:not([checked])`, `button[formaction="/admin/payouts/runs/confirmation"]`)
		doc = page(t, v, "/admin/payouts/runs/new?exclude="+mia)
		says(t, doc, "1 partner $25.00", "Left out by you")
		has(t, doc, `fieldset input[name=exclude][value="`+mia+`"][checked]`)

		doc = page(t, v, "/admin/payouts/runs/confirmation?exclude="+mia)
		says(t, doc, "Pay 1 partner $25.00?")
		inputs := url.Values{}
		for _, input := range doc.Find("form input[type=hidden]").EachIter() {
			inputs.Add(input.AttrOr("name", ""), input.AttrOr("value", ""))
		}
		if inputs.Get("exclude") != mia || inputs.Get("cut_off") == "" {
			t.Fatalf("the question carries %v", inputs)
		}
		run := led(t, v, v.Post("/admin/payouts/runs", inputs))
		doc = page(t, v, run)
		says(t, doc, "Zoe", "$25.00", "0 of 1", "Left out", "Mia", "Ada Admin")
		payout := doc.Find("#payouts a.row-title").AttrOr("href", "")
		says(t, page(t, v, payout), "$25.00 for Zoe", "Waits until somebody has paid it", "left no bank details")

		doc = parsed(t, v.Post(payout+"/payment", url.Values{"reference": {" "}, "paid_at": {"tomorrow"}}), http.StatusUnprocessableEntity)
		says(t, doc, "Give a day such as")
		doc = parsed(t, v.Post(payout+"/payment", url.Values{"reference": {" "}}), http.StatusUnprocessableEntity)
		has(t, doc, `input[name=reference][aria-invalid=true]`)
		if to := led(t, v, v.Post(payout+"/payment", url.Values{"reference": {"SEPA 17"}, "paid_at": {time.Now().UTC().Format(time.DateOnly)}})); to != payout {
			t.Errorf("led to %s", to)
		}
		doc = page(t, v, payout)
		says(t, doc, "Paid on", "SEPA 17", "Ada Admin")
		commission := doc.Find("#rows a.row-title").AttrOr("href", "")
		has(t, page(t, v, commission), `a[href="`+payout+`"]`)
		says(t, page(t, v, run), "1 of 1")
		has(t, page(t, v, "/admin/payouts?status=paid"), `a[href="`+payout+`"]`)
		has(t, page(t, v, "/admin/payouts?status=failed"), `!a[href="`+payout+`"]`)

		_, rest := s.run(object{"partner_ids": []string{mia}})
		led(t, v, v.Post("/admin/payouts/"+rest[0]+"/cancellation", nil))
		says(t, page(t, v, "/admin/payouts/"+rest[0]), "Cancelled. Its commissions are free")
		again := v.Post("/admin/payouts/"+rest[0]+"/cancellation", nil)
		if again.Status != http.StatusConflict {
			t.Errorf("cancelled twice: %d", again.Status)
		}
		_, rest = s.run(object{"partner_ids": []string{mia}})
		s.api("POST", "/payouts/"+rest[0]+"/mark-paid", object{"reference": "1"})
	})
	s.intact()
}

func TestPayouts_BankDetails(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	s.owe(zoe, 2500, "USD")
	v := s.asPartner(zoe, "zoe@example.com")
	says(t, page(t, v, "/partner/payout-account"), "does not know yet where to pay you")
	doc := parsed(t, v.Post("/partner/payout-account/bank-details", url.Values{"details": {strings.Repeat("x", 1001)}}), http.StatusUnprocessableEntity)
	has(t, doc, `textarea[name=details][aria-invalid=true]`)
	led(t, v, v.Post("/partner/payout-account/bank-details", url.Values{"details": {"=DE02 1203\r\nTea Bank"}}))
	says(t, page(t, v, "/partner/payout-account"), "has your bank details", "nothing is paid there before")
	says(t, page(t, v, "/partner/payout-account/bank-details"), "=DE02 1203 Tea Bank")
	s.Await("Your bank details at")

	run, payouts := s.run(object{})
	path := "/admin/payouts/" + payouts[0]
	says(t, page(t, s.admin, path), "The bank details were changed on")
	if got := s.admin.Post(path+"/bank-details", nil); got.Status != http.StatusSeeOther || strings.Contains(got.Body, "1203") {
		t.Errorf("within the cool-down: %d\n%s", got.Status, got.Body)
	}
	s.DB.AsOwner(t, `update partners set payout_details_changed_at = now() - interval '73 hours'`)
	has(t, page(t, s.admin, path), "a[href='"+path+"/bank-details']")
	says(t, parsed(t, s.admin.Post(path+"/bank-details", nil), http.StatusOK), "=DE02 1203", "Tea Bank")

	file := s.admin.Post("/admin/payouts/runs/"+run["run_id"].(string)+"/bank-file", nil)
	if head, rows := spreadsheet(t, file); len(head) == 0 || len(rows) != 1 || !strings.HasPrefix(rows[0]["bank_details"], "'=DE02 1203") || rows[0]["amount"] != "25.00" {
		t.Errorf("the bank gets %v", rows)
	}
	byKey := s.Call(s.key, "GET", "/api/v1/payouts/runs/"+run["run_id"].(string)+".csv", nil)
	if _, rows := spreadsheet(t, byKey); len(rows) != 1 || rows[0]["name"] != "Zoe" {
		t.Errorf("a program gets %v", rows)
	}
	says(t, page(t, s.admin, "/admin/audit"), "looked at the bank details of", "took the bank file of", "changed the bank details of")
	if viewer := s.viewer(); viewer.Post(path+"/bank-details", nil).Status != http.StatusForbidden || viewer.Post(path+"/payment", nil).Status != http.StatusForbidden {
		t.Error("a viewer may look at bank details, or pay")
	}
}

func TestPayouts_Statement(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	s.brings("zoe", "u1")
	s.approved("u1", "order-1")
	s.owe(zoe, -100, "USD")
	v := s.asPartner(zoe, "zoe@example.com")
	_, payouts := s.run(object{})
	says(t, page(t, v, "/partner"), "On its way")
	path := "/partner/payouts/" + payouts[0]
	has(t, page(t, v, "/partner/payouts"), `a[href="`+path+`"]`)
	s.api("POST", "/payouts/"+payouts[0]+"/mark-paid", object{"reference": "SEPA 17"})
	s.Await("has paid you $9.00")
	doc := page(t, v, path)
	says(t, doc, "Payout statement", "Zoe", "zoe@example.com", "SEPA 17", "Summer", "of a sale of $49.99", "$10.00", "-$1.00", "Total$9.00", "Agreed by phone")
	if _, rows := spreadsheet(t, v.Get(path+"/rows.csv")); len(rows) != 2 {
		t.Errorf("the file has %d rows", len(rows))
	}
	mia := s.promoter("mia")
	other := s.asPartner(mia, "mia@example.com")
	if got := other.Get(path); got.Status != http.StatusNotFound {
		t.Errorf("another partner gets %d", got.Status)
	}
	if got := other.Get(path + "/rows.csv"); got.Status != http.StatusNotFound {
		t.Errorf("another partner's file: %d", got.Status)
	}
	s.intact()
}

func TestPayouts_ByAPI(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe, mia := s.promoter("zoe"), s.promoter("mia")
	s.owe(zoe, 2500, "USD")
	s.owe(zoe, -500, "USD")
	s.owe(zoe, 700, "JPY")
	s.owe(zoe, 1500, "KWD")
	s.owe(zoe, 50000, "UGX")
	s.owe(mia, -100, "USD")

	dry := s.api("POST", "/payouts/runs", object{"dry_run": true})
	if dry["run_id"] != nil || len(dry["payouts"].([]any)) != 4 || len(dry["skipped"].([]any)) != 1 {
		t.Errorf("the dry run says %v", dry)
	}
	if list := s.api("GET", "/payouts", nil); len(list["data"].([]any)) != 0 {
		t.Errorf("the dry run stored %v", list)
	}
	run, _ := s.run(object{"currency": "JPY"})
	if rows := run["payouts"].([]any); len(rows) != 1 || rows[0].(object)["amount"] != 700.0 || rows[0].(object)["rail"] != "manual" || rows[0].(object)["status"] != "pending" {
		t.Errorf("in yen: %v", run)
	}
	run, payouts := s.run(object{})
	skipped := run["skipped"].([]any)[0].(object)
	if len(payouts) != 3 || skipped["partner_id"] != mia || skipped["reason"] != "negative_balance" || skipped["amount"] != -100.0 {
		t.Errorf("got %v", run)
	}
	for body, want := range map[*object]string{
		{"reference": ""}: "invalid", {"reference": "1", "paid_at": "yesterday"}: "invalid", {"reference": "1", "paid_at": "2126-01-31"}: "invalid", {"paid_at": "2026-01-31"}: "invalid",
	} {
		if got := s.Call(s.key, "POST", "/api/v1/payouts/"+payouts[0]+"/mark-paid", *body); got.Status != http.StatusUnprocessableEntity || code(t, got) != want {
			t.Errorf("%v: %d %s", *body, got.Status, got.Body)
		}
	}
	for range 2 { // a repeat says the same
		if paid := s.api("POST", "/payouts/"+payouts[0]+"/mark-paid", object{"reference": "1"}); paid["status"] != "paid" || paid["completed_at"] == nil || paid["reference"] != "1" {
			t.Errorf("got %v", paid)
		}
	}
	for path, want := range map[string]string{"/mark-paid": "already_paid", "/cancel": "not_pending"} {
		body := object{}
		if path == "/mark-paid" {
			body["reference"] = "2"
		}
		if got := s.Call(s.key, "POST", "/api/v1/payouts/"+payouts[0]+path, body); got.Status != http.StatusConflict || code(t, got) != want {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	if list := s.api("GET", "/partners/"+zoe+"/payouts?status=paid", nil); len(list["data"].([]any)) != 1 {
		t.Errorf("paid: %v", list)
	}
	s.api("PUT", "/config/payouts", object{"rail": "stripe_connect"})
	if got := s.Call(s.key, "POST", "/api/v1/payouts/runs", object{}); got.Status != http.StatusUnprocessableEntity || code(t, got) != "rail_not_available" {
		t.Errorf("without Stripe: %d %s", got.Status, got.Body)
	}
	s.intact()
}

// A commission in a payout is as good as paid: a refund writes its difference at once, a dispute
// holds nothing, nobody reverses it.
func TestPayouts_RowsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	zoe := s.promoter("zoe")
	s.brings("zoe", "u1")
	row := s.approved("u1", "order-1")
	_, payouts := s.run(object{})
	s.api("POST", "/events", object{"user_id": "u1", "type": "dispute", "reverses": "order-1", "external_id": "d1"})
	if got := s.status(row); got != "approved" {
		t.Errorf("a dispute makes it %s", got)
	}
	s.api("POST", "/events", object{"user_id": "u1", "type": "dispute_won", "reverses": "order-1", "external_id": "d2"})
	if got := s.Call(s.key, "POST", "/api/v1/commissions/"+row+"/reverse", object{"note": "no"}); got.Status != http.StatusConflict || code(t, got) != "in_payout" {
		t.Errorf("reverse: %d %s", got.Status, got.Body)
	}
	s.api("POST", "/events", object{"user_id": "u1", "type": "refund", "reverses": "order-1", "external_id": "r1", "amount": 2500})
	rows := s.api("GET", "/partners/"+zoe+"/commissions", nil)["data"].([]any)
	if len(rows) != 2 || rows[0].(object)["amount"] != -500.0 || rows[0].(object)["status"] != "approved" || s.status(row) != "approved" {
		t.Errorf("the refund wrote %v", rows)
	}
	if p := s.api("GET", "/payouts/"+payouts[0], nil); p["amount"] != 1000.0 {
		t.Errorf("the payout is %v", p)
	}
	s.api("POST", "/payouts/"+payouts[0]+"/mark-paid", object{"reference": "1"})
	if got := s.status(row); got != "paid" {
		t.Errorf("it is %s", got)
	}
	if run := s.api("POST", "/payouts/runs", object{"dry_run": true}); len(run["payouts"].([]any)) != 0 || run["skipped"].([]any)[0].(object)["amount"] != -500.0 {
		t.Errorf("the next run: %v", run)
	}
	s.intact()
}

// A sale that was disputed while a payout had it is held as soon as the payout comes to nothing.
func TestPayouts_CancelledWhileDisputed(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	s.promoter("zoe")
	s.brings("zoe", "u1")
	row := s.approved("u1", "order-1")
	_, payouts := s.run(object{})
	s.api("POST", "/events", object{"user_id": "u1", "type": "dispute", "reverses": "order-1", "external_id": "d1"})
	s.api("POST", "/payouts/"+payouts[0]+"/cancel", nil)
	if got := s.status(row); got != "held" {
		t.Errorf("it is %s", got)
	}
	s.api("POST", "/events", object{"user_id": "u1", "type": "dispute_won", "reverses": "order-1", "external_id": "d2"})
	if got := s.status(row); got != "approved" {
		t.Errorf("then it is %s", got)
	}
	s.intact()
}

// However many start a run at the same time: each commission is in one payout.
func TestPayouts_ParallelRuns(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil)
	for _, name := range []string{"zoe", "mia", "ida"} {
		s.owe(s.promoter(name), 1000, "USD")
	}
	answers := make([]testkit.Answer, 6)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = s.Call(s.key, "POST", "/api/v1/payouts/runs", object{}) })
	}
	all.Wait()
	for _, got := range answers {
		if got.Status != http.StatusCreated && (got.Status != http.StatusConflict || code(t, got) != "run_in_progress") {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	}
	if list := s.api("GET", "/payouts", nil)["data"].([]any); len(list) != 3 {
		t.Errorf("%d payouts", len(list))
	}
	s.intact()
}

func TestSettings_Payouts(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.both(t, func(t *testing.T, v *testkit.Visitor) {
		form := url.Values{"rail": {"manual"}, "cadence": {"monthly"}, "account_type": {"standard"}, "thresholds": {"usd 50.00\nJPY 5000\n"}}
		led(t, v, v.Post("/admin/settings/payouts", form))
		says(t, page(t, v, "/admin/settings/payouts"), "JPY 5000 USD 50.00")
		got := p.api("GET", "/config/payouts", nil)
		if least := got["thresholds"].(object); got["cadence"] != "monthly" || got["rail"] != "manual" || got["account_type"] != "standard" || least["USD"] != 5000.0 || least["JPY"] != 5000.0 {
			t.Errorf("got %v", got)
		}
		form.Set("thresholds", "USD fifty")
		form.Set("rail", "pigeon")
		doc := parsed(t, v.Post("/admin/settings/payouts", form), http.StatusUnprocessableEntity)
		has(t, doc, "textarea[name=thresholds][aria-invalid=true]", "input[name=rail][aria-invalid=true]")
		says(t, doc, "USD fifty")
	})
	for _, body := range []object{{"rail": "pigeon"}, {"cadence": "daily"}, {"thresholds": object{"DOG": 1}}, {"thresholds": object{"USD": -1}}, {"account_type": "custom"}, {"thresholds": object{"USD": "50"}}} {
		if got := p.Call(p.key, "PUT", "/api/v1/config/payouts", body); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", body, got.Status)
		}
	}
}

// Nothing is paid a second time because a program came back from its export.
func TestPayouts_Import(t *testing.T) {
	t.Parallel()
	s, back := openTill(t, nil), start(t, "OPENPARTNER_SCHEDULER_INTERVAL=1h")
	payouts := map[string]string{}
	for _, name := range []string{"paid", "byhand", "planned", "sent"} {
		s.owe(s.promoter(name), 1000, "USD")
		_, made := s.run(object{})
		payouts[name] = made[0]
	}
	s.api("POST", "/payouts/"+payouts["paid"]+"/mark-paid", object{"reference": "1"})
	file := s.Call(s.key, "GET", "/api/v1/export.json", nil).Body
	edit := func(payout, old, fresh string) {
		t.Helper()
		at := strings.Index(file, `{"tenant_id":"00000000-0000-7000-8000-000000000001","id":"`+payout+`"`)
		row, rest, ok := strings.Cut(file[max(at, 0):], "}")
		if at < 0 || !ok || !strings.Contains(row, old) {
			t.Fatalf("no %s in %s", old, row)
		}
		file = file[:at] + strings.ReplaceAll(row, old, fresh) + "}" + rest
	}
	edit(payouts["planned"], `"rail":"manual"`, `"rail":"stripe_connect"`)
	edit(payouts["sent"], `"rail":"manual","status":"pending","destination_account":null`, `"rail":"stripe_connect","status":"processing","destination_account":"acct_1"`)
	file = strings.ReplaceAll(file, `"stripe_account_id":null,"stripe_payouts_enabled":false`, `"stripe_account_id":"acct_evil","stripe_payouts_enabled":true`)
	for again := range 2 {
		if _, _, refused := back.bring("", file).sum(); refused != 0 {
			t.Errorf("%d rows are refused, time %d", refused, again)
		}
	}
	for name, want := range map[string]string{"paid": "paid", "byhand": "pending", "planned": "cancelled", "sent": "needs_review"} {
		if got := back.api("GET", "/payouts/"+payouts[name], nil)["status"]; got != want {
			t.Errorf("%s comes back as %v", name, got)
		}
	}
	if n := back.count(`select count(*) from partners where stripe_account_id is not null or stripe_payouts_enabled`); n != 0 {
		t.Errorf("%d accounts come from a file", n)
	}
	if n := back.count(`select count(*) from platform.jobs where kind like 'payouts.%' and tenant_id is not null`); n != 0 {
		t.Errorf("%d jobs would move money", n)
	}
	if plan := back.api("POST", "/payouts/runs", object{"dry_run": true})["payouts"].([]any); len(plan) != 1 {
		t.Errorf("the next run pays %v", plan)
	}
	back.Command("verify-ledger")
}

// often has due work looked for at once, where a test puts it there.
const often = "OPENPARTNER_SCHEDULER_INTERVAL=100ms"

// The clock pays each period once, up to its beginning, and tells the admins.
func TestPayouts_ByTheClock(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil, often)
	zoe := s.promoter("zoe")
	row := s.owe(zoe, 2500, "USD")
	s.owe(zoe, 700, "USD") // of the next period
	s.api("PUT", "/config/payouts", object{"cadence": "weekly"})
	turn := func() {
		t.Helper()
		s.DB.AsOwner(t, `insert into platform.jobs (id, kind, args) values (gen_random_uuid(), 'payouts.due', '{}')`)
		s.DB.Await(t, `select not exists (select from platform.jobs where kind in ('payouts.due', 'payouts.run') and status in ('pending', 'running'))`)
	}
	turn()
	if runs := s.count(`select count(*) from payout_runs`); runs != 0 {
		t.Errorf("%d runs for a week that had begun when it was chosen", runs)
	}
	s.DB.AsOwner(t, `update commissions set approved_at = approved_at - interval '8 days' where id = $1`, row)
	s.DB.AsOwner(t, `update config set value = jsonb_set(value, '{cadence_since}', to_jsonb(now() - interval '15 days')) where key = 'payouts'`)
	turn()
	s.DB.AsOwner(t, `delete from platform.jobs where kind = 'payouts.run'`) // as if it was long ago
	turn()
	list := s.api("GET", "/payouts", nil)["data"].([]any)
	if len(list) != 1 || list[0].(object)["amount"] != 2500.0 || s.count(`select count(*) from payout_runs where period is not null`) != 1 {
		t.Errorf("got %v", list)
	}
	s.Await("1 payout of")
	says(t, page(t, s.admin, "/admin/payouts/runs"), "By the clock", "$25.00")
	s.intact()
}

// While the operator holds money back the clock pays nobody.
func TestPayouts_HeldBack(t *testing.T) {
	t.Parallel()
	s := openTill(t, nil, often)
	s.owe(s.promoter("zoe"), 2500, "USD")
	s.api("PUT", "/config/payouts", object{"cadence": "weekly"})
	s.Command("hold", "on", "--reason", "The books are checked.")
	s.DB.AsOwner(t, `update commissions set approved_at = approved_at - interval '8 days'`)
	s.DB.AsOwner(t, `update config set value = jsonb_set(value, '{cadence_since}', to_jsonb(now() - interval '15 days')) where key = 'payouts'`)
	s.DB.AsOwner(t, `insert into platform.jobs (id, kind, args) values (gen_random_uuid(), 'payouts.due', '{}')`)
	s.DB.Await(t, `select exists (select from platform.jobs where kind = 'payouts.run')`)
	s.DB.AsOwner(t, `insert into platform.jobs (id, kind, args) values (gen_random_uuid(), 'commissions.approve_all', '{}')`)
	s.DB.Await(t, `select not exists (select from platform.jobs where kind = 'commissions.approve_all' and status in ('pending', 'running'))`)
	if n := s.count(`select count(*) from payout_runs`); n != 0 {
		t.Errorf("%d runs", n)
	}
	s.Command("hold", "off")
	s.DB.Await(t, `select exists (select from payout_runs)`)
}
