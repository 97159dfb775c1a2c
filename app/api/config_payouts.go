package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/settings"
)

type payoutConfigIn struct {
	Rail        Field[string]           `json:"rail"`
	Cadence     Field[string]           `json:"cadence"`
	Thresholds  Field[map[string]int64] `json:"thresholds"`
	AccountType Field[string]           `json:"account_type"`
}

type payoutConfigJSON struct {
	Rail        string           `json:"rail"`
	Cadence     string           `json:"cadence"`
	Thresholds  map[string]int64 `json:"thresholds"`
	AccountType string           `json:"account_type"`
}

func (s *Server) payoutConfigShow(c echo.Context) error {
	p, err := s.Settings.Payouts(c.Request().Context())
	return writePayoutConfig(c, p, err)
}

func (s *Server) payoutConfigUpdate(c echo.Context) error {
	var in payoutConfigIn
	if err := read(c, &in); err != nil {
		return err
	}
	p, err := s.Settings.UpdatePayouts(c.Request().Context(), settings.PayoutsInput{
		Rail: in.Rail.Ptr(), Cadence: in.Cadence.Ptr(), Thresholds: in.Thresholds.Ptr(), AccountType: in.AccountType.Ptr(),
	})
	return writePayoutConfig(c, p, err)
}

func writePayoutConfig(c echo.Context, p settings.Payouts, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, payoutConfigJSON{p.Rail, p.Cadence, p.Thresholds, p.AccountType})
}
