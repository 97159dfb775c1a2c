package edge

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/tenancy"
)

// CookieName is the name of the session cookie: bound to the host by its prefix when people
// reach us by https, and to the tenant by its slug in multi tenancy.
func (e *Edge) CookieName(ctx context.Context) string {
	name := "op_session"
	if e.secure() {
		name = "__Host-" + name
	}
	if t, ok := tenancy.Maybe(ctx); ok && e.Multi {
		name += "_" + t.Slug
	}
	return name
}

func (e *Edge) secure() bool { return strings.HasPrefix(e.PublicURL, "https://") }

// LoadSession reads the session of the request's cookie in the transaction of ctx.
func (e *Edge) LoadSession(c echo.Context, ctx context.Context) (context.Context, error) {
	token := ""
	if cookie, err := c.Cookie(e.CookieName(ctx)); err == nil {
		token = cookie.Value
	}
	return e.Sessions.Load(ctx, token)
}

// commitSession writes the session inside the transaction of ctx, and its cookie.
func (e *Edge) commitSession(c echo.Context, ctx context.Context) error {
	switch e.Sessions.Status(ctx) {
	case scs.Modified:
		token, expiry, err := e.Sessions.Commit(ctx)
		if err != nil {
			return err
		}
		e.setCookie(c, ctx, token, expiry)
	case scs.Destroyed:
		e.setCookie(c, ctx, "", time.Time{})
	case scs.Unmodified:
	}
	return nil
}

// keepSession writes what a GET changed in its session (a notice that was read) in a short
// transaction of its own.
func (e *Edge) keepSession(c echo.Context, buf *buffer) error {
	ctx := c.Request().Context()
	if e.Sessions.Status(ctx) == scs.Unmodified {
		return nil
	}
	client := c.Response().Writer
	defer func() { c.SetResponse(echo.NewResponse(client, c.Echo())) }()
	c.SetResponse(echo.NewResponse(buf, c.Echo()))
	return e.App.InTx(ctx, e.txOptions(ctx, false), func(txCtx context.Context) error {
		return e.commitSession(c, txCtx)
	})
}

// setCookie sets the session's cookie, or clears it when the token is empty.
func (e *Edge) setCookie(c echo.Context, ctx context.Context, token string, expiry time.Time) {
	cookie := &http.Cookie{
		Name: e.CookieName(ctx), Value: token, Path: "/",
		HttpOnly: true, Secure: e.secure(), SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		cookie.MaxAge = -1
	} else {
		cookie.Expires = expiry
		cookie.MaxAge = int(time.Until(expiry).Seconds())
	}
	c.SetCookie(cookie)
	c.Response().Header().Add("Cache-Control", `no-cache="Set-Cookie"`)
}

// visitor is what a new session keeps of the browser.
func visitor(c echo.Context) auth.Visitor {
	agent := strings.ToValidUTF8(c.Request().UserAgent(), "")
	if len(agent) > 400 {
		agent = strings.ToValidUTF8(agent[:400], "")
	}
	if agent == "" {
		return auth.Visitor{}
	}
	return auth.Visitor{UserAgent: &agent}
}

// HasSession reports whether the request carries a session cookie at all.
func (e *Edge) HasSession(c echo.Context) bool {
	_, err := c.Cookie(e.CookieName(c.Request().Context()))
	return err == nil
}
