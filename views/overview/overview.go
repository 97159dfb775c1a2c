package overview

import (
	"strconv"

	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/figures"
	"github.com/openpartner/openpartner/views/ui"
)

// Page is all that the overview shows.
type Page struct {
	Days    int // of the period, today included
	Now     reports.Figures
	Before  reports.Figures // of as many days before
	Series  []reports.Moment
	Top     []reports.PartnerFigures
	Waiting Waiting
	Start   reports.Start
}

// Waiting counts what waits for a person.
type Waiting struct {
	Applications int // to become a partner
	Commissions  int // that can be approved
	Payouts      int // that are paid by hand, or need a look
	Clicks       int // that are suspected
	Jobs         int // that were given up
	Network      int // messages to it that were given up
}

func (w Waiting) any() bool {
	return w.Applications+w.Commissions+w.Payouts+w.Clicks+w.Jobs+w.Network > 0
}

func (w Waiting) items(u routes.URLs) []ui.WaitItem {
	var out []ui.WaitItem
	if w.Applications > 0 {
		out = append(out, ui.WaitItem{Icon: ui.IconUserPlus, Title: "Applications to decide", Text: "They would like to become partners.", Href: u.Partners() + "?status=pending_review", Count: w.Applications})
	}
	if w.Commissions > 0 {
		out = append(out, ui.WaitItem{Icon: ui.IconCoins, Title: "Commissions to approve", Text: "Their hold is over.", Href: u.Commissions() + "?status=ready", Count: w.Commissions})
	}
	if w.Payouts > 0 {
		out = append(out, ui.WaitItem{Icon: ui.IconBanknote, Title: "Payouts to make", Text: "Pay them by hand, and say when it is done.", Href: u.Payouts() + "?status=pending&rail=manual", Count: w.Payouts})
	}
	if w.Clicks > 0 {
		out = append(out, ui.WaitItem{Icon: ui.IconShieldAlert, Title: "Clicks to judge", Text: "They look wrong and don't count.", Href: u.Fraud(), Count: w.Clicks})
	}
	if w.Jobs > 0 {
		out = append(out, ui.WaitItem{Icon: ui.IconListChecks, Title: "Jobs that failed for good", Text: "They were tried again and again, and given up.", Href: u.Jobs() + "?state=dead", Count: w.Jobs})
	}
	if w.Network > 0 {
		out = append(out, ui.WaitItem{Icon: ui.IconSend, Title: "Messages to the Network that were given up", Text: "See what it answered, and send them again.", Href: u.NetworkOutbox() + "?status=dead", Count: w.Network})
	}
	return out
}

func (p Page) subtitle() string { return "The last " + strconv.Itoa(p.Days) + " days, today included." }

func (p Page) periods(path string) []ui.Tab {
	var tabs []ui.Tab
	for _, days := range figures.Periods() {
		text := strconv.Itoa(days)
		tabs = append(tabs, ui.Tab{Label: text + " days", Href: path + "?days=" + text, Current: days == p.Days})
	}
	return tabs
}

func (p Page) steps(u routes.URLs) []ui.ChecklistItem {
	s := p.Start
	return []ui.ChecklistItem{
		{Title: "Make a campaign", Text: "What is promoted, and what partners earn.", Href: u.CampaignsNew(), Done: s.Campaign},
		{Title: "Add a partner", Text: "Somebody who promotes it; try it with yourself.", Href: u.PartnersNew(), Done: s.Partner},
		{Title: "Make a link", Text: "A partner's way to your shop.", Href: u.LinksNew(), Done: s.Link},
		{Title: "Make an API key", Text: "For your shop's server.", Href: u.APIKeysNew(), Done: s.Key},
		{Title: "See the first click", Text: "Open the link.", Href: u.ActivityClicks(), Done: s.Click},
		{Title: "Report the first event", Text: "A sign-up or a sale, by one call.", Href: u.APIDocs(), Done: s.Event},
	}
}

func (p Page) stats() []ui.StatProps {
	currency := p.currency()
	now, before := p.Now.In(currency), p.Before.In(currency)
	return []ui.StatProps{
		p.count("Clicks", p.Now.Clicks, p.Before.Clicks),
		p.count("Conversions", p.Now.Conversions, p.Before.Conversions),
		p.money("Revenue", currency, now.Revenue, before.Revenue, func(m reports.Money) int64 { return m.Revenue }),
		p.money("Commission", currency, now.Commission(), before.Commission(), reports.Money.Commission),
	}
}

func (p Page) count(label string, now, before int64) ui.StatProps {
	return figures.Stat(label, figures.Count(now), now, before, p.against())
}

// money shows the main currency large and the others below; they are never added.
func (p Page) money(label, currency string, now, before int64, of func(reports.Money) int64) ui.StatProps {
	s := figures.Stat(label, money.Amount{Minor: now, Currency: currency}.Format(), now, before, p.against())
	for _, m := range p.Now.Money {
		if m.Currency != currency && of(m) != 0 {
			s.More = append(s.More, money.Amount{Minor: of(m), Currency: m.Currency}.Format())
		}
	}
	return s
}

func (p Page) against() string { return "against the " + strconv.Itoa(p.Days) + " days before" }

func (p Page) currency() string { return figures.Currency(p.Series) }

func (p Page) revenueTitle() string { return "Revenue and commission in " + p.currency() }

// traffic is what a partner sent, in words.
func traffic(f reports.Figures) string {
	return figures.Counted(f.Clicks, "click") + ", " + figures.Counted(f.Conversions, "conversion")
}
