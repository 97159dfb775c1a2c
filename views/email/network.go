package email

import "strconv"

// NetworkConnect carries the link that completes the connection of a program to the Network.
func NetworkConnect(b Brand, program, link string) Message {
	return Message{
		Subject: "Connect " + program + " to the Network",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Connect " + program, Preheader: "The link works once, for an hour.",
			ButtonText: "Complete the connection", ButtonURL: link,
			Reason: "You get this because this address was given as the contact of " + program + ".",
		},
		Body: Paragraphs("An admin of "+program+" wants to offer its campaigns to creators of the Network. The link leads to your own program, where one button completes the connection; it works once, for an hour.",
			"If nobody of you asked for it, you need not do anything: without this link nothing is connected."),
	}
}

// NetworkWelcome carries the link that confirms the address of a new creator.
func NetworkWelcome(b Brand, name, link string) Message {
	return Message{
		Subject: "Confirm your address for the " + b.Name,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Welcome, " + name, Preheader: "The link works once, for 10 minutes.",
			ButtonText: "Confirm your address", ButtonURL: link,
			Reason: "You get this because this address was typed into the form for creators of the " + b.Name + ".",
		},
		Body: Paragraphs("The link confirms that this address is yours and opens your account; it works once, for 10 minutes. From then on programs that you are a partner of already, under this address, know that you are on the Network.",
			"If you did not ask for it, you need not do anything: without this link there is no account."),
	}
}

// NetworkApproved tells a creator that a program said yes.
func NetworkApproved(b Brand, vendor, offering, note, link string) Message {
	return decided(b, vendor+" said yes", []string{"You may promote “" + offering + "”. Your link is ready."}, vendor, note, "See your link", link)
}

// NetworkRejected tells a creator that a program said no.
func NetworkRejected(b Brand, vendor, offering, note, link string) Message {
	return decided(b, vendor+" declined your request", []string{"You asked to promote “" + offering + "”, and the program declined. You may ask again in 30 days."}, vendor, note, "See other offerings", link)
}

func decided(b Brand, title string, sentences []string, vendor, note, button, link string) Message {
	if note != "" {
		sentences = append(sentences, vendor+" wrote: "+note)
	}
	return Message{
		Subject: title,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: title, Preheader: sentences[0], ButtonText: button, ButtonURL: link,
			Reason: "You get this because you applied for this offering on the " + b.Name + ".",
		},
		Body: Paragraphs(sentences...),
	}
}

// NetworkWaiting tells a program that creators wait for its answer.
func NetworkWaiting(b Brand, program string, n int, link string) Message {
	title := strconv.Itoa(n) + " creators wait for your answer"
	if n == 1 {
		title = "A creator waits for your answer"
	}
	return Message{
		Subject: title,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: title, Preheader: "They want to promote what " + program + " offers.", ButtonText: "See the requests", ButtonURL: link,
			Reason: "You get this, once an hour at most, because this address is the contact of " + program + " on the " + b.Name + ".",
		},
		Body: Paragraphs("They want to promote what " + program + " offers on the " + b.Name + ". Whoever you approve becomes your partner, with a link of their own."),
	}
}
