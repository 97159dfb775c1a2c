package stripe

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/stripeinbox"
	"github.com/openpartner/openpartner/views/ui"
)

// SettingsPage is the form of Stripe. Secrets go in and never come out.
type SettingsPage struct {
	Endpoint                       string
	HasSecretKey, HasWebhookSecret bool
	Operators                      bool // the operator's secret serves the program
	ExcludeTax                     bool
	Errors                         fault.Fields
}

// Ready says that events are taken.
func (p SettingsPage) Ready() bool { return p.HasWebhookSecret || p.Operators }

func (p SettingsPage) events() string { return strings.Join(stripeinbox.Types(), ",") }

func kept(has bool, what string) string {
	if has {
		return "A " + what + " is kept. Leave this empty to keep it."
	}
	return ""
}

func (p SettingsPage) keyHint() string {
	if p.HasSecretKey {
		return kept(true, "key")
	}
	return "A restricted key will do: it reads payment intents, checkout sessions and events. To pay partners it also writes transfers and connected accounts."
}

// ways are how a sale is matched to a click, as merchants set them up.
func ways() []ui.Definition {
	return []ui.Definition{
		{Term: "Checkout", Text: "Also for Payment Links: put the cref of the visitor into client_reference_id: it is in the address your page was opened with, and in the cookie."},
		{Term: "Customers", Text: "Put your own name of the user into the metadata openpartner_user_id, the one that you identify clicks with. A cref in the metadata openpartner_cref does as well."},
		{Term: "Neither", Text: "Identify clicks with the id of the customer at Stripe, such as cus_123, as the user."},
		{Term: "Promotion codes", Text: "Give a coupon the id of the promotion code, such as promo_123: its partner is credited when the code is used."},
	}
}

const listID = "stripe-events"

// ListTarget selects what filters and pages of the list replace.
const ListTarget = "#" + listID

// EventsPage is a list of events, of a program or of all.
type EventsPage struct {
	Events   []stripeinbox.Listed
	Filter   stripeinbox.Filter
	Wrong    fault.Fields
	Platform bool // of all programs, for the operator's staff
	Now      time.Time
	Pager    ui.PagerProps
}

func (p EventsPage) filtered() bool {
	return p.Filter.Status != "" || p.Filter.Query != "" || len(p.Wrong) > 0
}

func (p EventsPage) home(u routes.URLs) string { return home(u, p.Platform) }

func home(u routes.URLs, platform bool) string {
	if platform {
		return u.PlatformStripeEvents()
	}
	return u.StripeEvents()
}

func (p EventsPage) href(u routes.URLs, id uuid.UUID) string {
	if p.Platform {
		return u.PlatformStripeEvent(id)
	}
	return u.StripeEvent(id)
}

func (p EventsPage) filters(u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: p.home(u), Target: ListTarget, Query: p.Filter.Query, Label: "Id of an event or object, or a type"}
	if p.filtered() {
		f.ResetHref = p.home(u)
	}
	return f
}

func (p EventsPage) columns() []ui.Column {
	columns := []ui.Column{{Label: "Event"}}
	if p.Platform {
		columns = append(columns, ui.Column{Label: "Program"})
	}
	return append(columns, ui.Column{Label: "State"}, ui.Column{Label: "Why"}, ui.Column{Label: "Came"})
}

func whose(e stripeinbox.Listed) string {
	if e.Slug == nil {
		return "Not known yet"
	}
	return *e.Slug
}

func states() []ui.Option {
	var out []ui.Option
	for _, s := range stripeinbox.Statuses() {
		out = append(out, ui.Option{Value: string(s), Label: label(s)})
	}
	return out
}

func label(s stripeinbox.Status) string {
	switch s {
	case stripeinbox.StatusReceived:
		return "To be done"
	case stripeinbox.StatusProcessed:
		return "Done"
	case stripeinbox.StatusIgnored:
		return "Left aside"
	case stripeinbox.StatusWaiting:
		return "Waits"
	default:
		return "Failed"
	}
}

func tone(s stripeinbox.Status) ui.Tone {
	switch s {
	case stripeinbox.StatusProcessed:
		return ui.Success
	case stripeinbox.StatusWaiting:
		return ui.Warning
	case stripeinbox.StatusFailed:
		return ui.Critical
	default:
		return ui.Neutral
	}
}

// why says what stands in the way, or which key matched.
func why(e stripeinbox.Event) string {
	switch {
	case e.Error != nil:
		return *e.Error
	case e.Reason != nil:
		return Reason(*e.Reason)
	case e.MatchedBy != nil:
		return "Matched by " + Match(*e.MatchedBy)
	default:
		return "–"
	}
}

// Reason says in words why an event waits, is left aside or failed.
func Reason(r stripeinbox.Reason) string {
	words := map[stripeinbox.Reason]string{
		stripeinbox.ReasonTenantUnknown:   "Nothing in it says whose it is, yet.",
		stripeinbox.ReasonTenantAmbiguous: "It could be several programs'.",
		stripeinbox.ReasonSaleUnknown:     "The sale that it means has not come yet.",
		stripeinbox.ReasonSessionMayCome:  "Its checkout has not come yet, which says who paid.",
		stripeinbox.ReasonUnclear:         "It may belong to an invoice. Give a key in the settings, and Stripe is asked.",
		stripeinbox.ReasonAsking:          "Stripe is being asked.",
		stripeinbox.ReasonNotFollowed:     "Means nothing here.",
		stripeinbox.ReasonNoObject:        "Carries no object.",
		stripeinbox.ReasonConnect:         "A connected account's, which earns nothing here.",
		stripeinbox.ReasonNothingPaid:     "Nothing was paid.",
		stripeinbox.ReasonOfInvoice:       "Belongs to an invoice, which counts by itself.",
		stripeinbox.ReasonCounted:         "Another event of the same payment counted it.",
		stripeinbox.ReasonNobody:          "Says nothing about who it was.",
		stripeinbox.ReasonUnreadable:      "Its object can't be read.",
		stripeinbox.ReasonRefused:         "It was refused.",
	}
	if text, known := words[r]; known {
		return text
	}
	return ui.StatusLabel(string(r))
}

// Match names a key by which an event was matched.
func Match(by string) string {
	words := map[string]string{
		"metadata": "your name of the user", "customer": "the customer's id", "email": "the guest's address", "client_reference_id": "client_reference_id",
		"metadata_cref": "the cref in metadata", "promotion_code": "the promotion code",
	}
	if text, known := words[by]; known {
		return text
	}
	return by
}

// EventPage is one event.
type EventPage struct {
	Event    stripeinbox.Event
	Slug     string
	Platform bool
	MayEdit  bool
	Opened   bool // what it says is shown
}

func (p EventPage) crumbs(u routes.URLs) []ui.Crumb {
	return []ui.Crumb{{Label: "Stripe events", Href: home(u, p.Platform)}}
}

func (p EventPage) retry(u routes.URLs) string {
	if p.Platform {
		return u.PlatformStripeEventRetry(p.Event.ID)
	}
	return u.StripeEventRetry(p.Event.ID)
}

func (p EventPage) facts() []ui.Definition {
	e := p.Event
	facts := []ui.Definition{{Term: "State", Text: label(e.Status)}}
	add := func(term, text string) {
		if text != "" {
			facts = append(facts, ui.Definition{Term: term, Text: text})
		}
	}
	if e.Reason != nil {
		add("Why", Reason(*e.Reason))
	}
	add("Told", value(e.Error))
	if e.MatchedBy != nil {
		add("Matched by", Match(*e.MatchedBy))
	}
	if p.Platform {
		add("Program", p.Slug)
		add("Found by", value(e.ResolvedBy))
	}
	add("Objects", strings.Join(e.Refs, ", "))
	add("Account", value(e.Account))
	add("API version", value(e.APIVersion))
	if !e.Livemode {
		add("Mode", "Test")
	}
	add("Happened", moment(&e.OccurredAt))
	add("Came", moment(&e.CreatedAt))
	add("Next try", moment(e.NextTryAt))
	add("Done", moment(e.ProcessedAt))
	add("Tries", strconv.Itoa(e.Attempts))
	return facts
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2 Jan 2006, 15:04:05 UTC")
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// payload is what the event says, set out for people.
func (p EventPage) payload() string {
	if p.Event.Payload == nil {
		return "It was deleted after 90 days."
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(*p.Event.Payload), "", "  "); err != nil {
		return *p.Event.Payload
	}
	return out.String()
}
