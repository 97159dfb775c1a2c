package network

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/views/ui"
)

// regionID is the part of the connection's page that stays current by itself.
const regionID = "network"

// ConnectionPage is how the program stands to the Network.
type ConnectionPage struct {
	network.Overview

	Backfill *outbox.Row // the latest; nil before the first
	MaySet   bool        // the address of the hub, which the operator sets where there are many programs
	MayEdit  bool
	Now      time.Time
	Typed    string // an address that was refused, and why
	Errors   fault.Fields
}

// ConnectPage is the form that asks the hub to take the program in.
type ConnectPage struct {
	ContactEmail, ContactName, DisplayName string

	Hub     string
	Problem string // what the hub answered
	Errors  fault.Fields
}

// standing is the state in a word.
func standing(s network.State) (ui.Tone, string) {
	switch s {
	case network.Connected:
		return ui.Success, "Connected"
	case network.Connecting:
		return ui.Info, "Waits for the mail's link"
	case network.Paused:
		return ui.Warning, "Paused"
	case network.Failed:
		return ui.Critical, "Failed"
	case network.Disconnected:
		return ui.Neutral, "Disconnected"
	case network.None:
	}
	return ui.Neutral, "Not connected"
}

func (p ConnectionPage) badge() templ.Component {
	if p.Hub == "" {
		return nil
	}
	return ui.Badge(standing(p.State))
}

// joined reports whether the hub has given us a token that is not known to be worthless.
func (p ConnectionPage) joined() bool {
	return p.TokenCiphertext != nil && p.State != network.Failed && p.State != network.Disconnected
}

// tells reports whether the hub is told of partners now.
func (p ConnectionPage) tells() bool { return p.joined() && p.State != network.Paused }

// late reports whether the link in the hub's mail is no good any more.
func (p ConnectionPage) late() bool { return p.PendingUntil != nil && p.Now.After(*p.PendingUntil) }

// going reports whether a backfill is not over.
func (p ConnectionPage) going() bool {
	return p.Backfill != nil && (p.Backfill.Status == "pending" || p.Backfill.Status == "running")
}

func (p ConnectionPage) facts() []ui.Definition {
	out := []ui.Definition{{Term: "Network", Body: ui.Mono(p.Hub)}}
	if p.DisplayName != nil {
		out = append(out, ui.Definition{Term: "Known there as", Text: *p.DisplayName})
	}
	if p.VendorID != nil {
		out = append(out, ui.Definition{Term: "Its id for us", Body: ui.Mono(*p.VendorID)})
	}
	if p.ContactEmail != nil {
		out = append(out, ui.Definition{Term: "Contact", Text: *p.ContactEmail})
	}
	if p.ConnectedAt != nil {
		out = append(out, ui.Definition{Term: "Connected", Body: ui.Ago(*p.ConnectedAt, p.Now)})
	}
	if p.HeartbeatAt != nil {
		out = append(out, ui.Definition{Term: "Last heard of us", Body: ui.Ago(*p.HeartbeatAt, p.Now)})
	}
	return out
}

// queue says how the outbox is.
func (p ConnectionPage) queue() (ui.Tone, string) {
	switch {
	case p.Dead > 0:
		return ui.Critical, many(p.Dead, "message was", "messages were") + " given up."
	case p.Pending > 0 && p.tells():
		return ui.Info, many(p.Pending, "message is", "messages are") + " on the way."
	case p.Pending > 0:
		return ui.Warning, many(p.Pending, "message waits", "messages wait") + " until the program is connected."
	default:
		return ui.Success, "The Network knows all it was to be told."
	}
}

func (p ConnectionPage) progress() ui.ProgressProps {
	n := p.Backfill.Counted()
	return ui.ProgressProps{Label: fmt.Sprintf("%d of %d partners", n.Done+n.Queued, n.Total), Done: int(n.Done + n.Queued), Total: int(n.Total)}
}

// filled says how the latest backfill ended.
func (p ConnectionPage) filled() (ui.Tone, string) {
	n := p.Backfill.Counted()
	if p.Backfill.Status != "done" {
		return ui.Critical, "It could not be finished. Start it again: whoever was told of stays."
	}
	text := "The Network was told of " + many(int(n.Done), "partner", "partners") + "."
	if n.Queued > 0 {
		text += " " + many(int(n.Queued), "more goes", "more go") + " through the outbox."
	}
	return ui.Success, text
}

func (p ConnectionPage) connectLabel() string {
	if p.State == network.None {
		return "Connect"
	}
	return "Connect again"
}

func many(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// CompletePage is what the link of the hub's mail brings along.
type CompletePage struct {
	Token, State string

	Hub     string
	Name    string
	Problem string
}

func (p CompletePage) whole() bool { return p.Token != "" && p.State != "" }
