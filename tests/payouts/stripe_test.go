// Package payouts_test pays partners by Stripe, or by what plays its part.
package payouts_test

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
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

type object = map[string]any

// shop is a program that pays one partner by Stripe.
type shop struct {
	*testkit.App

	t       *testing.T
	stripe  *testkit.Stripe
	key     string
	partner string
	account string // the partner's, at Stripe
}

func open(t *testing.T, env ...string) *shop {
	t.Helper()
	s := &shop{t: t, stripe: testkit.NewStripe(t)}
	s.App = testkit.Start(t, append(append(s.stripe.Env(), "OPENPARTNER_SCHEDULER_INTERVAL=100ms"), env...)...)
	s.key = s.Key()
	s.api("PUT", "/config/payouts", object{"rail": "stripe_connect"}, http.StatusOK)
	s.partner = s.api("POST", "/partners", object{"email": "zoe@example.com", "name": "Zoe Park", "send_invite": false}, http.StatusCreated)["id"].(string)
	s.account = s.stripe.Account(testkit.StripeOperator, true)
	s.connect(s.account)
	return s
}

// connect makes an account at Stripe the partner's.
func (s *shop) connect(account string) {
	s.DB.AsOwner(s.t, fmt.Sprintf(`update partners set stripe_account_id = '%s', stripe_payouts_enabled = true where id = '%s'`, account, s.partner))
}

func (s *shop) api(method, path string, body any, want int) object {
	s.t.Helper()
	answer := s.Call(s.key, method, "/api/v1"+path, body)
	if answer.Status != want {
		s.t.Fatalf("%s %s: %d %s, want %d", method, path, answer.Status, answer.Body, want)
	}
	var out object
	answer.JSON(s.t, &out)
	return out
}

func (s *shop) earn(amount int, currency string) {
	s.t.Helper()
	s.api("POST", "/commissions/adjustments", object{"partner_id": s.partner, "amount": amount, "currency": currency, "note": "Earned."}, http.StatusCreated)
}

// run plans a run, and gives the only payout of it.
func (s *shop) run() (payout string) {
	s.t.Helper()
	all := s.api("POST", "/payouts/runs", object{}, http.StatusCreated)["payouts"].([]any)
	if len(all) != 1 {
		s.t.Fatalf("the run plans %v", all)
	}
	return all[0].(object)["id"].(string)
}

func (s *shop) await(payout, status string) object {
	s.t.Helper()
	s.DB.Await(s.t, `select status = ?1 from payouts where id = ?0::uuid`, payout, status)
	return s.api("GET", "/payouts/"+payout, nil, http.StatusOK)
}

// tried waits until Stripe was asked to pay so often, and what came of it is written down.
func (s *shop) tried(payout string, times int) {
	s.t.Helper()
	s.DB.Await(s.t, `select o.attempts >= ?1::integer and j.status = 'pending' and j.run_at > now() from payouts o
		join platform.jobs j on j.key = o.id::text and j.kind = 'payouts.send' where o.id = ?0::uuid`, payout, times)
}

// again ends the wait for the next try.
func (s *shop) again() {
	s.DB.AsOwner(s.t, `update platform.jobs set run_at = now() where kind = 'payouts.send' and status = 'pending'`)
}

// later lets time pass since what was sent.
func (s *shop) later(d time.Duration) {
	s.t.Helper()
	s.stripe.Advance(d)
	s.DB.AsOwner(s.t, fmt.Sprintf(`update payouts set posted_at = posted_at - interval '%d seconds' where posted_at is not null`, int(d.Seconds())))
}

func (s *shop) transfers() []object { return s.stripe.Objects(testkit.StripeOperator, "transfer") }

// asPartner is a visitor who signed in as the partner.
func (s *shop) asPartner() *testkit.Visitor {
	s.t.Helper()
	var token string
	err := tenancy.Run(s.t.Context(), s.DB.App, testkit.Tenant(), func(ctx context.Context) (err error) {
		token, err = auth.NewMagicLinks(time.Now).Mint(ctx, auth.MagicLink{
			Purpose: auth.PurposeSignIn, PrincipalKind: auth.Partner, PrincipalID: uuid.MustParse(s.partner), Email: "zoe@example.com",
		})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	v := s.Visitor()
	if got := v.Post("/auth/verify", url.Values{"token": {token}}); got.Status != http.StatusSeeOther {
		s.t.Fatalf("sign in: %d", got.Status)
	}
	return v
}

// first ends the first call that makes a transfer in a way, and all others well.
func first(end testkit.StripeFault) func(testkit.StripeCall) testkit.StripeFault {
	return func(c testkit.StripeCall) testkit.StripeFault {
		if c.Method == http.MethodPost && c.Path == "/v1/transfers" && c.Nth == 1 {
			return end
		}
		return testkit.StripeWell
	}
}

func TestTransfer(t *testing.T) {
	t.Parallel()
	s := open(t)
	for currency, amount := range map[string]int{"USD": 12_34, "JPY": 777, "UGX": 500_00} {
		s.earn(amount, currency)
		payout := s.await(s.run(), "paid")
		made := s.transfers()[len(s.transfers())-1]
		if made["amount"] != int64(amount) || made["currency"] != strings.ToLower(currency) || made["destination"] != s.account ||
			made["transfer_group"] != payout["id"] || made["key"] != "payout_"+payout["id"].(string) || payout["stripe_transfer_id"] != made["id"] {
			t.Errorf("the transfer is %v, the payout %v", made, payout)
		}
	}
	// What Stripe does not take as it is goes by hand.
	s.earn(1_234, "KWD")
	s.earn(333_33, "UGX")
	preview := s.api("POST", "/payouts/runs", object{"dry_run": true}, http.StatusOK)
	for _, p := range preview["payouts"].([]any) {
		if p.(object)["rail"] != "manual" {
			t.Errorf("planned %v", p)
		}
	}
	s.Command("verify-ledger")
}

// A refusal lets the rows go; the next run takes them along.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]testkit.StripeFault{"no money": testkit.StripeRefuses, "a key that was revoked": testkit.StripeDenies} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.stripe.Fault(first(end))
			s.earn(1000, "USD")
			if p := s.await(s.run(), "failed"); p["failure_code"] == nil || p["last_error"] == nil {
				t.Errorf("it does not say why: %v", p)
			}
			s.stripe.Fault(nil)
			s.await(s.run(), "paid")
			if all := s.transfers(); len(all) != 1 {
				t.Errorf("%d transfers", len(all))
			}
			s.Command("verify-ledger")
		})
	}
}

// Whatever leaves open what happened is asked again, under the same key.
func TestUnclear(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, end := range map[string]testkit.StripeFault{
		"lost": testkit.StripeLost, "never answered": testkit.StripeSilent, "busy": testkit.StripeBusy, "conflict": testkit.StripeConflict, "away": testkit.StripeAway,
	} {
		s.stripe.Fault(first(end))
		s.earn(1000, "USD")
		before := len(s.transfers())
		payout := s.run()
		s.tried(payout, 1)
		if p := s.api("GET", "/payouts/"+payout, nil, http.StatusOK); p["status"] != "processing" {
			t.Errorf("%s: the payout is %v", name, p)
		}
		s.again()
		s.await(payout, "paid")
		if all := s.transfers(); len(all) != before+1 {
			t.Errorf("%s: %d transfers", name, len(all)-before)
		}
	}
	// A key that is revoked meanwhile says nothing about the call that was made before.
	s.stripe.Fault(func(c testkit.StripeCall) testkit.StripeFault {
		switch {
		case c.Method != http.MethodPost:
			return testkit.StripeWell
		case c.Nth == 1:
			return testkit.StripeLost
		case c.Nth == 2:
			return testkit.StripeDenies
		default:
			return testkit.StripeWell
		}
	})
	s.earn(1000, "USD")
	payout := s.run()
	s.tried(payout, 1)
	s.again()
	s.tried(payout, 2)
	s.again()
	s.await(payout, "paid")
	s.Command("verify-ledger")
}

// An answer that Stripe saved, a 500, comes again for as long as it keeps the key. After 23 hours we only
// look; what is not there then waits for a person, whose word Stripe confirms.
func TestReview(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stripe.Fault(first(testkit.StripeBroken))
	s.earn(1000, "USD")
	payout := s.run()
	s.tried(payout, 1)
	s.later(23 * time.Hour)
	s.again()
	if p := s.await(payout, "needs_review"); p["failure_code"] != "transfer_not_found" {
		t.Errorf("the payout is %v", p)
	}
	if n := len(s.stripe.Calls("POST", "/v1/transfers")); n != 1 {
		t.Errorf("Stripe was asked to pay %d times", n)
	}
	resolve := "/payouts/" + payout + "/resolve"
	if got := s.api("POST", resolve, object{"none": true}, http.StatusConflict); code(got) != "too_early" {
		t.Errorf("within a day: %v", got)
	}
	s.api("POST", resolve, object{"transfer_id": "tr_none"}, http.StatusUnprocessableEntity)
	s.api("POST", resolve, object{}, http.StatusUnprocessableEntity)
	s.api("POST", resolve, object{"none": true, "transfer_id": "tr_1"}, http.StatusUnprocessableEntity)
	s.later(time.Hour + 24*time.Hour)
	s.stripe.Fault(nil)
	s.api("POST", resolve, object{"none": true}, http.StatusOK)
	if p := s.await(payout, "paid"); p["generation"] != 1.0 {
		t.Errorf("the payout is %v", p)
	}
	if made := s.transfers(); len(made) != 1 || made[0]["key"] != "payout_"+payout+"_g1" {
		t.Errorf("the transfers are %v", made)
	}
	s.api("POST", resolve, object{"none": true}, http.StatusConflict)
	s.Command("verify-ledger")
}

func code(answer object) any { return answer["error"].(object)["code"] }

// A 500 may hide a transfer that was made: it is found.
func TestHiddenTransfer(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stripe.Fault(first(testkit.StripeHalf))
	s.earn(1000, "USD")
	payout := s.run()
	s.tried(payout, 1)
	s.again()
	s.await(payout, "paid")
	if n, m := len(s.transfers()), len(s.stripe.Calls("POST", "/v1/transfers")); n != 1 || m != 1 {
		t.Errorf("%d transfers after %d calls", n, m)
	}
}

// A transfer that was taken back before it was confirmed pays nothing.
func TestReversedBeforeConfirmed(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stripe.Fault(first(testkit.StripeSilent))
	s.earn(1000, "USD")
	payout := s.run()
	s.tried(payout, 1)
	made := s.transfers()[0]["id"].(string)
	s.stripe.Reverse(made)
	s.again()
	if p := s.await(payout, "needs_review"); p["failure_code"] != "transfer_reversed" {
		t.Errorf("the payout is %v", p)
	}
	s.api("POST", "/payouts/"+payout+"/resolve", object{"transfer_id": made}, http.StatusUnprocessableEntity)
	s.later(25 * time.Hour)
	s.stripe.Fault(nil)
	s.api("POST", "/payouts/"+payout+"/resolve", object{"none": true}, http.StatusOK)
	s.await(payout, "paid")
	if n := len(s.transfers()); n != 2 {
		t.Errorf("%d transfers", n)
	}
	s.Command("verify-ledger")
}

// A transfer that is taken back later changes nothing by itself; the admins are told.
func TestReversedLater(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Admin()
	s.earn(1000, "USD")
	payout := s.run()
	s.await(payout, "paid")
	made := s.transfers()[0]["id"].(string)
	s.stripe.Reverse(made)
	body := fmt.Sprintf(`{"id":"evt_1","type":"transfer.reversed","created":%d,"data":{"object":{"id":"%s","transfer_group":"%s"}}}`, time.Now().Unix(), made, payout)
	for range 2 {
		if got := s.Call("", "POST", "/webhooks/stripe", body, "Stripe-Signature", testkit.SignStripe([]byte(body), testkit.StripeSecret, time.Now())); got.Status != http.StatusOK {
			t.Fatalf("the event: %d %s", got.Status, got.Body)
		}
	}
	s.Await("A payout to Zoe Park was reversed")
	var mails int
	s.DB.Read(t, &mails, `select count(*) from platform.jobs where kind = 'payouts.reversed'`)
	if mails != 1 {
		t.Errorf("%d mails", mails)
	}
	s.await(payout, "paid")
	s.Command("verify-ledger")
}

// Under another Stripe account the same key would pay again.
func TestAnotherPayingAccount(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stripe.Fault(first(testkit.StripeSilent))
	s.earn(1000, "USD")
	payout := s.run()
	s.tried(payout, 1)
	s.api("PUT", "/config/stripe", object{"secret_key": "sk_test_acct_other"}, http.StatusOK)
	s.again()
	if p := s.await(payout, "needs_review"); p["failure_code"] != "paying_account_changed" {
		t.Errorf("the payout is %v", p)
	}
	if n := len(s.stripe.Objects("acct_other", "transfer")); n != 0 {
		t.Errorf("%d transfers from the other account", n)
	}
	if got := s.api("POST", "/payouts/"+payout+"/resolve", object{"none": true}, http.StatusConflict); code(got) != "paying_account_changed" {
		t.Errorf("the answer is %v", got)
	}
	s.api("PUT", "/config/stripe", object{"secret_key": ""}, http.StatusOK)
	s.api("POST", "/payouts/"+payout+"/resolve", object{"transfer_id": s.transfers()[0]["id"]}, http.StatusOK)
	s.await(payout, "paid")
}

// While money is held back nothing is sent, and what was planned goes out afterwards.
func TestHold(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Command("hold", "on", "--reason", "Checking the bank.")
	s.earn(1000, "USD")
	payout := s.run()
	s.DB.Await(t, `select exists (select from platform.jobs where kind = 'payouts.send' and key = ?0 and status = 'pending')`, payout)
	if n := len(s.stripe.Calls("", "/v1/transfers")); n != 0 {
		t.Errorf("%d calls while money is held back", n)
	}
	s.Command("hold", "off")
	s.await(payout, "paid")
}

// A partner's account that changed since the plan, or can't be paid, is not paid.
func TestNotReady(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Command("hold", "on", "--reason", "To change things meanwhile.")
	s.earn(1000, "USD")
	payout := s.run()
	s.connect(s.stripe.Account(testkit.StripeOperator, true))
	s.Command("hold", "off")
	if p := s.await(payout, "failed"); p["failure_code"] != "destination_changed" {
		t.Errorf("the payout is %v", p)
	}
	s.DB.AsOwner(t, `update partners set stripe_payouts_enabled = false`)
	skipped := s.api("POST", "/payouts/runs", object{}, http.StatusCreated)["skipped"].([]any)
	if len(skipped) != 1 || skipped[0].(object)["reason"] != "no_payout_account" {
		t.Errorf("skipped %v", skipped)
	}
}

// A tenant of many pays only from money of its own.
func TestFunding(t *testing.T) {
	t.Parallel()
	s := testkit.NewStripe(t)
	a := testkit.Start(t, append(s.Env(), "OPENPARTNER_TENANCY=multi", "OPENPARTNER_SCHEDULER_INTERVAL=100ms")...)
	for _, slug := range []string{"tea", "coffee"} {
		a.Command("create-tenant", "--slug", slug, "--name", slug)
	}
	call := func(slug, method, path string, body any, want int) object {
		t.Helper()
		answer := a.Call(a.KeyIn(slug), method, "/t/"+slug+"/api/v1"+path, body)
		if answer.Status != want {
			t.Fatalf("%s %s: %d %s", slug, path, answer.Status, answer.Body)
		}
		var out object
		answer.JSON(t, &out)
		return out
	}
	for _, slug := range []string{"tea", "coffee"} {
		call(slug, "PUT", "/config/payouts", object{"rail": "stripe_connect"}, http.StatusOK)
		if got := call(slug, "POST", "/payouts/runs", object{}, http.StatusUnprocessableEntity); code(got) != "rail_not_available" {
			t.Errorf("%s: %v", slug, got)
		}
	}
	call("tea", "PUT", "/config/stripe", object{"secret_key": "sk_test_acct_tea"}, http.StatusOK)
	partner := call("tea", "POST", "/partners", object{"email": "zoe@example.com", "name": "Zoe", "send_invite": false}, http.StatusCreated)["id"]
	a.DB.AsOwner(t, fmt.Sprintf(`update partners set stripe_account_id = '%s', stripe_payouts_enabled = true`, s.Account("acct_tea", true)))
	call("tea", "POST", "/commissions/adjustments", object{"partner_id": partner, "amount": 500, "currency": "USD", "note": "Earned."}, http.StatusCreated)
	call("tea", "POST", "/payouts/runs", object{}, http.StatusCreated)
	a.DB.Await(t, `select status = 'paid' from payouts`)
	if own, other := len(s.Objects("acct_tea", "transfer")), len(s.Objects(testkit.StripeOperator, "transfer")); own != 1 || other != 0 {
		t.Errorf("%d transfers of its own, %d of the operator's", own, other)
	}
	if got := call("coffee", "POST", "/payouts/runs", object{}, http.StatusUnprocessableEntity); code(got) != "rail_not_available" {
		t.Errorf("the other one: %v", got)
	}
}
