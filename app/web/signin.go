package web

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/views/entrance"
)

// home leads people to where they belong, and shows strangers what the program is.
func (s *Server) home(c echo.Context) error {
	u := urls(c)
	switch auth.From(c.Request().Context()).Kind {
	case auth.AdminKind:
		return redirect(c, u.AdminHome())
	case auth.Partner:
		return redirect(c, u.Partner())
	default:
		waits, err := s.Install.Open(c.Request().Context())
		if err != nil {
			return err
		}
		if waits {
			return redirect(c, u.SignIn())
		}
		return s.program(c)
	}
}

func (s *Server) signInNew(c echo.Context) error {
	if c.QueryParam("sent") != "" {
		return s.public(c, http.StatusOK, "Check your inbox", entrance.SignInSent(urls(c).SignIn(), s.devMailPath(c)))
	}
	page := entrance.SignInPage{Action: urls(c).SignIn(), Next: localPart(c, c.QueryParam("next"))}
	return s.public(c, http.StatusOK, "Sign in", entrance.SignIn(page))
}

// devMailPath is where the mails of development are; empty in production.
func (s *Server) devMailPath(c echo.Context) string {
	if s.DevMail == nil {
		return ""
	}
	return urls(c).DevMail()
}

func (s *Server) signInCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	err = s.SignIn.Request(c.Request().Context(), f.text("email"), localPart(c, f.Get("next")))
	if fields, wrong := fieldErrors(err); wrong {
		page := entrance.SignInPage{Action: urls(c).SignIn(), Next: localPart(c, f.Get("next")), Email: f.text("email"), Error: fields["email"]}
		return s.public(c, http.StatusUnprocessableEntity, "Sign in", entrance.SignIn(page))
	}
	if err != nil {
		return err
	}
	return redirect(c, urls(c).SignIn()+"?sent=1")
}

// verifyShow shows the button; it changes nothing.
func (s *Server) verifyShow(c echo.Context) error {
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	ctx := c.Request().Context()
	link, err := s.SignIn.Peek(ctx, c.QueryParam("token"))
	if err != nil {
		return s.linkFailed(c, err)
	}
	return s.public(c, http.StatusOK, "Sign in", entrance.Verify(entrance.VerifyPage{
		Action: urls(c).VerifyAction(), Token: c.QueryParam("token"), Next: localPart(c, c.QueryParam("next")),
		Email: link.Email, Purpose: link.Purpose, Program: tenancy.From(ctx).Name,
	}))
}

// verifyCreate uses the link up.
func (s *Server) verifyCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in, err := s.SignIn.Enter(c.Request().Context(), f.text("token"))
	if err != nil {
		return s.linkFailed(c, err)
	}
	if next := localPart(c, f.Get("next")); next != "" && !in.Waits {
		in.Home = next
	}
	return redirect(c, in.Home)
}

func (s *Server) linkFailed(c echo.Context, err error) error {
	return s.linkFailedAt(c, urls(c).SignIn(), err)
}

// linkFailedAt leads whose link does not work back to the door.
func (s *Server) linkFailedAt(c echo.Context, door string, err error) error {
	if !errors.Is(err, auth.ErrLinkSpent) {
		if f, ok := fault.From(err); !ok || f.Code != auth.ErrLinkSpent.Code {
			return err
		}
	}
	return s.public(c, http.StatusForbidden, "Link expired", entrance.VerifyFailed(door))
}

func (s *Server) signOut(c echo.Context) error {
	if err := s.Sessions.SignOut(c.Request().Context()); err != nil {
		return err
	}
	return redirect(c, urls(c).SignIn())
}

// localPart is the path of a target that may be redirected to, or empty. htmx sends whole URLs
// of our own origin.
func localPart(c echo.Context, target string) string {
	if u, err := url.Parse(target); err == nil && u.Host != "" && u.Scheme+"://"+u.Host == urls(c).Origin() {
		target = u.RequestURI()
	}
	if !routes.Local(target) {
		return ""
	}
	return target
}
