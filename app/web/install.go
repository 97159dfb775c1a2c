package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/install"
	"github.com/openpartner/openpartner/views/entrance"
)

func (s *Server) installNew(c echo.Context) error {
	open, err := s.Install.Open(c.Request().Context())
	if err != nil {
		return err
	}
	if !open {
		return redirect(c, urls(c).SignIn())
	}
	page := entrance.InstallPage{Action: urls(c).Install(), Code: c.QueryParam("code")}
	return s.public(c, http.StatusOK, "Set up", entrance.Install(page))
}

// installCreate founds the program and signs the first admin in at once: a mail that does not
// arrive can't lock anybody out.
func (s *Server) installCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	in := install.Input{Code: f.text("code"), Name: f.text("name"), Email: f.text("email"), Program: f.text("program")}
	admin, err := s.Install.Run(ctx, in)
	if fields, wrong := fieldErrors(err); wrong {
		return s.installAgain(c, in, fields)
	}
	if err != nil {
		return err
	}
	if err := s.Sessions.SignIn(ctx, auth.AdminKind, admin.ID); err != nil {
		return err
	}
	s.Edge.Tenants.Forget(install.Slug)
	return s.done(c, "Your program is set up. Welcome, "+admin.Name+".", urls(c).AdminHome())
}

func (s *Server) installAgain(c echo.Context, in install.Input, fields fault.Fields) error {
	page := entrance.InstallPage{
		Action: urls(c).Install(), Code: in.Code, Name: in.Name, Email: in.Email, Program: in.Program, Errors: fields,
	}
	return s.public(c, http.StatusUnprocessableEntity, "Set up", entrance.Install(page))
}
