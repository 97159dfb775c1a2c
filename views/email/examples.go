package email

// Example is a mail as a program can look at it before anybody gets it.
type Example struct {
	Name    string // in the address of its preview
	Label   string
	Message Message
}

// Examples are all mails of the product, with a made-up receiver; link is where their buttons lead.
func Examples(b Brand, link string) []Example {
	const receiver = "Maya Lindqvist"
	return []Example{
		{"signin", "Sign-in link", SignIn(b, link)},
		{"partner-invitation", "Invitation of a partner", PartnerInvitation(b, receiver, link)},
		{"admin-invitation", "Invitation of an admin", AdminInvitation(b, receiver, link)},
		{"test", "Test", Test(b, link)},
	}
}
