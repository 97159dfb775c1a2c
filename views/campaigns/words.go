package campaigns

import (
	"strconv"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/money"
)

// RuleWords says what a rule pays: "20 % of every purchase for 12 months".
func RuleWords(r campaigns.Rule) string {
	words := money.Amount{Minor: r.Amount, Currency: r.Currency}.Format() + " for "
	noun := "event"
	if r.Kind == campaigns.Percent {
		words, noun = money.FormatPercent(r.RatePPM)+" % of ", "sale"
	}
	switch r.Trigger {
	case campaigns.First:
		words += "the first "
	case campaigns.Subsequent:
		words += "every later "
	default:
		words += "every "
	}
	words += eventWords(r.EventType, noun)
	if r.DurationMonths > 0 {
		words += " for " + count(r.DurationMonths, "month")
	}
	return words
}

// eventWords is a type of events as people read it: invoice_paid is "invoice paid".
func eventWords(eventType, fallback string) string {
	if eventType == "" {
		return fallback
	}
	return strings.ReplaceAll(eventType, "_", " ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// modelWords names an attribution model and says who earns by it.
func modelWords(m campaigns.Model) (name, sentence string) {
	switch m {
	case campaigns.LastClick:
		return "Last click", "The partner whose link was clicked last earns it all. Most programs choose this."
	case campaigns.FirstClick:
		return "First click", "The partner who brought the customer first earns it all."
	case campaigns.Linear:
		return "Linear", "Everybody whose link was clicked gets the same share."
	case campaigns.Position:
		return "Position", "The first and the last partner get 40 % each, those between them share 20 %. Two partners halve it."
	default:
		return string(m), ""
	}
}

func modelName(m campaigns.Model) string {
	name, _ := modelWords(m)
	return name
}

func windowWords(days int) string { return "Clicks of the last " + count(days, "day") + " count" }

func lockWords(locked bool) string {
	if locked {
		return "Yes: whoever won a customer earns from their later sales, too"
	}
	return "No: every sale is judged by its own clicks"
}

// approvalWords says how a commission gets approved, and when at the earliest.
func approvalWords(t campaigns.Terms) string {
	switch {
	case t.AutoApprove && t.HoldDays == 0:
		return "By itself, at once"
	case t.AutoApprove:
		return "By itself, after " + count(t.HoldDays, "day")
	case t.HoldDays == 0:
		return "By hand, at any time"
	default:
		return "By hand, after a hold of " + count(t.HoldDays, "day")
	}
}

const day = "2 Jan 2006"

// runWords says between which days new clicks count.
func runWords(c campaigns.Campaign) string {
	switch {
	case c.StartsAt != nil && c.EndsAt != nil:
		return dayOf(c.StartsAt) + " to " + lastDay(c.EndsAt)
	case c.StartsAt != nil:
		return "From " + dayOf(c.StartsAt)
	case c.EndsAt != nil:
		return "Until " + lastDay(c.EndsAt)
	default:
		return "Without an end"
	}
}

func dayOf(t *time.Time) string { return t.UTC().Format(day) }

// lastDay is the last day on which something runs that ends at a time.
func lastDay(end *time.Time) string { return end.Add(-1).UTC().Format(day) }
