package campaigns

import (
	"net/url"
	"strconv"
	"time"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// ListTarget selects what filters and pages of the list replace.
const ListTarget = "#" + listID

const listID = "campaigns"

// IndexPage is the list of campaigns.
type IndexPage struct {
	Campaigns []campaigns.Campaign
	Status    string // what the list is narrowed to
	Now       time.Time
	MayEdit   bool
	Pager     ui.PagerProps
}

// shownRules is how many rules a row of the list spells out.
const shownRules = 3

func firstRules(c campaigns.Campaign) []campaigns.Rule {
	return c.Rules[:min(len(c.Rules), shownRules)]
}

// moreRules says how many rules a row leaves out; empty for none.
func moreRules(c campaigns.Campaign) string {
	if len(c.Rules) <= shownRules {
		return ""
	}
	return "and " + count(len(c.Rules)-shownRules, "more rule")
}

func (p IndexPage) resetHref(u routes.URLs) string {
	if p.Status == "" {
		return ""
	}
	return u.Campaigns()
}

func statuses() []ui.Option {
	var out []ui.Option
	for _, s := range campaigns.Statuses() {
		out = append(out, ui.Option{Value: string(s), Label: ui.StatusLabel(string(s))})
	}
	return out
}

// host is where visitors are sent, in short.
func host(destination string) string {
	u, err := url.Parse(destination)
	if err != nil {
		return destination
	}
	return u.Host
}

// ShowPage is all about one campaign.
type ShowPage struct {
	Campaign campaigns.Campaign
	History  []campaigns.Period
	Partners int // who may promote it
	Links    int // in use
	Figures  reports.Figures
	Now      time.Time
	MayEdit  bool
}

// notice says what follows from a state in which new clicks don't count; empty while they do.
func (p ShowPage) notice() string {
	switch p.Campaign.State(p.Now) {
	case "paused":
		return "Paused: links lead to the shop, but new clicks don't count. Customers who were won before keep earning their partners money."
	case "archived":
		return "Archived: links lead to the shop, but new clicks don't count and nobody can make new links."
	case "upcoming":
		return "It has not begun yet: clicks count from " + dayOf(p.Campaign.StartsAt) + " on."
	case "ended":
		return "It has ended: new clicks don't count. Customers who were won before keep earning their partners money."
	default:
		return ""
	}
}

func (p ShowPage) stats() []ui.StatProps {
	const note = "in the last 30 days"
	commission := ui.StatProps{Label: "Commission", Value: "–", Note: note}
	for i, m := range p.Figures.Money {
		text := money.Amount{Minor: m.Commission(), Currency: m.Currency}.Format()
		if i == 0 {
			commission.Value = text
		} else {
			commission.More = append(commission.More, text)
		}
	}
	return []ui.StatProps{
		{Label: "Partners", Value: strconv.Itoa(p.Partners), Note: "may promote it"},
		{Label: "Clicks", Value: strconv.FormatInt(p.Figures.Clicks, 10), Note: note},
		{Label: "Conversions", Value: strconv.FormatInt(p.Figures.Conversions, 10), Note: note},
		commission,
	}
}

func (p ShowPage) terms(u routes.URLs) []ui.Definition {
	c := p.Campaign
	name, sentence := modelWords(c.AttributionModel)
	pages := "Pages of " + joined(append([]string{host(c.DestinationURL)}, c.DeepLinkDomains...))
	links := u.Links() + "?campaign_id=" + c.ID.String()
	return []ui.Definition{
		{Term: "Destination", Body: ui.Link(c.DestinationURL, c.DestinationURL)},
		{Term: "Links", Body: ui.Link(links, count(p.Links, "link")+" in use")},
		{Term: "Links may lead to", Text: pages},
		{Term: "Runs", Text: runWords(c)},
		{Term: "Who earns", Text: name + ": " + lowerFirst(sentence)},
		{Term: "Window", Text: windowWords(c.WindowDays)},
		{Term: "Customer lock", Text: lockWords(c.CustomerLock)},
		{Term: "Approval", Text: approvalWords(c.Terms)},
	}
}
