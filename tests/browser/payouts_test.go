//go:build browser

package browser_test

import (
	"strings"
	"testing"
)

// TestPayouts follows money from what is owed to the statement that a partner keeps.
func TestPayouts(t *testing.T) {
	t.Parallel()
	p := sitDown(t)
	p.setUp()
	api := p.teller()
	for name, amount := range map[string]int{"Zoe": 2500, "Max": 9900} {
		partner := api.say("POST", "/partners", map[string]any{"email": strings.ToLower(name) + "@example.com", "name": name, "send_invite": false}).ID
		api.say("POST", "/commissions/adjustments", map[string]any{"partner_id": partner, "amount": amount, "currency": "USD", "note": "Agreed by phone"})
	}

	p.open("/admin/settings/payouts")
	p.fill("Thresholds", "USD 20.00")
	p.press("Save")
	p.see("Saved.")

	p.open("/admin/payouts")
	p.see("$124.00")
	p.press("Start a payout run")
	p.see("It pays 2 partners $124.00")
	p.tick("Leave out Max, $99.00")
	p.press("Show again")
	p.see("It pays 1 partner $25.00")
	p.see("Left out by you")
	p.press("Go on to confirm")
	p.see("Pay 1 partner $25.00?")
	p.press("Start the run")
	p.see("The run has begun.")
	p.see("0 of 1")

	var payout string
	p.script(&payout, `return document.querySelector("#payouts a.row-title").getAttribute("href")`)
	p.open(payout)
	p.press("Mark as paid")
	p.see("Have you paid $25.00 to Zoe?")
	p.press("Yes, mark as paid")
	p.see("Say how it was paid")
	p.fill("Reference", "SEPA 17")
	p.press("Yes, mark as paid")
	p.see("$25.00 for Zoe is paid.")
	p.see("SEPA 17")

	zoe := at(t, p.App)
	zoe.look(screens()[2])
	zoe.open("/signin")
	zoe.fill("E-mail address", "zoe@example.com")
	zoe.press("Send sign-in link")
	zoe.see("Check your inbox")
	zoe.open("/auth/verify?token=" + p.MailedToken("/auth/verify", 1))
	zoe.press("Sign in")
	zoe.see("Hello, Zoe")
	zoe.open("/partner/payouts")
	zoe.see("How you are paid")
	zoe.open("/partner/payouts/" + payout[strings.LastIndex(payout, "/")+1:])
	zoe.see("Payout statement")
	zoe.see("Agreed by phone")
	zoe.fits()
	zoe.open("/partner/payout-account")
	zoe.press("Add bank details")
	zoe.see("They are kept encrypted")
	zoe.fill("Bank details", "DE02 1203 0000 0000 2020 51")
	zoe.press("Save bank details")
	zoe.see("nothing is paid there before")
}
