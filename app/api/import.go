package api

import (
	"context"
	"io"
	"mime"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/portability"
)

type importedJSON struct {
	ID    uuid.UUID `json:"id"`
	JobID uuid.UUID `json:"job_id"`
}

// importsCreate takes an export in as it comes, so it does not pass the decoder of other bodies.
func (s *Server) importsCreate(c echo.Context) error {
	dryRun, err := flag(c, "dry_run")
	if err != nil {
		return err
	}
	if kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type")); err != nil || kind != echo.MIMEApplicationJSON {
		return &fault.Error{Kind: fault.KindUnsupported, Code: "unsupported_media_type", Message: "Send the body as application/json."}
	}
	ctx := c.Request().Context()
	var received portability.Import
	err = s.Edge.Receive(c, func(body io.Reader) (err error) {
		received, err = s.Portability.Receive(ctx, s.unit, body, dryRun)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, importedJSON{received.ID, received.JobID})
}

// unit is a transaction for a part of a detached request.
func (s *Server) unit(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.Edge.Run(ctx, false, fn)
}

// flag reads a parameter that is true or false; it is false when it is missing.
func flag(c echo.Context, name string) (bool, error) {
	switch c.QueryParam(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, fault.InvalidField(name, "This must be true or false.")
	}
}
