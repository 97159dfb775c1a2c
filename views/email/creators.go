package email

// Confirmation carries the link by which somebody shows that the address they signed up with is
// theirs. It bears no name: anybody may have typed it in.
func Confirmation(b Brand, link string) Message {
	return Message{
		Subject: "Confirm your address for " + b.Name,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Confirm your address", Preheader: "One step to the partner program of " + b.Name + ".",
			ButtonText: "Confirm my address", ButtonURL: link,
			Reason: "You get this because this address was typed into the sign-up form of " + b.Name + ".",
		},
		Body: Paragraphs(
			"Somebody signed up for the partner program of "+b.Name+" with this address. If that was you, confirm it with the button. The link works once, for 7 days.",
			"If it was not you, you need not do anything: without this link nothing happens, and what was typed in is deleted."),
	}
}

// SignedUpAlready answers a sign-up by somebody who has an account.
func SignedUpAlready(b Brand, link string) Message {
	return Message{
		Subject: "You already have an account at " + b.Name,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "You already have an account", Preheader: "Sign in instead. The link works once, for 10 minutes.",
			ButtonText: "Sign in", ButtonURL: link, Reason: typedIn(b),
		},
		Body: Paragraphs("This address has an account at the program of "+b.Name+" already, so there is nothing to sign up for. This link signs you in. It works once, for 10 minutes.",
			"If you did not ask for it, you need not do anything."),
	}
}

// SignedUpWaiting answers a sign-up by somebody whose application is being looked at.
func SignedUpWaiting(b Brand) Message {
	return Message{
		Subject: "We have your application for " + b.Name,
		Props:   Props{Brand: b.Name, Accent: b.Accent, Title: "We have your application", Reason: typedIn(b)},
		Body:    Paragraphs("Your application for the partner program of " + b.Name + " is with us already. We write to you as soon as it is decided; there is nothing else to do."),
	}
}

// SignedUpInVain answers a sign-up by somebody who was declined or revoked.
func SignedUpInVain(b Brand) Message {
	return Message{
		Subject: "Your sign-up for " + b.Name,
		Props:   Props{Brand: b.Name, Accent: b.Accent, Title: "This address can't sign up", Reason: typedIn(b)},
		Body: Paragraphs("This address was part of the partner program of "+b.Name+" or has applied for it before, so it can't sign up once more.",
			"If you think that this should change, please write to "+b.Name+" and mention this address."),
	}
}

func typedIn(b Brand) string {
	return "You get this because this address was typed into the sign-up form of " + b.Name + "."
}

// ApplicationWaits tells an admin that somebody waits for a decision.
func ApplicationWaits(b Brand, applicant, page string) Message {
	return Message{
		Subject: applicant + " would like to become a partner",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "An application waits", Preheader: "Approve or decline it.",
			ButtonText: "Look at the application", ButtonURL: page,
			Reason: "You get this because you are an admin of " + b.Name + " and applications are reviewed.",
		},
		Body: Paragraphs(applicant + " has signed up for the partner program of " + b.Name + " and has confirmed the address. Nothing happens until one of you approves or declines."),
	}
}

// Approved lets somebody in.
func Approved(b Brand, name, signIn string) Message {
	return Message{
		Subject: "Welcome to the partner program of " + b.Name,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "You are in", Preheader: "Sign in and get your link.",
			ButtonText: "Sign in", ButtonURL: signIn, Reason: partnerOf(b),
		},
		Body: Paragraphs("Hello "+name+",", "your application was approved: you are a partner of "+b.Name+" now. Sign in with this address to get your link and to see what it brings in."),
	}
}

// Declined turns somebody down; the reason may be empty.
func Declined(b Brand, name, reason string) Message {
	return Message{
		Subject: "Your application for " + b.Name,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Your application",
			Reason: "You get this because you applied for the partner program of " + b.Name + ".",
		},
		Body: Paragraphs(withReason(reason, "Hello "+name+",", "thank you for your interest in the partner program of "+b.Name+". We have looked at your application and decided not to go on with it.")...),
	}
}

// Revoked tells somebody that they are no longer a partner; the reason may be empty.
func Revoked(b Brand, name, reason string) Message {
	return Message{
		Subject: "You are no longer a partner of " + b.Name,
		Props:   Props{Brand: b.Name, Accent: b.Accent, Title: "Your partnership has ended", Reason: "You get this because you were a partner of " + b.Name + "."},
		Body:    Paragraphs(withReason(reason, "Hello "+name+",", b.Name+" has ended your participation in its partner program. New clicks on your links no longer count.")...),
	}
}

// Reinstated tells somebody that they are a partner again.
func Reinstated(b Brand, name, signIn string) Message {
	return Message{
		Subject: "You are a partner of " + b.Name + " again",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Welcome back", ButtonText: "Sign in", ButtonURL: signIn, Reason: partnerOf(b),
		},
		Body: Paragraphs("Hello "+name+",", "you may promote "+b.Name+" again, and your links count from now on."),
	}
}

func partnerOf(b Brand) string { return "You get this because you are a partner of " + b.Name + "." }

func withReason(reason string, sentences ...string) []string {
	if reason == "" {
		return sentences
	}
	return append(sentences, "The reason: "+reason)
}
