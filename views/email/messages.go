package email

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"github.com/a-h/templ"
)

// Message is a whole mail before it is rendered.
type Message struct {
	Subject string
	Props   Props
	Body    templ.Component
}

// Compose gives the two forms of a mail.
func (m Message) Compose(ctx context.Context) (html, text string, err error) {
	if html, err = Render(ctx, Layout(m.Props, m.Body)); err != nil {
		return "", "", err
	}
	text, err = m.Text(ctx)
	return html, text, err
}

// Preview gives the HTML of a mail with its style as one sheet instead of in every element, and
// the SHA-256 of that sheet, by which a policy can let it in and nothing else.
func (m Message) Preview(ctx context.Context) (html, hash string, err error) {
	html, err = render(ctx, Layout(m.Props, m.Body))
	sum := sha256.Sum256([]byte(m.Props.css()))
	return html, base64.StdEncoding.EncodeToString(sum[:]), err
}

// Text gives the plain text of the mail.
func (m Message) Text(ctx context.Context) (string, error) { return Text(ctx, Layout(m.Props, m.Body)) }

// Brand is who writes.
type Brand struct {
	Name   string
	Accent string // #rrggbb, or empty
}

// SignIn carries the link that somebody asked for.
func SignIn(b Brand, link string) Message {
	return Message{
		Subject: "Sign in to " + b.Name,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Sign in to " + b.Name, Preheader: "Your link works once, for 10 minutes.",
			ButtonText: "Sign in", ButtonURL: link,
			Reason: "You get this because this address was typed into the sign-in form of " + b.Name + ".",
		},
		Body: Paragraphs("This link signs you in. It works once, for 10 minutes.", "If you did not ask for it, you need not do anything: nobody can sign in without this mail."),
	}
}

// AdminInvitation asks somebody to help run a program.
func AdminInvitation(b Brand, name, link string) Message {
	return Message{
		Subject: "Help run the partner program of " + b.Name,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "You are invited to " + b.Name, Preheader: "Accept within 7 days.",
			ButtonText: "Accept the invitation", ButtonURL: link,
			Reason: "You get this because an admin of " + b.Name + " invited this address.",
		},
		Body: Paragraphs("Hello "+name+",", "you are invited to help run the partner program of "+b.Name+". The link works once, for 7 days."),
	}
}

// Activation opens a program to whoever signed up for it.
func Activation(b Brand, name, link string) Message {
	return Message{
		Subject: "Open your program " + b.Name,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: b.Name + " is ready", Preheader: "Confirm your address within 7 days.",
			ButtonText: "Open the program", ButtonURL: link,
			Reason: "You get this because this address was typed into the form for a new program.",
		},
		Body: Paragraphs("Hello "+name+",", "your partner program "+b.Name+" is ready. The link confirms that this address is yours and opens it; it works once, for 7 days.",
			"If you did not ask for it, you need not do anything: without this link the program is deleted again."),
	}
}

// PartnerInvitation asks somebody to promote a program.
func PartnerInvitation(b Brand, name, link string) Message {
	return Message{
		Subject: b.Name + " invites you to its partner program",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Become a partner of " + b.Name, Preheader: "Accept within 7 days.",
			ButtonText: "Accept the invitation", ButtonURL: link,
			Reason: "You get this because " + b.Name + " invited this address to its partner program.",
		},
		Body: Paragraphs("Hello "+name+",", b.Name+" would like you to become a partner: share a link of yours and earn from what it brings in. The invitation works once, for 7 days."),
	}
}

// NewAddress asks whether an address is the partner's who wants to change to it.
func NewAddress(b Brand, name, link string) Message {
	return Message{
		Subject: "Confirm your new address for " + b.Name,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Confirm your new address", Preheader: "The link works once, for 10 minutes.",
			ButtonText: "Confirm this address", ButtonURL: link,
			Reason: "You get this because a partner of " + b.Name + " wants to sign in with this address.",
		},
		Body: Paragraphs("Hello "+name+",", "confirm that this address is yours, and you sign in with it from then on. The link works once, for 10 minutes.",
			"If you did not ask for it, you need not do anything: nothing changes without this mail."),
	}
}

// AddressWanted warns the address that a partner wants to leave.
func AddressWanted(b Brand, name, wanted, signIn string) Message {
	return Message{
		Subject: "Your address at " + b.Name + " is about to change",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Your address is about to change", ButtonText: "Sign in", ButtonURL: signIn,
			Reason: "You get this because you are a partner of " + b.Name + " with this address.",
		},
		Body: Paragraphs("Hello "+name+",", "you asked to sign in with "+wanted+" instead of this address. That happens as soon as the link that we sent there is used.",
			"If it was not you, sign in, end the sessions that you don't know, and tell "+b.Name+" at once."),
	}
}

// AddressChanged tells the address that a partner has left.
func AddressChanged(b Brand, name, now, signIn string) Message {
	return Message{
		Subject: "Your address at " + b.Name + " has changed",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Your address has changed", ButtonText: "Sign in", ButtonURL: signIn,
			Reason: "You get this because this was the address of a partner of " + b.Name + " until now.",
		},
		Body: Paragraphs("Hello "+name+",", "from now on you sign in with "+now+"; this address gets no more mails from us.",
			"If it was not you, tell "+b.Name+" at once."),
	}
}

// WebhookDisabled tells an admin that a program of theirs hears nothing any more.
func WebhookDisabled(b Brand, address, reason, page string) Message {
	return Message{
		Subject: "A webhook of " + b.Name + " is disabled",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "A webhook is disabled", Preheader: reason,
			ButtonText: "Look at the webhook", ButtonURL: page,
			Reason: "You get this because you are an admin of " + b.Name + ".",
		},
		Body: Paragraphs("Nothing is sent to "+address+" any more. "+reason, "When it works again, make it active and send again what it missed."),
	}
}

// PaymentFailed tells an admin that what the program owes the operator could not be collected.
func PaymentFailed(b Brand, page string) Message {
	return Message{
		Subject: "A payment for " + b.Name + " did not go through",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "A payment did not go through", Preheader: "Tracking goes on. Please look at your card.",
			ButtonText: "Look at billing", ButtonURL: page,
			Reason: "You get this because you are an admin of " + b.Name + ".",
		},
		Body: Paragraphs("Stripe could not collect the latest invoice for this program. Please look at the card that is on file.",
			"Nothing stops: links, clicks and events are tracked as before, and your partners earn what they earn."),
	}
}

// NetworkLost tells an admin that the Network does not take the program's token any more.
func NetworkLost(b Brand, page string) Message {
	return Message{
		Subject: b.Name + " has lost the Network",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "The Network refuses us", Preheader: "Connect again to go on.",
			ButtonText: "Connect again", ButtonURL: page,
			Reason: "You get this because you are an admin of " + b.Name + ".",
		},
		Body: Paragraphs("The Network does not take this program's token any more, so nothing is sent to it. Your own program works as before.",
			"What was to be told waits. It is sent when you have connected again."),
	}
}

// Test shows that mail arrives.
func Test(b Brand, settings string) Message {
	return Message{
		Subject: "Mail from " + b.Name + " works",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Mail works", ButtonText: "Open the settings", ButtonURL: settings,
			Reason: "You get this because you pressed the test button in the mail settings of " + b.Name + ".",
		},
		Body: Paragraphs("This is the test that you asked for. Sign-in links and invitations will arrive the same way."),
	}
}
