package network

import (
	"strconv"
	"strings"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// The ids of what the hub is asked for.
const (
	offeringsID = "offerings"
	requestsID  = "requests"
)

// Asked is how a part of a page stands that the hub is asked for.
type Asked struct {
	Waiting      bool   // it takes its time
	Problem      string // why there is no answer
	NotConnected bool
	Again        string // the address that waits for the answer
}

func (a Asked) answered() bool { return !a.Waiting && a.Problem == "" && !a.NotConnected }

// OfferingsPage is what the program offers on the Network.
type OfferingsPage struct {
	Asked

	Offerings []protocol.Offering
	Campaigns map[string]string // names by id
	MayEdit   bool
}

// OfferingPage is one offering, as creators see it.
type OfferingPage struct {
	Asked

	Offering protocol.Offering
	Vendor   string
	Campaign string
	MayEdit  bool
}

// OfferingForm is an offering as it was typed.
type OfferingForm struct {
	Title, Description, ProductURL, CampaignID, Categories string

	Published            bool
	Campaigns            []ui.Option
	Action, Back, Submit string
	Problem              string
	Errors               fault.Fields
}

func standingOf(o protocol.Offering) (ui.Tone, string) {
	if o.Published {
		return ui.Success, "Published"
	}
	return ui.Neutral, "Draft"
}

func window(o protocol.Offering) string {
	if o.CookieWindowDays == 1 {
		return "1 day after the click"
	}
	return strconv.Itoa(o.CookieWindowDays) + " days after the click"
}

func (p OfferingsPage) campaign(o protocol.Offering) string {
	if name := p.Campaigns[o.CampaignID]; name != "" {
		return name
	}
	return "A campaign that is gone"
}

func (p OfferingPage) terms() []ui.Definition {
	o := p.Offering
	return []ui.Definition{
		{Term: "You earn", Text: o.CommissionSummary},
		{Term: "A sale counts", Text: "up to " + window(o)},
		{Term: "Product", Body: ui.Link(o.ProductURL, ui.BareURL(o.ProductURL))},
		{Term: "Categories", Text: strings.Join(o.Categories, ", ")},
	}
}

func (p OfferingPage) title() string {
	if p.Offering.Title == "" {
		return "Offering"
	}
	return p.Offering.Title
}

func offeringCrumbs(u routes.URLs) []ui.Crumb {
	return []ui.Crumb{{Label: "Offerings", Href: u.NetworkOfferings()}}
}
