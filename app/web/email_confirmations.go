package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/views/entrance"
)

// emailConfirmationsShow shows the button; it changes nothing. After it was pressed it says so.
func (s *Server) emailConfirmationsShow(c echo.Context) error {
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	ctx := c.Request().Context()
	if c.QueryParam("done") != "" {
		return s.public(c, http.StatusOK, "Address changed", entrance.EmailConfirmed(urls(c).Home()))
	}
	link, err := s.SignIn.PeekEmail(ctx, c.QueryParam("token"))
	if err != nil {
		return s.linkFailed(c, err)
	}
	return s.public(c, http.StatusOK, "Confirm your new address", entrance.ConfirmEmail(entrance.ConfirmEmailPage{
		Action: urls(c).EmailConfirmationAction(), Token: c.QueryParam("token"), Email: link.Email, Program: tenancy.From(ctx).Name,
	}))
}

// emailConfirmationsCreate uses the link up, unless the address has become another partner's.
func (s *Server) emailConfirmationsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	err = s.SignIn.ConfirmEmail(c.Request().Context(), f.text("token"))
	if fault.Is(err, fault.KindConflict) {
		return s.public(c, http.StatusConflict, "Address in use", entrance.EmailTaken(urls(c).Home()))
	}
	if err != nil {
		return s.linkFailed(c, err)
	}
	return redirect(c, urls(c).EmailConfirmed())
}
