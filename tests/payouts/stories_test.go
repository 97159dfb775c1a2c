package payouts_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

// A database that is older than what Stripe knows would pay again what was paid since its backup. What it
// still has as pending finds its transfer; what it has never heard of a person records, before which money
// stays where it is.
func TestAfterRestore(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Command("hold", "on")
	s.earn(1000, "USD")
	known := s.run()
	backup := filepath.Join(t.TempDir(), "backup.tar")
	s.Command("backup", backup)
	s.Command("hold", "off")
	s.await(known, "paid")
	s.earn(700, "USD")
	unknown := s.run()
	s.await(unknown, "paid")
	s.Command("hold", "on") // and that is the last of this database

	s.App = s.Restored(backup)
	s.stripe.Advance(48 * time.Hour) // by now Stripe has forgotten the keys
	second := s.transfers()[1]["id"].(string)
	held := func(want string, env ...string) {
		t.Helper()
		out, complaint, code := testkit.Run(t, append(s.Env(), env...), "hold", "off")
		if code != 1 || !strings.Contains(out+complaint, want) {
			t.Errorf("hold off: exit %d, want %q in %s %s", code, want, out, complaint)
		}
	}
	held(second + " of ")
	held("would pay that again")
	held("Set Stripe up first", "STRIPE_SECRET_KEY=")
	s.stripe.Fault(func(testkit.StripeCall) testkit.StripeFault { return testkit.StripeDenies })
	held("can't be compared with Stripe")
	s.stripe.Fault(nil)
	v := s.Admin()
	page := v.Get("/admin/reconciliation?wait=true")
	for _, want := range []string{"holds all money back", "Paid, and not in the ledger", "Paid, and not recorded", "Zoe Park"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if got := v.Post("/admin/reconciliation/adoption?transfer="+second, nil); got.Status != http.StatusSeeOther {
		t.Fatalf("record it: %d %s", got.Status, got.Body)
	}
	s.await(unknown, "paid")
	if got := v.Post("/admin/reconciliation/adoption?transfer="+second, nil); got.Status != http.StatusConflict {
		t.Errorf("record it twice: %d", got.Status)
	}
	if said := s.Command("hold", "off"); !strings.Contains(said, "2 payouts and 2 transfers were compared") {
		t.Errorf("hold off said %s", said)
	}
	s.await(known, "paid")
	s.earn(700, "USD") // the shop sends again what was lost with the database
	if plan := s.api("POST", "/payouts/runs", object{}, http.StatusCreated)["payouts"].([]any); len(plan) != 0 {
		t.Errorf("the next run pays %v", plan)
	}
	if n := len(s.transfers()); n != 2 {
		t.Errorf("%d transfers", n)
	}
	if page := v.Get("/admin/reconciliation?wait=true"); !strings.Contains(page.Body, "They agree") {
		t.Error("ledger and Stripe do not agree in the end")
	}
	s.Command("hold", "on")
	s.Command("hold", "off") // of which Stripe is not asked again
	s.Command("verify-ledger")
}

// A partner opens an account at Stripe, is paid there, and changes it: then nothing goes there for three days.
func TestOnboarding(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.DB.AsOwner(t, `update partners set stripe_account_id = null, stripe_payouts_enabled = false`)
	v := s.asPartner()
	setUp := func(path string) {
		t.Helper()
		got := v.Post(path, nil)
		if got.Status != http.StatusOK || !strings.Contains(got.Body, s.stripe.URL+"/setup/acct_") {
			t.Fatalf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	account := func() (id string) {
		s.DB.Read(t, &id, `select stripe_account_id from partners`)
		return id
	}
	setUp("/partner/payout-account/stripe")
	setUp("/partner/payout-account/stripe") // again, since the link works once
	if n := len(s.stripe.Objects(testkit.StripeOperator, "account")); n != 2 {
		t.Errorf("%d accounts; one is of the beginning", n)
	}
	says := func(want string) {
		t.Helper()
		if got := v.Get("/partner/payout-account"); !strings.Contains(got.Body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	says("Stripe can&#39;t pay you yet")
	s.stripe.Settle(account(), true)
	if got := v.Post("/partner/payout-account/stripe/look", nil); got.Status != http.StatusSeeOther {
		t.Fatalf("look again: %d", got.Status)
	}
	says("Stripe is ready to pay you")
	s.earn(1000, "USD")
	s.await(s.run(), "paid")

	first := account()
	setUp("/partner/payout-account/stripe/other")
	if account() == first {
		t.Fatal("it still is the first account")
	}
	s.stripe.Settle(account(), true)
	body := fmt.Sprintf(`{"id":"evt_1","type":"account.updated","account":"%s","created":%d,"data":{"object":{"id":"%[1]s","payouts_enabled":true}}}`, account(), time.Now().Unix())
	if got := s.Call("", "POST", "/webhooks/stripe/connect", body, "Stripe-Signature", testkit.SignStripe([]byte(body), testkit.StripeConnectSecret, time.Now())); got.Status != http.StatusOK {
		t.Fatalf("the event: %d %s", got.Status, got.Body)
	}
	s.DB.Await(t, `select stripe_payouts_enabled from partners`)
	s.DB.Await(t, `select exists (select from platform.jobs where kind = 'payouts.account_changed')`)
	says("Nothing is paid there before")
	s.earn(1000, "USD")
	if skipped := s.api("POST", "/payouts/runs", object{}, http.StatusCreated)["skipped"].([]any); len(skipped) != 1 || skipped[0].(object)["reason"] != "cooling_down" {
		t.Errorf("skipped %v", skipped)
	}
	s.Command("verify-ledger")
}
