package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/paging"
)

// list is a page of a list; data is never null.
type list[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor"`
}

// listOf encodes a page.
func listOf[T, J any](page paging.Result[T], encode func(T) J) list[J] {
	out := list[J]{Data: make([]J, 0, len(page.Items))}
	for _, item := range page.Items {
		out.Data = append(out.Data, encode(item))
	}
	if page.Next != "" {
		out.NextCursor = &page.Next
	}
	return out
}

// stamp is a time as it goes out: RFC 3339 in UTC, whatever the zone of the database session.
type stamp time.Time

// MarshalJSON is part of json.Marshaler.
func (t stamp) MarshalJSON() ([]byte, error) { return json.Marshal(time.Time(t).UTC()) }

func stampOf(t *time.Time) *stamp { return (*stamp)(t) }

// pageOf reads cursor and limit.
func pageOf(c echo.Context) (paging.Page, error) {
	return paging.Parse(c.QueryParam("cursor"), c.QueryParam("limit"))
}

// pathID reads an id from the path; text that is none names nothing.
func pathID(c echo.Context, name, what string) (uuid.UUID, error) {
	id, err := ids.Parse(c.Param(name))
	if err != nil {
		return uuid.Nil, fault.NotFound(what)
	}
	return id, nil
}

// queryID reads an optional id from the query.
func queryID(c echo.Context, name string) (*uuid.UUID, error) {
	text := c.QueryParam(name)
	if text == "" {
		return nil, nil //nolint:nilnil // not given
	}
	id, err := ids.Parse(text)
	if err != nil {
		return nil, fault.InvalidField(name, "This is not an id.")
	}
	return &id, nil
}

// queryTime reads an optional time or day from the query. A day is its beginning in UTC, or,
// for the end of a range, the beginning of the next.
func queryTime(c echo.Context, name string, end bool) (*time.Time, error) {
	text := c.QueryParam(name)
	if text == "" {
		return nil, nil //nolint:nilnil // not given
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return &t, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil, fault.InvalidField(name, "Give a day such as 2026-01-31 or a time as RFC 3339.")
	}
	if end {
		day = day.AddDate(0, 0, 1)
	}
	return &day, nil
}

// queryRange reads from and to.
func queryRange(c echo.Context) (from, to *time.Time, err error) {
	if from, err = queryTime(c, "from", false); err != nil {
		return nil, nil, err
	}
	to, err = queryTime(c, "to", true)
	return from, to, err
}

// systemView is the context in which an answer is completed that a key may get, such as the
// partner it just wrote, even if it may not list others.
func systemView(c echo.Context) context.Context {
	return auth.With(c.Request().Context(), auth.SystemPrincipal("api"))
}

// queryText reads a text that is looked for.
func queryText(c echo.Context, name string) (string, error) {
	text := c.QueryParam(name)
	if !storable(text) {
		return "", fault.InvalidField(name, "This contains characters that can't be stored.")
	}
	return text, nil
}

// queryChoice reads an optional word out of a list.
func queryChoice[T ~string](c echo.Context, name string, allowed []T) (string, error) {
	text := c.QueryParam(name)
	if text == "" {
		return "", nil
	}
	for _, a := range allowed {
		if text == string(a) {
			return text, nil
		}
	}
	return "", fault.InvalidField(name, "There is no such "+name+".")
}

// writeLimit tells a key how much it has left.
func writeLimit(c echo.Context, r limits.Result) {
	h := c.Response().Header()
	h.Set("RateLimit-Limit", strconv.Itoa(r.Limit))
	h.Set("RateLimit-Remaining", strconv.Itoa(r.Remaining))
	h.Set("RateLimit-Reset", strconv.Itoa(int(math.Ceil(r.Reset.Seconds()))))
}

// errorJSON is the answer to everything that failed.
type errorJSON struct {
	Error errorBody `json:"error"`
}

type errorBody struct {
	Code      string            `json:"code"`
	Message   string            `json:"message"`
	Fields    map[string]string `json:"fields,omitempty"`
	Required  string            `json:"required,omitempty"`
	RequestID string            `json:"request_id"`
}

// Fail is the one place that turns an error into an answer of the API.
func (s *Server) Fail(c echo.Context, err error) error {
	if errors.Is(err, context.Canceled) {
		return nil // the client has gone: there is nobody to tell
	}
	status, body := explain(err)
	body.RequestID = edge.RequestID(c.Request().Context())
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	if f, ok := fault.From(err); ok && f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="OpenPartner"`)
	}
	if r, ok := edge.RouteOf(c); ok && r.Path == "/api/v1"+identifyPath {
		allowAnyOrigin(c)
	}
	return c.JSON(status, errorJSON{body})
}

func explain(err error) (int, errorBody) {
	if f, ok := fault.From(err); ok {
		return statusOf(f.Kind), errorBody{Code: f.Code, Message: f.Message, Fields: f.Fields, Required: f.Required}
	}
	if he, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch he.Code {
		case http.StatusNotFound:
			return he.Code, errorBody{Code: "not_found", Message: "There is no such endpoint."}
		case http.StatusMethodNotAllowed:
			return he.Code, errorBody{Code: "method_not_allowed", Message: "This endpoint does not take that method."}
		case http.StatusMisdirectedRequest:
			return he.Code, errorBody{Code: "misdirected", Message: "This server does not serve that host."}
		}
	}
	if db.Away(err) {
		return http.StatusServiceUnavailable, errorBody{Code: "unavailable", Message: "The database is away. Please try again in a moment."}
	}
	if db.Busy(err) {
		return http.StatusServiceUnavailable, errorBody{Code: "unavailable", Message: "This took too long. Please try again in a moment."}
	}
	return http.StatusInternalServerError, errorBody{Code: "internal", Message: "Something went wrong on our side. It has been noted under the request id."}
}

func statusOf(k fault.Kind) int {
	return map[fault.Kind]int{
		fault.KindInvalid: http.StatusUnprocessableEntity, fault.KindMalformed: http.StatusBadRequest,
		fault.KindUnauthorized: http.StatusUnauthorized, fault.KindForbidden: http.StatusForbidden,
		fault.KindNotFound: http.StatusNotFound, fault.KindConflict: http.StatusConflict,
		fault.KindTooLarge: http.StatusRequestEntityTooLarge, fault.KindUnsupported: http.StatusUnsupportedMediaType,
		fault.KindRateLimited: http.StatusTooManyRequests, fault.KindBadGateway: http.StatusBadGateway, fault.KindGatewayTimeout: http.StatusGatewayTimeout,
		fault.KindUnavailable: http.StatusServiceUnavailable,
	}[k]
}
