package email

import (
	"fmt"
	"strings"
)

// PayoutPaid tells a partner that money is on its way.
func PayoutPaid(b Brand, name, amount, page string) Message {
	return Message{
		Subject: b.Name + " has paid you " + amount,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "You were paid " + amount, ButtonText: "See the statement", ButtonURL: page,
			Reason: "You get this because you are a partner of " + b.Name + ".",
		},
		Body: Paragraphs("Hello "+name+",", b.Name+" has paid you "+amount+". Depending on your bank it takes some days to arrive.",
			"The statement lists every commission that it is made of."),
	}
}

// PayoutFailed tells a partner that money could not be sent.
func PayoutFailed(b Brand, name, amount, page string) Message {
	return Message{
		Subject: "A payout of " + b.Name + " could not be sent",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "A payout could not be sent", ButtonText: "Look at the payout", ButtonURL: page,
			Reason: "You get this because you are a partner of " + b.Name + ".",
		},
		Body: Paragraphs("Hello "+name+",", "your payout of "+amount+" was refused, so nothing was sent. The amount stays yours and is part of the next payout.",
			"Please look whether your payout account is complete."),
	}
}

// BankDetailsChanged warns a partner that somebody has said where to pay them.
func BankDetailsChanged(b Brand, name, page string) Message {
	return Message{
		Subject: "Your bank details at " + b.Name + " have changed",
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: "Your bank details have changed", Preheader: "If it was not you, say so within 72 hours.",
			ButtonText: "Look at the details", ButtonURL: page,
			Reason: "You get this because you are a partner of " + b.Name + " with this address.",
		},
		Body: Paragraphs("Hello "+name+",", "somebody who was signed in as you has changed where you are paid. Nothing is paid there for 72 hours.",
			"If it was not you, sign in, end the sessions that you don't know, and tell "+b.Name+" at once."),
	}
}

// PayoutsPlanned tells an admin what the clock has planned.
func PayoutsPlanned(b Brand, payouts int, totals []string, page string) Message {
	what := "No payout could be planned: the way that the settings choose is not available."
	subject, title := "No payouts of "+b.Name+" could be planned", "No payout could be planned"
	if payouts > 0 {
		many := "1 payout"
		if payouts > 1 {
			many = fmt.Sprintf("%d payouts", payouts)
		}
		what = many + " of " + strings.Join(totals, " and ") + " together. Those by Stripe are sent by themselves; those by hand wait for you."
		subject, title = many+" of "+b.Name, "The payouts of this period are planned"
	}
	return Message{
		Subject: subject,
		Props: Props{
			Brand: b.Name, Accent: b.Accent, Title: title, ButtonText: "Look at the payouts", ButtonURL: page,
			Reason: "You get this because you are an admin of " + b.Name + ".",
		},
		Body: Paragraphs(what),
	}
}
