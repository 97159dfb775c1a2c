package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/api"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/protocol"
)

// VendorSurface is how vendors authenticate and what they are told when something fails.
func (s *Server) VendorSurface() edge.Surface {
	return edge.Surface{Authenticate: s.authenticate, Guard: s.guard, Wrap: s.idempotent, Fail: s.FailJSON}
}

// VendorRoutes are the endpoints of the protocol.
func (s *Server) VendorRoutes() []edge.Route {
	return []edge.Route{
		limited(open(http.MethodPost, protocol.PathSignUp, s.signUp), "hub-signup", 30),
		limited(open(http.MethodPost, protocol.PathExchange, s.exchange), "hub-exchange", 30),
		vendor(http.MethodGet, protocol.PathMe, s.me),
		vendor(http.MethodPost, protocol.PathRotate, s.rotate),
		vendor(http.MethodPost, protocol.PathDisconnect, s.disconnect),
		vendor(http.MethodPost, protocol.PathHeartbeat, s.heartbeat),
		vendor(http.MethodPost, protocol.PathUpsert, s.upsert),
		vendor(http.MethodPost, protocol.PathBackfill, s.backfill),
		vendor(http.MethodGet, protocol.PathOfferings, s.offerings),
		vendor(http.MethodPost, protocol.PathOfferings, s.offer),
		vendor(http.MethodPatch, protocol.PathOfferings+"/:id", s.reoffer),
		vendor(http.MethodDelete, protocol.PathOfferings+"/:id", s.withdraw),
		vendor(http.MethodGet, protocol.PathRequests, s.requests),
		vendor(http.MethodPost, protocol.PathRequests+"/:id/approve", s.approve),
		vendor(http.MethodPost, protocol.PathRequests+"/:id/reject", s.reject),
	}
}

// open is an endpoint for everybody. A sign-up calls the vendor, so that it has no transaction.
func open(method, path string, h echo.HandlerFunc) edge.Route {
	r := edge.Route{Method: method, Path: path, Group: edge.Global, Auth: edge.Public, Root: true, Handle: h}
	if path == protocol.PathSignUp {
		r.Group = edge.Detached
	}
	return r
}

// vendor is an endpoint for vendors, by their token.
func vendor(method, path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: method, Path: path, Group: edge.Global, Auth: edge.Token, Root: true, Handle: h}
}

func limited(r edge.Route, name string, perMinute int) edge.Route {
	r.Limit = limits.PerMinute(name, perMinute)
	return r
}

// refused holds why a token is none, until its address is counted.
const refused = "hub.refused"

// authenticate checks the version that is spoken, and recognises the vendor.
func (s *Server) authenticate(c echo.Context, ctx context.Context) (context.Context, auth.Principal, error) {
	if v := c.Request().Header.Get(protocol.Header); v != "" && v != protocol.Version {
		return ctx, auth.Principal{}, errVersion
	}
	if route, _ := edge.RouteOf(c); route.Auth == edge.Public {
		return ctx, auth.Principal{Kind: auth.Nobody}, nil
	}
	scheme, token, _ := strings.Cut(c.Request().Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	p, err := s.Hub.Recognise(ctx, strings.TrimSpace(token))
	if fault.Is(err, fault.KindUnauthorized) {
		c.Set(refused, err)
		return ctx, auth.Principal{Kind: auth.Nobody}, nil
	}
	return ctx, p, err
}

// guard counts what vendors ask by their token and what strangers try by their address. A suspended
// vendor learns how it stands and nothing else.
func (s *Server) guard(c echo.Context, r edge.Route, p auth.Principal) error {
	ctx := c.Request().Context()
	if why, is := c.Get(refused).(error); is {
		if _, err := s.Limiter.Take(ctx, limits.PerMinute("hub-refused", 300), edge.Block(s.Edge.Network.IP(c.Request()))); err != nil {
			return err
		}
		return why
	}
	if r.Auth == edge.Public {
		return nil
	}
	if _, err := s.Limiter.Take(ctx, limits.PerMinute("hub-vendor", 1200), p.ID.String()); err != nil {
		return err
	}
	if r.Path == protocol.PathMe {
		return nil
	}
	return coordinator.Taking(p)
}

// errVersion is the answer to a version of the protocol that this hub does not speak.
var errVersion = fault.Malformed("This hub speaks version 1 of the protocol.").WithCode("protocol_version_unsupported")

// unsupported is the answer that says which versions are spoken.
type unsupported struct {
	Error struct {
		Code      string `json:"code"`
		Message   string `json:"message"`
		Supported []int  `json:"supported"`
		RequestID string `json:"request_id"`
	} `json:"error"`
	Supported []int `json:"supported"`
}

// FailJSON turns an error into an answer of the protocol.
func (s *Server) FailJSON(c echo.Context, err error) error {
	f, is := fault.From(err)
	if !is || f.Code != errVersion.Code {
		return s.json.Fail(c, err)
	}
	out := unsupported{Supported: []int{1}}
	out.Error.Code, out.Error.Message, out.Error.Supported = f.Code, f.Message, out.Supported
	out.Error.RequestID = edge.RequestID(c.Request().Context())
	return c.JSON(http.StatusBadRequest, out)
}

// take reads a body, makes one call and answers what came of it.
func take[In, Out any](c echo.Context, status int, do func(ctx context.Context, in In) (Out, error)) error {
	var in In
	if err := api.Read(c, &in); err != nil {
		return err
	}
	out, err := do(c.Request().Context(), in)
	if err != nil {
		return err
	}
	return c.JSON(status, out)
}

// nothing is a body that says nothing.
type nothing struct{}

func (s *Server) exchange(c echo.Context) error { return take(c, http.StatusOK, s.Hub.Exchange) }

func (s *Server) me(c echo.Context) error {
	out, err := s.Hub.Me(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) rotate(c echo.Context) error {
	return take(c, http.StatusOK, func(ctx context.Context, _ nothing) (protocol.Rotated, error) { return s.Hub.Rotate(ctx) })
}

func (s *Server) disconnect(c echo.Context) error {
	return take(c, http.StatusOK, func(ctx context.Context, _ nothing) (protocol.Decided, error) {
		return protocol.Decided{Status: string(coordinator.VendorDisconnected)}, s.Hub.Disconnect(ctx)
	})
}

func (s *Server) heartbeat(c echo.Context) error { return take(c, http.StatusOK, s.Hub.Heartbeat) }
func (s *Server) upsert(c echo.Context) error    { return take(c, http.StatusOK, s.Hub.Upsert) }
func (s *Server) backfill(c echo.Context) error  { return take(c, http.StatusOK, s.Hub.Backfill) }

// signUp asks the vendor who its key is between two transactions.
func (s *Server) signUp(c echo.Context) error {
	var in protocol.SignUp
	if err := api.Read(c, &in); err != nil {
		return err
	}
	in, err := s.Hub.Check(in)
	if err != nil {
		return err
	}
	repeat, err := repeatOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var earlier, answer *coordinator.FirstAnswer
	if repeat.Key != "" {
		err = s.Edge.Run(ctx, true, func(ctx context.Context) (err error) {
			earlier, err = s.Hub.Answered(ctx, repeat)
			return err
		})
	}
	if earlier != nil {
		return replay(c, *earlier)
	}
	if err == nil {
		err = s.Hub.Whoami(ctx, in)
	}
	if err != nil {
		return err
	}
	err = s.Edge.Run(ctx, false, func(ctx context.Context) (err error) {
		answer, err = s.signedUp(ctx, in, repeat)
		return err
	})
	if err != nil {
		return err
	}
	return c.JSONBlob(answer.Status, answer.Body)
}

// signedUp takes the vendor in, unless a repeat of the request was faster.
func (s *Server) signedUp(ctx context.Context, in protocol.SignUp, repeat coordinator.Repeat) (*coordinator.FirstAnswer, error) {
	if repeat.Key != "" {
		if earlier, err := s.Hub.First(ctx, repeat); earlier != nil || err != nil {
			return earlier, err
		}
	}
	out, err := s.Hub.SignUp(ctx, in)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	answer := &coordinator.FirstAnswer{Status: http.StatusAccepted, Body: body}
	if repeat.Key == "" {
		return answer, nil
	}
	return answer, s.Hub.Keep(ctx, repeat, *answer)
}
