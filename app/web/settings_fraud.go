package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/settings"
	settingsview "github.com/openpartner/openpartner/views/settings"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) settingsFraudEdit(c echo.Context) error {
	f, err := s.Settings.Fraud(c.Request().Context())
	if err != nil {
		return err
	}
	return s.fraudForm(c, http.StatusOK, settingsview.FraudPage{Clicks: strconv.Itoa(f.VelocityClicks), Seconds: strconv.Itoa(f.VelocitySeconds)})
}

func (s *Server) fraudForm(c echo.Context, status int, p settingsview.FraudPage) error {
	return s.formPage(c, status, ui.HeaderProps{Title: "Fraud rules"}, settingsview.Fraud(p))
}

func (s *Server) settingsFraudUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in, err := f.fraud()
	if err == nil {
		_, err = s.Settings.UpdateFraud(c.Request().Context(), in)
	}
	if fields, wrong := fieldErrors(err); wrong {
		p := settingsview.FraudPage{Clicks: f.text("velocity_clicks"), Seconds: f.text("velocity_seconds"), Errors: fields}
		return s.fraudForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Saved.", urls(c).SettingsFraud())
}

// fraud reads the form.
func (f form) fraud() (settings.FraudInput, error) {
	fields := fault.Fields{}
	number := func(name string) *int {
		n, err := strconv.Atoi(f.text(name))
		if err != nil {
			fields.Add(name, "Enter a whole number.")
		}
		return &n
	}
	in := settings.FraudInput{VelocityClicks: number("velocity_clicks"), VelocitySeconds: number("velocity_seconds")}
	return in, fields.Err()
}
