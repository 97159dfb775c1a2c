package email

// Example is a mail as a program can look at it before anybody gets it.
type Example struct {
	Name    string // in the address of its preview
	Label   string
	Message Message
}

// Examples are all mails of the product, with a made-up receiver; link is where their buttons lead.
func Examples(b Brand, link string) []Example {
	const receiver, reason = "Maya Lindqvist", "Your channel is about something else."
	return []Example{
		{"signin", "Sign-in link", SignIn(b, link)},
		{"partner-invitation", "Invitation of a partner", PartnerInvitation(b, receiver, link)},
		{"admin-invitation", "Invitation of an admin", AdminInvitation(b, receiver, link)},
		{"activation", "First admin's link", Activation(b, receiver, link)},
		{"confirmation", "Sign-up: confirm", Confirmation(b, link)},
		{"signed-up-already", "Sign-up: a partner already", SignedUpAlready(b, link)},
		{"signed-up-waiting", "Sign-up: waits", SignedUpWaiting(b)},
		{"signed-up-in-vain", "Sign-up: not possible", SignedUpInVain(b)},
		{"application", "Application to review", ApplicationWaits(b, receiver, link)},
		{"approved", "Application approved", Approved(b, receiver, link)},
		{"declined", "Application declined", Declined(b, receiver, reason)},
		{"revoked", "Partner revoked", Revoked(b, receiver, reason)},
		{"reinstated", "Partner reinstated", Reinstated(b, receiver, link)},
		{"new-address", "Address: confirm", NewAddress(b, receiver, link)},
		{"address-wanted", "Address: a change is wanted", AddressWanted(b, receiver, "maya@example.org", link)},
		{"address-changed", "Address: changed", AddressChanged(b, receiver, "maya@example.org", link)},
		{"payout-review", "Payout: was it paid?", PayoutReview(b, receiver, "$120.00", link)},
		{"payout-reversed", "Payout: reversed", PayoutReversed(b, receiver, "$120.00", link)},
		{"payout-account", "Payout: another account", PayoutAccountChanged(b, receiver, link)},
		{"network-connect", "Network connection", NetworkConnect(b, "Tea Club", link)},
		{"network-waiting", "Network requests", NetworkWaiting(b, "Tea Club", 3, link)},
		{"network-lost", "Network lost", NetworkLost(b, link)},
		{"payment-failed", "Payment failed", PaymentFailed(b, link)},
		{"webhook-disabled", "Webhook disabled", WebhookDisabled(b, "https://example.com/hooks", "It has failed for three days.", link)},
		{"payout-paid", "Payout: paid", PayoutPaid(b, receiver, "$120.00", link)},
		{"payout-failed", "Payout: failed", PayoutFailed(b, receiver, "$120.00", link)},
		{"bank-details-changed", "Payout: bank details changed", BankDetailsChanged(b, receiver, link)},
		{"payouts-planned", "Payouts planned", PayoutsPlanned(b, 12, []string{"$1,930.00", "€410.50"}, link)},
		{"test", "Test", Test(b, link)},
	}
}
