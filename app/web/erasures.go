package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) partnerErasuresNew(c echo.Context) error {
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Erase " + p.Name + "?",
		Text: "Their name, address, profile, sessions and keys are deleted, and nobody can undo it. What they earned and the clicks on their links stay, " +
			"as those of an erased partner. Pay what you owe them first.",
		Action: urls(c).PartnerErasure(p.ID), ConfirmLabel: "Erase this person", CancelHref: urls(c).PartnerShow(p.ID), Danger: true,
	})
}

func (s *Server) partnerErasuresCreate(c echo.Context) error {
	return s.onPartner(c, s.Partners.Erase, func(partners.Partner) string { return "The person is erased." })
}

func (s *Server) userErasuresNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	user := q.Get("user_id")
	if user == "" {
		return fault.NotFound("user")
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Erase the customer " + user + "?",
		Text: "Their events get a made-up user id and lose all that says who it was, and so do the visits that led to them. Nobody can undo it. " +
			"Amounts, partners and commissions stay.",
		Action: urls(c).UserErasure(""), ConfirmLabel: "Erase this customer", CancelHref: urls(c).Activity(), Danger: true,
	}, ui.Hidden("user_id", user))
}

func (s *Server) userErasuresCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	if err := s.Attribution.Erase(c.Request().Context(), f.Get("user_id")); err != nil {
		return err
	}
	return s.done(c, "The customer is erased.", urls(c).Activity())
}
