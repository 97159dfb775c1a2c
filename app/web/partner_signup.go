package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/signup"
	"github.com/openpartner/openpartner/views/program"
)

// program is the public page of a program: what it pays, and how to join.
func (s *Server) program(c echo.Context) error {
	ctx := c.Request().Context()
	form, err := s.Signup.Form(ctx)
	if err != nil {
		return err
	}
	p := program.Page{Form: form}
	if p.Campaigns, err = s.Campaigns.Offered(ctx, form.CampaignIDs); err != nil {
		return err
	}
	return s.public(c, http.StatusOK, form.Program.Name, program.Show(p))
}

// partnerSignupNew shows the form, and what comes after it.
func (s *Server) partnerSignupNew(c echo.Context) error {
	switch {
	case c.QueryParam("sent") != "":
		devMail := ""
		if s.DevMail != nil {
			devMail = urls(c).DevMail()
		}
		return s.public(c, http.StatusOK, "Check your inbox", program.Sent(devMail))
	case c.QueryParam("received") != "":
		return s.public(c, http.StatusOK, "Application received", program.Received())
	default:
		return s.partnerSignupForm(c, http.StatusOK, program.FormPage{})
	}
}

func (s *Server) partnerSignupForm(c echo.Context, status int, p program.FormPage) error {
	var err error
	if p.Form, err = s.Signup.Form(c.Request().Context()); err != nil {
		return err
	}
	if p.Form.Disabled {
		return s.public(c, status, "Sign-up is closed", program.Closed())
	}
	return s.public(c, status, "Become a partner", program.Form(p))
}

// partnerSignupCreate answers alike whoever the address belongs to, and whoever filled in the
// field that people don't see.
func (s *Server) partnerSignupCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := f.partnerSignup()
	if f.text(program.TrapField) == "" {
		err = s.Signup.Send(c.Request().Context(), signup.Input{
			Email: p.Email, Name: p.Name, TermsVersion: &p.TermsVersion,
			Profile: partners.Profile{Website: &p.Website, Bio: &p.Bio, Answers: p.Answers},
		})
	}
	if fields, wrong := fieldErrors(err); wrong {
		p.Errors = fields
		return s.partnerSignupForm(c, http.StatusUnprocessableEntity, p)
	}
	if fault.Is(err, fault.KindForbidden) {
		return s.partnerSignupForm(c, http.StatusForbidden, p)
	}
	if err != nil {
		return err
	}
	return redirect(c, urls(c).SignupSent())
}

// partnerSignup reads the form as it was typed.
func (f form) partnerSignup() program.FormPage {
	return program.FormPage{
		Name: f.text("name"), Email: f.text("email"), Website: f.text("profile.website"), Bio: f.text("profile.bio"),
		Answers: f.answers(), TermsVersion: f.text("terms_version"),
	}
}

// answers are those to the program's own questions, by their keys.
func (f form) answers() map[string]string {
	out := map[string]string{}
	for name := range f.Values {
		if key, ok := program.AnswerKey(name); ok && f.text(name) != "" {
			out[key] = f.text(name)
		}
	}
	return out
}
