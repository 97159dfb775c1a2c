package ledger

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tracking"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
	"github.com/openpartner/openpartner/views/ui"
)

const dayFormat = "2 Jan 2006"

func day(t time.Time) string { return t.UTC().Format(dayFormat) }

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// count is a number with its noun: "1 partner", "3 partners".
func count(n int, noun string) string {
	return strconv.Itoa(n) + " " + plural(n, noun, noun+"s")
}

// plural chooses between the words for one and for many.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// UserHref leads to all events of a user.
func UserHref(u routes.URLs, user string) string {
	return u.Activity() + "?user_id=" + url.QueryEscape(user)
}

// list joins names as people do: "Zoe, Ada and Bob".
func list(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}

// EventTitle names an event by its type and amount: "Purchase: $49.99".
func EventTitle(e attribution.Event) string {
	if m, ok := e.Money(); ok {
		return ui.StatusLabel(e.Type) + ": " + m.Format()
	}
	return ui.StatusLabel(e.Type)
}

// Stands says in words where a row is on its way to being paid: "Pending until 12 May 2026".
func Stands(c commissions.Commission, now time.Time) string {
	switch c.Status {
	case commissions.Pending:
		if !c.Matured(now) {
			return "Pending until " + day(c.MaturesAt)
		}
		return "Waits for approval since " + day(c.MaturesAt)
	case commissions.Approved:
		if c.Amount < 0 {
			return "Set off against the next payout"
		}
		return "Approved on " + day(value(c.ApprovedAt)) + ", in the next payout"
	case commissions.Held:
		return HeldWords(value(c.HeldReason))
	case commissions.Paid:
		return "Paid on " + day(value(c.PaidAt))
	default:
		return reversedWords(value(c.ReversedReason))
	}
}

// Beside says the same beside a badge that names the state: "until 12 May 2026".
func Beside(c commissions.Commission, now time.Time) string {
	switch c.Status {
	case commissions.Pending:
		if !c.Matured(now) {
			return "until " + day(c.MaturesAt)
		}
		return "waits for approval"
	case commissions.Approved:
		return "in the next payout"
	case commissions.Paid:
		return "on " + day(value(c.PaidAt))
	default:
		return Stands(c, now)
	}
}

// HeldWords says why money is held.
func HeldWords(reason string) string {
	switch reason {
	case "dispute":
		return "Held while the customer disputes the payment"
	case "partner_revoked":
		return "Held because the partner was revoked"
	case "fraud":
		return "Held for the fraud review"
	default:
		return "Held"
	}
}

func reversedWords(reason string) string {
	switch reason {
	case "superseded":
		return "Replaced by a later decision"
	case "refund":
		return "Taken back because of a refund"
	case "dispute":
		return "Taken back because of a dispute"
	case "fraud":
		return "Taken back because of fraud"
	case "rejected":
		return "Rejected by the program"
	default:
		return "Taken back"
	}
}

// modelWords names an attribution model and says who earns by it.
func modelWords(m campaigns.Model) (name, sentence string) {
	switch m {
	case campaigns.FirstClick:
		return "First click", "The partner of the first click that counts gets all of it."
	case campaigns.Linear:
		return "Linear", "All partners with a click that counts get the same share."
	case campaigns.Position:
		return "Position", "Who began and who closed get two fifths each; those between share one fifth."
	default:
		return "Last click", "The partner of the last click that counts gets all of it."
	}
}

// reasonWords says why a share brings nothing.
func reasonWords(r commissions.Reason, eventType string) (title, text string) {
	switch r {
	case commissions.ReasonCampaignNotRunning:
		return "Nothing: the campaign did not run",
			"The event lies outside the campaign's dates. It is attributed, but pays nothing and wins no customer."
	case commissions.ReasonDurationOver:
		return "Nothing: the rule has run out", "The rule pays for a number of months from the customer's first event on, and these are over."
	case commissions.ReasonZero:
		return "Nothing: it comes to zero", "The rule pays, but after rounding and refunds nothing is left."
	default:
		return "Nothing: no rule pays for it", "None of the campaign's rules fits an event of type " + eventType + " like this one."
	}
}

// FlagWords says what a click's flag means.
func FlagWords(f tracking.Flag) string {
	switch f {
	case tracking.FlagVelocity:
		return "Too many clicks in a short time came from the same place through this link."
	case tracking.FlagBot:
		return "A program opened the link, such as a crawler or the preview of a messenger."
	case tracking.FlagRevoked:
		return "The partner was not allowed to earn when it was clicked."
	case tracking.FlagManual:
		return "An admin flagged it."
	case tracking.FlagSelfReferral:
		return "The customer seems to be the partner."
	default:
		return ""
	}
}

// dropWords names a reason in short, and says in a sentence what it means.
func (t Telling) dropWords(r attribution.DropReason) (short, text string) {
	switch r {
	case attribution.DropSelfReferral:
		if t.Partner {
			return "own purchase", "The customer has your e-mail address. Nobody earns from their own purchases."
		}
		return "own purchase", "The customer has the e-mail address of the partner. Nobody earns from their own purchases."
	case attribution.DropRevoked:
		return "partner revoked", FlagWords(tracking.FlagRevoked)
	case attribution.DropAfterEvent:
		return "after the event", "so it can't have led to it."
	case attribution.DropOutsideWindow:
		return "too old", ""
	default:
		return "flagged", "The click is flagged."
	}
}

// span writes a duration for people: "12 days", "3 hours", "5 minutes".
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	default:
		return count(int(d/(24*time.Hour)), "day")
	}
}

// age writes how long before the event a click was. At the edge of the window whole days would
// hide on which side of it the click lies.
func age(d time.Duration, windowDays int) string {
	days := int(d / (24 * time.Hour))
	if rest := d % (24 * time.Hour); days == windowDays && rest > 0 {
		return count(days, "day") + " and " + span(rest)
	}
	return span(d)
}

// ruleWords says what a rule pays, and whether it is one partner's alone.
func (t Telling) ruleWords(r campaigns.Rule) string {
	words := campaignsview.RuleWords(r)
	switch {
	case r.PartnerID == nil:
		return words
	case t.Partner:
		return words + ", agreed with you alone"
	default:
		return words + ", the partner's own rule"
	}
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
