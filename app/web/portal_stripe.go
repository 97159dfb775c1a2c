package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/payouts"
	portalview "github.com/openpartner/openpartner/views/portal"
	"github.com/openpartner/openpartner/views/ui"
)

// portalStripeAccountsCreate opens an account at Stripe for the partner, or finds the one they have, and
// shows the way there.
func (s *Server) portalStripeAccountsCreate(c echo.Context) error { return s.onboard(c, false) }

// portalOtherStripeAccountsCreate opens one that takes the place of the one they have.
func (s *Server) portalOtherStripeAccountsCreate(c echo.Context) error { return s.onboard(c, true) }

func (s *Server) onboard(c echo.Context, another bool) error {
	u := urls(c)
	back := u.Absolute(u.PortalPayoutAccount())
	address, err := s.Payouts.Onboard(c.Request().Context(), s.Edge.Run, payouts.Onboarding{Again: back, Back: back, Another: another})
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		instead(c)
		return s.ok(c, "On to Stripe", portalview.AtStripe(address))
	})
}

func (s *Server) portalOtherStripeAccountsNew(c echo.Context) error {
	u := urls(c)
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Use another account?", Text: "Stripe opens a new account for you. Nothing is paid there for three days, and you get a mail about it, since nobody else should change this.",
		Action: u.PortalStripeAccountOther(), ConfirmLabel: "Use another account", CancelHref: u.PortalPayoutAccount(),
	})
}

// portalStripeLooksCreate asks Stripe how the partner's account stands.
func (s *Server) portalStripeLooksCreate(c echo.Context) error {
	if err := s.Payouts.See(c.Request().Context(), s.Edge.Run, me(c)); err != nil {
		return err
	}
	return s.within(c, func() error { return s.done(c, "Stripe was asked.", urls(c).PortalPayoutAccount()) })
}
