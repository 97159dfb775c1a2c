package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/views/email"
	settingsview "github.com/openpartner/openpartner/views/settings"
)

// mailPreviewsShow shows a mail as its receiver will see it, in the brand of the program.
func (s *Server) mailPreviewsShow(c echo.Context) error {
	ctx := c.Request().Context()
	chosen, all, err := s.mailExample(c)
	if err != nil {
		return err
	}
	m, err := s.Settings.Mail(ctx)
	if err != nil {
		return err
	}
	text, err := chosen.Message.Text(ctx)
	if err != nil {
		return err
	}
	return s.ok(c, chosen.Label, settingsview.MailPreview(settingsview.MailPreviewPage{
		Chosen: chosen, All: all, Text: text, FromName: m.FromName, FromEmail: m.FromEmail, ReplyTo: m.ReplyTo,
	}))
}

// mailLettersShow is the mail alone, for the frame on that page: nothing in it can do anything, and
// no style counts but its own.
func (s *Server) mailLettersShow(c echo.Context) error {
	chosen, _, err := s.mailExample(c)
	if err != nil {
		return err
	}
	html, hash, err := chosen.Message.Preview(c.Request().Context())
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+hash+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox")
	h.Set("Cache-Control", "no-store")
	return c.HTML(http.StatusOK, html)
}

// mailExample gives the mail that the query names, or the first one, and all there are.
func (s *Server) mailExample(c echo.Context) (email.Example, []email.Example, error) {
	p, err := s.Settings.Brand(c.Request().Context())
	if err != nil {
		return email.Example{}, nil, err
	}
	u := urls(c)
	all := email.Examples(email.Brand{Name: p.Name, Accent: p.AccentColor}, u.Absolute(u.Home()))
	name := c.QueryParam("mail")
	for _, e := range all {
		if name == "" || e.Name == name {
			return e, all, nil
		}
	}
	return email.Example{}, nil, fault.NotFound("mail")
}
