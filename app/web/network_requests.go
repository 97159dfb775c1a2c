package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/protocol"
	networkview "github.com/openpartner/openpartner/views/network"
	"github.com/openpartner/openpartner/views/ui"
)

// networkRequestsIndex lists who asks, those first who wait for an answer.
func (s *Server) networkRequestsIndex(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	wrong := fault.Fields{}
	p := networkview.RequestsPage{Status: chosenOf(q, wrong, "status", network.RequestStatuses()), Here: awaiting(c), MayEdit: mayEdit(c), Now: s.Now()}
	if p.Wrong = wrong["status"]; p.Wrong == "" {
		p.Asked, err = s.ask(c, func(ctx context.Context) (err error) {
			p.Requests, err = s.Network.Requests(ctx, s.Edge.Run, p.Status)
			return err
		})
	}
	if err != nil {
		return err
	}
	slices.SortStableFunc(p.Requests, func(a, b protocol.Request) int { return waitsFor(a) - waitsFor(b) })
	return s.within(c, func() error { return s.page(c, listStatus(wrong), "Requests", networkview.Requests(p)) })
}

func waitsFor(r protocol.Request) int {
	if r.Status == protocol.RequestPending {
		return 0
	}
	return 1
}

func (s *Server) networkApprovalsNew(c echo.Context) error {
	r, err := s.Network.Request(c.Request().Context(), s.Edge.Run, c.Param("request"))
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		return s.confirm(c, http.StatusOK, approval(c, r.ID, r.Creator.Name), networkview.NoteField(""))
	})
}

func approval(c echo.Context, id, who string) ui.ConfirmProps {
	u := urls(c)
	return ui.ConfirmProps{
		Title: "Approve " + who + "?", Text: "They become a partner and get a link for the offering's campaign. Their address comes with it.",
		Action: u.NetworkRequestApproval(id), ConfirmLabel: "Approve request", CancelHref: u.NetworkRequests(),
	}
}

func (s *Server) networkApprovalsCreate(c echo.Context) error {
	id := c.Param("request")
	return s.call(c, order{
		asked: approval(c, id, "this creator"), notice: "Approved. The Network makes their link now.", next: urls(c).NetworkRequests(), note: true,
		do: func(ctx context.Context, f form) error {
			_, err := s.Network.Approve(ctx, s.Edge.Run, id, f.text("note"))
			return err
		},
	})
}

func (s *Server) networkRejectionsNew(c echo.Context) error {
	r, err := s.Network.Request(c.Request().Context(), s.Edge.Run, c.Param("request"))
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		return s.confirm(c, http.StatusOK, rejection(c, r.ID, r.Creator.Name), networkview.NoteField(""))
	})
}

func rejection(c echo.Context, id, who string) ui.ConfirmProps {
	u := urls(c)
	return ui.ConfirmProps{
		Title: "Reject " + who + "?", Text: "They see your word, and can ask again in 30 days.",
		Action: u.NetworkRequestRejection(id), ConfirmLabel: "Reject request", CancelHref: u.NetworkRequests(), Danger: true,
	}
}

func (s *Server) networkRejectionsCreate(c echo.Context) error {
	id := c.Param("request")
	return s.call(c, order{
		asked: rejection(c, id, "this creator"), notice: "Rejected.", next: urls(c).NetworkRequests(), note: true,
		do: func(ctx context.Context, f form) error {
			_, err := s.Network.Reject(ctx, s.Edge.Run, id, f.text("note"))
			return err
		},
	})
}
