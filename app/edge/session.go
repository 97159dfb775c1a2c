package edge

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Keeper keeps the sessions of one kind of people: those of a program, the operator's staff, or the
// creators of the Network.
type Keeper struct {
	Sessions *scs.SessionManager
	Cookie   string   // its name, before what binds it to host and tenant
	Pool     *db.Pool // as whose role they are looked up
}

// The cookies of the kinds.
const (
	PeopleCookie   = "op_session"
	PlatformCookie = "op_platform"
	CreatorCookie  = "op_creator"
)

// cookieName is the name of the session cookie: bound to the host by its prefix when people
// reach us by https, and to the tenant by its slug in multi tenancy.
func (e *Edge) cookieName(ctx context.Context, k *Keeper) string {
	name := k.Cookie
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
func (e *Edge) LoadSession(c echo.Context, ctx context.Context, k *Keeper) (context.Context, error) {
	token := ""
	if cookie, err := c.Cookie(e.cookieName(ctx, k)); err == nil {
		token = cookie.Value
	}
	return k.Sessions.Load(ctx, token)
}

// commitSession writes the session inside the transaction of ctx, and its cookie.
func (e *Edge) commitSession(c echo.Context, ctx context.Context, k *Keeper) error {
	switch k.Sessions.Status(ctx) {
	case scs.Modified:
		token, expiry, err := k.Sessions.Commit(ctx)
		if err != nil {
			return err
		}
		e.setCookie(c, e.cookieName(ctx, k), token, expiry)
	case scs.Destroyed:
		e.setCookie(c, e.cookieName(ctx, k), "", time.Time{})
	case scs.Unmodified:
	}
	return nil
}

// keepSession writes what a GET changed in its session (a notice that was read) in a short
// transaction of its own.
func (e *Edge) keepSession(c echo.Context, k *Keeper, buf *buffer) error {
	ctx := c.Request().Context()
	if k.Sessions.Status(ctx) == scs.Unmodified {
		return nil
	}
	client := c.Response().Writer
	defer func() { c.SetResponse(echo.NewResponse(client, c.Echo())) }()
	c.SetResponse(echo.NewResponse(buf, c.Echo()))
	return k.Pool.InTx(ctx, e.txOptions(ctx, false), func(txCtx context.Context) error {
		return e.commitSession(c, txCtx, k)
	})
}

// setCookie sets the session's cookie, or clears it when the token is empty.
func (e *Edge) setCookie(c echo.Context, name, token string, expiry time.Time) {
	cookie := &http.Cookie{
		Name: name, Value: token, Path: "/",
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
