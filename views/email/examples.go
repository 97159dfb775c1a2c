package email

// Example is a mail as a program can look at it before anybody gets it.
type Example struct {
	Name    string // in the address of its preview
	Label   string
	Message Message
}

// Examples are all mails of the product, with a made-up receiver; link is where their buttons lead.
func Examples(b Brand, link string) []Example {
	const receiver, reason = "Maya Lindqvist", "We have enough partners in your field for now."
	return []Example{
		{"signin", "Sign-in link", SignIn(b, link)},
		{"partner-invitation", "Invitation of a partner", PartnerInvitation(b, receiver, link)},
		{"admin-invitation", "Invitation of an admin", AdminInvitation(b, receiver, link)},
		{"confirmation", "Sign-up: confirm the address", Confirmation(b, link)},
		{"signed-up-already", "Sign-up: has an account", SignedUpAlready(b, link)},
		{"signed-up-waiting", "Sign-up: waits already", SignedUpWaiting(b)},
		{"signed-up-in-vain", "Sign-up: was a partner before", SignedUpInVain(b)},
		{"application-waits", "Application, to admins", ApplicationWaits(b, receiver, link)},
		{"approved", "Application approved", Approved(b, receiver, link)},
		{"declined", "Application declined", Declined(b, receiver, reason)},
		{"revoked", "Partner revoked", Revoked(b, receiver, reason)},
		{"reinstated", "Partner reinstated", Reinstated(b, receiver, link)},
		{"new-address", "Confirmation of a new address", NewAddress(b, receiver, link)},
		{"address-wanted", "Notice of a wanted address", AddressWanted(b, receiver, "maya@new.example", link)},
		{"address-changed", "Notice of a changed address", AddressChanged(b, receiver, "maya@new.example", link)},
		{"test", "Test", Test(b, link)},
	}
}
