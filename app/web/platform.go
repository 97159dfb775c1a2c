package web

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/backlog"
	"github.com/openpartner/openpartner/app/billing"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/mail"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/stripeinbox"
	"github.com/openpartner/openpartner/app/tenants"
	"github.com/openpartner/openpartner/views/layout"
	"github.com/openpartner/openpartner/views/ui"
)

// PlatformOptions are what the pages outside of every program stand on.
type PlatformOptions struct {
	Edge        *edge.Edge
	Log         *slog.Logger
	Now         func() time.Time
	Keeper      *edge.Keeper   // of the staff's sessions
	Sessions    *auth.Sessions // theirs, too
	SignIn      *signin.Service
	Staff       *auth.PlatformAdmins
	Admins      *auth.Admins
	Tenants     *tenants.Service
	Backlog     *backlog.Service
	Network     *network.Service     // nil at the hub
	Billing     *billing.Service     // nil at the hub
	StripeInbox *stripeinbox.Service // nil at the hub
	DevMail     *mail.Memory
	// Console is what staff find in it; programs, jobs, log and staff when it is not said.
	Console func(u routes.URLs) Console
}

// Console is where staff begin, and their menu.
type Console struct {
	Home string
	Nav  []layout.NavGroup
}

// Platform serves the pages of a deployment with many programs that belong to none of them: the
// front door, sign-up, and the console of the operator's staff.
type Platform struct {
	*Server

	staff   *auth.PlatformAdmins
	tenants *tenants.Service
}

// NewPlatform makes the server of these pages. They are rendered as those of programs are, with
// the staff's sessions in place of the people's.
func NewPlatform(o PlatformOptions) *Platform {
	pages := NewServer(Options{
		Edge: o.Edge, Log: o.Log, Now: o.Now, Keeper: o.Keeper, Sessions: o.Sessions, SignIn: o.SignIn, Admins: o.Admins, Backlog: o.Backlog, Network: o.Network, Billing: o.Billing, StripeInbox: o.StripeInbox,
		DevMail: o.DevMail, Console: o.Console,
	})
	if o.Console == nil {
		pages.Console = platformConsole
	}
	return &Platform{Server: pages, staff: o.Staff, tenants: o.Tenants}
}

// Show is a page of the console that another package serves.
func (s *Platform) Show(c echo.Context, status int, title string, body templ.Component) error {
	return s.page(c, status, title, body)
}

// Ask asks before something is done there.
func (s *Platform) Ask(c echo.Context, status int, p ui.ConfirmProps, inputs ...templ.Component) error {
	return s.confirm(c, status, p, inputs...)
}

// Done is the end of an action there: a notice and a redirect.
func (s *Platform) Done(c echo.Context, text, path string) error { return s.done(c, text, path) }

// Routes are all of them. Each runs as the system role, which alone may read what is the platform's.
func (s *Platform) Routes() []edge.Route {
	return append(s.StaffRoutes(),
		front(http.MethodGet, "/", s.frontDoor),
		front(http.MethodGet, "/signup", s.signUpNew),
		limited(front(http.MethodGet, "/signup/slug", s.signUpSlugShow), "signup-slug", 60),
		limited(front(http.MethodPost, "/signup", s.signUpCreate), "signup", 10),
		front(http.MethodGet, "/signin", s.rootSignInNew),
		limited(front(http.MethodPost, "/signin", s.rootSignInCreate), "signin", 10),

		console("/platform/tenants", s.tenantsIndex),
		console("/platform/tenants/:id", s.tenantsShow),
		command("/platform/tenants/:id/status", s.tenantStatusCreate),
		consoleEdit("/platform/tenants/:id/status", s.tenantStatusNew),
		visit("/platform/tenants/:id/visits", s.tenantVisitsCreate),
		console("/platform/tenants/:id/inside", s.tenantInsideShow),
		console("/platform/outbox", s.platformOutboxIndex),
		console("/platform/stripe-events", s.platformStripeEventsIndex),
		console("/platform/stripe-events/:id", s.platformStripeEventsShow),
		command("/platform/stripe-events/:id/retry", s.platformStripeEventRetriesCreate),
		command("/platform/stripe-events/:id/payload", s.platformStripePayloadsCreate),
	)
}

// StaffRoutes are those of them that a console has whatever it is about: its door, jobs, log and staff.
func (s *Platform) StaffRoutes() []edge.Route {
	return []edge.Route{
		front(http.MethodGet, "/platform/signin", s.staffSignInNew),
		limited(front(http.MethodPost, "/platform/signin", s.staffSignInCreate), "signin", 10),
		limited(front(http.MethodGet, "/platform/auth/verify", s.staffVerifyShow), "verify-look", 60),
		limited(front(http.MethodPost, "/platform/auth/verify", s.staffVerifyCreate), "verify", 30),
		front(http.MethodPost, "/platform/signout", s.staffSignOut),

		console("/platform/jobs", s.platformJobsIndex),
		console("/platform/audit", s.platformAuditIndex),
		console("/platform/staff", s.staffIndex),
		consoleEdit("/platform/staff/new", s.staffNew),
		command("/platform/staff", s.staffCreate),
		consoleEdit("/platform/staff/:id/revocation", s.staffRevocationsNew),
		command("/platform/staff/:id/revocation", s.staffRevocationsCreate),
	}
}

// front is for everybody, outside of every program.
func front(method, path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: method, Path: path, Group: edge.Global, Auth: edge.Public, Root: true, Handle: h}
}

// staffRoute is for the operator's staff.
func staffRoute(method, path, role string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: method, Path: path, Group: edge.Global, Auth: edge.Session, Role: role, Root: true, Handle: h}
}

// console is a page that all staff may see.
func console(path string, h echo.HandlerFunc) edge.Route {
	return staffRoute(http.MethodGet, path, edge.RoleSupport, h)
}

// consoleEdit is the page of a form that command takes.
func consoleEdit(path string, h echo.HandlerFunc) edge.Route {
	return staffRoute(http.MethodGet, path, edge.RolePlatform, h)
}

// command changes something.
func command(path string, h echo.HandlerFunc) edge.Route {
	return staffRoute(http.MethodPost, path, edge.RolePlatform, h)
}

// visit only writes down that somebody looks, so that support may send it, too.
func visit(path string, h echo.HandlerFunc) edge.Route {
	return staffRoute(http.MethodPost, path, edge.RoleSupport, h)
}

// signInPath is the door of the people whom a route is for.
func signInPath(c echo.Context) string {
	u := urls(c)
	if r, ok := edge.RouteOf(c); ok && (r.Role == edge.RoleSupport || r.Role == edge.RolePlatform) {
		return u.PlatformSignIn()
	}
	return u.SignIn()
}

// platformConsole is that of a deployment with many programs.
func platformConsole(u routes.URLs) Console {
	return Console{Home: u.PlatformTenants(), Nav: []layout.NavGroup{{Items: []layout.NavItem{
		{Label: "Programs", Href: u.PlatformTenants(), Icon: ui.IconHouse, Primary: true},
		{Label: "Jobs", Href: u.PlatformJobs(), Icon: ui.IconListChecks, Primary: true},
		{Label: "Network outbox", Href: u.PlatformOutbox(), Icon: ui.IconSend},
		{Label: "Stripe events", Href: u.PlatformStripeEvents(), Icon: ui.IconInbox},
		{Label: "Log", Href: u.PlatformAudit(), Icon: ui.IconScrollText, Primary: true},
		{Label: "Staff", Href: u.PlatformStaff(), Icon: ui.IconUserCog, Primary: true},
	}}}}
}
