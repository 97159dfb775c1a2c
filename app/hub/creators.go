package hub

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/entrance"
	hubview "github.com/openpartner/openpartner/views/hub"
)

func (s *Server) joinNew(c echo.Context) error {
	if c.QueryParam("sent") != "" {
		return s.door(c, http.StatusOK, "Check your inbox", hubview.JoinSent(s.DevMail))
	}
	return s.door(c, http.StatusOK, "Join as a creator", hubview.Join(hubview.JoinPage{}))
}

func (s *Server) joinCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in := coordinator.SignUpForm{Email: f.Get("email"), Name: f.Get("name"), Handle: f.Get("handle")}
	err = s.Hub.Join(c.Request().Context(), in)
	if fields, wrong := fieldErrors(err); wrong {
		return s.door(c, http.StatusUnprocessableEntity, "Join as a creator", hubview.Join(hubview.JoinPage{Form: in, Errors: fields}))
	}
	if err != nil {
		return err
	}
	return redirect(c, urls().Join()+"?sent=1")
}

func (s *Server) signInNew(c echo.Context) error {
	if c.QueryParam("sent") != "" {
		return s.door(c, http.StatusOK, "Check your inbox", entrance.SignInSent(urls().SignIn(), s.DevMail))
	}
	return s.door(c, http.StatusOK, "Sign in", entrance.SignIn(entrance.SignInPage{Action: urls().SignIn(), Next: c.QueryParam("next")}))
}

func (s *Server) signInCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	err = s.Hub.SignIn(c.Request().Context(), f.Get("email"), f.Get("next"))
	if fields, wrong := fieldErrors(err); wrong {
		return s.door(c, http.StatusUnprocessableEntity, "Sign in", entrance.SignIn(entrance.SignInPage{
			Action: urls().SignIn(), Next: f.Get("next"), Email: f.Get("email"), Error: fields["email"],
		}))
	}
	if err != nil {
		return err
	}
	return redirect(c, urls().SignIn()+"?sent=1")
}

// verifyShow shows the button; it changes nothing.
func (s *Server) verifyShow(c echo.Context) error {
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	link, err := s.Hub.PeekLink(c.Request().Context(), c.QueryParam("token"))
	if err != nil {
		return s.linkFailed(c, err)
	}
	return s.door(c, http.StatusOK, "Sign in", entrance.Verify(entrance.VerifyPage{
		Action: urls().Verify(), Token: c.QueryParam("token"), Email: link.Email, Purpose: auth.PurposeSignIn, Program: name,
	}))
}

// verifyCreate uses the link up.
func (s *Server) verifyCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	person, next, err := s.Hub.Enter(ctx, f.Get("token"))
	if err != nil {
		return s.linkFailed(c, err)
	}
	if err := s.Sessions.SignIn(ctx, coordinator.CreatorKind, person.ID); err != nil {
		return err
	}
	if !routes.Local(next) {
		next = urls().Partnerships()
		if person.LastSignInAt.Equal(person.CreatedAt) {
			next = urls().Offerings()
		}
	}
	return redirect(c, next)
}

func (s *Server) linkFailed(c echo.Context, err error) error {
	if !errors.Is(err, auth.ErrLinkSpent) {
		return err
	}
	return s.door(c, http.StatusNotFound, "This link does not work any more", entrance.VerifyFailed(urls().SignIn()))
}

func (s *Server) signOut(c echo.Context) error {
	if err := s.Sessions.SignOut(c.Request().Context()); err != nil {
		return err
	}
	return redirect(c, urls().Home())
}

func (s *Server) profileShow(c echo.Context) error {
	me, err := s.Hub.MyProfile(c.Request().Context())
	if err != nil {
		return err
	}
	p := coordinator.Profile{Name: me.Name, Handle: me.Handle, Bio: me.Bio, Platforms: me.Places()}
	return s.page(c, http.StatusOK, "Profile", hubview.Profile(hubview.ProfilePage{Email: me.Email, Profile: p}))
}

func (s *Server) profileUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := coordinator.Profile{Name: f.Get("name"), Handle: f.Get("handle"), Bio: f.Get("bio"), Platforms: places(f)}
	me, err := s.Hub.Introduce(c.Request().Context(), p)
	if fields, wrong := fieldErrors(err); wrong {
		return s.page(c, http.StatusUnprocessableEntity, "Profile", hubview.Profile(hubview.ProfilePage{Email: me.Email, Profile: p, Errors: fields}))
	}
	if err != nil {
		return err
	}
	return s.done(c, "Your profile is saved.", urls().Profile())
}

// places reads the rows of the form; those that are empty are none.
func places(f url.Values) []protocol.Platform {
	out := []protocol.Platform{}
	addresses := f["platform_url"]
	for i, word := range f["platform"] {
		place := protocol.Platform{Platform: strings.TrimSpace(word)}
		if i < len(addresses) {
			place.URL = strings.TrimSpace(addresses[i])
		}
		if place.Platform != "" || place.URL != "" {
			out = append(out, place)
		}
	}
	return out
}

// partnershipsIndex asks the vendors, between two transactions, for what they have not said lately. One
// that is down shows as such.
func (s *Server) partnershipsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	var all []coordinator.Partnership
	read := func(ctx context.Context) (err error) {
		all, err = s.Hub.Partnerships(ctx)
		return err
	}
	if err := s.Edge.Run(ctx, true, read); err != nil {
		return err
	}
	if readings := s.Hub.Read(ctx, all); len(readings) > 0 {
		err := s.Edge.Run(ctx, false, func(ctx context.Context) error {
			if err := s.Hub.Note(ctx, readings); err != nil {
				return err
			}
			return read(ctx)
		})
		if err != nil {
			return fault.Unavailable("unavailable", "Please try again in a moment.").Because(err)
		}
	}
	return s.page(c, http.StatusOK, "Partnerships", hubview.Partnerships(hubview.PartnershipsPage{Partnerships: all, Now: s.Now()}))
}
