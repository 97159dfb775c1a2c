package network

import (
	"time"

	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/figures"
	"github.com/openpartner/openpartner/views/ui"
)

// RequestsTarget selects what the filter of the requests replaces.
const RequestsTarget = "#" + requestsID

// RequestsPage is who asks to promote what, pending ones first.
type RequestsPage struct {
	Asked

	Requests []protocol.Request
	Status   string
	Wrong    string // of the filter
	Here     string // the page's own address
	MayEdit  bool
	Now      time.Time
}

// live reports whether an approval is under way.
func (p RequestsPage) live() bool {
	for _, r := range p.Requests {
		if r.Status == protocol.RequestApproving {
			return true
		}
	}
	return false
}

func (p RequestsPage) filters(u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: u.NetworkRequests(), Target: RequestsTarget, NoSearch: true, Label: "Filter requests"}
	if p.Status != "" || p.Wrong != "" {
		f.ResetHref = u.NetworkRequests()
	}
	return f
}

func requestStates() []ui.Option {
	var out []ui.Option
	for _, s := range network.RequestStatuses() {
		_, word := standingOfRequest(s)
		out = append(out, ui.Option{Value: s, Label: word})
	}
	return out
}

func standingOfRequest(status string) (ui.Tone, string) {
	switch status {
	case protocol.RequestPending:
		return ui.Accent, "Waits for you"
	case protocol.RequestApproving:
		return ui.Info, "Being approved"
	case protocol.RequestApproved:
		return ui.Success, "Approved"
	case protocol.RequestRejected:
		return ui.Neutral, "Rejected"
	case protocol.RequestFailed:
		return ui.Critical, "Failed"
	default:
		return ui.Neutral, ui.StatusLabel(status)
	}
}

// decidable reports whether an admin may approve or reject; a failed approval may be tried again.
func decidable(r protocol.Request) bool {
	return r.Status == protocol.RequestPending || r.Status == protocol.RequestFailed
}

func followers(p protocol.Platform) string {
	if p.Followers == nil {
		return p.Platform
	}
	return p.Platform + ", " + figures.Count(*p.Followers) + " followers"
}

func asks(r protocol.Request) string { return "wants to promote “" + r.Offering.Title + "”" }
