package api

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/tracking"
)

// clickIn is a visit that was recorded elsewhere.
type clickIn struct {
	ID             Field[ID]     `json:"id"`
	LinkKey        string        `json:"link_key"`
	OccurredAt     time.Time     `json:"occurred_at"`
	DestinationURL Field[string] `json:"destination_url"`
	IP             Field[string] `json:"ip"`
	UserAgent      Field[string] `json:"user_agent"`
	Referer        Field[string] `json:"referer"`
}

type importedClickJSON struct {
	clickJSON

	Replayed bool `json:"replayed"`
}

func (s *Server) clicksCreate(c echo.Context) error {
	var in clickIn
	if err := read(c, &in); err != nil {
		return err
	}
	k, replayed, err := s.Tracking.Import(c.Request().Context(), tracking.ImportInput{
		ID: (*uuid.UUID)(in.ID.Ptr()), LinkKey: in.LinkKey, OccurredAt: in.OccurredAt, DestinationURL: in.DestinationURL.Ptr(),
		IP: in.IP.Value, UserAgent: in.UserAgent.Value, Referer: in.Referer.Value,
	})
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if replayed {
		status = http.StatusOK
	}
	return c.JSON(status, importedClickJSON{clickOf(k), replayed})
}
