package network

import (
	"strconv"
	"time"

	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

const outboxID = "outbox"

// OutboxTarget selects what filters and pages of the list replace.
const OutboxTarget = "#" + outboxID

// OutboxPage is what the Network has not been told yet.
type OutboxPage struct {
	Messages []network.Message
	Status   string
	Wrong    string // of the filter
	MayEdit  bool
	Now      time.Time
	Pager    ui.PagerProps
}

func (p OutboxPage) filters(u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: u.NetworkOutbox(), Target: OutboxTarget, NoSearch: true, Label: "Filter the outbox"}
	if p.Status != "" || p.Wrong != "" {
		f.ResetHref = u.NetworkOutbox()
	}
	return f
}

func messageStates() []ui.Option {
	return []ui.Option{{Value: network.StatusPending, Label: "On the way"}, {Value: network.StatusDead, Label: "Given up"}}
}

func standingOfMessage(m network.Message) (ui.Tone, string) {
	switch {
	case m.Status == network.StatusDead:
		return ui.Critical, "Given up"
	case m.Attempts > 0:
		return ui.Warning, "Tries again"
	default:
		return ui.Neutral, "Waits"
	}
}

// said is what the Network is to hear.
func said(m network.Message) string {
	if m.Op == network.Revoke {
		return "Is no partner any more"
	}
	return "How they stand"
}

func answerTo(m network.Message) string {
	if m.LastError == nil {
		return "Not tried yet"
	}
	return *m.LastError
}

func tries(m network.Message) string { return strconv.Itoa(m.Attempts) }

// PlatformPage is what the operator's staff see: whose outbox holds something.
type PlatformPage struct {
	Piles []network.Pile
	Now   time.Time
}

func lastAnswer(p network.Pile) string {
	if p.LastError == nil {
		return "–"
	}
	return *p.LastError
}
