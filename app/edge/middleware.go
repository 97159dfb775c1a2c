package edge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

const (
	maxRequestID = 128
	maxBody      = 1 << 20
)

// Install puts onto the router what every request passes, whatever its route.
func (e *Edge) Install(router *echo.Echo) {
	router.Use(e.withRequestID, e.withLog, e.withHeaders, e.withHost, e.withBody)
}

type requestIDKey struct{}

// RequestID is the id of the request, as its answer and log line carry it.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

func (e *Edge) withRequestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get("X-Request-Id")
		if !printable(id) {
			id = uuid.NewString()
		}
		c.Response().Header().Set("X-Request-Id", id)
		c.SetRequest(c.Request().WithContext(context.WithValue(c.Request().Context(), requestIDKey{}, id)))
		return next(c)
	}
}

func printable(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

// withLog writes the one line of a request, and turns a panic into the fixed answer.
func (e *Edge) withLog(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		began := time.Now()
		func() {
			defer func() {
				if value := recover(); value != nil {
					err = panicked(value)
					note(c, err)
					e.Log.Error("panic", "value", value, "stack", string(debug.Stack()), "request_id", RequestID(c.Request().Context()))
				}
			}()
			err = next(c)
		}()
		// What has begun to leave can't be taken back or made right: the reader must see that it is
		// not whole.
		cut := err != nil && c.Response().Committed
		c.Set(cutKey, cut)
		if err != nil {
			note(c, err)
			c.Echo().HTTPErrorHandler(err, c)
		}
		took := time.Since(began)
		e.logLine(c, took)
		if e.Observe != nil {
			e.Observe(c.Request().Method, c.Path(), c.Response().Status, took)
		}
		if cut {
			panic(http.ErrAbortHandler)
		}
		return nil
	}
}

func (e *Edge) logLine(c echo.Context, took time.Duration) {
	ctx := c.Request().Context()
	status := c.Response().Status
	attrs := []slog.Attr{
		slog.String("request_id", RequestID(ctx)), slog.String("method", c.Request().Method),
		slog.String("route", c.Path()), slog.Int("status", status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
	}
	if d, ok := c.Get(txTimeKey).(time.Duration); ok {
		attrs = append(attrs, slog.Float64("tx_ms", float64(d.Microseconds())/1000))
	}
	if t, ok := tenancy.Maybe(ctx); ok {
		attrs = append(attrs, slog.String("tenant", t.Slug))
	}
	if p := auth.From(ctx); p.Kind != auth.Nobody {
		attrs = append(attrs, slog.String("actor", string(p.Kind)+":"+p.ID.String()))
	}
	level := slog.LevelInfo
	if err, ok := c.Get(errorKey).(error); ok {
		attrs = append(attrs, slog.String("error", err.Error()))
		cut, _ := c.Get(cutKey).(bool)
		if (status >= http.StatusInternalServerError || cut) && !errors.Is(err, context.Canceled) && ctx.Err() == nil {
			level = slog.LevelError
		}
	}
	switch path := c.Path(); {
	case path == "/healthz", path == "/readyz", path == "/metrics", strings.HasPrefix(path, "/static"):
		level = slog.LevelDebug
	}
	e.Log.LogAttrs(ctx, level, "request", attrs...)
}

// policy is strict from the first page: no inline script or style anywhere.
const policy = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

func (e *Edge) withHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if e.secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// withHost refuses a Host that is not ours in multi tenancy, except for probes, which come by
// address. No URL is ever built from it.
func (e *Edge) withHost(next echo.HandlerFunc) echo.HandlerFunc {
	_, want, _ := strings.Cut(e.PublicURL, "://")
	return func(c echo.Context) error {
		switch c.Request().URL.Path {
		case "/healthz", "/readyz", "/metrics":
			return next(c)
		}
		if e.Multi && !strings.EqualFold(c.Request().Host, want) {
			return echo.NewHTTPError(http.StatusMisdirectedRequest, "This server does not serve that host.")
		}
		return next(c)
	}
}

// withBody limits what a request may send. A body that is too large fails when it is read,
// with an error that the surfaces map to 413. Receive lifts the limit.
func (e *Edge) withBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().Body != nil {
			c.Set(bodyKey, c.Request().Body)
			c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, maxBody)
		}
		if encoding := c.Request().Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
			return &fault.Error{Kind: fault.KindUnsupported, Code: "unsupported_media_type", Message: "Send the body uncompressed."}
		}
		return next(c)
	}
}

// awaitBody reads the body before the transaction begins, so that somebody who sends slowly holds
// no connection to the database. Whoever reads it meets the same bytes and the same error.
func awaitBody(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	read, err := io.ReadAll(r.Body)
	again := io.Reader(bytes.NewReader(read))
	if err != nil {
		again = io.MultiReader(again, broken{err})
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{again, r.Body}
}

// broken is what is left of a body that could not be read to its end.
type broken struct{ err error }

// Read is part of io.Reader.
func (b broken) Read([]byte) (int, error) { return 0, b.err }

// Panicked reports whether an error was a panic.
func Panicked(err error) bool { return errors.Is(err, errPanic) }
