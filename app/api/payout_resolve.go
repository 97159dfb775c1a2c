package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/payouts"
)

type payoutResolveIn struct {
	TransferID Field[string] `json:"transfer_id"`
	None       Field[bool]   `json:"none"`
}

// payoutResolve ends the review of a payout, after Stripe confirmed what it says.
func (s *Server) payoutResolve(c echo.Context) error {
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return err
	}
	var in payoutResolveIn
	if err := read(c, &in); err != nil {
		return err
	}
	p, err := s.Payouts.Resolve(c.Request().Context(), s.Edge.Run, id, payouts.Resolution{TransferID: in.TransferID.Value, None: in.None.Value})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, payoutOf(p))
}
