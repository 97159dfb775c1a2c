package activity

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tracking"
	fraudview "github.com/openpartner/openpartner/views/fraud"
	"github.com/openpartner/openpartner/views/ledger"
	"github.com/openpartner/openpartner/views/ui"
)

// What filters and pages of the lists replace.
const (
	EventsTarget = "#" + eventsID
	ClicksTarget = "#" + clicksID

	eventsID = "events"
	clicksID = "clicks"
)

func tabs(u routes.URLs, clicks bool) []ui.Tab {
	return []ui.Tab{
		{Label: "Events", Href: u.Activity(), Current: !clicks},
		{Label: "Clicks", Href: u.ActivityClicks(), Current: clicks},
	}
}

// EventsPage is the list of events.
type EventsPage struct {
	Events                 []attribution.Listed
	UserID, Type, From, To string // what the list is narrowed to
	Errors                 fault.Fields
	MayEdit                bool
	Pager                  ui.PagerProps
}

// rederiveHref decides events anew, of the user that the list is narrowed to.
func (p EventsPage) rederiveHref(u routes.URLs) string {
	if p.UserID == "" {
		return u.Rederive()
	}
	return u.Rederive() + "?user_id=" + url.QueryEscape(p.UserID)
}

func (p EventsPage) narrowed() bool { return p.UserID+p.Type+p.From+p.To != "" }

func (p EventsPage) resetHref(u routes.URLs) string {
	if !p.narrowed() {
		return ""
	}
	return u.Activity()
}

// statusWords names what became of an event.
func statusWords(s attribution.Status) string {
	switch s {
	case attribution.StatusUnknownUser:
		return "No click known"
	case attribution.StatusNoTouch:
		return "Clicks came later"
	case attribution.StatusOutsideWindow:
		return "Clicks too old"
	case attribution.StatusSelfReferral:
		return "Own purchase"
	case "":
		return "Not decided yet"
	default:
		return ui.StatusLabel(string(s))
	}
}

// statusTone is its colour.
func statusTone(s attribution.Status) ui.Tone {
	switch s {
	case attribution.StatusAttributed:
		return ui.Success
	case attribution.StatusFlagged, attribution.StatusSelfReferral:
		return ui.Critical
	case attribution.StatusRecorded:
		return ui.Info
	default:
		return ui.Neutral
	}
}

// EventPage is one event with its story.
type EventPage struct {
	Story   attribution.Story
	MayEdit bool
	Now     time.Time
}

// erasable reports whether there is still a person behind the event.
func (p EventPage) erasable() bool {
	return p.MayEdit && !strings.HasPrefix(p.Story.Event.UserID, "erased-")
}

func (p EventPage) telling() ledger.Telling { return ledger.Telling{Story: p.Story, Now: p.Now} }

func (p EventPage) facts(u routes.URLs) []ui.Definition {
	e := p.Story.Event
	out := []ui.Definition{
		{Term: "User", Body: ui.Link(ledger.UserHref(u, e.UserID), e.UserID)},
		{Term: "Type", Body: ui.Mono(e.Type)},
	}
	if m, ok := e.Money(); ok {
		out = append(out, ui.Definition{Term: "Amount", Body: ui.Amount(m)})
	}
	out = append(out, ui.Definition{Term: "Happened", Body: ui.Time(e.OccurredAt)}, ui.Definition{Term: "Recorded", Body: ui.Time(e.CreatedAt)})
	if e.ExternalID != nil {
		out = append(out, ui.Definition{Term: "External id", Body: ui.Mono(*e.ExternalID)})
	}
	return append(out, ui.Definition{Term: "Source", Text: sourceWords(e.Source)}, ui.Definition{Term: "Id", Body: ui.Mono(e.ID.String())})
}

func sourceWords(source string) string {
	switch source {
	case "api":
		return "API"
	default:
		return ui.StatusLabel(source)
	}
}

// metadata is what the shop sent along, indented; empty for nothing.
func (p EventPage) metadata() string {
	var out bytes.Buffer
	if err := json.Indent(&out, p.Story.Event.Metadata, "", "  "); err != nil || out.String() == "{}" {
		return ""
	}
	return out.String()
}

// ClicksPage is the list of clicks.
type ClicksPage struct {
	Clicks                []tracking.Click
	PartnerID, CampaignID string // what the list is narrowed to
	Flagged               bool
	Partners, Campaigns   []ui.Option
	Errors                fault.Fields
	Pager                 ui.PagerProps
}

func (p ClicksPage) narrowed() bool { return p.PartnerID+p.CampaignID != "" || p.Flagged }

func (p ClicksPage) resetHref(u routes.URLs) string {
	if !p.narrowed() {
		return ""
	}
	return u.ActivityClicks()
}

// refererHost is where a visitor came from, in short.
func refererHost(c tracking.Click) string {
	if c.Referer == nil {
		return "–"
	}
	u, err := url.Parse(*c.Referer)
	if err != nil || u.Host == "" {
		return "–"
	}
	return u.Host
}

// tags lists the parameters of a visit: "utm_source=mail, sub1=spring".
func tags(c tracking.Click) string {
	var out []string
	for _, from := range []map[string]string{c.UTM, c.SubIDs} {
		for _, name := range slices.Sorted(maps.Keys(from)) {
			out = append(out, name+"="+from[name])
		}
	}
	return strings.Join(out, ", ")
}

// title names a click by its link, which older data may lack.
func title(c tracking.Click) string {
	if c.LinkKey == "" {
		return "Click"
	}
	return "Click on " + c.LinkKey
}

// ClickPage is one click with the users it was tied to.
type ClickPage struct {
	fraudview.Suspect

	MayEdit    bool
	Identities []tracking.Identity
	Events     []attribution.Listed // the latest of these users
	Now        time.Time
}

// evidence is what the flag stands on, where that is more than the flag itself says.
func (p ClickPage) evidence() string {
	if e := p.Evidence(); e != ledger.FlagWords(p.Click.Flag) {
		return e
	}
	return ""
}

func (p ClickPage) facts(u routes.URLs) []ui.Definition {
	c := p.Click
	out := []ui.Definition{
		{Term: "Partner", Body: ui.Link(u.PartnerShow(c.PartnerID), c.PartnerName)},
		{Term: "Campaign", Body: ui.Link(u.CampaignShow(c.CampaignID), c.CampaignName)},
	}
	if c.LinkID != nil {
		out = append(out, ui.Definition{Term: "Link", Body: ui.Link(u.LinkShow(*c.LinkID), c.LinkKey)})
	}
	out = append(out, ui.Definition{Term: "Clicked", Body: ui.Time(c.OccurredAt)}, ui.Definition{Term: "Led to", Text: c.DestinationURL})
	for _, optional := range []struct {
		term string
		text *string
	}{{"Came from", c.Referer}, {"Browser", c.UserAgent}} {
		if optional.text != nil {
			out = append(out, ui.Definition{Term: optional.term, Text: *optional.text})
		}
	}
	if c.IPHash != nil {
		out = append(out, ui.Definition{Term: "Address", Body: ui.Mono(fraudview.Short(*c.IPHash))})
	}
	if t := tags(c); t != "" {
		out = append(out, ui.Definition{Term: "Tags", Text: t})
	}
	return append(out, ui.Definition{Term: "cref", Body: ui.Mono(c.ID.String())})
}

func toldBy(i tracking.Identity) string {
	if i.Verified {
		return "the shop"
	}
	return "a browser"
}
