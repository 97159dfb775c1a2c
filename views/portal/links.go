package portal

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/views/chart"
	linksview "github.com/openpartner/openpartner/views/links"
	"github.com/openpartner/openpartner/views/qr"
	"github.com/openpartner/openpartner/views/ui"
)

// LinksTarget selects what filters and pages of the list replace.
const LinksTarget = "#" + linksID

const linksID = "link-list"

// LinksPage is the list of a partner's links.
type LinksPage struct {
	Rows     []linksview.Row
	Query    string
	Archived bool
	Pager    ui.PagerProps
}

func (p LinksPage) filtered() bool { return p.Query != "" || p.Archived }

func (p LinksPage) filters(u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: u.PortalLinks(), Target: LinksTarget, Label: "Search by key", Query: p.Query}
	if p.filtered() {
		f.ResetHref = u.PortalLinks()
	}
	return f
}

// maxSubID is how much of a sub-id is kept with a click, and maxAddress how long a whole address
// may get: longer ones fit into no QR code.
const (
	maxSubID   = 200
	maxAddress = 2000
)

// Builder is what a partner puts behind a link: a page to lead to, and sub-ids to tell apart
// where clicks came from.
type Builder struct {
	Page   string
	SubIDs [5]string
}

// Query is what was put, as it stands in an address; sub-ids keep their order.
func (b Builder) Query() string {
	var out []string
	add := func(name, value string) {
		if value != "" {
			out = append(out, name+"="+url.QueryEscape(value))
		}
	}
	add("url", b.Page)
	for i, text := range b.SubIDs {
		add(subID(i), text)
	}
	return strings.Join(out, "&")
}

// behind puts it behind an address.
func (b Builder) behind(address string) string {
	if q := b.Query(); q != "" {
		return address + "?" + q
	}
	return address
}

// Address is the link with all of it.
func (b Builder) Address(u routes.URLs, l links.Link) string { return b.behind(linksview.URL(u, l)) }

// TooLong reports whether no reasonable address holds it all.
func (b Builder) TooLong() bool { return len(b.Query()) > maxAddress }

// tagged reports whether one of the sub-ids that are folded away is used.
func (b Builder) tagged() bool { return b.SubIDs[2]+b.SubIDs[3]+b.SubIDs[4] != "" }

func subID(i int) string { return "sub" + strconv.Itoa(i+1) }

func subLabel(i int) string { return "Sub-id " + strconv.Itoa(i+1) }

func subExample(i int) string { return [5]string{"newsletter", "june", "", "", ""}[i] }

// PageRefused says where the pages of a campaign may be.
func PageRefused(d campaigns.Deal) string {
	if len(d.DeepLinkDomains) == 0 {
		return "This campaign leads to its own page only."
	}
	return "Give the whole address of a page on " + strings.Join(d.DeepLinkDomains, ", ") + "."
}

// LinkPage is one link of a partner, and what they build from it.
type LinkPage struct {
	Link    links.Link
	Deal    campaigns.Deal
	Traffic []tracking.Traffic
	Built   Builder
	Code    qr.Code // of what was built
	Errors  fault.Fields
	Now     time.Time
}

// address is what is to be shared: the plain link while something of the rest is wrong.
func (p LinkPage) address(u routes.URLs) string {
	if p.trouble() != "" {
		return linksview.URL(u, p.Link)
	}
	return p.Built.Address(u, p.Link)
}

// file is the QR code of the same address as a file.
func (p LinkPage) file(path string) string {
	if p.trouble() != "" {
		return path
	}
	return p.Built.behind(path)
}

func (p LinkPage) trouble() string { return p.Errors["url"] }

// idle says why clicks don't count at the moment; empty when they do.
func (p LinkPage) idle() string {
	switch {
	case p.Link.ArchivedAt != nil:
		return "You archived this link on " + day(*p.Link.ArchivedAt) + ". It still leads visitors on, but you don't earn from their clicks."
	case !p.Deal.Running(p.Now):
		return "The campaign is " + p.Deal.State(p.Now) + ": the link leads visitors on, but you don't earn from their clicks."
	default:
		return ""
	}
}

func (p LinkPage) header(u routes.URLs) ui.HeaderProps {
	h := ui.HeaderProps{Title: p.Link.Key, Subtitle: "For " + p.Link.CampaignName, Crumbs: []ui.Crumb{{Label: "Links", Href: u.PortalLinks()}}}
	if p.Link.ArchivedAt != nil {
		h.Badge = ui.StatusBadge("archived")
	}
	return h
}

func (p LinkPage) facts() []ui.Definition {
	to := p.Deal.DestinationURL
	if p.Link.DestinationURL != nil {
		to = *p.Link.DestinationURL
	}
	return []ui.Definition{
		{Term: "Campaign", Text: p.Link.CampaignName}, {Term: "Leads to", Body: ui.Link(to, ui.BareURL(to))}, {Term: "Made", Body: ui.Date(p.Link.CreatedAt)},
	}
}

func (p LinkPage) total() string { return linksview.Total(p.Traffic) }

func (p LinkPage) chart() chart.Chart { return linksview.Chart(p.Traffic) }
