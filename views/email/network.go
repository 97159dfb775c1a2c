package email

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
