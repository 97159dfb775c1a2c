package billing

import (
	"time"

	"github.com/a-h/templ"

	"github.com/openpartner/openpartner/app/billing"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/views/layout"
	"github.com/openpartner/openpartner/views/ui"
)

const listID = "usage"

// ListTarget selects what pages of the list replace.
const ListTarget = "#" + listID

// Page is what the program pays, and for what.
type Page struct {
	Mode    billing.Mode
	Account billing.Account
	Reports []billing.Report
	MayEdit bool
	Now     time.Time
	Problem string // what Stripe did not do
	Pager   ui.PagerProps
}

// LeavePage leads on to a page of Stripe's.
type LeavePage struct {
	Title, Text, Label, Address string
}

// State says how a subscription stands.
func State(a billing.Account) (ui.Tone, string) {
	switch a.Status {
	case billing.None:
		return ui.Neutral, "Not subscribed"
	case billing.Incomplete:
		return ui.Warning, "First payment open"
	case billing.Trialing:
		return ui.Success, "Trial"
	case billing.Active:
		return ui.Success, "Active"
	case billing.PastDue:
		return ui.Critical, "Payment failed"
	case billing.Unpaid:
		return ui.Critical, "Unpaid"
	case billing.Paused:
		return ui.Warning, "Paused"
	case billing.Expired, billing.Canceled:
	}
	return ui.Neutral, "Ended"
}

// Plan names what programs pay for.
func Plan(m billing.Mode) string {
	switch m {
	case billing.Flat:
		return "By the month, and a share of what partners sell"
	case billing.Revshare:
		return "A share of what partners sell"
	case billing.Selfhost:
	}
	return "Nothing is billed"
}

// Warning is the banner of a program that does not pay; nil for one that does. It says that nothing
// stops, because nothing does.
func Warning(a billing.Account, page string) *layout.Banner {
	b := layout.Banner{Tone: ui.Warning, ActionLabel: "Look at billing", ActionHref: page}
	switch {
	case a.Owes():
		b.Text = "A payment for this program did not go through. Tracking goes on, and partners earn as before."
	case a.Status == billing.Canceled:
		b.Text = "The subscription of this program has ended. Tracking goes on, and partners earn as before."
	default:
		return nil
	}
	return &b
}

func (p Page) badge() templ.Component {
	if !p.Mode.Bills() {
		return nil
	}
	return ui.Badge(State(p.Account))
}

func (p Page) facts() []ui.Definition {
	a := p.Account
	out := []ui.Definition{{Term: "Plan", Text: Plan(p.Mode)}}
	if a.SubscribedAt != nil && a.Lives() {
		out = append(out, ui.Definition{Term: "Subscribed", Body: ui.Date(*a.SubscribedAt)})
	}
	switch {
	case a.EndedAt != nil:
		out = append(out, ui.Definition{Term: "Ended", Body: ui.Date(*a.EndedAt)})
	case a.CancelsAt != nil:
		out = append(out, ui.Definition{Term: "Ends", Body: ui.Date(*a.CancelsAt)})
	case a.PaidUntil != nil:
		out = append(out, ui.Definition{Term: "Next invoice", Body: ui.Date(*a.PaidUntil)})
	}
	if a.ReadAt != nil {
		out = append(out, ui.Definition{Term: "As Stripe said", Body: ui.Ago(*a.ReadAt, p.Now)})
	}
	return out
}

func amount(r billing.Report, minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: r.Currency}
}

// became says what became of a day.
func became(r billing.Report, now time.Time) (ui.Tone, string) {
	switch {
	case r.Status == billing.Sent && r.Difference != nil && *r.Difference != 0:
		return ui.Warning, "Counted differently"
	case r.Status == billing.Sent:
		return ui.Success, "Billed"
	case r.Status == billing.Skipped && *r.Reason == billing.NothingDue:
		return ui.Neutral, "Carried on"
	case r.Status == billing.Skipped:
		return ui.Neutral, "Not billed"
	case r.Doubtful(now):
		return ui.Critical, "In doubt"
	case r.LastError != nil:
		return ui.Warning, "Tries again"
	}
	return ui.Info, "On its way"
}

// because says why, where that is not plain.
func because(r billing.Report, now time.Time) string {
	switch {
	case r.Status == billing.Sent && r.Difference != nil && *r.Difference != 0:
		return "Stripe's count differs by " + amount(r, *r.Difference).Format()
	case r.Status == billing.Skipped && *r.Reason == billing.NothingDue:
		return "Credit for later days: " + amount(r, -r.CarriedOut).Format()
	case r.Status == billing.Skipped:
		return "There was no subscription"
	case r.Doubtful(now):
		return "The operator has to look whether Stripe has it"
	case r.Status == billing.Pending && r.LastError != nil:
		return "Stripe has not taken it yet"
	case r.CarriedIn < 0:
		return "After a credit of " + amount(r, -r.CarriedIn).Format()
	}
	return ""
}
