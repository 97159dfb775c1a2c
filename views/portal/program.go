package portal

import (
	"strconv"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/views/ui"
)

// ProgramPage is what the program promises a partner.
type ProgramPage struct {
	Deals   []campaigns.Deal
	Program settings.Program
	Agreed  *string // the version of the terms that the partner agreed to
	Now     time.Time
}

func (p ProgramPage) agreed() string {
	switch {
	case p.Agreed == nil:
		return ""
	case *p.Agreed == p.Program.TermsVersion:
		return "You agreed to this version."
	default:
		return "You agreed to version " + *p.Agreed + "."
	}
}

// current are the campaigns that something can still be earned from; archived ones only take up
// room.
func (p ProgramPage) current() []campaigns.Deal {
	var out []campaigns.Deal
	for _, d := range p.Deals {
		if d.Status != campaigns.Archived {
			out = append(out, d)
		}
	}
	return out
}

func (p ProgramPage) termsTitle() string {
	if p.Program.TermsVersion == "" {
		return "Terms"
	}
	return "Terms, version " + p.Program.TermsVersion
}

// promises are the terms of a campaign in a partner's words.
func promises(d campaigns.Deal) []ui.Definition {
	out := []ui.Definition{
		{Term: "Clicks count", Text: "for " + days(d.WindowDays)},
		{Term: "Who earns", Text: whoEarns(d.AttributionModel)},
		{Term: "Later sales", Text: laterSales(d.CustomerLock)},
		{Term: "Approval", Text: approval(d.Terms)},
	}
	if len(d.DeepLinkDomains) > 0 {
		out = append(out, ui.Definition{Term: "Links may lead to", Text: strings.Join(d.DeepLinkDomains, ", ")})
	}
	if d.StartsAt != nil {
		out = append(out, ui.Definition{Term: "Begins", Body: ui.Date(*d.StartsAt)})
	}
	if d.EndsAt != nil {
		out = append(out, ui.Definition{Term: "Ends", Body: ui.Date(d.EndsAt.Add(-1))}) // the last day
	}
	return out
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return strconv.Itoa(n) + " days"
}

func whoEarns(m campaigns.Model) string {
	switch m {
	case campaigns.FirstClick:
		return "You, when your link was the first that a customer clicked"
	case campaigns.Linear:
		return "You share equally with the other partners whose links a customer clicked"
	case campaigns.Position:
		return "The partners of the first and the last click get 40 % each, those between them share the rest"
	default:
		return "You, when your link was the last that a customer clicked"
	}
}

func laterSales(locked bool) string {
	if locked {
		return "Customers whom you won stay yours, however old the click is"
	}
	return "Every sale is judged by its own clicks"
}

func approval(t campaigns.Terms) string {
	hold := "At once"
	if t.HoldDays > 0 {
		hold = "After a hold of " + days(t.HoldDays)
	}
	if t.AutoApprove {
		return hold + ", by itself"
	}
	return hold + ", by the program"
}
