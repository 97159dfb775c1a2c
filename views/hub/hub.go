// Package hub owns the pages of the Network's hub: the directory, what is a creator's, and what its staff
// look after.
package hub

import (
	"strconv"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

func urls() routes.Hub { return routes.Hub{} }

const directoryID = "directory"

// DirectoryPage is what can be promoted.
type DirectoryPage struct {
	Offerings  []coordinator.Offering
	Filter     coordinator.Filter
	Categories []string
	Pager      ui.PagerProps
}

func (p DirectoryPage) filters() ui.FilterProps {
	f := ui.FilterProps{Action: urls().Offerings(), Target: "#" + directoryID, Query: p.Filter.Query, Label: "Search offerings"}
	if p.Filter != (coordinator.Filter{}) {
		f.ResetHref = urls().Offerings()
	}
	return f
}

func (p DirectoryPage) options() []ui.Option {
	var out []ui.Option
	known := false
	for _, word := range p.Categories {
		out = append(out, ui.Option{Value: word, Label: title(word)})
		known = known || word == p.Filter.Category
	}
	if p.Filter.Category != "" && !known {
		out = append(out, ui.Option{Value: p.Filter.Category, Label: title(p.Filter.Category)})
	}
	return out
}

func title(word string) string {
	if word == "" {
		return ""
	}
	letters := []rune(word)
	return strings.ToUpper(string(letters[:1])) + string(letters[1:])
}

// list are words beside each other.
func list(words []string) string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = title(word)
	}
	return strings.Join(out, " · ")
}

// short is the beginning of a description.
func short(text string) string {
	const most = 180
	letters := []rune(strings.Join(strings.Fields(text), " "))
	if len(letters) <= most {
		return string(letters)
	}
	return strings.TrimRight(string(letters[:most]), " ") + "…"
}

// paragraphs are the parts of a text that stand apart.
func paragraphs(text string) []string {
	var out []string
	for _, part := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// OfferingPage is one offering, with the form to apply for it.
type OfferingPage struct {
	Offering    coordinator.Offering
	Application coordinator.Application
	Errors      fault.Fields
	SignedIn    bool
	Obstacle    string // why the creator may not apply
}

func terms(o coordinator.Offering) []ui.Definition {
	out := []ui.Definition{}
	if o.CommissionSummary != "" {
		out = append(out, ui.Definition{Term: "You earn", Text: o.CommissionSummary})
	}
	return append(out,
		ui.Definition{Term: "Counts for", Text: days(o.CookieWindowDays) + " after a click"},
		ui.Definition{Term: "Program", Text: o.VendorName},
		ui.Definition{Term: "Product", Body: ui.Link(o.ProductURL, host(o.ProductURL))})
}

func days(n int) string {
	if n == 1 {
		return "1 day"
	}
	return strconv.Itoa(n) + " days"
}

func host(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	name, _, _ := strings.Cut(rest, "/")
	return strings.TrimPrefix(name, "www.")
}

// JoinPage is the form for new creators and what was typed into it.
type JoinPage struct {
	Form   coordinator.SignUpForm
	Errors fault.Fields
}

// RequestsPage is what a creator asked for.
type RequestsPage struct {
	Requests []coordinator.Request
	Now      time.Time
	Pager    ui.PagerProps
}

// stateLabel is a request's state as its creator sees it.
func stateLabel(status string) (ui.Tone, string) {
	switch status {
	case protocol.RequestApproving:
		return ui.Info, "Approved, link on its way"
	case protocol.RequestApproved:
		return ui.Success, "Approved"
	case protocol.RequestRejected:
		return ui.Critical, "Declined"
	case protocol.RequestCancelled:
		return ui.Neutral, "Taken back"
	case protocol.RequestFailed:
		return ui.Warning, "Waits for the program"
	default:
		return ui.Warning, "Waits for an answer"
	}
}

// PartnershipsPage is a creator's work for all vendors.
type PartnershipsPage struct {
	Partnerships []coordinator.Partnership
	Now          time.Time
}

// commissions are the sums of one currency, as people write them.
func commissions(a coordinator.FigureAmount) []ui.Definition {
	c := a.Commission
	out := []ui.Definition{}
	for _, sum := range []struct {
		label string
		minor int64
	}{{"Pending", c.Pending}, {"Held", c.Held}, {"Approved", c.Approved}, {"Paid", c.Paid}} {
		if sum.minor != 0 || sum.label != "Held" {
			out = append(out, ui.Definition{Term: sum.label, Text: amount(sum.minor, a.Currency)})
		}
	}
	return out
}

func amount(minor int64, currency string) string {
	if !money.Valid(currency) {
		return "–"
	}
	return money.Amount{Minor: minor, Currency: currency}.Format()
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// ProfilePage is what a creator says of themselves.
type ProfilePage struct {
	Email   string
	Profile coordinator.Profile
	Errors  fault.Fields
}

// rows are the places that the form shows: those that are known and a few empty ones.
func (p ProfilePage) rows() []protocol.Platform {
	rows := append([]protocol.Platform{}, p.Profile.Platforms...)
	for n := max(3, len(rows)+1); len(rows) < min(n, 10); {
		rows = append(rows, protocol.Platform{})
	}
	return rows
}
