package portal

import (
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/views/ledger"
	"github.com/openpartner/openpartner/views/ui"
)

// balance tells one currency: what is payable first, then what is on its way, and what was paid.
func balance(s commissions.Standing) []ui.StatProps {
	amount := func(minor int64) string { return money.Amount{Minor: minor, Currency: s.Currency}.Format() }
	payable := ui.StatProps{Label: "Payable", Value: amount(s.Payable), Note: "Goes into the next payout."}
	switch {
	case s.Payable < 0:
		payable.Note = "More was taken back than is payable. What you earn next makes up for it."
	case s.Payable == 0:
		payable.Note = "Nothing is approved at the moment."
	}
	out := []ui.StatProps{payable}
	if s.OnItsWay != 0 {
		out = append(out, ui.StatProps{Label: "On its way", Value: amount(s.OnItsWay), Note: "In a payout that is not confirmed yet."})
	}
	out = append(out, ui.StatProps{Label: "Pending", Value: amount(s.OnHold + s.Waiting), Note: pendingWords(s)})
	for _, h := range s.Held {
		out = append(out, ui.StatProps{Label: "Held", Value: amount(h.Amount), Note: ledger.HeldWords(h.Reason) + "."})
	}
	return append(out, ui.StatProps{Label: "Paid", Value: amount(s.Paid), Note: "So far."})
}

// pendingWords say until when: "Until 12 May 2026", or between which days holds end.
func pendingWords(s commissions.Standing) string {
	var words []string
	if !s.HoldsEnd.IsZero() {
		first, last := day(s.HoldsEnd), day(s.LastHoldEnds)
		if first == last {
			words = append(words, "Until "+first+".")
		} else {
			words = append(words, "Holds end from "+first+" to "+last+".")
		}
	}
	if s.Waiting != 0 {
		words = append(words, money.Amount{Minor: s.Waiting, Currency: s.Currency}.Format()+" waits for approval.")
	}
	if len(words) == 0 {
		return "Nothing is on its way."
	}
	return strings.Join(words, " ")
}

func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

func balanceLabel(currency string, all int) string {
	if all == 1 {
		return "Your balance"
	}
	return "Your balance in " + currency
}
