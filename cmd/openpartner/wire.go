package main

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/api"
	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/backlog"
	"github.com/openpartner/openpartner/app/billing"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/install"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/mail"
	"github.com/openpartner/openpartner/app/metrics"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/portability"
	"github.com/openpartner/openpartner/app/redirect"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/signup"
	"github.com/openpartner/openpartner/app/stripeinbox"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tenants"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/app/web"
	"github.com/openpartner/openpartner/app/webhooks"
	"github.com/openpartner/openpartner/jobs"
	"github.com/openpartner/openpartner/static"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
)

// application is everything, connected. This file is the only one that knows all parts.
type application struct {
	database  *database
	edge      *edge.Edge
	pages     *web.Server
	platform  *web.Platform // nil in single tenancy
	api       *api.Server
	redirect  *redirect.Server
	gate      *tracking.Gate
	listener  *db.Listener
	worker    *jobs.Worker
	metrics   *metrics.Metrics
	services  services
	setupCode string
}

// services are what commands and surfaces call.
type services struct {
	admins      *auth.Admins
	keys        *auth.APIKeys
	links       *auth.MagicLinks
	install     *install.Service
	campaigns   *campaigns.Service
	partners    *partners.Service
	promotion   *links.Service
	tracking    *tracking.Service
	attribution *attribution.Service
	coupons     *coupons.Service
	commissions *commissions.Service
	payouts     *payouts.Service
	settings    *settings.Service
	reports     *reports.Service
	portability *portability.Service
	signup      *signup.Service
	signin      *signin.Service
	staff       *auth.PlatformAdmins
	tenants     *tenants.Service
	webhooks    *webhooks.Service
	backlog     *backlog.Service
	network     *network.Service
	stripe      *stripeinbox.Service
	billing     *billing.Service
}

// wire calls every constructor, in the order of the floors.
func wire(p program, d *database) (*application, error) {
	ring, err := keyring(p)
	if err != nil {
		return nil, err
	}
	now := p.now
	a := &application{database: d, setupCode: auth.SetupCode(ring.Derive("set-up code"))}
	a.metrics = metrics.New(metrics.Options{
		Version: version, Token: p.cfg.MetricsToken.Reveal(), Pools: map[string]*db.Pool{"app": d.app, "system": d.system, "clicks": d.clicks},
		Measure: d.measure, Held: d.held, Inbox: d.inbox, Payouts: d.payouts, Clicks: func() metrics.Clicks { return metrics.Clicks(a.gate.Recorder.Counts()) }, Log: p.log,
	})

	sessionManager := auth.NewSessionManager(now)
	sessions := auth.NewSessions(sessionManager, now)
	staffSessionManager := auth.NewPlatformSessionManager(now)
	resolver := tenancy.NewResolver(d.system, now)
	limiter := limits.New(d.app)
	guard := netguard.New(p.cfg.Outbound())

	bus := &facts.Bus{}
	s := &a.services
	s.admins, s.keys, s.links = auth.NewAdmins(now), auth.NewAPIKeys(now), auth.NewMagicLinks(now)
	s.install = install.NewService(s.admins, a.setupCode)
	s.campaigns = campaigns.NewService(bus, now)
	s.partners = partners.NewService(bus, now)
	s.promotion = links.NewService(s.campaigns, s.partners, now)
	s.tracking = tracking.NewService(bus, now)
	s.commissions = commissions.NewService(bus, now)
	s.settings = settings.NewService(ring, resolver, guard, now)
	s.attribution = attribution.NewService(s.tracking, s.campaigns, s.commissions, s.settings.IdentifySignature, bus, now)
	accounts := pay.NewAccounts(pay.NewBackend(p.cfg.Stripe.APIBase), p.cfg.Stripe.SecretKey, p.cfg.Multi(), s.settings.StripeKey)
	s.payouts = payouts.NewService(payouts.Options{
		Commissions: s.commissions, Partners: s.partners, Admins: s.admins, Ring: ring, Facts: bus, Terms: payoutTerms(s.settings), Now: now,
		StripeAvailable: accounts.Available, Paying: accounts.Paying,
	})
	s.coupons = coupons.NewService(s.campaigns, s.partners, s.attribution, now)
	facts.Listen(bus, func(ctx context.Context, f partners.Changed) error {
		if f.Partner.Status != partners.StatusActive || f.Before != partners.StatusRevoked {
			return nil
		}
		return s.commissions.Reinstated(ctx, f.Partner.ID)
	})
	s.reports = reports.NewService(now)
	s.portability = portability.NewService(s.tracking, now)
	s.signup = signup.NewService(s.settings, s.partners, s.admins, now)
	s.signin = signin.NewService(s.links, s.admins, s.partners, s.signup, sessions)
	s.staff = auth.NewPlatformAdmins(now)
	s.tenants = tenants.NewService(s.admins, resolver, bus, now)
	s.webhooks = webhooks.NewService(s.admins, ring, guard, p.cfg.Development(), now)
	s.backlog = backlog.NewService(jobs.Turns, now)
	s.network = network.NewService(network.Options{
		Hub: network.NewHub(guard), Keys: s.keys, Admins: s.admins, Partners: s.partners, Campaigns: s.campaigns, Links: s.promotion, Ring: ring,
		Facts: bus, Words: campaignsview.RuleWords, URL: p.cfg.NetworkURL, Multi: p.cfg.Multi(), Develops: p.cfg.Development(), Version: version, Now: now,
	})
	s.billing = newBilling(p, accounts, s.admins, jobs.Unit(d.system, func() { a.worker.Wake() }))
	facts.Listen(bus, s.network.PartnerChanged)
	facts.Listen(bus, s.network.CampaignChanged)
	facts.Listen(bus, func(ctx context.Context, f tenants.Opened) error {
		return s.network.ConnectLater(ctx, f.AdminEmail, f.AdminName)
	})
	s.stripe = stripeinbox.NewService(stripeinbox.Options{
		Attribution: s.attribution, Tracking: s.tracking, Accounts: accounts, Stripe: p.cfg.Stripe, Multi: p.cfg.Multi(), Now: now,
		Secret: s.settings.StripeWebhookSecret, ExcludeTax: s.settings.StripeExcludesTax, Promotion: s.coupons.Promotion,
		Hooks: map[string]stripeinbox.Hook{"account.*": s.payouts.HeardOfAccount, "transfer.*": s.payouts.HeardOfTransfer},
		Own:   s.billing.Take, Billed: s.billing.Billed,
	})
	facts.Listen(bus, s.stripe.Stitched)
	facts.Listen(bus, s.stripe.Erased)
	tellWebhooks(bus, s.webhooks)

	operator, devMail, err := operatorMail(p)
	if err != nil {
		return nil, err
	}
	mailer := jobs.NewMailer(jobs.MailerOptions{
		App: d.app, System: d.system, Log: p.log, SignIn: s.signin, Signup: s.signup, Partners: s.partners, Settings: s.settings, Limiter: limiter, Operator: operator,
		Staff: s.staff, Admins: s.admins, Webhooks: s.webhooks, Payouts: s.payouts, PublicURL: p.cfg.PublicURL,
	})
	a.worker = jobs.NewWorker(jobs.Options{
		App: d.app, System: d.system, Log: p.log, Now: now, Interval: p.cfg.SchedulerPeriod, PerTenant: perTenant(p.cfg),
		URLs: func(t tenancy.Tenant) routes.URLs { return urlsOf(p, t) },
		Kinds: slices.Concat(mailer.Registrations(), jobs.Approvals(s.commissions, now), jobs.Payouts(s.payouts, now), jobs.Transfers(d.app, s.payouts, func() { a.worker.Wake() }), jobs.Webhooks(d.app, s.webhooks, s.tracking), jobs.Figures(jobs.FiguresOptions{
			App: d.app, Clicks: s.tracking, Log: p.log, Now: now, Repaired: a.metrics.Repaired,
		}), jobs.Network(d.app, s.network, func() { a.worker.Wake() }), jobs.Stripe(d.app, d.system, s.stripe, func() { a.worker.Wake() }), jobs.Billing(s.billing, p.log), []jobs.Registration{
			jobs.Applications(s.signup), jobs.PartnerImport(d.app, s.partners, now), jobs.ProgramImport(d.app, s.portability, now), jobs.Retention(now), jobs.ClickExpiry(d.system, s.tracking), jobs.TenantDeletion(d.system, s.tenants), jobs.Rederivation(d.app, s.attribution, now),
		}), Periodics: jobs.Periodics(), Beats: []func(context.Context) error{s.network.OrderDue, s.payouts.OrderOpen, s.stripe.Sweep},
		Observe: a.metrics.Job,
	})
	a.edge = edge.New(edge.Options{
		App: d.app, System: d.system, Tenants: resolver, Limiter: limiter, Log: p.log, Now: now,
		Wake: a.worker.Wake, Observe: a.metrics.Request, PublicURL: p.cfg.PublicURL, Multi: p.cfg.Multi(), Network: proxies(p.cfg),
	})
	a.api = api.NewServer(api.Options{
		Edge: a.edge, Log: p.log, Now: now, Limiter: limiter, Keys: s.keys, Admins: s.admins, Partners: s.partners,
		Signup: s.signup, Campaigns: s.campaigns, Links: s.promotion, Tracking: s.tracking, Attribution: s.attribution, Coupons: s.coupons,
		Commissions: s.commissions, Payouts: s.payouts, Settings: s.settings, Reports: s.reports, Tenants: s.tenants, Webhooks: s.webhooks, Network: s.network, Portability: s.portability, Stripe: s.stripe, SendTestMail: mailer.SendTest,
	})
	a.pages = web.NewServer(web.Options{
		Edge: a.edge, Log: p.log, Now: now, Keeper: &edge.Keeper{Sessions: sessionManager, Cookie: edge.PeopleCookie, Pool: d.app},
		Sessions: sessions, SignIn: s.signin, Signup: s.signup, Install: s.install, Admins: s.admins,
		APIKeys: s.keys, Partners: s.partners, Campaigns: s.campaigns, Links: s.promotion, Tracking: s.tracking,
		Attribution: s.attribution, Coupons: s.coupons, Commissions: s.commissions, Payouts: s.payouts, Settings: s.settings, Reports: s.reports,
		Webhooks: s.webhooks, Network: s.network, Backlog: s.backlog, Billing: s.billing, Portability: s.portability, StripeInbox: s.stripe, SendTestMail: mailer.SendTest, MailHeld: mailer.Held, ScopeUses: a.api.ScopeUses(), OperatorMail: operator != nil, DevMail: devMail,
	})
	if p.cfg.Multi() {
		a.platform = web.NewPlatform(web.PlatformOptions{
			Edge: a.edge, Log: p.log, Now: now, Keeper: &edge.Keeper{Sessions: staffSessionManager, Cookie: edge.PlatformCookie, Pool: d.system},
			Sessions: auth.NewSessions(staffSessionManager, now), SignIn: s.signin, Staff: s.staff, Admins: s.admins, Tenants: s.tenants, Backlog: s.backlog, Network: s.network, Billing: s.billing, StripeInbox: s.stripe, DevMail: devMail,
		})
	}
	a.gate = tracking.NewGate(tracking.RecorderOptions{
		System: d.clicks, Log: p.log, Now: now, Spool: filepath.Join(p.cfg.Data, "spool"),
	})
	resolver.OnAway(a.gate.DatabaseAway)
	a.redirect = redirect.NewServer(redirect.Options{Edge: a.edge, Gate: a.gate, PerMinute: redirect.PerMinute})
	a.listener = newListener(p, d, resolver, a.gate.Targets, s.webhooks)
	return a, nil
}

// payoutTerms are what a program decided about its payouts.
func payoutTerms(s *settings.Service) func(ctx context.Context) (payouts.Terms, error) {
	return func(ctx context.Context) (payouts.Terms, error) {
		p, err := s.PayoutTerms(ctx)
		return payouts.Terms{Rail: payouts.Rail(p.Rail), AccountType: p.AccountType, Thresholds: p.Thresholds}, err
	}
}

// newBilling knows how programs pay, which most installations do not.
func newBilling(p program, stripe *pay.Accounts, admins *auth.Admins, unit tenancy.Unit) *billing.Service {
	o := billing.Options{
		Mode: billing.Mode(p.cfg.Mode), PriceFlat: p.cfg.Stripe.PriceFlat, PriceUsage: p.cfg.Stripe.PricesUsage, AnyAddress: p.cfg.Stripe.APIBase != "",
		Unit: unit, Admins: admins, Now: p.now,
	}
	o.Stripe, _ = stripe.Operator() // without it the mode is none that bills
	return billing.NewService(o)
}

// perTenant is how many jobs of one program run at a time: a few where others want their turn.
func perTenant(cfg config.Config) int {
	if cfg.Multi() {
		return 4
	}
	return 0
}

// newListener has everybody who remembers what the database says hear of changes.
func newListener(p program, d *database, resolver *tenancy.Resolver, targets *tracking.Targets, hooks *webhooks.Service) *db.Listener {
	return &db.Listener{
		URL: d.ownerURL, Log: p.log,
		Heard:  func(payload string) { resolver.Heard(payload); targets.Heard(payload); hooks.Heard(payload) },
		Missed: func() { resolver.Missed(); targets.Missed(); hooks.Missed() },
	}
}

// tellWebhooks has programs of the merchant hear of what happens, in the API's words.
func tellWebhooks(bus *facts.Bus, hooks *webhooks.Service) {
	facts.Listen(bus, func(ctx context.Context, f partners.Changed) error {
		if f.Partner.ErasedAt != nil { // what was told of the person before
			if err := hooks.ForgetPartner(ctx, f.Partner.ID); err != nil {
				return err
			}
		}
		return hooks.Publish(ctx, api.PartnerMessages(f)...)
	})
	facts.Listen(bus, func(ctx context.Context, f attribution.Erased) error {
		return hooks.ForgetUser(ctx, f.UserID, f.Clicks)
	})
	facts.Listen(bus, func(ctx context.Context, f attribution.Attributed) error {
		return hooks.Publish(ctx, api.AttributedMessages(f)...)
	})
	facts.Listen(bus, func(ctx context.Context, f commissions.Written) error {
		return hooks.Publish(ctx, api.CommissionMessages(f)...)
	})
	facts.Listen(bus, func(ctx context.Context, f payouts.Created) error {
		return hooks.Publish(ctx, api.CreatedMessages(f)...)
	})
	facts.Listen(bus, func(ctx context.Context, f payouts.Settled) error {
		return hooks.Publish(ctx, api.PayoutPaid(f))
	})
	facts.Listen(bus, func(ctx context.Context, f payouts.Refused) error {
		return hooks.Publish(ctx, api.PayoutFailed(f))
	})
	facts.Listen(bus, func(ctx context.Context, f network.Joined) error {
		return hooks.Publish(ctx, api.JoinedMessages(f)...)
	})
	facts.Listen(bus, func(ctx context.Context, f tracking.Flagged) error {
		return hooks.Publish(ctx, api.FlaggedMessages(f)...)
	})
}

// operatorMail is how mail leaves for tenants without a server of their own: by SMTP_URL, in
// development into a memory that /dev/mail shows, and else not at all.
func operatorMail(p program) (mail.Sender, *mail.Memory, error) {
	switch {
	case p.cfg.Mail.SMTPURL != "":
		c, err := mail.ParseSMTPURL(p.cfg.Mail.SMTPURL.Reveal(), p.cfg.Mail.From)
		return mail.NewSMTP(c), nil, err
	case p.cfg.Development():
		memory := mail.NewMemory(p.now, p.stdout)
		return memory, memory, nil
	default:
		return nil, nil, nil
	}
}

func urlsOf(p program, t tenancy.Tenant) routes.URLs {
	if p.cfg.Multi() {
		return routes.New(p.cfg.PublicURL, t.Slug)
	}
	return routes.New(p.cfg.PublicURL, "")
}

// router registers every route. ready says whether the server takes requests.
func (a *application) router(ready func() bool) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = a.fail
	a.edge.Install(e)
	a.edge.Serve(e, a.pages.Surface(), a.pages.Routes())
	if a.platform != nil {
		a.edge.Serve(e, a.platform.Surface(), a.platform.Routes())
	}
	a.edge.Serve(e, a.api.Surface(), a.api.Routes())
	a.edge.Serve(e, a.api.StripeSurface(), a.api.StripeRoutes())
	a.edge.Serve(e, edge.Surface{Fail: a.pages.Fail}, a.redirect.Routes())
	for _, r := range systemRoutes(a.metrics, ready) {
		e.Add(r.Method, r.Path, r.Handle)
	}
	return e
}

// systemRoutes belong to nobody: probes, metrics and assets.
func systemRoutes(m *metrics.Metrics, ready func() bool) []edge.Route {
	probe := func(path string, ok func() bool) edge.Route {
		return edge.Route{Method: http.MethodGet, Path: path, Group: edge.Static, Auth: edge.Public, Root: true, Handle: func(c echo.Context) error {
			if !ok() {
				return c.String(http.StatusServiceUnavailable, "not ready\n")
			}
			return c.String(http.StatusOK, "ok\n")
		}}
	}
	asset := edge.Route{Path: static.Prefix + "*", Group: edge.Static, Auth: edge.Public, Root: true, Handle: echo.WrapHandler(static.Handler())}
	sdk := edge.Route{Method: http.MethodGet, Path: static.SDKPath, Group: edge.Static, Auth: edge.Public, Root: true, Handle: echo.WrapHandler(static.SDK())}
	get, head := asset, asset
	get.Method, head.Method = http.MethodGet, http.MethodHead
	scrape := edge.Route{Method: http.MethodGet, Path: "/metrics", Group: edge.Static, Auth: edge.Token, Root: true, Handle: func(c echo.Context) error {
		if !m.MayRead(c.Request()) {
			return echo.ErrNotFound // as for any address that does not exist
		}
		return echo.WrapHandler(m)(c)
	}}
	return []edge.Route{probe("/healthz", func() bool { return true }), probe("/readyz", ready), scrape, sdk, get, head}
}

// fail answers what no route took: by JSON below the API's path, and else by a page.
func (a *application) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	fail := a.pages.Fail
	if strings.Contains(c.Request().URL.Path, "/api/") {
		fail = a.api.Fail
	}
	if err := fail(c, err); err != nil {
		a.edge.Log.Error("an error could not be answered", "error", err)
	}
}
