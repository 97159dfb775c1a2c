package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/limits"
)

// Surface is how pages authenticate and fail.
func (s *Server) Surface() edge.Surface {
	return edge.Surface{Authenticate: s.authenticate, Guard: s.guard, Fail: s.Fail, WithSession: true}
}

// authenticate loads the session and its person.
func (s *Server) authenticate(c echo.Context, ctx context.Context) (context.Context, auth.Principal, error) {
	ctx, err := s.Edge.LoadSession(c, ctx)
	if err != nil {
		return ctx, auth.Principal{}, err
	}
	p, err := s.Sessions.Principal(ctx)
	if err == nil && p.Kind != auth.Nobody {
		s.Sessions.Seen(ctx)
	}
	return ctx, p, err
}

// Routes are all pages. View and edit of one thing stand together; every action is a POST.
func (s *Server) Routes() []edge.Route {
	const get, post = http.MethodGet, http.MethodPost
	open := func(method, path string, h echo.HandlerFunc) edge.Route {
		return edge.Route{Method: method, Path: path, Group: edge.Pinned, Auth: edge.Public, Handle: h}
	}
	limited := func(r edge.Route, name string, perMinute int) edge.Route {
		r.Limit = limits.PerMinute(name, perMinute)
		return r
	}
	global := func(r edge.Route) edge.Route { r.Group = edge.Global; return r }

	table := []edge.Route{
		open(get, "/", s.home),
		global(open(get, "/install", s.installNew)),
		limited(global(open(post, "/install", s.installCreate)), "install", 5),
		open(get, "/signin", s.signInNew),
		limited(open(post, "/signin", s.signInCreate), "signin", 10),
		limited(open(get, "/auth/verify", s.verifyShow), "verify-look", 60),
		limited(open(post, "/auth/verify", s.verifyCreate), "verify", 30),
		open(post, "/signout", s.signOut),
	}
	return table
}
