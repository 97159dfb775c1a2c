package web

import (
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/views/access"
	"github.com/openpartner/openpartner/views/ui"
)

// sessionsIndex is the same page for admins and partners, each at home.
func (s *Server) sessionsIndex(c echo.Context) error {
	open, err := s.Sessions.Open(c.Request().Context())
	if err != nil {
		return err
	}
	pages := sessionPages(c)
	p := access.SessionsPage{OthersEnd: pages.endOthers, Now: s.Now()}
	for _, one := range open {
		p.Rows = append(p.Rows, access.SessionRow{OpenSession: one, End: pages.end(one.ID)})
	}
	return s.ok(c, "Sessions", access.Sessions(p))
}

// sessionURLs are the pages around somebody's sessions.
type sessionURLs struct {
	list, endOthers string
	end             func(id uuid.UUID) string
}

// sessionPages are those of whoever asks.
func sessionPages(c echo.Context) sessionURLs {
	u := urls(c)
	if auth.From(c.Request().Context()).Kind == auth.Partner {
		return sessionURLs{u.PortalSessions(), u.PortalOtherSessionsEnd(), u.PortalSessionEnd}
	}
	return sessionURLs{u.Sessions(), u.OtherSessionsEnd(), u.SessionEnd}
}

func (s *Server) sessionEndsNew(c echo.Context) error {
	id, err := pathID(c, "id", "session")
	if err != nil {
		return err
	}
	one, err := s.Sessions.FindOpen(c.Request().Context(), id)
	if err != nil {
		return err
	}
	pages := sessionPages(c)
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Sign out there?", Text: access.Browser(one) + " will be signed out at once.",
		Action: pages.end(id), ConfirmLabel: "Sign out", CancelHref: pages.list, Danger: true,
	})
}

func (s *Server) sessionEndsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "session")
	if err != nil {
		return err
	}
	one, err := s.Sessions.End(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, access.Browser(one)+" is signed out.", sessionPages(c).list)
}

func (s *Server) otherSessionsEndNew(c echo.Context) error {
	pages := sessionPages(c)
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Sign out everywhere else?", Text: "You stay signed in here alone. Everywhere else needs a new link from a mail.",
		Action: pages.endOthers, ConfirmLabel: "Sign out everywhere else", CancelHref: pages.list, Danger: true,
	})
}

func (s *Server) otherSessionsEndCreate(c echo.Context) error {
	n, err := s.Sessions.EndOthers(c.Request().Context())
	if err != nil {
		return err
	}
	notice := strconv.Itoa(n) + " sessions are signed out."
	switch n {
	case 0:
		notice = "You were signed in nowhere else."
	case 1:
		notice = "1 session is signed out."
	}
	return s.done(c, notice, sessionPages(c).list)
}
