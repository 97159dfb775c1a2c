package main

import (
	"context"
	"errors"
	"flag"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/backlog"
	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/hub"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/metrics"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/web"
	"github.com/openpartner/openpartner/jobs"
)

// networkHub is the Network's hub, connected.
type networkHub struct {
	edge    *edge.Edge
	pages   *hub.Server
	console *web.Platform
	worker  *jobs.Worker
	metrics *metrics.Metrics
}

// coordinate runs the Network's hub until ctx ends. It reads the same environment as serve.
func coordinate(ctx context.Context, p program, args []string) (err error) {
	flags := flag.NewFlagSet("coordinator", flag.ContinueOnError)
	if err := flags.Parse(args); err != nil {
		return err
	}
	began := time.Now()
	d, err := openDatabase(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	h, err := wireHub(p, d)
	if err != nil {
		return err
	}
	defer d.supervise(ctx)()
	h.worker.Start()
	defer h.worker.Stop()
	return listen(ctx, p, began, h.router)
}

// wireHub is wire for the hub. It works as the system role throughout: what is the hub's belongs to no
// tenant, and the app's role may not see it.
func wireHub(p program, d *database) (*networkHub, error) {
	ring, err := keyring(p)
	if err != nil {
		return nil, err
	}
	now := p.now
	h := &networkHub{}
	h.metrics = metrics.New(metrics.Options{
		Version: version, Token: p.cfg.MetricsToken.Reveal(), Pools: map[string]*db.Pool{"app": d.app, "system": d.system},
		Measure: d.measure, Held: d.held, Clicks: func() metrics.Clicks { return metrics.Clicks{} }, Log: p.log,
	})
	limiter := limits.New(d.app)
	service := coordinator.NewService(coordinator.Options{Ring: ring, Guard: netguard.New(p.cfg.Outbound()), Plain: p.cfg.Development(), Now: now})
	staff, staffSessions := auth.NewPlatformAdmins(now), auth.NewPlatformSessionManager(now)
	operator, devMail, err := operatorMail(p)
	if err != nil {
		return nil, err
	}
	mailer := jobs.NewMailer(jobs.MailerOptions{
		System: d.system, Log: p.log, Limiter: limiter, Operator: operator, Staff: staff, Hub: service, PublicURL: p.cfg.PublicURL,
	})
	h.worker = jobs.NewWorker(jobs.Options{
		App: d.app, System: d.system, Log: p.log, Now: now, Interval: p.cfg.SchedulerPeriod,
		URLs:      func(tenancy.Tenant) routes.URLs { return routes.New(p.cfg.PublicURL, "") },
		Kinds:     slices.Concat(mailer.HubRegistrations(), jobs.Hub(d.system, service), []jobs.Registration{jobs.Retention(now)}),
		Periodics: jobs.HubPeriodics(), Observe: h.metrics.Job,
	})
	h.edge = edge.New(edge.Options{
		App: d.system, System: d.system, Limiter: limiter, Log: p.log, Now: now,
		Wake: h.worker.Wake, Observe: h.metrics.Request, PublicURL: p.cfg.PublicURL, Network: proxies(p.cfg),
	})
	h.console = web.NewPlatform(web.PlatformOptions{
		Edge: h.edge, Log: p.log, Now: now, Keeper: &edge.Keeper{Sessions: staffSessions, Cookie: edge.PlatformCookie, Pool: d.system},
		Sessions: auth.NewSessions(staffSessions, now), SignIn: signin.NewService(nil, nil, nil, nil, nil), Staff: staff,
		Backlog: backlog.NewService(jobs.HubTurns, now), DevMail: devMail,
		Console: func(u routes.URLs) web.Console { return web.Console{Home: hub.ConsoleHome(), Nav: hub.ConsoleNav(u)} },
	})
	creators, mails := auth.NewCreatorSessionManager(now), ""
	if devMail != nil {
		mails = routes.New(p.cfg.PublicURL, "").DevMail()
	}
	h.pages = hub.NewServer(hub.Options{
		Edge: h.edge, Log: p.log, Now: now, Limiter: limiter, Hub: service, Keeper: &edge.Keeper{Sessions: creators, Cookie: edge.CreatorCookie, Pool: d.system},
		Sessions: auth.NewSessions(creators, now).Knowing(coordinator.CreatorKind, service.FindCreator), Console: h.console, DevMail: mails,
	})
	return h, nil
}

// table is every route of the hub.
func (h *networkHub) table() []edge.Route {
	return slices.Concat(h.pages.VendorRoutes(), h.pages.Routes(), h.console.StaffRoutes(), h.pages.ConsoleRoutes(), h.console.DevMailRoutes(),
		systemRoutes(h.metrics, func() bool { return true }))
}

// serve registers what the hub is about.
func (h *networkHub) serve(router *echo.Echo) {
	h.edge.Serve(router, h.pages.VendorSurface(), h.pages.VendorRoutes())
	h.edge.Serve(router, h.pages.Surface(), h.pages.Routes())
	h.edge.Serve(router, h.console.Surface(), slices.Concat(h.console.StaffRoutes(), h.pages.ConsoleRoutes(), h.console.DevMailRoutes()))
}

// router registers every route of the hub.
func (h *networkHub) router(ready func() bool) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = h.fail
	h.edge.Install(e)
	h.serve(e)
	for _, r := range systemRoutes(h.metrics, ready) {
		e.Add(r.Method, r.Path, r.Handle)
	}
	return e
}

// fail answers what no route took: by JSON where vendors ask, and else by a page.
func (h *networkHub) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	fail := h.console.Fail
	if path := c.Request().URL.Path; strings.HasPrefix(path, "/vendors/") || strings.HasPrefix(path, "/partners/") {
		fail = h.pages.FailJSON
	}
	if err := fail(c, err); err != nil {
		h.edge.Log.Error("an error could not be answered", "error", err)
	}
}
