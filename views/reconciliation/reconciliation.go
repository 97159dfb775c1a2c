package reconciliation

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/views/ui"
)

// Asked is how a part of a page stands that Stripe is asked for.
type Asked struct {
	Waiting bool   // the answer comes after the page
	Again   string // the page, as it waits for the answer
	Problem string // why there is none
}

// EvidencePage is what Stripe shows about a payout that waits for a person.
type EvidencePage struct {
	Asked

	payouts.Evidence
	PartnerName string
	MayEdit     bool
	Error       string // about the transfer that was named
	Transfer    string // that was named
}

// Page compares the ledger with Stripe.
type Page struct {
	Asked

	payouts.Reconciliation
	Offered bool // there is an account at Stripe to compare with
	Held    bool // the operator's brake is on
	MayEdit bool
	Names   map[uuid.UUID]string // of partners
	Now     time.Time
}

const evidenceID = "evidence"

// tried tells what was asked of Stripe.
func (p EvidencePage) tried() []ui.Definition {
	out := []ui.Definition{
		{Term: "To be paid", Body: ui.Amount(p.Payout.Money())},
		{Term: "To", Text: p.PartnerName},
		{Term: "Account at Stripe", Body: ui.Mono(text(p.Payout.DestinationAccount))},
		{Term: "Paid from", Body: ui.Mono(text(p.Payout.PayingAccount))},
		{Term: "Idempotency key", Body: ui.Mono(p.Key)},
	}
	if p.Payout.PostedAt != nil {
		out = append(out, ui.Definition{Term: "First asked", Body: ui.Time(*p.Payout.PostedAt)})
	}
	return append(out, ui.Definition{Term: "Asked", Text: times(p.Payout.Attempts)})
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func text(p *string) string {
	if p == nil {
		return "-"
	}
	return *p
}

// verdict says of a transfer whether it pays the payout.
func (p EvidencePage) verdict(t pay.Transfer) (tone ui.Tone, words string) {
	switch {
	case p.Fits(t):
		return ui.Success, "Pays it"
	case !t.Stands():
		return ui.Neutral, "Reversed"
	default:
		return ui.Critical, "Differs"
	}
}

func amountOf(t pay.Transfer) money.Amount {
	return money.Amount{Minor: t.Amount, Currency: t.Currency}
}

// words say how ledger and Stripe disagree, and what to do about it.
func words(k payouts.DifferenceKind) (title, advice string) {
	switch k {
	case payouts.DifferenceUnknown:
		return "Paid, and not in the ledger", "Stripe made this transfer; the ledger has no payout for it, as after an older backup was restored. Record it, so that it is not paid a second time."
	case payouts.DifferenceMissing:
		return "Not at Stripe", "The ledger says that this was paid. Stripe shows no such transfer."
	case payouts.DifferenceReversed:
		return "Reversed after it was paid", "Somebody took this transfer back at Stripe. If the partner is still owed it, add it to their balance by hand."
	case payouts.DifferenceDiffers:
		return "Other than in the ledger", "Amount, currency or destination at Stripe are not those of the payout."
	case payouts.DifferenceUnpaid:
		return "Paid, and not recorded", "Stripe made a transfer for this payout, which the ledger does not count as paid. One that is still to be sent finds it by itself."
	case payouts.DifferenceReview:
		return "Waits for a person", "Nobody knows whether this was paid. Look at the evidence and decide."
	default:
		return "On its way for long", "Stripe gives no clear answer. The same call is repeated until it does."
	}
}
