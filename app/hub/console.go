package hub

import (
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	hubview "github.com/openpartner/openpartner/views/hub"
	"github.com/openpartner/openpartner/views/layout"
	"github.com/openpartner/openpartner/views/ui"
)

// Console is the frame of the staff's pages: it shows a page, asks before something is done, ends an
// action, and says what went wrong.
type Console interface {
	Show(c echo.Context, status int, title string, body templ.Component) error
	Ask(c echo.Context, status int, p ui.ConfirmProps, inputs ...templ.Component) error
	Done(c echo.Context, text, path string) error
	Fail(c echo.Context, err error) error
}

// ConsoleHome is where staff begin.
func ConsoleHome() string { return urls().Vendors() }

// ConsoleNav is their menu.
func ConsoleNav(u routes.URLs) []layout.NavGroup {
	h := urls()
	return []layout.NavGroup{
		{Items: []layout.NavItem{
			{Label: "Vendors", Href: h.Vendors(), Icon: ui.IconBuilding2, Primary: true},
			{Label: "Offerings", Href: h.ConsoleOfferings(), Icon: ui.IconMegaphone, Primary: true},
			{Label: "Requests", Href: h.ConsoleRequests(), Icon: ui.IconInbox, Primary: true},
			{Label: "Creators", Href: h.ConsoleCreators(), Icon: ui.IconUsers},
		}},
		{Label: "Platform", Items: []layout.NavItem{
			{Label: "Jobs", Href: u.PlatformJobs(), Icon: ui.IconListChecks},
			{Label: "Log", Href: u.PlatformAudit(), Icon: ui.IconScrollText},
			{Label: "Staff", Href: u.PlatformStaff(), Icon: ui.IconUserCog},
		}},
	}
}

// ConsoleRoutes are the staff's pages about the hub; they are served as the console's other pages are.
func (s *Server) ConsoleRoutes() []edge.Route {
	staff := func(method, path, role string, h echo.HandlerFunc) edge.Route {
		return edge.Route{Method: method, Path: path, Group: edge.Global, Auth: edge.Session, Role: role, Root: true, Handle: h}
	}
	return []edge.Route{
		staff(http.MethodGet, "/platform/vendors", edge.RoleSupport, s.vendorsIndex),
		staff(http.MethodGet, "/platform/vendors/:id", edge.RoleSupport, s.vendorsShow),
		staff(http.MethodGet, "/platform/vendors/:id/status", edge.RolePlatform, s.vendorStatusNew),
		staff(http.MethodPost, "/platform/vendors/:id/status", edge.RolePlatform, s.vendorStatusCreate),
		staff(http.MethodGet, "/platform/offerings", edge.RoleSupport, s.allOfferings),
		staff(http.MethodGet, "/platform/offerings/:id/withholding", edge.RolePlatform, s.withholdingNew),
		staff(http.MethodPost, "/platform/offerings/:id/withholding", edge.RolePlatform, s.withholdingCreate),
		staff(http.MethodGet, "/platform/requests", edge.RoleSupport, s.stuckRequests),
		staff(http.MethodGet, "/platform/creators", edge.RoleSupport, s.creatorsIndex),
	}
}

func mayCommand(c echo.Context) bool {
	return auth.From(c.Request().Context()).Holds(auth.PlatformScope) == nil
}

func (s *Server) vendorsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	if err := storable(c.QueryParams()); err != nil {
		return err
	}
	found, err := s.Hub.Vendors(c.Request().Context(), c.QueryParam("q"), page)
	if err != nil {
		return err
	}
	return s.Console.Show(c, http.StatusOK, "Vendors", hubview.Vendors(hubview.VendorsPage{
		Vendors: found.Items, Query: c.QueryParam("q"), Now: s.Now(), Pager: pager(c, urls().Vendors(), found),
	}))
}

func (s *Server) vendorsShow(c echo.Context) error {
	id, err := pathID(c, "vendor")
	if err != nil {
		return err
	}
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	v, err := s.Hub.Vendor(c.Request().Context(), id)
	if err != nil {
		return err
	}
	offers, err := s.Hub.AllOfferings(c.Request().Context(), &id, page)
	if err != nil {
		return err
	}
	return s.Console.Show(c, http.StatusOK, v.DisplayName, hubview.Vendor(hubview.VendorPage{
		Vendor: v, Offerings: offers.Items, MayEdit: mayCommand(c), Now: s.Now(), Pager: pager(c, urls().Vendor(id), offers),
	}))
}

func (s *Server) vendorStatusNew(c echo.Context) error {
	return s.askStatus(c, http.StatusOK, "", nil)
}

func (s *Server) askStatus(c echo.Context, status int, reason string, wrong fault.Fields) error {
	id, err := pathID(c, "vendor")
	if err != nil {
		return err
	}
	v, err := s.Hub.Vendor(c.Request().Context(), id)
	if err != nil {
		return err
	}
	to := "suspend"
	if v.Suspended() {
		to = "resume"
	}
	return s.Console.Ask(c, status, hubview.StatusQuestion(v), ui.Hidden("to", to), reasonField(reason, wrong))
}

func reasonField(reason string, wrong fault.Fields) templ.Component {
	return ui.Field(ui.FieldProps{Name: "reason", Label: "Reason", Value: reason, Error: wrong["reason"], Hint: "It stands in the log.", Required: true, MaxLength: 500})
}

func (s *Server) vendorStatusCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "vendor")
	if err != nil {
		return err
	}
	step, word := s.Hub.Suspend, "suspended"
	if f.Get("to") == "resume" {
		step, word = s.Hub.Resume, "back"
	}
	v, err := step(c.Request().Context(), id, f.Get("reason"))
	if fields, wrong := fieldErrors(err); wrong {
		return s.askStatus(c, http.StatusUnprocessableEntity, f.Get("reason"), fields)
	}
	if err != nil {
		return err
	}
	return s.Console.Done(c, v.DisplayName+" is "+word+" now.", urls().Vendor(id))
}

func (s *Server) allOfferings(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Hub.AllOfferings(c.Request().Context(), nil, page)
	if err != nil {
		return err
	}
	return s.Console.Show(c, http.StatusOK, "Offerings", hubview.AllOfferings(hubview.OfferingsPage{
		Offerings: found.Items, MayEdit: mayCommand(c), Now: s.Now(), Pager: pager(c, urls().ConsoleOfferings(), found),
	}))
}

func (s *Server) withholdingNew(c echo.Context) error {
	return s.askWithholding(c, http.StatusOK, "", nil)
}

func (s *Server) askWithholding(c echo.Context, status int, reason string, wrong fault.Fields) error {
	id, err := pathID(c, "offering")
	if err != nil {
		return err
	}
	o, err := s.Hub.AnyOffering(c.Request().Context(), id)
	if err != nil {
		return err
	}
	to := "withhold"
	if o.WithheldAt != nil {
		to = "return"
	}
	return s.Console.Ask(c, status, hubview.WithholdQuestion(o), ui.Hidden("to", to), reasonField(reason, wrong))
}

func (s *Server) withholdingCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "offering")
	if err != nil {
		return err
	}
	o, err := s.Hub.Withhold(c.Request().Context(), id, f.Get("to") != "return", f.Get("reason"))
	if fields, wrong := fieldErrors(err); wrong {
		return s.askWithholding(c, http.StatusUnprocessableEntity, f.Get("reason"), fields)
	}
	if err != nil {
		return err
	}
	word := " can be found again."
	if o.WithheldAt != nil {
		word = " is out of the directory."
	}
	return s.Console.Done(c, o.Title+word, urls().ConsoleOfferings())
}

func (s *Server) stuckRequests(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Hub.StuckRequests(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return s.Console.Show(c, http.StatusOK, "Requests", hubview.StuckRequests(hubview.RequestsPage{
		Requests: found.Items, Now: s.Now(), Pager: pager(c, urls().ConsoleRequests(), found),
	}))
}

func (s *Server) creatorsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Hub.Creators(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return s.Console.Show(c, http.StatusOK, "Creators", hubview.Creators(hubview.CreatorsPage{
		Creators: found.Items, Now: s.Now(), Pager: pager(c, urls().ConsoleCreators(), found),
	}))
}
