package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/layout"
	"github.com/openpartner/openpartner/views/ui"
)

// Fail is the one place that turns an error into what a person sees.
func (s *Server) Fail(c echo.Context, err error) error {
	if errors.Is(err, context.Canceled) {
		return nil // the client has gone: there is nobody to tell
	}
	f := explain(err)
	if f.Kind == fault.KindUnauthorized {
		return redirect(c, routes.WithNext(signInPath(c), nextAfterSignIn(c)))
	}
	if f.RetryAfter > 0 {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	vary(c)
	c.Response().Header().Set("Cache-Control", "no-store")
	status := statusOf(f.Kind)
	id := edge.RequestID(c.Request().Context())
	if fragment(c) {
		c.Response().Header().Set("HX-Retarget", "#"+ui.FlashID)
		c.Response().Header().Set("HX-Reswap", "outerHTML")
		text := f.Message
		if status >= http.StatusInternalServerError {
			text += " (" + id + ")"
		}
		return s.render(c, status, ui.Flash(ui.FlashMessage{Kind: ui.Critical, Text: text}))
	}
	title, text := pageWords(f)
	ctx := layout.WithChrome(c.Request().Context(), s.publicChrome(c))
	return s.renderIn(ctx, c, status, layout.Public(title, layout.Error(status, title, text, id)))
}

// explain finds the words for any error; what is not a fault is our own mistake.
func explain(err error) *fault.Error {
	if f, ok := fault.From(err); ok {
		return f
	}
	if he, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch he.Code {
		case http.StatusNotFound:
			return fault.NotFound("page")
		case http.StatusMethodNotAllowed:
			return &fault.Error{Kind: kindMethod, Code: "method_not_allowed", Message: "This address does not take that kind of request."}
		case http.StatusMisdirectedRequest:
			return &fault.Error{Kind: kindMisdirected, Code: "misdirected", Message: "This server does not serve that host."}
		}
	}
	if db.Away(err) {
		return fault.Unavailable("unavailable", "The service is starting or its database is away. Please try again in a moment.").Because(err)
	}
	if db.Busy(err) {
		return fault.Unavailable("unavailable", "This took too long. Please try again in a moment.").Because(err)
	}
	return &fault.Error{Kind: kindInternal, Code: "internal", Message: "Something went wrong on our side. It has been noted."}
}

// Kinds that only the surface knows.
const (
	kindInternal fault.Kind = -iota - 1
	kindMethod
	kindMisdirected
)

func statusOf(k fault.Kind) int {
	switch k {
	case fault.KindInvalid:
		return http.StatusUnprocessableEntity
	case fault.KindMalformed:
		return http.StatusBadRequest
	case fault.KindForbidden:
		return http.StatusForbidden
	case fault.KindNotFound:
		return http.StatusNotFound
	case fault.KindConflict:
		return http.StatusConflict
	case fault.KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.KindUnsupported:
		return http.StatusUnsupportedMediaType
	case fault.KindRateLimited:
		return http.StatusTooManyRequests
	case fault.KindBadGateway:
		return http.StatusBadGateway
	case fault.KindGatewayTimeout:
		return http.StatusGatewayTimeout
	case fault.KindUnavailable:
		return http.StatusServiceUnavailable
	case kindMethod:
		return http.StatusMethodNotAllowed
	case kindMisdirected:
		return http.StatusMisdirectedRequest
	default:
		return http.StatusInternalServerError
	}
}

func pageWords(f *fault.Error) (title, text string) {
	switch f.Kind {
	case fault.KindNotFound:
		return "Page not found", "There is nothing at this address. It may have been removed, or the link is wrong."
	case fault.KindForbidden:
		return "Not allowed", f.Message
	case fault.KindRateLimited:
		return "Too many requests", f.Message
	case fault.KindUnavailable:
		return "One moment, please", f.Message
	case kindInternal:
		return "Something went wrong", f.Message
	default:
		return "This did not work", f.Message
	}
}

// nextAfterSignIn is where a person wanted to go; only pages can be come back to, not actions.
func nextAfterSignIn(c echo.Context) string {
	if c.Request().Method == http.MethodGet && !fragment(c) {
		return c.Request().URL.RequestURI()
	}
	if current := c.Request().Header.Get("HX-Current-URL"); current != "" {
		return localPart(c, current)
	}
	return ""
}

// guard refuses people who may not use a route, before any work is done for them.
func (s *Server) guard(_ echo.Context, r edge.Route, p auth.Principal) error {
	if r.Auth != edge.Session {
		return nil
	}
	if p.Kind == auth.Nobody {
		return fault.Unauthorized("Please sign in.")
	}
	allowed := false
	switch r.Role {
	case edge.RoleAdmin:
		allowed = p.Kind == auth.AdminKind && p.Role == edge.RoleAdmin
	case edge.RoleViewer:
		allowed = p.Kind == auth.AdminKind
	case edge.RolePartner:
		allowed = p.Kind == auth.Partner
	case edge.RoleSupport:
		allowed = p.Kind == auth.Platform
	case edge.RolePlatform:
		allowed = p.Holds(auth.PlatformScope) == nil
	}
	if !allowed {
		return fault.Forbidden("forbidden", "Your account may not do this.")
	}
	if r.StepUp && !p.Fresh(s.Now()) {
		return fault.Unauthorized("Please sign in again to do this.")
	}
	return nil
}
