package portal

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/views/ui"
)

// PayoutsTarget selects what pages of the list replace.
const PayoutsTarget = "#" + payoutsID

const payoutsID = "payouts"

// PayoutsPage is what a partner was paid, and how.
type PayoutsPage struct {
	Rows  []payouts.Payout
	Terms settings.Payouts
	Pager ui.PagerProps
}

// terms say when and from which amount the program pays.
func (p PayoutsPage) terms() []ui.Definition {
	when := map[string]string{"weekly": "Every Monday", "biweekly": "Every second Monday", "monthly": "On the first of each month"}[p.Terms.Cadence]
	if when == "" {
		when = "When the program starts a run"
	}
	var least []string
	for _, code := range slices.Sorted(maps.Keys(p.Terms.Thresholds)) {
		least = append(least, money.Amount{Minor: p.Terms.Thresholds[code], Currency: code}.Format())
	}
	out := []ui.Definition{{Term: "Payouts are made", Text: when}}
	if len(least) > 0 {
		out = append(out, ui.Definition{Term: "From", Text: strings.Join(least, ", ") + ". Less is kept for the next time."})
	}
	return out
}

// payoutState is a payout's state as it concerns its partner.
func payoutState(o payouts.Payout) string {
	switch o.Status {
	case payouts.Pending, payouts.NeedsReview, payouts.Processing:
		return "processing"
	default:
		return string(o.Status)
	}
}

// payoutWords say what a payout's state means.
func payoutWords(o payouts.Payout) string {
	switch o.Status {
	case payouts.Paid:
		return "on " + day(*o.CompletedAt)
	case payouts.Failed, payouts.Cancelled:
		return "stays payable"
	default:
		return "on its way"
	}
}

// Statement is one payout as a document.
type Statement struct {
	Payout  payouts.Payout
	Partner partners.Partner
	Rows    []commissions.Commission // oldest first
	More    bool                     // there are further rows, in the file
	Program settings.Program
	Logo    string
}

// StatementRows is how many rows the document lists.
const StatementRows = 1000

// number is what the document is called by.
func (s Statement) number() string { return strings.ToUpper(s.Payout.ID.String()[24:]) }

func (s Statement) title() string { return "Statement of " + day(s.date()) }

// date is when it was paid, or planned.
func (s Statement) date() time.Time {
	if s.Payout.CompletedAt != nil {
		return *s.Payout.CompletedAt
	}
	return s.Payout.CreatedAt
}

// period are the days of the first and the last commission.
func (s Statement) period() string {
	if len(s.Rows) == 0 {
		return "–"
	}
	first, last := s.Rows[0].OccurredAt, s.Rows[0].OccurredAt
	for _, c := range s.Rows {
		if c.OccurredAt.Before(first) {
			first = c.OccurredAt
		}
		if c.OccurredAt.After(last) {
			last = c.OccurredAt
		}
	}
	if day(first) == day(last) {
		return day(first)
	}
	return day(first) + " – " + day(last)
}

func (s Statement) facts() []ui.Definition {
	out := []ui.Definition{
		{Term: "Number", Body: ui.Mono(s.number())},
		{Term: "Period", Text: s.period()},
	}
	switch s.Payout.Status {
	case payouts.Paid:
		out = append(out, ui.Definition{Term: "Paid", Body: ui.Date(*s.Payout.CompletedAt)})
	default:
		out = append(out, ui.Definition{Term: "Planned", Body: ui.Date(s.Payout.CreatedAt)})
	}
	way := "By hand"
	if s.Payout.Rail == payouts.RailStripe {
		way = "Stripe"
	}
	out = append(out, ui.Definition{Term: "Way", Text: way})
	if s.Payout.Reference != nil {
		out = append(out, ui.Definition{Term: "Reference", Text: *s.Payout.Reference})
	}
	return out
}

// payee are the lines that say who is paid.
func (s Statement) payee() []string {
	out := []string{s.Partner.Name}
	if s.Partner.Profile.Company != nil {
		out = append(out, *s.Partner.Profile.Company)
	}
	out = append(out, s.Partner.Email)
	if s.Partner.Profile.Country != nil {
		out = append(out, *s.Partner.Profile.Country)
	}
	return out
}

// what says what a row is for.
func what(c commissions.Commission) string {
	if c.CampaignName != nil {
		return *c.CampaignName
	}
	if c.Note != nil {
		return *c.Note
	}
	return ui.StatusLabel(string(c.Kind))
}

// basis says what kind of row it is, and of which sale.
func basis(c commissions.Commission) string {
	kind := ui.StatusLabel(string(c.Kind))
	if c.BaseAmount == nil || c.BaseCurrency == nil {
		return kind
	}
	return kind + ", of a sale of " + money.Amount{Minor: *c.BaseAmount, Currency: *c.BaseCurrency}.Format()
}

// PayoutAccountPage is where a partner says where to pay them.
type PayoutAccountPage struct {
	Details payouts.Details
	Now     time.Time
	Stripe  templ.Component // the part about Stripe; nil where the program does not pay by it
}

func (p PayoutAccountPage) resting() string {
	from := p.Details.UsableFrom(p.Now)
	if from.IsZero() {
		return ""
	}
	return "You changed them on " + day(*p.Details.ChangedAt) + ". For your safety nothing is paid there before " + from.UTC().Format("2 Jan 2006, 15:04") + " UTC."
}
