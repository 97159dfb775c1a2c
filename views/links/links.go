package links

import (
	"net/url"
	"time"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/views/chart"
	"github.com/openpartner/openpartner/views/figures"
	"github.com/openpartner/openpartner/views/qr"
	"github.com/openpartner/openpartner/views/ui"
)

// Days is how many days the clicks of a link are counted over, today included.
const Days = 30

// ListID is the id of the list, which the filters replace.
const ListID = "link-list"

// Row is a link with its clicks of the last days.
type Row struct {
	links.Link

	Clicks int64
}

// URL is a link as people share it.
func URL(u routes.URLs, l links.Link) string { return u.Absolute(u.Redirect(l.Key)) }

// TableProps says what a Table of links is about.
type TableProps struct {
	Caption     string
	HidePartner bool // where all are of one partner
	Narrow      bool // where there is little room
}

func (p TableProps) columns() []ui.Column {
	out := []ui.Column{{Label: "Link"}}
	if !p.HidePartner {
		out = append(out, ui.Column{Label: "Partner"})
	}
	out = append(out, ui.Column{Label: "Campaign"}, ui.Column{Label: "Clicks, 30 days", Numeric: true})
	if !p.Narrow {
		out = append(out, ui.Column{Label: "Made"})
	}
	return append(out, ui.Column{Label: "Actions", HideLabel: true})
}

// IndexPage is the list of links.
type IndexPage struct {
	Rows                  []Row
	PartnerID, CampaignID string
	Query                 string
	Archived              bool
	Partners, Campaigns   []ui.Option
	Pager                 ui.PagerProps
	Editable              bool
}

func (p IndexPage) filtered() bool { return p.PartnerID+p.CampaignID+p.Query != "" || p.Archived }

func (p IndexPage) filters(u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: u.Links(), Target: "#" + ListID, Label: "Search by key", Query: p.Query}
	if p.filtered() {
		f.ResetHref = u.Links()
	}
	return f
}

// FormPage is the form of a new link and what was typed into it.
type FormPage struct {
	Action, CancelHref           string
	OfPartner                    bool // the partner is settled, so the form does not ask for one
	Partners, Campaigns          []ui.Option
	PartnerID                    string
	CampaignID, Key, Destination string
	Errors                       fault.Fields
}

// settled is what is wrong with a partner whom the form does not ask for.
func (p FormPage) settled() string {
	if p.OfPartner {
		return p.Errors["partner_id"]
	}
	return ""
}

// keyPrefix is what stands before the key in a link.
func keyPrefix(u routes.URLs) string { return ui.BareURL(u.Absolute(u.Redirect(""))) + "/" }

// ShowPage is one link with all about it.
type ShowPage struct {
	Link     links.Link
	Campaign campaigns.Campaign
	Traffic  []tracking.Traffic
	Code     qr.Code
	Editable bool
	Now      time.Time
}

func (p ShowPage) destination() string {
	if p.Link.DestinationURL != nil {
		return *p.Link.DestinationURL
	}
	return p.Campaign.DestinationURL
}

// idle says why clicks don't count at the moment; empty when they do.
func (p ShowPage) idle() string {
	switch {
	case p.Link.ArchivedAt != nil:
		return "This link was archived on " + p.Link.ArchivedAt.UTC().Format("2 January 2006") + ". It still leads visitors on, but their clicks don't count."
	case !p.Campaign.Running(p.Now):
		return "The campaign is " + p.Campaign.State(p.Now) + ": the link leads visitors on, but their clicks don't count."
	default:
		return ""
	}
}

func (p ShowPage) deepLink(u routes.URLs) string {
	return URL(u, p.Link) + "?url=" + url.QueryEscape("https://"+p.Campaign.DeepLinkDomains[0]+"/the/page")
}

func (p ShowPage) subIDs(u routes.URLs) string {
	return URL(u, p.Link) + "?sub1=newsletter&sub2=june"
}

func (p ShowPage) total() string { return Total(p.Traffic) }

func (p ShowPage) chart() chart.Chart { return Chart(p.Traffic) }

func sum(traffic []tracking.Traffic) (counted, flagged int64) {
	for _, day := range traffic {
		counted += day.Clicks
		flagged += day.Flagged
	}
	return counted, flagged
}

// Total tells the clicks of all days in a sentence.
func Total(traffic []tracking.Traffic) string {
	counted, flagged := sum(traffic)
	out := plural(counted, "click") + " in the last 30 days"
	if flagged > 0 {
		out += "; " + plural(flagged, "more") + " did not count"
	}
	return out + "."
}

func plural(n int64, noun string) string {
	if n != 1 && noun != "more" {
		noun += "s"
	}
	return figures.Count(n) + " " + noun
}

// Chart draws the clicks of a link by day.
func Chart(traffic []tracking.Traffic) chart.Chart {
	c := chart.Chart{ID: "clicks", Title: "Clicks by day", Height: 180, Series: []chart.Series{{Name: "Clicks"}}}
	if _, flagged := sum(traffic); flagged > 0 {
		c.Series = append(c.Series, chart.Series{Name: "Flagged"})
	}
	for _, day := range traffic {
		c.Labels = append(c.Labels, day.Day.UTC().Format("2 Jan"))
		for i, n := range []int64{day.Clicks, day.Flagged}[:len(c.Series)] {
			c.Series[i].Points = append(c.Series[i].Points, chart.Point{Value: float64(n), Text: figures.Count(n)})
		}
	}
	return c
}
