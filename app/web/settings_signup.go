package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/settings"
	settingsview "github.com/openpartner/openpartner/views/settings"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) settingsSignupEdit(c echo.Context) error {
	p, err := s.Settings.PartnerSignup(c.Request().Context())
	if err != nil {
		return err
	}
	return s.signupForm(c, http.StatusOK, settingsview.Signup(p))
}

func (s *Server) signupForm(c echo.Context, status int, p settingsview.SignupPage) error {
	var err error
	if p.Campaigns, err = s.campaignOptions(c.Request().Context(), nil); err != nil {
		return err
	}
	u := urls(c)
	p.PublicURL = u.Absolute(u.PartnerSignup())
	head := ui.HeaderProps{Title: "Sign-up", Subtitle: "How creators come into your program by themselves."}
	return s.formPage(c, status, head, settingsview.SignupForm(p))
}

func (s *Server) settingsSignupUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := f.signup()
	in := settings.PartnerSignupInput{Questions: &p.Questions}
	policy, disabled := settings.SignupPolicy(p.Policy), p.Disabled
	in.Policy, in.Disabled = &policy, &disabled
	chosen, err := f.ids("campaign_ids")
	if err == nil {
		in.CampaignIDs = &chosen
		_, err = s.Settings.UpdatePartnerSignup(c.Request().Context(), in)
	}
	if fields, wrong := fieldErrors(err); wrong {
		p.Errors = fields
		return s.signupForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Saved.", urls(c).SettingsSignup())
}

// signup reads the form as it was typed, without empty questions. A new question gets a key.
func (f form) signup() settingsview.SignupPage {
	p := settingsview.SignupPage{Policy: f.text("policy"), Disabled: !f.checked("open"), CampaignIDs: f.Values["campaign_ids"]}
	var keys []string
	for i := range settings.MaxQuestions {
		at := func(name string) string { return settingsview.QuestionField(i, name) }
		q := settings.Question{Key: f.text(at("key")), Label: f.text(at("label")), Required: f.checked(at("required"))}
		if q.Label == "" {
			continue
		}
		if q.Key == "" {
			q.Key = settings.NewQuestionKey(q.Label, keys)
		}
		keys = append(keys, q.Key)
		p.Questions = append(p.Questions, q)
	}
	return p
}
