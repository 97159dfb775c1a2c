//go:build browser

package browser_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

// TestStripe is about a payout of which nobody knows whether it was paid, and a partner on their way to be
// paid by Stripe.
func TestStripe(t *testing.T) {
	t.Parallel()
	stripe := testkit.NewStripe(t)
	p := sitDown(t, append(stripe.Env(), "OPENPARTNER_SCHEDULER_INTERVAL=100ms")...)
	p.setUp()
	api := p.teller()
	api.say("PUT", "/config/payouts", map[string]any{"rail": "stripe_connect"})
	zoe := api.say("POST", "/partners", map[string]any{"email": "zoe@example.com", "name": "Zoe", "send_invite": false}).ID
	p.DB.AsOwner(t, fmt.Sprintf(`update partners set stripe_account_id = '%s', stripe_payouts_enabled = true`, stripe.Account(testkit.StripeOperator, true)))
	api.say("POST", "/commissions/adjustments", map[string]any{"partner_id": zoe, "amount": 2500, "currency": "USD", "note": "Agreed by phone"})
	stripe.Fault(func(c testkit.StripeCall) testkit.StripeFault {
		if c.Path == "/v1/transfers" && c.Method == http.MethodPost {
			return testkit.StripeBroken
		}
		return testkit.StripeWell
	})
	payout := api.say("POST", "/payouts/runs", map[string]any{}).Payouts[0].ID
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

// TestBilling subscribes to what the operator charges, and then owes it.
func TestBilling(t *testing.T) {
	t.Parallel()
	stripe := testkit.NewStripe(t)
	stripe.Meter("USD")
	p := at(t, testkit.StartWeb(t, append(stripe.StripeBilling("flat"), "OPENPARTNER_SCHEDULER_INTERVAL=100ms")...))
	p.setUp()
	api := p.teller()
	p.open("/admin/billing")
	p.see("Not subscribed")
	p.press("Subscribe")
	p.see("Continue to Stripe")
	p.press("Back")
	p.see("You have just subscribed?")
	var customer string
	p.DB.Read(t, &customer, `select stripe_customer_id from platform.tenants`)
	subscription := stripe.Subscribe(customer, map[string]any{"start_date": time.Now().Add(-time.Hour).Unix()})
	p.press("Ask Stripe again")
	p.see("Next invoice")
	p.press("Manage billing")
	p.see("Cards, invoices and the subscription itself")
	stripe.Object(subscription, func(o map[string]any) { o["status"] = "past_due" })
	p.open("/admin/billing")
	p.press("Ask Stripe again")
	p.see("Payment failed")

	campaign := api.say("POST", "/campaigns", map[string]any{"name": "Tea", "destination_url": "https://tea.example.com/", "rules": []any{map[string]any{"kind": "percent", "rate": "20"}}}).ID
	partner := api.say("POST", "/partners", map[string]any{"email": "zoe@example.com", "name": "Zoe", "send_invite": false, "campaign_ids": []string{campaign}}).ID
	api.say("POST", "/partners/"+partner+"/links", map[string]any{"key": "zoe", "campaign_id": campaign})
	clicked := p.Call("", "GET", "/r/zoe", nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, _ := strings.Cut(clicked.Header.Get("Location"), "cref=")
	api.say("POST", "/events", map[string]any{"user_id": "u1", "type": "sale", "amount": 4999, "currency": "USD", "cref": cref})
	p.Replica([]string{}, "OPENPARTNER_CLOCK_OFFSET=24h") // the one that works is a day ahead
	p.DB.Await(t, `select exists (select from usage_reports where status = 'sent')`)
	for _, s := range screens()[1:3] {
		p.look(s)
		p.open("/admin/billing")
		p.see("$49.99")
		p.fits()
		p.open("/admin")
		p.see("did not go through")
		p.fits()
	}
}
