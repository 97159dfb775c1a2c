package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/protocol"
)

// operation is an endpoint together with the types it speaks, from which its description is
// made.
type operation struct {
	edge.Route

	Summary string
	In      any    // the body, as the handler decodes it; nil for none
	Out     any    // the answer, as the handler encodes it; nil for none
	Status  int    // of a success
	File    string // the type of an answer that is no JSON
	Query   []string
}

// Routes are all endpoints.
func (s *Server) Routes() []edge.Route {
	table := []edge.Route{
		{Method: http.MethodOptions, Path: "/api/v1" + identifyPath, Group: edge.Static, Auth: edge.Public, Handle: s.identifyPreflight},
		{Method: http.MethodGet, Path: "/api/openapi.json", Group: edge.Static, Auth: edge.Public, Root: true, Handle: s.openAPI},
		{Method: http.MethodGet, Path: "/docs/api", Group: edge.Static, Auth: edge.Public, Root: true, Handle: s.docs},
	}
	for _, o := range s.everyOperation() {
		table = append(table, o.Route)
	}
	return table
}

// everyOperation is what this deployment serves.
func (s *Server) everyOperation() []operation { return append(s.operations(), s.rootOperations()...) }

// operations are the endpoints of /api/v1, in the order in which the reference shows them.
func (s *Server) operations() []operation {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	const admin, adminRead = auth.AdminScope, auth.AdminReadScope
	pages := []string{"cursor", "limit"}
	span := []string{"from", "to", "partner_id", "campaign_id"}

	return []operation{
		op(get, "/whoami", "", s.whoami, "Say whose key this is", nil, whoamiJSON{}),

		open(op(post, identifyPath, "", s.identify, "Tie a click to a user", identifyIn{}, identifyJSON{}), limits.PerMinute("identify", 120)),
		created(op(post, "/events", "events:write", s.eventsCreate, "Record what a user did", eventIn{}, recordedJSON{})),
		detached(op(post, "/events/batch", "events:write", s.eventsBatch, "Record up to 1,000 events", batchIn{}, batchJSON{})),
		asking(op(get, "/events", "events:read", s.eventsIndex, "List events", nil, list[eventJSON]{}), append(pages, "user_id", "type", "from", "to")...),
		op(get, "/events/:id", "events:read", s.eventsShow, "Show an event and who earns from it", nil, explainedJSON{}),
		created(op(post, "/clicks", "clicks:write", s.clicksCreate, "Record a visit that happened elsewhere", clickIn{}, importedClickJSON{})),
		op(post, "/clicks/:id/flag", admin, s.clicksFlag, "Take a click out of the running", nil, reviewedJSON{}),
		op(post, "/clicks/:id/unflag", admin, s.clicksUnflag, "Let a flagged click count", nil, reviewedJSON{}),
		asking(op(get, "/fraud/clicks", adminRead, s.fraudIndex, "List flagged clicks", nil, list[clickJSON]{}), append(pages, "partner_id", "campaign_id")...),
		accepted(op(post, "/rederive", admin, s.rederive, "Decide events anew", rederiveIn{}, orderedJSON{})),
		empty(op(del, "/users/:user_id", admin, s.usersErase, "Erase a user; events and money stay", nil, nil)),
		op(get, "/jobs/:id", admin, s.jobsShow, "Show how far a job is", nil, jobJSON{}),

		accepted(open(op(post, "/partner-signup", "", s.partnerSignup, "Apply to become a partner", partnerSignupIn{}, partnerSignupJSON{}), limits.PerMinute("partner-signup", 10))),
		created(op(post, "/partners", "partners:write", s.partnersCreate, "Add a partner", partnerIn{}, partnerJSON{})),
		orOwn(asking(op(get, "/partners", "partners:read", s.partnersIndex, "List partners", nil, list[partnerJSON]{}), append(pages, "status", "source", "q")...)),
		orOwn(op(get, "/partners/:id", "partners:read", s.ofNetwork(s.partnersShow), "Show a partner", nil, partnerJSON{})),
		op(patch, "/partners/:id", "partners:write", s.partnersUpdate, "Change a partner", partnerPatch{}, partnerJSON{}),
		op(post, "/partners/:id/invite", "partners:write", s.partnersInvite, "Send the invitation once more", nil, partnerJSON{}),
		op(post, "/partners/:id/approve", "partners:write", s.partnersApprove, "Accept an application", approvalIn{}, partnerJSON{}),
		op(post, "/partners/:id/decline", "partners:write", s.partnersDecline, "Decline an application", endingIn{}, partnerJSON{}),
		op(post, "/partners/:id/revoke", "partners:write", s.partnersRevoke, "End the work with a partner", endingIn{}, partnerJSON{}),
		op(post, "/partners/:id/reinstate", "partners:write", s.partnersReinstate, "Take a revoked partner back", nil, partnerJSON{}),
		op(post, "/partners/:id/erase", admin, s.partnersErase, "Erase a person; money and clicks stay", nil, partnerJSON{}),
		op(put, "/partners/:id/campaigns", "partners:write", s.partnerCampaignsUpdate, "Say which campaigns a partner may promote", grantsIn{}, partnerJSON{}),
		op(put, "/partners/:id/campaigns/:campaign_id/rules", "campaigns:write", s.partnerRulesUpdate, "Give a partner rules of their own", rulesIn{}, rulesJSON{}),
		orOwn(asking(op(get, "/partners/:id/links", "links:read", s.partnerLinksIndex, "List a partner's links", nil, list[linkJSON]{}), pages...)),
		created(orOwn(op(post, "/partners/:id/links", "links:write", s.partnerLinksCreate, "Make a link", linkIn{}, linkJSON{}))),
		orOwn(asking(op(get, "/partners/:id/commissions", "commissions:read", s.ofNetwork(s.partnerCommissionsIndex), "List a partner's commissions", nil, list[commissionJSON]{}),
			append(pages, "status", "campaign_id", "from", "to")...)),
		orOwn(asking(op(get, "/partners/:id/payouts", "payouts:read", s.partnerPayoutsIndex, "List a partner's payouts", nil, list[payoutJSON]{}), append(pages, "status", "run_id")...)),

		orOwn(asking(op(get, "/links", "links:read", s.linksIndex, "List links", nil, list[linkJSON]{}), append(pages, "partner_id", "campaign_id")...)),
		orOwn(empty(op(del, "/links/:id", "links:write", s.linksDelete, "Archive a link", nil, nil))),

		created(op(post, "/campaigns", "campaigns:write", s.campaignsCreate, "Add a campaign", campaignIn{}, campaignJSON{})),
		asking(op(get, "/campaigns", "campaigns:read", s.campaignsIndex, "List campaigns", nil, list[campaignJSON]{}), append(pages, "status")...),
		op(get, "/campaigns/:id", "campaigns:read", s.campaignsShow, "Show a campaign", nil, campaignJSON{}),
		op(patch, "/campaigns/:id", "campaigns:write", s.campaignsUpdate, "Change a campaign from now on", campaignPatch{}, campaignJSON{}),

		op(post, "/campaigns/:id/simulate", "campaigns:read", s.campaignsSimulate, "Ask what other terms would have paid", simulateIn{}, simulatedJSON{}),

		asking(op(get, "/coupons", "coupons:write", s.couponsIndex, "List coupons", nil, list[couponJSON]{}), append(pages, "partner_id")...),
		created(op(post, "/coupons", "coupons:write", s.couponsCreate, "Add a coupon", couponIn{}, couponJSON{})),
		op(patch, "/coupons/:id", "coupons:write", s.couponsUpdate, "Put a coupon out of use, or back", couponPatch{}, couponJSON{}),
		created(op(post, "/coupons/redeem", "events:write", s.couponsRedeem, "Record an event that a coupon came with", redeemIn{}, recordedJSON{})),

		orOwn(asking(op(get, "/commissions", "commissions:read", s.commissionsIndex, "List commissions", nil, list[commissionJSON]{}), append(append(pages, "status"), span...)...)),
		orOwn(op(get, "/commissions/:id", "commissions:read", s.commissionsShow, "Show a commission", nil, commissionJSON{})),
		op(post, "/commissions/bulk", "commissions:write", s.commissionsBulk, "Approve or reverse many commissions", bulkIn{}, bulkJSON{}),
		created(op(post, "/commissions/adjustments", "commissions:write", s.adjustmentsCreate, "Add to a partner's account, or take from it", adjustIn{}, commissionJSON{})),
		op(post, "/commissions/:id/approve", "commissions:write", s.commissionsApprove, "Approve a commission", approveIn{}, commissionJSON{}),
		op(post, "/commissions/:id/reverse", "commissions:write", s.commissionsReverse, "Reverse a commission", reverseIn{}, commissionJSON{}),

		created(op(post, "/payouts/runs", "payouts:write", s.payoutRunsCreate, "Plan payouts, or ask what would be planned", runIn{}, runJSON{})),
		asFile(detached(op(get, "/payouts/runs/:id.csv", "payouts:write", s.payoutRunCSV, "Take out what a run pays by hand, for a bank", nil, nil)), "text/csv"),
		orOwn(asking(op(get, "/payouts", "payouts:read", s.payoutsIndex, "List payouts", nil, list[payoutJSON]{}), append(pages, "status", "partner_id", "run_id")...)),
		orOwn(op(get, "/payouts/:id", "payouts:read", s.payoutsShow, "Show a payout", nil, payoutJSON{})),
		op(post, "/payouts/:id/mark-paid", "payouts:write", s.payoutsMarkPaid, "Say that a payout was paid by hand", markPaidIn{}, payoutJSON{}),
		detached(op(post, "/payouts/:id/resolve", "payouts:write", s.payoutResolve, "Say whether a payout in review was paid", payoutResolveIn{}, payoutJSON{})),
		op(post, "/payouts/:id/cancel", "payouts:write", s.payoutsCancel, "Cancel a payout that was not sent", nil, payoutJSON{}),

		orOwn(asking(op(get, "/reports/overview", "reports:read", s.reportsOverview, "Add up a time", nil, figuresJSON{}), span...)),
		orOwn(asking(op(get, "/reports/timeseries", "reports:read", s.reportsTimeseries, "Add up a time, by day or week", nil, timeseriesJSON{}), append(span, "bucket")...)),
		orOwn(asking(op(get, "/reports/funnel", "reports:read", s.reportsFunnel, "Follow visitors from the click to the sale", nil, funnelJSON{}), span...)),
		either(orOwn(asking(op(get, "/partners/:id/dashboard", "reports:read", s.ofNetwork(s.dashboardsShow), "Show what a partner's business comes to", nil, dashboardJSON{}),
			"from", "to", "campaign_id", "bucket")), "commissions:read"),

		asking(op(get, "/webhooks", "webhooks:write", s.webhooksIndex, "List webhooks", nil, list[webhookJSON]{}), pages...),
		created(op(post, "/webhooks", "webhooks:write", s.webhooksCreate, "Have messages sent to an address", webhookIn{}, newWebhookJSON{})),
		op(patch, "/webhooks/:id", "webhooks:write", s.webhooksUpdate, "Change a webhook", webhookPatch{}, webhookJSON{}),
		empty(op(del, "/webhooks/:id", "webhooks:write", s.webhooksDelete, "Remove a webhook and its log", nil, nil)),
		op(post, "/webhooks/:id/rotate-secret", "webhooks:write", s.webhooksRotate, "Give a webhook a new secret", nil, newWebhookJSON{}),
		accepted(op(post, "/webhooks/:id/test", "webhooks:write", s.webhooksTest, "Send a test message", nil, deliveryJSON{})),
		asking(op(get, "/webhooks/:id/deliveries", "webhooks:write", s.deliveriesIndex, "List what was sent", nil, list[deliveryJSON]{}), append(pages, "status")...),
		accepted(op(post, "/webhooks/:id/deliveries/:delivery_id/redeliver", "webhooks:write", s.deliveriesRedeliver, "Send a message once more", nil, deliveryJSON{})),

		detached(op(get, "/export.json", admin, s.exportShow, "Take the whole program out", nil, exportJSON{})),
		asFile(detached(op(get, "/export/:table.csv", admin, s.exportTable, "Take one table out, for spreadsheets", nil, nil)), "text/csv"),
		asking(accepted(detached(op(post, "/import", admin, s.importsCreate, "Bring a program back from its export", exportJSON{}, importedJSON{}))), "dry_run"),

		asking(op(get, "/api-keys", adminRead, s.apiKeysIndex, "List API keys", nil, list[apiKeyJSON]{}), append(pages, "q", "kind", "status", "created_by")...),
		created(op(post, "/api-keys", admin, s.apiKeysCreate, "Make an API key", apiKeyIn{}, newAPIKeyJSON{})),
		empty(op(del, "/api-keys/:id", admin, s.apiKeysDelete, "Revoke an API key", nil, nil)),

		asking(op(get, "/admins", adminRead, s.adminsIndex, "List admins", nil, list[adminJSON]{}), pages...),
		created(op(post, "/admins", admin, s.adminsCreate, "Invite an admin", adminIn{}, adminJSON{})),
		op(post, "/admins/:id/revoke", admin, s.adminsRevoke, "End an admin's access", reasonIn{}, adminJSON{}),
		op(post, "/admins/:id/reinstate", admin, s.adminsReinstate, "Let a revoked admin back in", nil, adminJSON{}),
		op(post, "/admins/:id/invite", admin, s.adminsInvite, "Send the invitation once more", nil, adminJSON{}),

		op(get, "/config/program", adminRead, s.programShow, "Show the program's settings", nil, programJSON{}),
		op(put, "/config/program", admin, s.programUpdate, "Change the program's settings", programIn{}, programJSON{}),
		op(post, "/config/program", admin, s.programUpdate, "Change the program's settings", programIn{}, programJSON{}),
		op(get, "/config/mail", adminRead, s.mailShow, "Show the mail settings", nil, mailJSON{}),
		op(put, "/config/mail", admin, s.mailUpdate, "Change the mail settings", mailIn{}, mailJSON{}),
		op(post, "/config/mail", admin, s.mailUpdate, "Change the mail settings", mailIn{}, mailJSON{}),
		detached(op(post, "/config/mail/test", admin, s.mailTest, "Send a test mail to yourself", nil, mailTestJSON{})),
		op(get, "/config/tracking", adminRead, s.trackingShow, "Show the tracking settings", nil, trackingJSON{}),
		op(put, "/config/tracking", admin, s.trackingUpdate, "Change the tracking settings", trackingIn{}, trackingJSON{}),
		op(post, "/config/tracking", admin, s.trackingUpdate, "Change the tracking settings", trackingIn{}, trackingJSON{}),
		op(get, "/config/stripe", adminRead, s.stripeShow, "Show the Stripe settings", nil, stripeJSON{}),
		op(put, "/config/stripe", admin, s.stripeUpdate, "Change the Stripe settings", stripeIn{}, stripeJSON{}),
		op(post, "/config/stripe", admin, s.stripeUpdate, "Change the Stripe settings", stripeIn{}, stripeJSON{}),
		op(get, "/config/partner-signup", adminRead, s.partnerSignupShow, "Show how creators sign up", nil, partnerSignupConfigJSON{}),
		op(put, "/config/partner-signup", admin, s.partnerSignupUpdate, "Change how creators sign up", partnerSignupConfigIn{}, partnerSignupConfigJSON{}),
		op(post, "/config/partner-signup", admin, s.partnerSignupUpdate, "Change how creators sign up", partnerSignupConfigIn{}, partnerSignupConfigJSON{}),
		op(get, "/config/network", adminRead, s.networkShow, "Show how the program stands to the Network", nil, networkJSON{}),
		op(post, "/config/network", admin, s.networkUpdate, "Change how the program stands to the Network", networkIn{}, networkJSON{}),
		op(put, "/config/network", admin, s.networkUpdate, "Change how the program stands to the Network", networkIn{}, networkJSON{}),
		accepted(detached(op(post, "/config/network/start-connect", admin, s.networkConnect, "Ask the Network to take the program in", networkConnectIn{}, networkConnectJSON{}))),
		detached(op(post, "/config/network/complete-connect", admin, s.networkComplete, "Complete the connection by the link in the mail", networkCompleteIn{}, networkCompleteJSON{})),
		detached(op(post, "/config/network/disconnect", admin, s.networkDisconnect, "Leave the Network", nil, networkJSON{})),
		accepted(op(post, "/config/network/backfill", admin, s.networkBackfill, "Tell the Network of all partners", nil, networkBackfillJSON{})),
		detached(op(post, "/config/network/rotate-token", admin, s.networkRotate, "Get a new token from the Network", nil, networkJSON{})),
		asking(op(get, "/network/outbox", adminRead, s.networkOutboxIndex, "List what the Network is still to be told", nil, list[networkMessageJSON]{}), append(pages, "status")...),
		accepted(op(post, "/network/outbox/:id/retry", admin, s.networkOutboxRetry, "Tell the Network now", nil, networkMessageJSON{})),
		accepted(op(post, "/network/outbox/retry-all", admin, s.networkOutboxRetryAll, "Tell the Network everything now", nil, networkRetriedJSON{})),
		empty(op(del, "/network/outbox/:id", admin, s.networkOutboxDelete, "Don't tell the Network", nil, nil)),
		detached(op(get, "/admin/network/me", adminRead, s.networkMe, "Ask the Network who we are to it", nil, protocol.Vendor{})),
		detached(op(get, "/admin/network/offerings", adminRead, s.networkOfferingsIndex, "List the program's offerings", nil, list[protocol.Offering]{})),
		created(detached(op(post, "/admin/network/offerings", admin, s.networkOfferingsCreate, "Make an offering", networkOfferingIn{}, protocol.Offering{}))),
		detached(op(patch, "/admin/network/offerings/:offering_id", admin, s.networkOfferingsUpdate, "Change an offering", networkOfferingIn{}, protocol.Offering{})),
		empty(detached(op(del, "/admin/network/offerings/:offering_id", admin, s.networkOfferingsDelete, "Take an offering away", nil, nil))),
		asking(detached(op(get, "/admin/network/requests", adminRead, s.networkRequestsIndex, "List creators' requests", nil, list[protocol.Request]{})), "status"),
		accepted(detached(op(post, "/admin/network/requests/:request_id/approve", admin, s.networkRequestsApprove, "Let a creator in", networkDecisionIn{}, protocol.Decided{}))),
		detached(op(post, "/admin/network/requests/:request_id/reject", admin, s.networkRequestsReject, "Turn a creator down", networkDecisionIn{}, protocol.Decided{})),
		op(get, "/config/fraud", adminRead, s.fraudShow, "Show the fraud settings", nil, fraudJSON{}),
		op(put, "/config/fraud", admin, s.fraudUpdate, "Change the fraud settings", fraudIn{}, fraudJSON{}),
		op(post, "/config/fraud", admin, s.fraudUpdate, "Change the fraud settings", fraudIn{}, fraudJSON{}),
		op(get, "/config/payouts", adminRead, s.payoutConfigShow, "Show how partners are paid", nil, payoutConfigJSON{}),
		op(put, "/config/payouts", admin, s.payoutConfigUpdate, "Change how partners are paid", payoutConfigIn{}, payoutConfigJSON{}),
		op(post, "/config/payouts", admin, s.payoutConfigUpdate, "Change how partners are paid", payoutConfigIn{}, payoutConfigJSON{}),
	}
}

// op is an endpoint for keys that hold a scope.
func op(method, path, scope string, h echo.HandlerFunc, summary string, in, out any) operation {
	return operation{
		Route:   edge.Route{Method: method, Path: "/api/v1" + path, Group: edge.Pinned, Auth: edge.KeyAuth, Scope: scope, Handle: h},
		Summary: summary, In: in, Out: out, Status: http.StatusOK,
	}
}

// open lets everybody in, so often a minute.
func open(o operation, limit limits.Rule) operation {
	o.Auth, o.Limit = edge.Public, limit
	return o
}

func created(o operation) operation { o.Status = http.StatusCreated; return o }

func accepted(o operation) operation { o.Status = http.StatusAccepted; return o }

func empty(o operation) operation { o.Status = http.StatusNoContent; return o }

// orOwn lets a partner's key in, too; the service keeps it to its own rows.
func orOwn(o operation) operation { o.Role = own; return o }

// either lets a key in that holds another scope instead.
func either(o operation, scope string) operation { o.Or = scope; return o }

func detached(o operation) operation { o.Group = edge.Detached; return o }

// asFile answers with something that is no JSON.
func asFile(o operation, kind string) operation { o.File = kind; return o }

func asking(o operation, query ...string) operation { o.Query = query; return o }
