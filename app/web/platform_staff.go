package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/views/entrance"
	"github.com/openpartner/openpartner/views/platform"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Platform) staffSignInNew(c echo.Context) error {
	if c.QueryParam("sent") != "" {
		return s.public(c, http.StatusOK, "Check your inbox", entrance.SignInSent(urls(c).PlatformSignIn(), s.devMailPath(c)))
	}
	return s.public(c, http.StatusOK, "Sign in", entrance.SignIn(entrance.SignInPage{Action: urls(c).PlatformSignIn()}))
}

func (s *Platform) staffSignInCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	err = signin.RequestPlatform(c.Request().Context(), f.text("email"))
	return s.signInRequested(c, urls(c).PlatformSignIn(), f.text("email"), err)
}

// staffVerifyShow shows the button; it changes nothing.
func (s *Platform) staffVerifyShow(c echo.Context) error {
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	a, err := s.staff.PeekLink(c.Request().Context(), c.QueryParam("token"))
	if err != nil {
		return s.linkFailedAt(c, urls(c).PlatformSignIn(), err)
	}
	return s.public(c, http.StatusOK, "Sign in", entrance.Verify(entrance.VerifyPage{
		Action: urls(c).PlatformVerify(), Token: c.QueryParam("token"), Email: a.Email,
		Purpose: auth.PurposeSignIn, Program: "the platform",
	}))
}

// staffVerifyCreate uses the link up.
func (s *Platform) staffVerifyCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	if err := signin.EnterPlatform(c.Request().Context(), s.staff, s.Sessions, f.text("token")); err != nil {
		return s.linkFailedAt(c, urls(c).PlatformSignIn(), err)
	}
	return redirect(c, s.Console(urls(c)).Home)
}

func (s *Platform) staffSignOut(c echo.Context) error {
	if err := s.Sessions.SignOut(c.Request().Context()); err != nil {
		return err
	}
	return redirect(c, urls(c).PlatformSignIn())
}

func (s *Platform) staffIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.staff.List(ctx, page)
	if err != nil {
		return err
	}
	return s.ok(c, "Staff", platform.Staff(platform.StaffPage{
		People: found.Items, Me: auth.From(ctx).ID, Now: s.Now(), MayEdit: mayCommand(c), Pager: pager(c, urls(c).PlatformStaff(), "", found),
	}))
}

// mayCommand reports whether the person may change what the console shows; support only looks.
func mayCommand(c echo.Context) bool {
	return auth.From(c.Request().Context()).Holds(auth.PlatformScope) == nil
}

func (s *Platform) staffNew(c echo.Context) error {
	return s.staffForm(c, http.StatusOK, platform.StaffFormPage{Role: "support"})
}

func (s *Platform) staffForm(c echo.Context, status int, p platform.StaffFormPage) error {
	head := ui.HeaderProps{Title: "Add staff", Crumbs: []ui.Crumb{{Label: "Staff", Href: urls(c).PlatformStaff()}}}
	return s.formPage(c, status, head, platform.StaffForm(p))
}

func (s *Platform) staffCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in := auth.AdminInput{Email: f.text("email"), Name: f.text("name"), Role: f.text("role")}
	a, err := s.staff.Create(c.Request().Context(), in)
	if fields, wrong := fieldErrors(err); wrong {
		return s.staffForm(c, http.StatusUnprocessableEntity, platform.StaffFormPage{Name: in.Name, Email: in.Email, Role: in.Role, Errors: fields})
	}
	if err != nil {
		return err
	}
	return s.done(c, a.Name+" may sign in now.", urls(c).PlatformStaff())
}

func (s *Platform) staffRevocationsNew(c echo.Context) error {
	id, err := pathID(c, "id", "person")
	if err != nil {
		return err
	}
	a, err := s.staff.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Revoke " + a.Name + "?", Text: "They are signed out everywhere at once. Adding them again gives access back.",
		Action: urls(c).PlatformStaffRevocation(id), ConfirmLabel: "Revoke access", CancelHref: urls(c).PlatformStaff(), Danger: true,
	})
}

func (s *Platform) staffRevocationsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "person")
	if err != nil {
		return err
	}
	a, err := s.staff.Revoke(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, a.Name+" has no access any more.", urls(c).PlatformStaff())
}
