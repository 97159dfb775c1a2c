//go:build browser

package browser_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// TestStripe is about a payout of which nobody knows whether it was paid, and a partner on their way to be
// paid by Stripe.
func TestStripe(t *testing.T) {
	t.Parallel()
	stripe := testkit.NewStripe(t)
	p := sitDown(t, append(stripe.Env(), "OPENPARTNER_SCHEDULER_INTERVAL=100ms")...)
	p.setUp()
	key := p.Key()
	call := func(method, path string, body any) (out struct {
		ID      string
		Payouts []struct{ ID string }
	}) {
		t.Helper()
		got := p.Call(key, method, "/api/v1"+path, body)
		if got.JSON(t, &out); got.Status >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", path, got.Status, got.Body)
		}
		return out
	}
	call("PUT", "/config/payouts", map[string]any{"rail": "stripe_connect"})
	zoe := call("POST", "/partners", map[string]any{"email": "zoe@example.com", "name": "Zoe", "send_invite": false}).ID
	p.DB.AsOwner(t, fmt.Sprintf(`update partners set stripe_account_id = '%s', stripe_payouts_enabled = true`, stripe.Account(testkit.StripeOperator, true)))
	call("POST", "/commissions/adjustments", map[string]any{"partner_id": zoe, "amount": 2500, "currency": "USD", "note": "Agreed by phone"})
	stripe.Fault(func(c testkit.StripeCall) testkit.StripeFault {
		if c.Path == "/v1/transfers" && c.Method == http.MethodPost {
			return testkit.StripeBroken
		}
		return testkit.StripeWell
	})
	payout := call("POST", "/payouts/runs", map[string]any{}).Payouts[0].ID
	p.DB.Await(t, `select attempts = 1 and last_error is not null from payouts`)
	p.DB.AsOwner(t, `update payouts set posted_at = posted_at - interval '25 hours'`)
	p.DB.AsOwner(t, `update platform.jobs set run_at = now() where kind = 'payouts.send'`)
	p.DB.Await(t, `select status = 'needs_review' from payouts`)
	stripe.Advance(25 * 3600 * 1e9)
	stripe.Fault(nil)

	p.open("/admin/reconciliation")
	p.see("Waits for a person")
	for _, s := range screens()[1:3] {
		p.look(s)
		p.open("/admin/payouts/" + payout)
		p.press("Look at the evidence")
		p.see("No transfer at all.")
		p.fits()
	}
	p.look(screens()[0])
	p.fill("Transfer", "tr_nothing")
	p.press("Record as paid")
	p.see("Stripe knows no such transfer.")
	p.press("Send it again")
	p.see("Send Zoe the money again?")
	p.press("Yes, send it again")
	p.see("It is sent again.")
	p.DB.Await(t, `select status = 'paid' from payouts`)
	p.open("/admin/reconciliation")
	p.see("They agree")

	p.DB.AsOwner(t, `update partners set stripe_account_id = null, stripe_payouts_enabled = false`)
	v := at(t, p.App)
	v.look(screens()[2])
	v.open("/signin")
	v.fill("E-mail address", "zoe@example.com")
	v.press("Send sign-in link")
	v.see("Check your inbox")
	v.open("/auth/verify?token=" + p.MailedToken("/auth/verify", 1))
	v.press("Sign in")
	v.see("Hello, Zoe")
	v.open("/partner/payout-account")
	v.press("Set up payouts with Stripe")
	v.see("Stripe asks the rest")
	v.open("/partner/payout-account")
	v.see("Stripe can't pay you yet")
	v.fits()
}
