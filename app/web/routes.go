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
	return edge.Surface{Authenticate: s.authenticate, Guard: s.guard, Fail: s.Fail, Keeper: s.Keeper}
}

// authenticate loads the session and its person.
func (s *Server) authenticate(c echo.Context, ctx context.Context) (context.Context, auth.Principal, error) {
	ctx, err := s.Edge.LoadSession(c, ctx, s.Keeper)
	if err != nil {
		return ctx, auth.Principal{}, err
	}
	p, err := s.Sessions.Principal(ctx)
	if err == nil && p.Kind != auth.Nobody {
		s.Sessions.Seen(ctx)
	}
	return ctx, p, err
}

// Routes are all pages. What shows and what changes one thing stand together; every change is a POST.
func (s *Server) Routes() []edge.Route {
	table := []edge.Route{
		open(http.MethodGet, "/", s.home),
		global(open(http.MethodGet, "/install", s.installNew)),
		limited(global(open(http.MethodPost, "/install", s.installCreate)), "install", 5),
		open(http.MethodGet, "/signin", s.signInNew),
		limited(open(http.MethodPost, "/signin", s.signInCreate), "signin", 10),
		open(http.MethodGet, "/auth/verify", s.verifyShow), // no limit: a gateway's scanners must not keep its people out
		limited(open(http.MethodPost, "/auth/verify", s.verifyCreate), "verify", 30),
		open(http.MethodPost, "/signout", s.signOut),
		open(http.MethodGet, "/partner-signup", s.partnerSignupNew),
		limited(open(http.MethodPost, "/partner-signup", s.partnerSignupCreate), "partner-signup", 10),
		open(http.MethodGet, "/brand.css", s.brandCSS),
		open(http.MethodGet, "/brand/logo", s.logo),

		view("/admin", s.overview),

		view("/admin/partners", s.partnersIndex),
		file("/admin/partners", s.partnersCSV),
		edit("/admin/partners/new", s.partnersNew),
		do("/admin/partners", s.partnersCreate),
		edit("/admin/partners/import", s.partnerImportsNew),
		do("/admin/partners/import", s.partnerImportsTry),
		do("/admin/partner-imports", s.partnerImportsCreate),
		view("/admin/partner-imports/:id", s.partnerImportsShow),
		detached(view("/admin/partner-imports/:id/rows.csv", s.partnerImportCSV)),
		view("/admin/partners/:id", s.partnersShow),
		edit("/admin/partners/:id/edit", s.partnersEdit),
		do("/admin/partners/:id", s.partnersUpdate),
		do("/admin/partners/:id/invitation", s.partnerInvitationsCreate),
		edit("/admin/partners/:id/approval", s.partnerApprovalsNew),
		do("/admin/partners/:id/approval", s.partnerApprovalsCreate),
		edit("/admin/partners/:id/revocation", s.partnerRevocationsNew),
		do("/admin/partners/:id/revocation", s.partnerRevocationsCreate),
		do("/admin/partners/:id/reinstatement", s.partnerReinstatementsCreate),
		stepUp(edit("/admin/partners/:id/erasure", s.partnerErasuresNew)),
		stepUp(do("/admin/partners/:id/erasure", s.partnerErasuresCreate)),
		edit("/admin/partners/:id/campaigns", s.partnerCampaignsEdit),
		do("/admin/partners/:id/campaigns", s.partnerCampaignsUpdate),
		view("/admin/partners/:id/links", s.partnerLinksIndex),
		do("/admin/partners/:id/links", s.partnerLinksCreate),
		view("/admin/partners/:id/overrides/:campaign", s.partnerOverridesShow),
		do("/admin/partners/:id/overrides/:campaign", s.partnerOverridesUpdate),

		view("/admin/links", s.linksIndex),
		file("/admin/links", s.linksCSV),
		edit("/admin/links/new", s.linksNew),
		do("/admin/links", s.linksCreate),
		view("/admin/links/:id", s.linksShow),
		view("/admin/links/:id/qr.svg", s.linkQRShow),
		edit("/admin/links/:id/archival", s.linkArchivalsNew),
		do("/admin/links/:id/archival", s.linkArchivalsCreate),

		view("/admin/coupons", s.couponsIndex),
		file("/admin/coupons", s.couponsCSV),
		edit("/admin/coupons/new", s.couponsNew),
		do("/admin/coupons", s.couponsCreate),
		do("/admin/coupons/:id/status", s.couponStatusCreate),

		view("/admin/campaigns", s.campaignsIndex),
		file("/admin/campaigns", s.campaignsCSV),
		edit("/admin/campaigns/new", s.campaignsNew),
		do("/admin/campaigns", s.campaignsCreate),
		do("/admin/campaigns/example", s.campaignExamplesCreate),
		view("/admin/campaigns/:id", s.campaignsShow),
		edit("/admin/campaigns/:id/edit", s.campaignsEdit),
		do("/admin/campaigns/:id", s.campaignsUpdate),
		view("/admin/campaigns/:id/simulation", s.simulationsNew),
		compute("/admin/campaigns/:id/simulation", s.simulationsCreate),
		edit("/admin/campaigns/:id/status", s.campaignStatusNew),
		do("/admin/campaigns/:id/status", s.campaignStatusCreate),

		view("/admin/activity", s.eventsIndex),
		file("/admin/activity", s.eventsCSV),
		view("/admin/activity/events/:id", s.eventsShow),
		view("/admin/activity/clicks", s.clicksIndex),
		file("/admin/activity/clicks", s.clicksCSV),
		view("/admin/activity/clicks/:id", s.clicksShow),
		edit("/admin/activity/clicks/:id/flag", s.clickFlagsNew),
		do("/admin/activity/clicks/:id/flag", s.clickFlagsCreate),
		edit("/admin/activity/clicks/:id/unflag", s.clickUnflagsNew),
		do("/admin/activity/clicks/:id/unflag", s.clickUnflagsCreate),
		do("/admin/activity/clicks/:id/confirmation", s.clickConfirmationsCreate),
		view("/admin/fraud", s.fraudIndex),
		file("/admin/fraud", s.fraudCSV),
		edit("/admin/activity/rederive", s.rederiveNew),
		do("/admin/activity/rederive", s.rederiveCreate),
		stepUp(edit("/admin/activity/erasure", s.userErasuresNew)),
		stepUp(do("/admin/activity/erasure", s.userErasuresCreate)),

		view("/admin/reports/funnel", s.reportFunnel),
		file("/admin/reports/funnel", s.reportFunnelCSV),
		view("/admin/reports/partners", s.reportPartners),
		file("/admin/reports/partners", s.reportPartnersCSV),

		view("/admin/commissions", s.commissionsIndex),
		file("/admin/commissions", s.commissionsCSV),
		edit("/admin/commissions/bulk", s.commissionBulkNew),
		do("/admin/commissions/bulk", s.commissionBulkCreate),
		edit("/admin/commissions/adjustments/new", s.adjustmentsNew),
		do("/admin/commissions/adjustments", s.adjustmentsCreate),
		view("/admin/commissions/:id", s.commissionsShow),
		edit("/admin/commissions/:id/approval", s.commissionApprovalsNew),
		do("/admin/commissions/:id/approval", s.commissionApprovalsCreate),
		edit("/admin/commissions/:id/reversal", s.commissionReversalsNew),
		do("/admin/commissions/:id/reversal", s.commissionReversalsCreate),

		view("/admin/payouts", s.payoutsIndex),
		file("/admin/payouts", s.payoutsCSV),
		view("/admin/payouts/runs", s.payoutRunsIndex),
		edit("/admin/payouts/runs/new", s.payoutRunsNew),
		stepUp(edit("/admin/payouts/runs/confirmation", s.payoutRunsConfirm)),
		stepUp(do("/admin/payouts/runs", s.payoutRunsCreate)),
		view("/admin/payouts/runs/:id", s.payoutRunsShow),
		stepUp(edit("/admin/payouts/runs/:id/bank-file", s.payoutBankFilesNew)),
		stepUp(do("/admin/payouts/runs/:id/bank-file", s.payoutBankFilesCreate)),
		view("/admin/payouts/:id", s.payoutsShow),
		stepUp(edit("/admin/payouts/:id/payment", s.payoutPaymentsNew)),
		stepUp(do("/admin/payouts/:id/payment", s.payoutPaymentsCreate)),
		edit("/admin/payouts/:id/cancellation", s.payoutCancellationsNew),
		do("/admin/payouts/:id/cancellation", s.payoutCancellationsCreate),
		stepUp(edit("/admin/payouts/:id/bank-details", s.payoutBankDetailsNew)),
		stepUp(do("/admin/payouts/:id/bank-details", s.payoutBankDetailsCreate)),

		detached(view("/admin/payouts/:id/evidence", s.payoutEvidenceShow)),
		stepUp(detached(do("/admin/payouts/:id/resolution", s.payoutResolutionsCreate))),
		stepUp(edit("/admin/payouts/:id/release", s.payoutReleasesNew)),
		stepUp(detached(do("/admin/payouts/:id/release", s.payoutReleasesCreate))),
		detached(view("/admin/reconciliation", s.reconciliationShow)),
		stepUp(edit("/admin/reconciliation/adoption", s.adoptionsNew)),
		stepUp(detached(do("/admin/reconciliation/adoption", s.adoptionsCreate))),

		view("/admin/api-keys", s.apiKeysIndex),
		stepUp(edit("/admin/api-keys/new", s.apiKeysNew)),
		stepUp(do("/admin/api-keys", s.apiKeysCreate)),
		stepUp(edit("/admin/api-keys/:id/revocation", s.apiKeyRevocationsNew)),
		stepUp(do("/admin/api-keys/:id/revocation", s.apiKeyRevocationsCreate)),

		view("/admin/webhooks", s.webhooksIndex),
		stepUp(edit("/admin/webhooks/new", s.webhooksNew)),
		stepUp(do("/admin/webhooks", s.webhooksCreate)),
		view("/admin/webhooks/:id", s.webhooksShow),
		stepUp(edit("/admin/webhooks/:id/edit", s.webhooksEdit)),
		stepUp(do("/admin/webhooks/:id", s.webhooksUpdate)),
		stepUp(do("/admin/webhooks/:id/status", s.webhookStatusCreate)),
		stepUp(edit("/admin/webhooks/:id/removal", s.webhookRemovalsNew)),
		stepUp(do("/admin/webhooks/:id/removal", s.webhookRemovalsCreate)),
		stepUp(edit("/admin/webhooks/:id/secret", s.webhookSecretsNew)),
		stepUp(do("/admin/webhooks/:id/secret", s.webhookSecretsCreate)),
		do("/admin/webhooks/:id/test", s.webhookTestsCreate),
		do("/admin/webhooks/:id/redelivery", s.webhookRedeliveriesCreate),
		view("/admin/webhooks/:id/deliveries/:delivery", s.webhookDeliveriesShow),
		do("/admin/webhooks/:id/deliveries/:delivery/redelivery", s.webhookDeliveryRedeliveriesCreate),

		view("/admin/billing", s.billingShow),
		stepUp(detached(do("/admin/billing/checkout", s.billingCheckoutsCreate))),
		stepUp(detached(do("/admin/billing/portal", s.billingPortalsCreate))),
		detached(do("/admin/billing/refresh", s.billingRefreshesCreate)),

		view("/admin/network", s.networkShow),
		do("/admin/network", s.networkUpdate),
		stepUp(edit("/admin/network/connection", s.networkConnectionsNew)),
		stepUp(detached(do("/admin/network/connection", s.networkConnectionsCreate))),
		edit("/admin/network/complete", s.networkCompletionsNew),
		detached(do("/admin/network/complete", s.networkCompletionsCreate)),
		stepUp(edit("/admin/network/disconnection", s.networkDisconnectionsNew)),
		stepUp(detached(do("/admin/network/disconnection", s.networkDisconnectionsCreate))),
		stepUp(edit("/admin/network/token", s.networkTokensNew)),
		stepUp(detached(do("/admin/network/token", s.networkTokensCreate))),
		edit("/admin/network/backfill", s.networkBackfillsNew),
		do("/admin/network/backfill", s.networkBackfillsCreate),
		detached(view("/admin/network/offerings", s.networkOfferingsIndex)),
		edit("/admin/network/offerings/new", s.networkOfferingsNew),
		detached(do("/admin/network/offerings", s.networkOfferingsCreate)),
		detached(view("/admin/network/offerings/:offering", s.networkOfferingsShow)),
		detached(edit("/admin/network/offerings/:offering/edit", s.networkOfferingsEdit)),
		detached(do("/admin/network/offerings/:offering", s.networkOfferingsUpdate)),
		detached(edit("/admin/network/offerings/:offering/publication", s.networkPublicationsNew)),
		detached(do("/admin/network/offerings/:offering/publication", s.networkPublicationsCreate)),
		detached(edit("/admin/network/offerings/:offering/removal", s.networkRemovalsNew)),
		detached(do("/admin/network/offerings/:offering/removal", s.networkRemovalsCreate)),
		detached(view("/admin/network/requests", s.networkRequestsIndex)),
		detached(edit("/admin/network/requests/:request/approval", s.networkApprovalsNew)),
		detached(do("/admin/network/requests/:request/approval", s.networkApprovalsCreate)),
		detached(edit("/admin/network/requests/:request/rejection", s.networkRejectionsNew)),
		detached(do("/admin/network/requests/:request/rejection", s.networkRejectionsCreate)),
		view("/admin/network/outbox", s.networkOutboxIndex),
		do("/admin/network/outbox/retry", s.networkOutboxRetryCreate),
		do("/admin/network/outbox/:id/retry", s.networkMessageRetryCreate),
		edit("/admin/network/outbox/:id/discard", s.networkMessageDiscardNew),
		do("/admin/network/outbox/:id/discard", s.networkMessageDiscardCreate),

		view("/admin/admins", s.adminsIndex),
		stepUp(edit("/admin/admins/new", s.adminsNew)),
		stepUp(do("/admin/admins", s.adminsCreate)),
		stepUp(do("/admin/admins/:id/invitation", s.adminInvitationsCreate)),
		stepUp(edit("/admin/admins/:id/revocation", s.adminRevocationsNew)),
		stepUp(do("/admin/admins/:id/revocation", s.adminRevocationsCreate)),
		stepUp(do("/admin/admins/:id/reinstatement", s.adminReinstatementsCreate)),

		s.withClock(view("/admin/jobs", s.jobsIndex)),
		do("/admin/jobs/retry", s.deadJobsRetryCreate),
		view("/admin/jobs/:id", s.jobsShow),
		do("/admin/jobs/:id/retry", s.jobRetryCreate),
		edit("/admin/jobs/:id/discard", s.jobDiscardNew),
		do("/admin/jobs/:id/discard", s.jobDiscardCreate),

		view("/admin/audit", s.auditIndex),
		file("/admin/audit", s.auditCSV),

		edit("/admin/export", s.exportShow),
		detached(edit("/admin/export.json", s.exportJSON)),
		detached(edit("/admin/export/:table.csv", s.exportTable)),
		stepUp(edit("/admin/import", s.programImportsNew)),
		stepUp(detached(do("/admin/import", s.programImportsCreate))),
		edit("/admin/imports/:id", s.programImportsShow),
		stepUp(do("/admin/imports/:id/start", s.programImportStartsCreate)),
		detached(edit("/admin/imports/:id/refused.csv", s.programImportCSV)),

		view("/admin/sessions", s.sessionsIndex),
		view("/admin/sessions/end", s.otherSessionsEndNew),
		own("/admin/sessions/end", s.otherSessionsEndCreate),
		view("/admin/sessions/:id/end", s.sessionEndsNew),
		own("/admin/sessions/:id/end", s.sessionEndsCreate),

		view("/admin/settings/program", s.settingsProgramEdit),
		do("/admin/settings/program", s.settingsProgramUpdate),
		do("/admin/settings/program/logo", s.settingsLogoUpdate),
		view("/admin/settings/signup", s.settingsSignupEdit),
		do("/admin/settings/signup", s.settingsSignupUpdate),
		view("/admin/settings/mail", s.settingsMailEdit),
		do("/admin/settings/mail", s.settingsMailUpdate),
		detached(do("/admin/settings/mail/test", s.settingsMailTest)),
		view("/admin/settings/mail/preview", s.mailPreviewsShow),
		view("/admin/settings/mail/preview/letter", s.mailLettersShow),
		view("/admin/settings/stripe", s.settingsStripeEdit),
		stepUp(do("/admin/settings/stripe", s.settingsStripeUpdate)),
		view("/admin/stripe-events", s.stripeEventsIndex),
		view("/admin/stripe-events/:id", s.stripeEventsShow),
		do("/admin/stripe-events/:id/retry", s.stripeEventRetriesCreate),
		view("/admin/settings/tracking", s.settingsTrackingEdit),
		do("/admin/settings/tracking", s.settingsTrackingUpdate),
		view("/admin/settings/fraud", s.settingsFraudEdit),
		do("/admin/settings/fraud", s.settingsFraudUpdate),
		view("/admin/settings/payouts", s.settingsPayoutsEdit),
		do("/admin/settings/payouts", s.settingsPayoutsUpdate),
	}
	table = append(table, s.portalRoutes()...)
	return append(table, s.DevMailRoutes()...)
}

// DevMailRoutes show the mails of development; there are none in production.
func (s *Server) DevMailRoutes() []edge.Route {
	if s.DevMail == nil {
		return nil
	}
	return []edge.Route{
		{Method: http.MethodGet, Path: "/dev/mail", Group: edge.Static, Auth: edge.Public, Root: true, Handle: s.devMailIndex},
		{Method: http.MethodGet, Path: "/dev/mail/:id", Group: edge.Static, Auth: edge.Public, Root: true, Handle: s.devMailShow},
	}
}

// open is for everybody.
func open(method, path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: method, Path: path, Group: edge.Pinned, Auth: edge.Public, Handle: h}
}

// view is a page that every admin may see, viewers included.
func view(path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: http.MethodGet, Path: path, Group: edge.Pinned, Auth: edge.Session, Role: edge.RoleViewer, Handle: h}
}

// file is the list of a page for spreadsheets.
func file(page string, h echo.HandlerFunc) edge.Route { return detached(view(page+csvSuffix, h)) }

// edit is the page of a form that do takes.
func edit(path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: http.MethodGet, Path: path, Group: edge.Pinned, Auth: edge.Session, Role: edge.RoleAdmin, Handle: h}
}

// do changes something.
func do(path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: http.MethodPost, Path: path, Group: edge.Pinned, Auth: edge.Session, Role: edge.RoleAdmin, Handle: h}
}

// own changes what is an admin's own and nothing of the program, so that viewers may, too.
func own(path string, h echo.HandlerFunc) edge.Route { return compute(path, h) }

// compute takes a form that asks and changes nothing, so that viewers may send it, too.
func compute(path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: http.MethodPost, Path: path, Group: edge.Pinned, Auth: edge.Session, Role: edge.RoleViewer, Handle: h}
}

func limited(r edge.Route, name string, perMinute int) edge.Route {
	r.Limit = limits.PerMinute(name, perMinute)
	return r
}

// stepUp asks for a recent sign-in.
func stepUp(r edge.Route) edge.Route { r.StepUp = true; return r }

// detached gives the handler no transaction.
func detached(r edge.Route) edge.Route { r.Group = edge.Detached; return r }

// global runs as the system role.
func global(r edge.Route) edge.Route { r.Group = edge.Global; return r }

// withClock lets a page of the only program there is show what the clock asks for: those jobs are
// nobody's, and the system role alone sees them. Where there are many programs, the console shows them.
func (s *Server) withClock(r edge.Route) edge.Route {
	if s.Edge.Multi {
		return r
	}
	return global(r)
}
