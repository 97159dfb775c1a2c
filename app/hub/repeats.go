package hub

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/api"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/protocol"
)

// idempotent answers a POST that repeats an earlier one with the earlier answer. It claims the request,
// runs the handler and keeps its answer, all in the request's transaction: of two at once one waits for
// the other, and a failed one leaves nothing behind. An exchange is repeatable by itself, and its answer
// is kept nowhere.
func (s *Server) idempotent(r edge.Route, next echo.HandlerFunc) echo.HandlerFunc {
	if r.Method != http.MethodPost || r.Group != edge.Global || r.Path == protocol.PathExchange {
		return next
	}
	return func(c echo.Context) error {
		repeat, err := repeatOf(c)
		if err != nil {
			return err
		}
		if repeat.Key == "" {
			return next(c)
		}
		ctx := c.Request().Context()
		earlier, err := s.Hub.First(ctx, repeat)
		if err != nil {
			return err
		}
		if earlier != nil {
			return replay(c, *earlier)
		}
		tee := &recorder{ResponseWriter: c.Response().Writer}
		c.Response().Writer = tee
		if err := next(c); err != nil {
			return err
		}
		status := c.Response().Status
		if status < http.StatusOK || status >= http.StatusMultipleChoices {
			return nil
		}
		return s.Hub.Keep(ctx, repeat, coordinator.FirstAnswer{Status: status, Body: tee.body.Bytes()})
	}
}

// repeatOf names the request; without an Idempotency-Key it is never a repeat.
func repeatOf(c echo.Context) (coordinator.Repeat, error) {
	key := c.Request().Header.Get("Idempotency-Key")
	if key == "" {
		return coordinator.Repeat{}, nil
	}
	if len(key) > 255 {
		return coordinator.Repeat{}, fault.InvalidField("Idempotency-Key", "A key has at most 255 characters.")
	}
	body, err := api.RawBody(c)
	if err != nil {
		return coordinator.Repeat{}, err
	}
	caller := "anybody"
	if p := auth.From(c.Request().Context()); p.Kind == coordinator.VendorKind {
		caller = p.ID.String()
	}
	sum := sha256.Sum256(append([]byte(c.Request().URL.Path+"\n"), body...))
	return coordinator.Repeat{Caller: caller, Route: c.Request().Method + " " + c.Path(), Key: key, Hash: hex.EncodeToString(sum[:])}, nil
}

func replay(c echo.Context, a coordinator.FirstAnswer) error {
	c.Response().Header().Set("Idempotent-Replayed", "true")
	return c.JSONBlob(a.Status, a.Body)
}

// recorder copies what the handler writes.
type recorder struct {
	http.ResponseWriter

	body bytes.Buffer
}

// Write is part of http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}
