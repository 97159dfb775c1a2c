package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/network"
	networkview "github.com/openpartner/openpartner/views/network"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) networkOutboxIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	wrong := fault.Fields{}
	p := networkview.OutboxPage{Status: chosenOf(q, wrong, "status", []string{network.StatusPending, network.StatusDead}), MayEdit: mayEdit(c), Now: s.Now()}
	if p.Wrong = wrong["status"]; p.Wrong == "" {
		found, err := s.Network.Messages(c.Request().Context(), network.MessageFilter{Status: p.Status}, page)
		if err != nil {
			return err
		}
		p.Messages, p.Pager = found.Items, pager(c, urls(c).NetworkOutbox(), networkview.OutboxTarget, found)
	}
	return s.page(c, listStatus(wrong), "Outbox", networkview.Outbox(p))
}

func (s *Server) networkOutboxRetryCreate(c echo.Context) error {
	n, err := s.Network.RetryAll(c.Request().Context())
	if err != nil {
		return err
	}
	notice := "There is nothing to send."
	if n > 0 {
		notice = "Sent now: " + strconv.Itoa(n) + "."
	}
	return s.done(c, notice, urls(c).NetworkOutbox())
}

func (s *Server) networkMessageRetryCreate(c echo.Context) error {
	id, err := pathID(c, "id", "message")
	if err != nil {
		return err
	}
	m, err := s.Network.Retry(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, "The message about "+m.PartnerName+" is sent now.", urls(c).NetworkOutbox())
}

func (s *Server) networkMessageDiscardNew(c echo.Context) error {
	id, err := pathID(c, "id", "message")
	if err != nil {
		return err
	}
	m, err := s.Network.Message(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Discard the message about " + m.PartnerName + "?", Text: "The Network is not told. Their next change makes a new message.",
		Action: urls(c).NetworkMessageDiscard(id), ConfirmLabel: "Discard message", CancelHref: urls(c).NetworkOutbox(), Danger: true,
	})
}

func (s *Server) networkMessageDiscardCreate(c echo.Context) error {
	id, err := pathID(c, "id", "message")
	if err != nil {
		return err
	}
	if err := s.Network.Discard(c.Request().Context(), id); err != nil {
		return err
	}
	return s.done(c, "The message is discarded.", urls(c).NetworkOutbox())
}

// platformOutboxIndex shows which programs have something to tell the Network.
func (s *Platform) platformOutboxIndex(c echo.Context) error {
	all, err := s.Network.Piles(c.Request().Context())
	if err != nil {
		return err
	}
	return s.ok(c, "Network outbox", networkview.Platform(networkview.PlatformPage{Piles: all, Now: s.Now()}))
}
