// Package api serves the JSON API: it decodes strictly, makes one service call and encodes.
//
// It owns no rule, no SQL but that of idempotency keys, and no permission beyond the scope that
// a route declares. Invariant: pages and API call the same services, so they can't differ in
// what they allow.
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/portability"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/signup"
	"github.com/openpartner/openpartner/app/stripeinbox"
	"github.com/openpartner/openpartner/app/tenants"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/app/webhooks"
)

// Options are what the API stands on.
type Options struct {
	Edge        *edge.Edge
	Log         *slog.Logger
	Now         func() time.Time
	Limiter     *limits.Limiter
	Keys        *auth.APIKeys
	Admins      *auth.Admins
	Partners    *partners.Service
	Signup      *signup.Service
	Campaigns   *campaigns.Service
	Links       *links.Service
	Tracking    *tracking.Service
	Attribution *attribution.Service
	Coupons     *coupons.Service
	Commissions *commissions.Service
	Payouts     *payouts.Service
	Settings    *settings.Service
	Reports     *reports.Service
	Tenants     *tenants.Service
	Network     *network.Service
	Webhooks    *webhooks.Service
	Portability *portability.Service
	Stripe      *stripeinbox.Service
	// SendTestMail sends one mail by the tenant's transport, at once.
	SendTestMail func(ctx context.Context, to string) error
}

// Server serves the API.
type Server struct {
	Options

	description func() ([]byte, error) // of the API, made at the first request
}

// NewServer makes the API's server.
func NewServer(o Options) *Server {
	s := &Server{Options: o}
	s.description = sync.OnceValues(func() ([]byte, error) { return json.Marshal(s.describe(routes.New(o.Edge.PublicURL, "").Origin())) })
	return s
}

// own marks routes that a partner's key may use for its own rows; the service checks whose.
const own = "own"

// perKey is how many requests a key has a minute.
func perKey() limits.Rule { return limits.PerMinute("api", 600) }

// perStranger is how many keys that are none an address may send a minute, so that nobody tries
// them out at our expense. Valid keys of the same address have buckets of their own.
func perStranger() limits.Rule { return limits.PerMinute("api-refused", 600) }

// refusedKey holds why the key that was sent is none, until its address is counted: that takes a
// connection, and a request holds one at a time.
const refusedKey = "api.refused"

// Surface is how API requests authenticate and fail.
func (s *Server) Surface() edge.Surface {
	return edge.Surface{Authenticate: s.authenticate, Guard: s.guard, Wrap: s.idempotent, Fail: s.Fail}
}

// authenticate recognises the bearer key. Session cookies mean nothing here.
func (s *Server) authenticate(c echo.Context, ctx context.Context) (context.Context, auth.Principal, error) {
	route, _ := edge.RouteOf(c)
	header := c.Request().Header.Get("Authorization")
	if header == "" && route.Auth == edge.Public {
		return ctx, auth.Principal{Kind: auth.Nobody}, nil
	}
	scheme, key, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		key = ""
	}
	p, err := s.Keys.Recognise(ctx, strings.TrimSpace(key))
	if header != "" && fault.Is(err, fault.KindUnauthorized) {
		c.Set(refusedKey, err)
		return ctx, auth.Principal{Kind: auth.Nobody}, nil
	}
	return ctx, p, err
}

// guard counts the request against the key's limit and asks for the route's scope.
func (s *Server) guard(c echo.Context, r edge.Route, p auth.Principal) error {
	if refused, is := c.Get(refusedKey).(error); is {
		return s.refuse(c, refused)
	}
	if p.Kind == auth.Key {
		if err := s.limit(c, p); err != nil {
			return err
		}
		s.noteUse(c, p)
	}
	if r.Auth == edge.Public || (r.Scope == "" && p.Kind == auth.Key) {
		return nil
	}
	if r.Role == own && p.KeyKind == "partner" {
		return nil
	}
	if p.FromNetwork() && !forNetwork(r) {
		return fault.Forbidden("forbidden", "The Network's key may not do that.")
	}
	if r.Or != "" && p.Holds(r.Or) == nil {
		return nil
	}
	return p.Holds(r.Scope)
}

// forNetwork reports whether the hub has business with a route: it makes what an admin approved, and
// looks at what came of it. The handlers keep it to these partners.
func forNetwork(r edge.Route) bool {
	switch r.Method + " " + strings.TrimPrefix(r.Path, "/api/v1") {
	case "POST /partners", "GET /partners/:id", "POST /partners/:id/links", "GET /partners/:id/dashboard", "GET /partners/:id/commissions":
		return true
	default:
		return false
	}
}

// ofNetwork keeps the hub to partners whom an admin let in or whom it named itself.
func (s *Server) ofNetwork(handle echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		if auth.From(ctx).FromNetwork() {
			id, err := pathID(c, "id", "partner")
			if err != nil {
				return err
			}
			if err := s.Network.May(ctx, id); err != nil {
				return err
			}
		}
		return handle(c)
	}
}

func (s *Server) limit(c echo.Context, p auth.Principal) error {
	used, err := s.Limiter.Take(c.Request().Context(), perKey(), p.ID.String())
	writeLimit(c, used)
	return err
}

// noteUse writes down that a key is used, now and then, in a transaction of its own; no request
// fails for it.
func (s *Server) noteUse(c echo.Context, p auth.Principal) {
	if !p.Unnoted {
		return
	}
	ctx := c.Request().Context()
	if err := s.Edge.Run(ctx, false, func(ctx context.Context) error { return s.Keys.NoteUse(ctx, p.ID) }); err != nil {
		s.Log.WarnContext(ctx, "the use of a key was not noted", "error", err)
	}
}

// refuse counts a key that is none against its address.
func (s *Server) refuse(c echo.Context, why error) error {
	address := edge.Block(s.Edge.Network.IP(c.Request()))
	if _, err := s.Limiter.Take(c.Request().Context(), perStranger(), address); err != nil {
		return err
	}
	return why
}

// errTooLarge is the answer to a body over the limit.
func errTooLarge() error {
	return &fault.Error{Kind: fault.KindTooLarge, Code: "too_large", Message: "The body is larger than 1 MB."}
}
