package reports

import (
	"net/url"
	"strconv"
	"time"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/views/chart"
	"github.com/openpartner/openpartner/views/figures"
	"github.com/openpartner/openpartner/views/ui"
)

// Target selects what filters and pages of a report replace.
const Target = "#" + regionID

const regionID = "report"

// Scope is what a report is about: a time, and what it is narrowed to.
type Scope struct {
	Path                  string
	Days                  int       // the period that was chosen; 0 for days of one's own
	From, To              string    // those days, as they were typed
	Begin, End            time.Time // the time; the end is exclusive
	PartnerID, CampaignID string
	Partners, Campaigns   []ui.Option
	Errors                fault.Fields
	MayEdit               bool
}

// query is the scope as it stands in an address.
func (s Scope) query() url.Values {
	q := url.Values{}
	add := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	if s.Days > 0 {
		add("days", strconv.Itoa(s.Days))
	}
	add("from", s.From)
	add("to", s.To)
	add("partner_id", s.PartnerID)
	add("campaign_id", s.CampaignID)
	return q
}

func (s Scope) href(change func(*Scope)) string {
	change(&s)
	return s.Path + "?" + s.query().Encode()
}

func (s Scope) periods() []ui.Tab {
	var tabs []ui.Tab
	for _, days := range figures.Periods() {
		href := s.href(func(s *Scope) { s.Days, s.From, s.To = days, "", "" })
		tabs = append(tabs, ui.Tab{Label: strconv.Itoa(days) + " days", Href: href, Current: days == s.Days})
	}
	return tabs
}

// days is the time in words: 1 – 30 Nov 2026. The last day belongs to it.
func (s Scope) days() string {
	first, last := s.Begin, s.End.AddDate(0, 0, -1)
	switch {
	case first.Equal(last):
		return first.Format("2 Jan 2006")
	case first.Year() != last.Year():
		return first.Format("2 Jan 2006") + " – " + last.Format("2 Jan 2006")
	case first.Month() != last.Month():
		return first.Format("2 Jan") + " – " + last.Format("2 Jan 2006")
	default:
		return first.Format("2") + " – " + last.Format("2 Jan 2006")
	}
}

// against says what figures are compared with.
func (s Scope) against() string {
	if n := s.length(); n != 1 {
		return "against the " + strconv.Itoa(n) + " days before"
	}
	return "against the day before"
}

func (s Scope) length() int { return int(s.End.Sub(s.Begin).Hours() / 24) }

func (s Scope) narrowed() bool { return s.PartnerID+s.CampaignID != "" }

func (s Scope) resetHref() string {
	if s.From+s.To == "" && !s.narrowed() {
		return ""
	}
	return s.Path
}

// trouble is what is wrong with the filters, for those who only see the report replaced.
func (s Scope) trouble() string {
	for _, field := range []string{"from", "to", "campaign_id", "partner_id"} {
		if s.Errors[field] != "" {
			return s.Errors[field]
		}
	}
	return ""
}

// FunnelPage is the report of how far visitors come.
type FunnelPage struct {
	Scope

	Whole                 reports.Funnel
	ByCampaign, ByPartner Parts
	CSVHref               string
}

// Parts are the funnels of campaigns or partners.
type Parts struct {
	Rows []reports.Part
	More bool // than are shown
}

// CutParts shows the first n of what was read with a limit above.
func CutParts(rows []reports.Part, n int) Parts {
	return Parts{Rows: rows[:min(len(rows), n)], More: len(rows) > n}
}

func (p Parts) note() string {
	text := "Rates are of the step before. Who came by several counts in each."
	if p.More {
		text = "The " + strconv.Itoa(len(p.Rows)) + " with most clicks; choose any other above. " + text
	}
	return text
}

func (p FunnelPage) none() bool { return p.Whole == reports.Funnel{} }

func (p FunnelPage) result() string {
	if p.Whole.Clicks == 0 {
		return ""
	}
	return figures.Percent(p.Whole.Paid, p.Whole.Clicks) + " of the clicks led to a customer who paid."
}

func (p FunnelPage) steps() []chart.Step {
	f := p.Whole
	return []chart.Step{
		{Name: "Clicks", Hint: "Visits by partners' links", Value: f.Clicks, Text: figures.Count(f.Clicks)},
		{
			Name: "Identified", Hint: "Became users of your shop", Value: f.Identities, Text: figures.Count(f.Identities),
			Rate: figures.Percent(f.Identities, f.Clicks) + " of clicks",
		},
		{
			Name: "Signed up", Hint: "Brought an attributed event", Value: f.Signups, Text: figures.Count(f.Signups),
			Rate: figures.Percent(f.Signups, f.Identities) + " of identified",
		},
		{
			Name: "Paid", Hint: "Brought an attributed sale", Value: f.Paid, Text: figures.Count(f.Paid),
			Rate: figures.Percent(f.Paid, f.Signups) + " of signed up",
		},
	}
}

func partColumns(of string) []ui.Column {
	return []ui.Column{
		{Label: of}, {Label: "Clicks", Numeric: true}, {Label: "Identified", Numeric: true}, {Label: "Signed up", Numeric: true},
		{Label: "Paid", Numeric: true}, {Label: "Click to paid", Numeric: true},
	}
}
