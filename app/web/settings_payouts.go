package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/settings"
	settingsview "github.com/openpartner/openpartner/views/settings"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) settingsPayoutsEdit(c echo.Context) error {
	p, err := s.Settings.Payouts(c.Request().Context())
	if err != nil {
		return err
	}
	return s.payoutSettingsForm(c, http.StatusOK, settingsview.PayoutsOf(p))
}

func (s *Server) payoutSettingsForm(c echo.Context, status int, p settingsview.PayoutsPage) error {
	var err error
	if p.StripeAvailable, err = s.Payouts.Offered(c.Request().Context()); err != nil {
		return err
	}
	return s.formPage(c, status, ui.HeaderProps{Title: "Payout rules", Subtitle: "How and when partners are paid."}, settingsview.Payouts(p))
}

func (s *Server) settingsPayoutsUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := settingsview.PayoutsPage{Rail: f.text("rail"), Cadence: f.text("cadence"), AccountType: f.text("account_type"), Thresholds: f.text("thresholds")}
	in := settings.PayoutsInput{Rail: &p.Rail, Cadence: &p.Cadence, AccountType: &p.AccountType, Unread: fault.Fields{}}
	thresholds := readThresholds(in.Unread, p.Thresholds)
	in.Thresholds = &thresholds
	_, err = s.Settings.UpdatePayouts(c.Request().Context(), in)
	if fields, wrong := fieldErrors(err); wrong {
		p.Errors = fields
		return s.payoutSettingsForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Saved.", urls(c).SettingsPayouts())
}

// readThresholds reads lines such as "USD 50.00".
func readThresholds(wrong fault.Fields, text string) map[string]int64 {
	out := map[string]int64{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) != 2 {
			wrong.Add("thresholds", "One line for each currency, such as USD 50.00.")
			continue
		}
		code := strings.ToUpper(words[0])
		least, err := money.ParseDecimal(words[1], code)
		if err != nil || least.Minor < 0 {
			wrong.Add("thresholds", "One line for each currency, such as USD 50.00: "+words[0]+" "+words[1]+" is none.")
			continue
		}
		if _, twice := out[code]; twice {
			wrong.Add("thresholds", "Name "+code+" once.")
		}
		out[code] = least.Minor
	}
	return out
}
