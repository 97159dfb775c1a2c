package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Surface is what pages and the JSON API do differently.
type Surface struct {
	// Authenticate finds who is asking; it runs in a short READ ONLY transaction.
	Authenticate func(c echo.Context, ctx context.Context) (context.Context, auth.Principal, error)
	// Guard refuses a principal who may not use the route; it runs no SQL.
	Guard func(c echo.Context, r Route, p auth.Principal) error
	// Wrap surrounds the handler inside the transaction; nil for nothing.
	Wrap func(r Route, next echo.HandlerFunc) echo.HandlerFunc
	// Fail writes the answer to an error.
	Fail func(c echo.Context, err error) error
	// Keeper keeps the surface's sessions in cookies; nil when it has none.
	Keeper *Keeper
}

// Options are what an Edge is made of.
type Options struct {
	App, System *db.Pool
	Tenants     *tenancy.Resolver // nil for a server without any, such as the Network's hub
	Limiter     *limits.Limiter
	Log         *slog.Logger
	Now         func() time.Time
	Wake        func() // tells the workers that a commit left work
	Observe     func(method, route string, status int, took time.Duration)
	PublicURL   string
	Patience    time.Duration // how long a request's transaction may take; 0 for DefaultPatience
	Multi       bool
	Network     Network
}

// DefaultPatience is more than any page or call needs, and less than a browser waits.
const DefaultPatience = 30 * time.Second

// Edge builds the middleware of every route.
type Edge struct {
	Options

	streaming chan struct{} // holds one for each answer that is being streamed
	receiving chan struct{} // and one for each large upload
}

// New makes an edge.
func New(o Options) *Edge {
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	return &Edge{Options: o, streaming: make(chan struct{}, streams), receiving: make(chan struct{}, uploads)}
}

// Serve registers the routes of one surface. What can be read answers HEAD, too, which mail
// scanners and monitors send; a detached route may do more than read, so it says so itself.
func (e *Edge) Serve(router *echo.Echo, s Surface, table []Route) {
	for _, r := range table {
		router.Add(r.Method, e.FullPath(r), e.handler(s, r))
		if r.Method == http.MethodGet && r.Group != Detached {
			router.Add(http.MethodHead, e.FullPath(r), e.handler(s, r))
		}
	}
}

// FullPath is the route's path in echo's form, with the tenant's prefix in multi tenancy.
func (e *Edge) FullPath(r Route) string {
	if e.Multi && !r.Root {
		return "/t/:slug" + r.Path
	}
	return r.Path
}

// handler is the whole way of a request through one route.
func (e *Edge) handler(s Surface, r Route) echo.HandlerFunc {
	inner := r.Handle
	if s.Wrap != nil {
		inner = s.Wrap(r, r.Handle)
	}
	return func(c echo.Context) error {
		c.Set(routeKey, r)
		if err := e.pass(c, s, r, inner); err != nil {
			if c.Response().Committed {
				return err
			}
			c.SetResponse(echo.NewResponse(c.Response().Writer, c.Echo()))
			note(c, err)
			return s.Fail(c, err)
		}
		return nil
	}
}

const routeKey = "edge.route"

// RouteOf is the route that the request matched.
func RouteOf(c echo.Context) (Route, bool) {
	r, ok := c.Get(routeKey).(Route)
	return r, ok
}

// pass takes a request from its tenant to the answer. It returns an error while nothing has
// been written yet, or when a stream breaks off.
func (e *Edge) pass(c echo.Context, s Surface, r Route, inner echo.HandlerFunc) error {
	if s.Keeper != nil {
		if err := e.sameOrigin(c, r); err != nil {
			return err
		}
	}
	if err := e.resolveTenant(c, r); err != nil {
		return err
	}
	if err := e.limitByIP(c, r); err != nil {
		return err
	}
	if r.Group == Static {
		return inner(c)
	}
	if err := e.identify(c, s); err != nil {
		return err
	}
	p := auth.From(c.Request().Context())
	if s.Guard != nil {
		if err := s.Guard(c, r, p); err != nil {
			return err
		}
	}
	if r.Group == Detached {
		return inner(c)
	}
	return e.unit(c, s, r, inner)
}

// resolveTenant puts tenant and URL builder into the context.
func (e *Edge) resolveTenant(c echo.Context, r Route) error {
	slug := tenancy.DefaultSlug
	urls := routes.New(e.PublicURL, "")
	ctx := c.Request().Context()
	if e.Multi {
		if r.Root {
			c.SetRequest(c.Request().WithContext(routes.With(ctx, urls)))
			return nil
		}
		slug = c.Param("slug")
		urls = routes.New(e.PublicURL, slug)
	}
	if r.Group == Static || e.Tenants == nil {
		c.SetRequest(c.Request().WithContext(routes.With(ctx, urls)))
		return nil
	}
	t, err := e.Tenants.BySlug(ctx, slug)
	if err != nil {
		return err
	}
	ctx = routes.With(tenancy.With(ctx, t), urls)
	c.SetRequest(c.Request().WithContext(ctx))
	return nil
}

// identify loads session and principal in a short READ ONLY transaction and gives the
// connection back before the handler's own transaction begins.
func (e *Edge) identify(c echo.Context, s Surface) error {
	ctx := c.Request().Context()
	ctx = auth.WithVisitor(ctx, visitor(c))
	if s.Authenticate == nil {
		c.SetRequest(c.Request().WithContext(ctx))
		return nil
	}
	// The transaction ends with this function, so nothing of it may stay in the context that
	// goes on: only the loaded session and the principal are carried over.
	var p auth.Principal
	loaded := ctx
	pool := e.App
	if s.Keeper != nil {
		pool = s.Keeper.Pool
	}
	err := pool.InTx(ctx, e.txOptions(ctx, true), func(txCtx context.Context) error {
		out, found, err := s.Authenticate(c, txCtx)
		loaded, p = out, found
		return err
	})
	if err != nil {
		return err
	}
	ctx = db.Detach(loaded)
	ctx = auth.With(ctx, p)
	ctx = audit.With(ctx, audit.Actor{Kind: string(p.Kind), ID: p.ID, Name: p.Name, Now: e.Now()})
	c.SetRequest(c.Request().WithContext(ctx))
	return nil
}

func (e *Edge) txOptions(ctx context.Context, readOnly bool) db.TxOptions {
	o := db.TxOptions{ReadOnly: readOnly}
	if t, ok := tenancy.Maybe(ctx); ok {
		o.Tenant = t.ID
	}
	return o
}

// unit runs the handler in its transaction: begin and pin, handler, session row, commit, and
// only then the first byte. An error or a status of 400 and above rolls back, the session's
// changes included.
func (e *Edge) unit(c echo.Context, s Surface, r Route, inner echo.HandlerFunc) error {
	awaitBody(c.Request())
	outer, client := c.Request(), c.Response().Writer
	ctx, cancel := context.WithTimeout(outer.Context(), e.Patience)
	defer cancel()
	safe := outer.Method == http.MethodGet || outer.Method == http.MethodHead
	pool := e.App
	if r.Group == Global {
		pool = e.System
	}
	waker := &outbox.Waker{}
	buf := newBuffer(client.Header())
	began := time.Now()
	err := pool.InTx(outbox.WithWaker(ctx, waker), e.txOptions(ctx, safe), func(txCtx context.Context) error {
		c.SetRequest(outer.WithContext(txCtx))
		c.SetResponse(echo.NewResponse(buf, c.Echo()))
		defer func() { // after a panic, too: the answer to it must not end up in the buffer
			c.SetRequest(outer)
			c.SetResponse(echo.NewResponse(client, c.Echo()))
		}()
		if err := inner(c); err != nil {
			return err
		}
		if buf.status >= http.StatusBadRequest {
			return db.ErrRollback
		}
		if safe || s.Keeper == nil {
			return nil
		}
		return e.commitSession(c, txCtx, s.Keeper)
	})
	c.Set(txTimeKey, time.Since(began))
	if err != nil {
		return err
	}
	if s.Keeper != nil && safe {
		if err := e.keepSession(c, s.Keeper, buf); err != nil {
			return err
		}
	}
	if waker.Asked && e.Wake != nil {
		e.Wake()
	}
	if err := flush(c, buf); err != nil {
		e.Log.InfoContext(ctx, "client went away", "error", err)
	}
	return nil
}

// flush sends the answer through echo's response, so that status and size are logged.
func flush(c echo.Context, buf *buffer) error {
	return buf.flushTo(c.Response())
}

// Run gives a detached handler a short transaction of its own.
func (e *Edge) Run(ctx context.Context, readOnly bool, fn func(ctx context.Context) error) error {
	waker := &outbox.Waker{}
	err := e.App.InTx(outbox.WithWaker(ctx, waker), e.txOptions(ctx, readOnly), fn)
	if err == nil && waker.Asked && e.Wake != nil {
		e.Wake()
	}
	return err
}

// Finish runs the last part of a detached handler as the whole of a pinned one is run: in a
// transaction, with the answer held back and what changed in the session kept.
func (e *Edge) Finish(c echo.Context, s Surface, last echo.HandlerFunc) error {
	r, _ := RouteOf(c)
	return e.unit(c, s, r, last)
}

// note remembers the error for the request's log line.
func note(c echo.Context, err error) { c.Set(errorKey, err) }

const (
	errorKey  = "edge.error"
	txTimeKey = "edge.tx"
	cutKey    = "edge.cut"
	bodyKey   = "edge.body"
)

// errPanic marks an error that was a panic.
var errPanic = errors.New("panic")

func panicked(value any) error { return fmt.Errorf("%w: %v", errPanic, value) }
