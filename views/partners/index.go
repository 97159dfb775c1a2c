package partners

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// ListID is the id of the list, which the filters replace.
const ListID = "partner-list"

// IndexPage is the list of partners.
type IndexPage struct {
	Partners []partners.Partner
	Holdings map[uuid.UUID]partners.Holding
	Filter   partners.Filter
	Pager    ui.PagerProps
	Editable bool
	Now      time.Time
}

func (p IndexPage) filtered() bool {
	return p.Filter.Query != "" || p.Filter.Status != "" || p.Filter.Source != ""
}

func filters(p IndexPage, u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: u.Partners(), Target: "#" + ListID, Query: p.Filter.Query, Label: "Search by name or e-mail"}
	if p.filtered() {
		f.ResetHref = u.Partners()
	}
	return f
}

func (p IndexPage) links(id uuid.UUID) string     { return strconv.Itoa(p.Holdings[id].Links) }
func (p IndexPage) campaigns(id uuid.UUID) string { return strconv.Itoa(p.Holdings[id].Campaigns) }

func statuses() []ui.Option {
	var out []ui.Option
	for _, s := range partners.Statuses() {
		out = append(out, ui.Option{Value: string(s), Label: ui.StatusLabel(string(s))})
	}
	return out
}

func sources() []ui.Option {
	var out []ui.Option
	for _, s := range partners.Sources() {
		out = append(out, ui.Option{Value: string(s), Label: sourceWords(s)})
	}
	return out
}

// sourceWords says by which way a partner came.
func sourceWords(s partners.Source) string {
	switch s {
	case partners.SourceAdmin:
		return "Admin"
	case partners.SourceImport:
		return "Import"
	case partners.SourceSelfSignup:
		return "Sign-up form"
	case partners.SourceNetwork:
		return "Network"
	default:
		return ui.StatusLabel(string(s))
	}
}
