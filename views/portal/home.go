// Package portal owns the pages of partners: what they earned, their links, and their account.
//
// It shows nothing of customers or other partners by which these could be known.
package portal

import (
	"cmp"
	"slices"

	"strconv"
	"time"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/figures"
	linksview "github.com/openpartner/openpartner/views/links"
	"github.com/openpartner/openpartner/views/ui"
)

// HomeDays is how many days the figures of the first page are about.
const HomeDays = 30

// LinksCompared is how many of the latest links the best are chosen from.
const LinksCompared = 200

// bestLinks is how many of them are shown.
const bestLinks = 5

// HomePage is what a partner sees first.
type HomePage struct {
	Name      string
	Standings []commissions.Standing
	Steps     reports.Steps
	Series    []reports.Moment // of twice the days: those before are compared with
	Links     []linksview.Row
	Latest    []commissions.Commission
	Now       time.Time
}

// Best gives the links with most clicks; among equals the newer one comes first.
func Best(rows []linksview.Row) []linksview.Row {
	slices.SortStableFunc(rows, func(a, b linksview.Row) int { return cmp.Compare(b.Clicks, a.Clicks) })
	return rows[:min(len(rows), bestLinks)]
}

// series are the days that the page is about.
func (p HomePage) series() []reports.Moment { return p.Series[len(p.Series)-HomeDays:] }

// figures compare today with yesterday, and the days with as many before them.
func (p HomePage) figures() []ui.StatProps {
	n := len(p.Series)
	today, yesterday := p.Series[n-1].Figures, p.Series[n-2].Figures
	days, before := reports.Sum(p.series()), reports.Sum(p.Series[:n-HomeDays])
	against := "against the " + strconv.Itoa(HomeDays) + " days before"
	currency := figures.Currency(p.Series)
	earned := figures.Stat("Earned, 30 days", money.Amount{Minor: days.In(currency).Commission(), Currency: currency}.Format(),
		days.In(currency).Commission(), before.In(currency).Commission(), against)
	for _, m := range days.Money {
		if m.Currency != currency && m.Commission() != 0 {
			earned.More = append(earned.More, money.Amount{Minor: m.Commission(), Currency: m.Currency}.Format())
		}
	}
	return []ui.StatProps{
		figures.Stat("Clicks today", figures.Count(today.Clicks), today.Clicks, yesterday.Clicks, "against yesterday"),
		figures.Stat("Clicks, 30 days", figures.Count(days.Clicks), days.Clicks, before.Clicks, against),
		figures.Stat("Conversions, 30 days", figures.Count(days.Conversions), days.Conversions, before.Conversions, against),
		earned,
	}
}

// greeting says how today goes.
func (p HomePage) greeting() string {
	today := p.Series[len(p.Series)-1]
	if today.Clicks == 0 && today.Conversions == 0 {
		return "Nothing has happened yet today."
	}
	return figures.Counted(today.Clicks, "click") + " and " + figures.Counted(today.Conversions, "conversion") + " so far today."
}

func (p HomePage) steps(u routes.URLs) []ui.ChecklistItem {
	link := ui.ChecklistItem{Title: "Make your link", Text: "It leads your audience to the shop and counts for you.", Done: p.Steps.Link}
	if p.Steps.Campaign {
		link.Href = u.PortalLinksNew()
	}
	return []ui.ChecklistItem{
		{Title: "Get a campaign", Text: "The program grants you what you may promote. You need not do anything.", Done: p.Steps.Campaign},
		link,
		{Title: "Share it", Text: "Where your audience is: in a post, a video, a newsletter. Done with the first click.", Href: u.PortalLinks(), Done: p.Steps.Click},
		{Title: "Earn your first commission", Text: "When somebody who came by your link buys.", Done: p.Steps.Commission},
	}
}
