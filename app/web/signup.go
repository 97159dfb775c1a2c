package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenants"
	"github.com/openpartner/openpartner/views/entrance"
)

func (s *Platform) frontDoor(c echo.Context) error {
	return s.public(c, http.StatusOK, "OpenPartner", entrance.FrontDoor())
}

func (s *Platform) signUpNew(c echo.Context) error {
	if c.QueryParam("sent") != "" {
		return s.public(c, http.StatusOK, "Check your inbox", entrance.SignUpSent(s.devMailPath(c)))
	}
	return s.public(c, http.StatusOK, "Create your program", entrance.SignUp(entrance.SignUpPage{}))
}

// signUpSlugShow says while somebody types whether an address can be had.
func (s *Platform) signUpSlugShow(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	slug := q.text("slug")
	err = s.tenants.Availability(c.Request().Context(), slug)
	fields, wrong := fieldErrors(err)
	if err != nil && !wrong {
		return err
	}
	p := entrance.SlugField{Value: slug, Error: fields["slug"]}
	if !wrong {
		p.Free = routes.New(s.Edge.PublicURL, slug).Home()
	}
	return s.public(c, http.StatusOK, "Create your program", entrance.Slug(p))
}

func (s *Platform) signUpCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in := tenants.SignUpInput{
		Slug: f.text("slug"), DisplayName: f.text("display_name"), AdminEmail: f.text("admin_email"), AdminName: f.text("admin_name"),
	}
	_, err = s.tenants.SignUp(c.Request().Context(), in)
	if fields, wrong := fieldErrors(err); wrong {
		return s.signUpAgain(c, in, fields)
	}
	if err != nil {
		return err
	}
	return redirect(c, urls(c).SignUp()+"?sent=1")
}

func (s *Platform) signUpAgain(c echo.Context, in tenants.SignUpInput, fields fault.Fields) error {
	return s.public(c, http.StatusUnprocessableEntity, "Create your program", entrance.SignUp(entrance.SignUpPage{
		Slug: in.Slug, DisplayName: in.DisplayName, AdminEmail: in.AdminEmail, AdminName: in.AdminName, Errors: fields,
	}))
}

// rootSignInNew asks for an address when nobody knows which program it belongs to.
func (s *Platform) rootSignInNew(c echo.Context) error {
	if c.QueryParam("sent") != "" {
		return s.public(c, http.StatusOK, "Check your inbox", entrance.SignInSent(urls(c).RootSignIn(), s.devMailPath(c)))
	}
	return s.public(c, http.StatusOK, "Sign in", entrance.SignIn(entrance.SignInPage{Action: urls(c).RootSignIn()}))
}

func (s *Platform) rootSignInCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	err = s.SignIn.RequestEverywhere(c.Request().Context(), f.text("email"))
	return s.signInRequested(c, urls(c).RootSignIn(), f.text("email"), err)
}

// signInRequested answers a request for a link: alike for addresses that are known and that are not.
func (s *Platform) signInRequested(c echo.Context, door, email string, err error) error {
	if fields, wrong := fieldErrors(err); wrong {
		page := entrance.SignInPage{Action: door, Email: email, Error: fields["email"]}
		return s.public(c, http.StatusUnprocessableEntity, "Sign in", entrance.SignIn(page))
	}
	if err != nil {
		return err
	}
	return redirect(c, door+"?sent=1")
}
