package email

// PayoutReview tells an admin that nobody knows whether a payout was paid.
func PayoutReview(b Brand, partner, amount, page string) Message {
	return Message{
		Subject: "A payout to " + partner + " waits for you",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Was " + partner + " paid?", Preheader: "Stripe gave no clear answer.",
			ButtonText: "Look at the evidence", ButtonURL: page,
			Reason: "You get this because you are an admin of " + b.Name + ".",
		},
		Body: Paragraphs("Stripe was asked to pay "+amount+" to "+partner+", and nobody knows what became of it. Nothing is sent again before somebody has looked.",
			"The page shows what was asked and what Stripe says now. You record the transfer, or have it sent again."),
	}
}

// PayoutReversed tells an admin that a payout was taken back at Stripe after the partner had it.
func PayoutReversed(b Brand, partner, amount, page string) Message {
	return Message{
		Subject: "A payout to " + partner + " was reversed",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "A payout was reversed", Preheader: "The ledger still says that it was paid.",
			ButtonText: "Compare with Stripe", ButtonURL: page,
			Reason: "You get this because you are an admin of " + b.Name + ".",
		},
		Body: Paragraphs("Stripe says that the transfer of "+amount+" to "+partner+" was taken back, in whole or in part. The ledger still says that it was paid, and nothing is sent again by itself.",
			"If "+partner+" is still owed the money, add it to their balance by hand."),
	}
}

// PayoutAccountChanged tells a partner that they are paid to another account from now on.
func PayoutAccountChanged(b Brand, name, page string) Message {
	return Message{
		Subject: "Your payouts from " + b.Name + " go to another account",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Another account at Stripe", Preheader: "Was it you?",
			ButtonText: "See where you are paid", ButtonURL: page,
			Reason: "You get this because somebody changed where the payouts of your account go.",
		},
		Body: Paragraphs("Hello "+name+", your payouts go to another account at Stripe from now on. Nothing is paid there for three days.",
			"If it was not you, change it back at once and tell the program."),
	}
}
