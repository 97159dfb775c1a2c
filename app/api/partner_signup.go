package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/signup"
)

type partnerSignupIn struct {
	Email        string           `json:"email"`
	Name         string           `json:"name"`
	Profile      Field[profileIn] `json:"profile"`
	TermsVersion Field[string]    `json:"terms_version"`
}

type partnerSignupJSON struct {
	Status string `json:"status"`
}

// partnerSignup answers alike whoever the address belongs to.
func (s *Server) partnerSignup(c echo.Context) error {
	var in partnerSignupIn
	if err := read(c, &in); err != nil {
		return err
	}
	err := s.Signup.Send(c.Request().Context(), signup.Input{
		Email: in.Email, Name: in.Name, Profile: in.Profile.Value.profile(partners.Profile{}), TermsVersion: in.TermsVersion.Ptr(),
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, partnerSignupJSON{Status: "check_your_email"})
}
