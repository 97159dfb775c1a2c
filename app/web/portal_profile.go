package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/partners"
	partnersview "github.com/openpartner/openpartner/views/partners"
	portalview "github.com/openpartner/openpartner/views/portal"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) portalProfileEdit(c echo.Context) error {
	p, err := s.Partners.Find(c.Request().Context(), me(c))
	if err != nil {
		return err
	}
	return s.portalProfile(c, http.StatusOK, p, partnersview.Edit(p))
}

func (s *Server) portalProfile(c echo.Context, status int, p partners.Partner, typed partnersview.EditPage) error {
	head := ui.HeaderProps{Title: "Profile", Subtitle: "What the program knows about you."}
	return s.formPage(c, status, head, portalview.Profile(portalview.ProfilePage{EditPage: typed, Partner: p}))
}

func (s *Server) portalProfileUpdate(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := s.Partners.Find(ctx, me(c))
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	typed := f.partner(p.ID)
	if f.platformStep(&typed) {
		return s.portalProfile(c, http.StatusOK, p, typed)
	}
	profile, err := profileOf(typed, p.Profile)
	if err == nil {
		_, err = s.Partners.Describe(ctx, p.ID, typed.Name, profile)
	}
	if fields, wrong := fieldErrors(err); wrong {
		typed.Errors = fields
		return s.portalProfile(c, http.StatusUnprocessableEntity, p, typed)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Your profile is saved.", urls(c).PortalProfile())
}

// platformStep does what a button other than the one that saves asks for, and reports whether
// there was one.
func (f form) platformStep(p *partnersview.EditPage) bool {
	what, number, _ := strings.Cut(f.text("step"), ".")
	switch i, err := strconv.Atoi(number); {
	case what == "add":
		p.Rows = len(p.Platforms) + 1
	case what == "remove" && err == nil && i >= 0 && i < len(p.Platforms):
		p.Platforms = append(p.Platforms[:i:i], p.Platforms[i+1:]...)
	}
	return what != ""
}

func (s *Server) portalEmailsNew(c echo.Context) error {
	return s.portalEmail(c, http.StatusOK, portalview.EmailPage{})
}

func (s *Server) portalEmail(c echo.Context, status int, p portalview.EmailPage) error {
	p.Current = auth.From(c.Request().Context()).Email
	head := ui.HeaderProps{Title: "Change your address", Crumbs: []ui.Crumb{{Label: "Profile", Href: urls(c).PortalProfile()}}}
	return s.formPage(c, status, head, portalview.Email(p))
}

func (s *Server) portalEmailsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	wanted, err := s.Partners.WantEmail(c.Request().Context(), me(c), f.text("email"))
	if fields, wrong := fieldErrors(err); wrong {
		return s.portalEmail(c, http.StatusUnprocessableEntity, portalview.EmailPage{Email: f.text("email"), Error: fields["email"]})
	}
	if err != nil {
		return err
	}
	return s.done(c, "A link is on its way to "+wanted+". Your address changes when it is used, within 10 minutes.", urls(c).PortalProfile())
}
