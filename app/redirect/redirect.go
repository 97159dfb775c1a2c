// Package redirect serves the links that partners share.
//
// It is the only page that strangers open by the thousand, so it has neither session nor
// layout. Invariant: the redirect is sent after the click is stored.
package redirect

import (
	"context"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tracking"
)

// cookieLife is how long a browser remembers the click.
const cookieLife = 90 * 24 * 60 * 60

// Server serves links.
type Server struct {
	edge   *edge.Edge
	clicks *tracking.Service
}

// NewServer makes the server.
func NewServer(e *edge.Edge, clicks *tracking.Service) *Server {
	return &Server{edge: e, clicks: clicks}
}

// Routes are the click redirect's two methods.
func (s *Server) Routes() []edge.Route {
	open := edge.Route{Path: "/r/:key", Group: edge.Detached, Auth: edge.Public, Handle: s.open}
	get, head := open, open
	get.Method, head.Method = http.MethodGet, http.MethodHead
	return []edge.Route{get, head}
}

// open stores the click in a transaction of its own, since a GET's is read-only, and redirects.
func (s *Server) open(c echo.Context) error {
	req := c.Request()
	visit := tracking.Visit{
		Key: c.Param("key"), Query: c.QueryParams(), Address: s.edge.Network.IP(req),
		UserAgent: req.UserAgent(), Referer: req.Referer(), Peek: peek(req),
	}
	var to tracking.Passage
	err := s.edge.Run(req.Context(), false, func(ctx context.Context) (err error) {
		to, err = s.clicks.Open(ctx, visit)
		return err
	})
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	if to.ClickID != uuid.Nil {
		s.remember(c, to.ClickID)
	}
	return c.Redirect(http.StatusFound, to.Location)
}

// peek reports whether a machine looks before a person does.
func peek(r *http.Request) bool {
	purpose := r.Header.Get("Sec-Purpose") + " " + r.Header.Get("Purpose") + " " + r.Header.Get("X-Moz")
	return r.Method == http.MethodHead || strings.Contains(strings.ToLower(purpose), "prefetch")
}

// remember sets the cookie that the browser SDK and merchants on the same site read; it holds
// no secret, so scripts may.
func (s *Server) remember(c echo.Context, id uuid.UUID) {
	name := "op_cref"
	if s.edge.Multi {
		name += "_" + tenancy.From(c.Request().Context()).Slug
	}
	c.SetCookie(&http.Cookie{
		Name: name, Value: id.String(), Path: "/", MaxAge: cookieLife,
		SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.edge.PublicURL, "https://"),
	})
}
