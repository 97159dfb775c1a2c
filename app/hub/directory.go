package hub

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/protocol"
	hubview "github.com/openpartner/openpartner/views/hub"
)

// Routes are the pages for creators, and those that everybody may see.
func (s *Server) Routes() []edge.Route {
	return []edge.Route{
		front(http.MethodGet, "/", s.home),
		limited(front(http.MethodGet, "/offerings", s.directory), "hub-directory", 120),
		limited(front(http.MethodGet, "/offerings/:id", s.offeringShow), "hub-offering", 300),
		limited(creator(http.MethodPost, "/offerings/:id/apply", s.apply), "hub-apply", 20),

		front(http.MethodGet, "/creators/signup", s.joinNew),
		limited(front(http.MethodPost, "/creators/signup", s.joinCreate), "creator-signup", 10),
		front(http.MethodGet, "/creators/signin", s.signInNew),
		limited(front(http.MethodPost, "/creators/signin", s.signInCreate), "creator-signin", 10),
		limited(front(http.MethodGet, "/creators/verify", s.verifyShow), "creator-verify-look", 60),
		limited(front(http.MethodPost, "/creators/verify", s.verifyCreate), "creator-verify", 30),
		front(http.MethodPost, "/creators/signout", s.signOut),

		creator(http.MethodGet, "/creators/me", s.profileShow),
		creator(http.MethodPost, "/creators/me", s.profileUpdate),
		creator(http.MethodGet, "/creators/me/requests", s.requestsIndex),
		creator(http.MethodGet, "/creators/me/requests/:id/cancel", s.cancelNew),
		creator(http.MethodPost, "/creators/me/requests/:id/cancel", s.cancelCreate),
		detached(creator(http.MethodGet, "/creators/me/partnerships", s.partnershipsIndex)),
	}
}

// front is for everybody.
func front(method, path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: method, Path: path, Group: edge.Global, Auth: edge.Public, Root: true, Handle: h}
}

// creator is for creators.
func creator(method, path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: method, Path: path, Group: edge.Global, Auth: edge.Session, Role: edge.RoleCreator, Root: true, Handle: h}
}

// detached gives the handler no transaction.
func detached(r edge.Route) edge.Route { r.Group = edge.Detached; return r }

func (s *Server) home(c echo.Context) error {
	return s.door(c, http.StatusOK, name, hubview.Home())
}

func (s *Server) directory(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	if err := storable(c.QueryParams()); err != nil {
		return err
	}
	f := coordinator.Filter{Query: c.QueryParam("q"), Category: c.QueryParam("category")}
	found, err := s.Hub.Directory(ctx, f, page)
	if err != nil {
		return err
	}
	words, err := s.Hub.Categories(ctx)
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "Offerings", hubview.Directory(hubview.DirectoryPage{
		Offerings: found.Items, Filter: f, Categories: words, Pager: pager(c, urls().Offerings(), found),
	}))
}

func (s *Server) offeringShow(c echo.Context) error {
	id, err := pathID(c, "offering")
	if err != nil {
		return err
	}
	return s.showOffering(c, http.StatusOK, id, coordinator.Application{}, nil)
}

// showOffering is the offering with the form to apply, or with why there is none.
func (s *Server) showOffering(c echo.Context, status int, id uuid.UUID, a coordinator.Application, wrong fault.Fields) error {
	ctx := c.Request().Context()
	o, err := s.Hub.Shown(ctx, id)
	if err != nil {
		return err
	}
	p := hubview.OfferingPage{Offering: o, Application: a, Errors: wrong, SignedIn: auth.From(ctx).Kind == coordinator.CreatorKind}
	if p.SignedIn {
		err := s.Hub.Applicable(ctx, id)
		if f, is := fault.From(err); is && f.Kind == fault.KindConflict {
			p.Obstacle = f.Message
		} else if err != nil {
			return err
		}
	}
	return s.page(c, status, o.Title, hubview.Offering(p))
}

func (s *Server) apply(c echo.Context) error {
	id, err := pathID(c, "offering")
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	a := coordinator.Application{Pitch: f.Get("pitch"), PreferredKey: f.Get("preferred_key")}
	r, err := s.Hub.Apply(c.Request().Context(), id, a)
	if fields, wrong := fieldErrors(err); wrong {
		return s.showOffering(c, http.StatusUnprocessableEntity, id, a, fields)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Your request went to "+r.VendorName+". You will get a mail when it is decided.", urls().Requests())
}

func (s *Server) requestsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Hub.MyRequests(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, "Requests", hubview.Requests(hubview.RequestsPage{Requests: found.Items, Now: s.Now(), Pager: pager(c, urls().Requests(), found)}))
}

func (s *Server) cancelNew(c echo.Context) error {
	id, err := pathID(c, "request")
	if err != nil {
		return err
	}
	r, err := s.Hub.MyRequest(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if r.Status != protocol.RequestPending {
		return fault.Conflict("not_pending", "This request was answered already, so it can't be taken back.")
	}
	return s.page(c, http.StatusOK, "Take the request back?", hubview.CancelQuestion(r, fragment(c)))
}

func (s *Server) cancelCreate(c echo.Context) error {
	id, err := pathID(c, "request")
	if err != nil {
		return err
	}
	r, err := s.Hub.Cancel(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, "You took your request to "+r.VendorName+" back.", urls().Requests())
}
