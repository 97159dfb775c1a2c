package webhooks

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/webhooks"
	"github.com/openpartner/openpartner/views/ui"
)

// DeliveriesID is the id of the log of an endpoint, which filters and pages replace.
const DeliveriesID = "deliveries"

// IndexPage is the list of endpoints.
type IndexPage struct {
	Endpoints []webhooks.Endpoint
	Now       time.Time
	MayEdit   bool
	Pager     ui.PagerProps
}

// name is what an endpoint is called: by its label, else by its address.
func name(e webhooks.Endpoint) string {
	if e.Label != nil {
		return *e.Label
	}
	return ui.BareURL(e.URL)
}

// state also tells endpoints that fail at the moment.
func state(e webhooks.Endpoint) string {
	if e.Status == webhooks.StatusActive && e.FailingSince != nil {
		return "failing"
	}
	return e.Status
}

// wants says in words what an endpoint is told.
func wants(e webhooks.Endpoint) string {
	if len(e.Events) == 1 && e.Events[0] == webhooks.Everything {
		return "Everything"
	}
	return strings.Join(e.Events, ", ")
}

// FormPage is an endpoint as it was typed.
type FormPage struct {
	Action, Back       string
	URL, Label, Submit string
	Events             []string
	Errors             fault.Fields
}

func events() []ui.Option {
	hints := map[string]string{
		webhooks.PartnerCreated: "Somebody was added or has applied.", webhooks.PartnerActivated: "They may promote now.", webhooks.PartnerRevoked: "They no longer may.",
		webhooks.ClickFlagged: "A click does not count.", webhooks.EventAttributed: "A partner brought it about.", webhooks.CommissionCreated: "A new row in the ledger.",
		webhooks.CommissionApproved: "It will be paid.", webhooks.CommissionReversed: "It will not be paid.", webhooks.CommissionPaid: "The money has moved.",
		webhooks.PayoutCreated: "A payout is planned.", webhooks.PayoutPaid: "It has arrived.", webhooks.PayoutFailed: "It has not.",
		webhooks.RequestApproved: "A creator of the Network is in.", webhooks.Everything: "All of these, and what will come.",
	}
	var out []ui.Option
	for _, t := range webhooks.Types() {
		out = append(out, ui.Option{Value: t, Label: t, Hint: hints[t]})
	}
	return out
}

// ShowPage is one endpoint with its log.
type ShowPage struct {
	Endpoint   webhooks.Endpoint
	Deliveries []webhooks.Delivery
	Status     string // that the log is narrowed to
	Now        time.Time
	MayEdit    bool
	Pager      ui.PagerProps
}

func (p ShowPage) filters(u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: u.WebhookShow(p.Endpoint.ID), Target: "#" + DeliveriesID, NoSearch: true, Label: "Narrow the messages"}
	if p.Status != "" {
		f.ResetHref = u.WebhookShow(p.Endpoint.ID)
	}
	return f
}

func (p ShowPage) facts() []ui.Definition {
	e := p.Endpoint
	facts := []ui.Definition{{Term: "Address", Text: e.URL}, {Term: "Is told", Text: wants(e)}}
	if e.FailingSince != nil {
		facts = append(facts, ui.Definition{Term: "Fails since", Text: e.FailingSince.UTC().Format("2 January 2006, 15:04 UTC")})
	}
	if e.DisabledReason != nil {
		facts = append(facts, ui.Definition{Term: "Disabled", Text: *e.DisabledReason})
	}
	if e.PreviousUntil != nil && p.Now.Before(*e.PreviousUntil) {
		facts = append(facts, ui.Definition{Term: "Former secret", Text: "also signs until " + e.PreviousUntil.UTC().Format("2 January 2006, 15:04 UTC")})
	}
	return facts
}

func statuses() []ui.Option {
	var out []ui.Option
	for _, s := range webhooks.DeliveryStatuses() {
		out = append(out, ui.Option{Value: s, Label: ui.StatusLabel(s)})
	}
	return out
}

// outcome says what came back last.
func outcome(d webhooks.Delivery) string {
	switch {
	case d.Error != nil:
		return *d.Error
	case d.ResponseStatus != nil:
		return strconv.Itoa(*d.ResponseStatus) + " in " + strconv.Itoa(deref(d.ResponseMS)) + " ms"
	default:
		return "not sent yet"
	}
}

func deref(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// DeliveryPage is one message: what was sent, and what came back.
type DeliveryPage struct {
	Endpoint webhooks.Endpoint
	Delivery webhooks.Delivery
	MayEdit  bool
	Now      time.Time
}

func (p DeliveryPage) facts() []ui.Definition {
	d := p.Delivery
	facts := []ui.Definition{
		{Term: "webhook-id", Text: d.MessageID}, {Term: "Tries", Text: strconv.Itoa(d.Attempts)}, {Term: "Last answer", Text: outcome(d)},
		{Term: "Happened", Text: d.CreatedAt.UTC().Format("2 January 2006, 15:04:05 UTC")},
	}
	if d.AttemptedAt != nil {
		facts = append(facts, ui.Definition{Term: "Last try", Text: d.AttemptedAt.UTC().Format("2 January 2006, 15:04:05 UTC")})
	}
	if d.NextAttemptAt != nil {
		facts = append(facts, ui.Definition{Term: "Next try", Text: d.NextAttemptAt.UTC().Format("2 January 2006, 15:04:05 UTC")})
	}
	return facts
}

// pretty is the body as people read it.
func pretty(payload []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, payload, "", "  "); err != nil {
		return string(payload)
	}
	return out.String()
}
