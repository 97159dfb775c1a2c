// Package redirect serves the links that partners share.
//
// It is the only page that strangers open by the thousand, so it has neither session nor
// layout. Invariant: the redirect is sent after the click is stored.
package redirect

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tracking"
)

// cookieLife is how long a browser remembers the click.
const cookieLife = 90 * 24 * 60 * 60

// Options are what a Server is made of.
type Options struct {
	Edge *edge.Edge
	Gate *tracking.Gate
	// PerMinute is how many visits of one address a replica takes; 0 for any number, which only
	// a benchmark should ask for.
	PerMinute int
}

// PerMinute is what people never reach and floods do.
const PerMinute = 300

// Server serves links.
type Server struct {
	edge   *edge.Edge
	gate   *tracking.Gate
	limit  *limit
	cookie string // what follows a cookie's value
}

// NewServer makes the server.
func NewServer(o Options) *Server {
	s := &Server{edge: o.Edge, gate: o.Gate, limit: newLimit(o.PerMinute, o.Edge.Now)}
	s.cookie = "; Path=/; Max-Age=" + strconv.Itoa(cookieLife) + "; SameSite=Lax"
	if strings.HasPrefix(o.Edge.PublicURL, "https://") {
		s.cookie += "; Secure"
	}
	return s
}

// Routes are the click redirect's two methods.
func (s *Server) Routes() []edge.Route {
	open := edge.Route{Path: "/r/:key", Group: edge.Detached, Auth: edge.Public, Handle: s.open}
	get, head := open, open
	get.Method, head.Method = http.MethodGet, http.MethodHead
	return []edge.Route{get, head}
}

// open records the click and redirects.
func (s *Server) open(c echo.Context) error {
	req := c.Request()
	address := s.edge.Network.IP(req)
	if err := s.limit.take(address); err != nil {
		return err
	}
	ctx := req.Context()
	to, err := s.gate.Open(ctx, tracking.Visit{
		Key: c.Param("key"), Query: query(req.URL), Address: address,
		UserAgent: req.UserAgent(), Referer: req.Referer(), Peek: peek(req),
	})
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header["Cache-Control"] = noStore()
	if to.ClickID != uuid.Nil {
		header["Set-Cookie"] = []string{s.cookieName(ctx) + "=" + to.ClickID.String() + s.cookie}
	}
	header["Location"] = []string{to.Location}
	c.Response().WriteHeader(http.StatusFound)
	return nil
}

func noStore() []string { return []string{"no-store"} }

// query reads the parameters of a visit; most have none.
func query(u *url.URL) url.Values {
	if u.RawQuery == "" {
		return nil
	}
	return u.Query()
}

// peek reports whether a machine looks before a person does.
func peek(r *http.Request) bool {
	if r.Method == http.MethodHead {
		return true
	}
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Moz"} {
		if purpose := r.Header.Get(name); purpose != "" && strings.Contains(strings.ToLower(purpose), "prefetch") {
			return true
		}
	}
	return false
}

// cookieName is that of the cookie that the browser SDK and merchants on the same site read; it
// holds no secret, so scripts may.
func (s *Server) cookieName(ctx context.Context) string {
	if s.edge.Multi {
		return "op_cref_" + tenancy.From(ctx).Slug
	}
	return "op_cref"
}
