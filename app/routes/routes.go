// Package routes is the one builder of URLs, for pages, mails and the JSON API alike.
//
// It owns every path below a tenant's prefix. The origin comes from the configuration and
// never from a request, so a forged Host header can't reach a link in a mail.
package routes

import (
	"context"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// URLs builds the URLs of one tenant. Its methods give paths such as /admin/partners; the zero
// value is single tenancy at the root.
type URLs struct {
	origin string // https://host, without a slash at the end
	prefix string // "" or /t/{slug}
}

// New makes the builder for a tenant; slug is empty in single tenancy.
func New(publicURL, slug string) URLs {
	u := URLs{origin: strings.TrimRight(publicURL, "/")}
	if slug != "" {
		u.prefix = "/t/" + slug
	}
	return u
}

type ctxKey struct{}

// With puts the builder of this request's tenant into the context.
func With(ctx context.Context, u URLs) context.Context { return context.WithValue(ctx, ctxKey{}, u) }

// From gives the builder of this request's tenant, or the zero value.
func From(ctx context.Context) URLs {
	u, _ := ctx.Value(ctxKey{}).(URLs)
	return u
}

// Absolute turns a path of this builder into a whole URL.
func (u URLs) Absolute(path string) string { return u.origin + path }

// Origin is scheme and host of the deployment.
func (u URLs) Origin() string { return u.origin }

// Prefix is what stands before every path of the tenant: "" or /t/{slug}.
func (u URLs) Prefix() string { return u.prefix }

// Local reports whether target is a path on this deployment that may be redirected to after
// sign-in: it starts with one slash and stays on the host in every browser's reading.
func Local(target string) bool {
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") || len(target) > 2000 {
		return false
	}
	for _, r := range target {
		if r < ' ' || r == '\\' || r == 0x7f {
			return false
		}
	}
	parsed, err := url.Parse(target)
	return err == nil && parsed.Host == "" && parsed.Scheme == "" && !strings.Contains(parsed.Path, "//")
}

// WithNext adds next to the query of an address, so that a person comes back after sign-in.
func WithNext(path, next string) string {
	if next == "" || !Local(next) {
		return path
	}
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "next=" + url.QueryEscape(next)
}

// Paths of the deployment, outside of every tenant.

func (u URLs) Root() string            { return "/" }
func (u URLs) RootSignIn() string      { return "/signin" }
func (u URLs) SignUp() string          { return "/signup" }
func (u URLs) SignUpSlug() string      { return u.SignUp() + "/slug" }
func (u URLs) PlatformSignIn() string  { return "/platform/signin" }
func (u URLs) PlatformSignOut() string { return "/platform/signout" }
func (u URLs) PlatformVerify() string  { return "/platform/auth/verify" }
func (u URLs) PlatformVerifyLink(token string) string {
	return u.PlatformVerify() + "?token=" + url.QueryEscape(token)
}
func (u URLs) PlatformTenants() string      { return "/platform/tenants" }
func (u URLs) PlatformJobs() string         { return "/platform/jobs" }
func (u URLs) PlatformOutbox() string       { return "/platform/outbox" }
func (u URLs) PlatformStripeEvents() string { return "/platform/stripe-events" }
func (u URLs) PlatformStripeEvent(id uuid.UUID) string {
	return u.PlatformStripeEvents() + "/" + id.String()
}
func (u URLs) PlatformStripeEventRetry(id uuid.UUID) string {
	return u.PlatformStripeEvent(id) + "/retry"
}
func (u URLs) PlatformStripeEventPayload(id uuid.UUID) string {
	return u.PlatformStripeEvent(id) + "/payload"
}
func (u URLs) PlatformAudit() string    { return "/platform/audit" }
func (u URLs) PlatformStaff() string    { return "/platform/staff" }
func (u URLs) PlatformStaffNew() string { return u.PlatformStaff() + "/new" }
func (u URLs) PlatformStaffRevocation(id uuid.UUID) string {
	return u.PlatformStaff() + "/" + id.String() + "/revocation"
}
func (u URLs) PlatformTenant(id uuid.UUID) string       { return u.PlatformTenants() + "/" + id.String() }
func (u URLs) PlatformTenantVisits(id uuid.UUID) string { return u.PlatformTenant(id) + "/visits" }
func (u URLs) PlatformTenantInside(id uuid.UUID) string { return u.PlatformTenant(id) + "/inside" }
func (u URLs) PlatformTenantStatus(id uuid.UUID) string { return u.PlatformTenant(id) + "/status" }

// Public paths of a tenant.

func (u URLs) Home() string    { return u.prefix + "/" }
func (u URLs) Install() string { return u.prefix + "/install" }
func (u URLs) SignIn() string  { return u.prefix + "/signin" }
func (u URLs) SignOut() string { return u.prefix + "/signout" }
func (u URLs) Verify(token string) string {
	return u.prefix + "/auth/verify?token=" + url.QueryEscape(token)
}
func (u URLs) PartnerSignup() string  { return u.prefix + "/partner-signup" }
func (u URLs) SignupSent() string     { return u.PartnerSignup() + "?sent=1" }
func (u URLs) SignupReceived() string { return u.PartnerSignup() + "?received=1" }
func (u URLs) VerifyAction() string   { return u.prefix + "/auth/verify" }
func (u URLs) BrandCSS() string       { return u.prefix + "/brand.css" }
func (u URLs) Logo(version string) string {
	return u.prefix + "/brand/logo?v=" + url.QueryEscape(version)
}
func (u URLs) Redirect(key string) string            { return u.prefix + "/r/" + url.PathEscape(key) }
func (u URLs) API(path string) string                { return u.prefix + "/api/v1" + path }
func (u URLs) APIDocs() string                       { return "/docs/api" }
func (u URLs) DevMail() string                       { return "/dev/mail" }
func (u URLs) AdminHome() string                     { return u.prefix + "/admin" }
func (u URLs) Partners() string                      { return u.prefix + "/admin/partners" }
func (u URLs) PartnersCSV() string                   { return u.Partners() + ".csv" }
func (u URLs) PartnersNew() string                   { return u.Partners() + "/new" }
func (u URLs) PartnersImport() string                { return u.Partners() + "/import" }
func (u URLs) PartnerImports() string                { return u.prefix + "/admin/partner-imports" }
func (u URLs) PartnerImportShow(id uuid.UUID) string { return u.PartnerImports() + "/" + id.String() }
func (u URLs) PartnerImportCSV(id uuid.UUID) string  { return u.PartnerImportShow(id) + "/rows.csv" }
func (u URLs) PartnerShow(id uuid.UUID) string {
	return u.Partners() + "/" + id.String()
}
func (u URLs) PartnerEdit(id uuid.UUID) string       { return u.PartnerShow(id) + "/edit" }
func (u URLs) PartnerInvitation(id uuid.UUID) string { return u.PartnerShow(id) + "/invitation" }
func (u URLs) PartnerApproval(id uuid.UUID) string   { return u.PartnerShow(id) + "/approval" }
func (u URLs) PartnerRevocation(id uuid.UUID) string { return u.PartnerShow(id) + "/revocation" }
func (u URLs) PartnerReinstatement(id uuid.UUID) string {
	return u.PartnerShow(id) + "/reinstatement"
}
func (u URLs) PartnerCampaigns(id uuid.UUID) string { return u.PartnerShow(id) + "/campaigns" }
func (u URLs) PartnerCoupons(id uuid.UUID) string   { return u.Coupons() + "?partner_id=" + id.String() }
func (u URLs) PartnerLinks(id uuid.UUID) string     { return u.PartnerShow(id) + "/links" }
func (u URLs) PartnerOverride(id, campaign uuid.UUID) string {
	return u.PartnerShow(id) + "/overrides/" + campaign.String()
}
func (u URLs) Campaigns() string    { return u.prefix + "/admin/campaigns" }
func (u URLs) CampaignsCSV() string { return u.Campaigns() + ".csv" }
func (u URLs) CampaignsNew() string { return u.Campaigns() + "/new" }
func (u URLs) CampaignShow(id uuid.UUID) string {
	return u.Campaigns() + "/" + id.String()
}
func (u URLs) CampaignEdit(id uuid.UUID) string   { return u.CampaignShow(id) + "/edit" }
func (u URLs) CampaignStatus(id uuid.UUID) string { return u.CampaignShow(id) + "/status" }
func (u URLs) CampaignSimulation(id uuid.UUID) string {
	return u.CampaignShow(id) + "/simulation"
}
func (u URLs) CampaignExample() string          { return u.Campaigns() + "/example" }
func (u URLs) Links() string                    { return u.prefix + "/admin/links" }
func (u URLs) LinksCSV() string                 { return u.Links() + ".csv" }
func (u URLs) LinksNew() string                 { return u.Links() + "/new" }
func (u URLs) LinkShow(id uuid.UUID) string     { return u.Links() + "/" + id.String() }
func (u URLs) LinkQR(id uuid.UUID) string       { return u.LinkShow(id) + "/qr.svg" }
func (u URLs) LinkArchival(id uuid.UUID) string { return u.LinkShow(id) + "/archival" }
func (u URLs) Activity() string                 { return u.prefix + "/admin/activity" }
func (u URLs) ActivityCSV() string              { return u.Activity() + ".csv" }
func (u URLs) ActivityClicks() string           { return u.Activity() + "/clicks" }
func (u URLs) ActivityClicksCSV() string        { return u.ActivityClicks() + ".csv" }
func (u URLs) EventShow(id uuid.UUID) string    { return u.Activity() + "/events/" + id.String() }
func (u URLs) ClickShow(id uuid.UUID) string    { return u.Activity() + "/clicks/" + id.String() }
func (u URLs) ClickFlag(id uuid.UUID) string    { return u.ClickShow(id) + "/flag" }
func (u URLs) ClickUnflag(id uuid.UUID) string  { return u.ClickShow(id) + "/unflag" }
func (u URLs) ClickConfirmation(id uuid.UUID) string {
	return u.ClickShow(id) + "/confirmation"
}
func (u URLs) Fraud() string                      { return u.prefix + "/admin/fraud" }
func (u URLs) FraudCSV() string                   { return u.Fraud() + ".csv" }
func (u URLs) ReportFunnel() string               { return u.prefix + "/admin/reports/funnel" }
func (u URLs) ReportFunnelCSV() string            { return u.ReportFunnel() + ".csv" }
func (u URLs) ReportPartners() string             { return u.prefix + "/admin/reports/partners" }
func (u URLs) ReportPartnersCSV() string          { return u.ReportPartners() + ".csv" }
func (u URLs) Rederive() string                   { return u.Activity() + "/rederive" }
func (u URLs) Jobs() string                       { return u.prefix + "/admin/jobs" }
func (u URLs) JobsRetry() string                  { return u.Jobs() + "/retry" }
func (u URLs) JobShow(id uuid.UUID) string        { return u.Jobs() + "/" + id.String() }
func (u URLs) JobRetry(id uuid.UUID) string       { return u.JobShow(id) + "/retry" }
func (u URLs) JobDiscard(id uuid.UUID) string     { return u.JobShow(id) + "/discard" }
func (u URLs) Coupons() string                    { return u.prefix + "/admin/coupons" }
func (u URLs) CouponsCSV() string                 { return u.Coupons() + ".csv" }
func (u URLs) CouponsNew() string                 { return u.Coupons() + "/new" }
func (u URLs) CouponStatus(id uuid.UUID) string   { return u.Coupons() + "/" + id.String() + "/status" }
func (u URLs) CommissionsBulk() string            { return u.Commissions() + "/bulk" }
func (u URLs) AdjustmentsNew() string             { return u.Adjustments() + "/new" }
func (u URLs) Adjustments() string                { return u.Commissions() + "/adjustments" }
func (u URLs) Commissions() string                { return u.prefix + "/admin/commissions" }
func (u URLs) CommissionsCSV() string             { return u.Commissions() + ".csv" }
func (u URLs) CommissionShow(id uuid.UUID) string { return u.Commissions() + "/" + id.String() }
func (u URLs) CommissionApproval(id uuid.UUID) string {
	return u.CommissionShow(id) + "/approval"
}
func (u URLs) CommissionReversal(id uuid.UUID) string {
	return u.CommissionShow(id) + "/reversal"
}

// The pages of what the program pays the operator.
func (u URLs) Billing() string         { return u.prefix + "/admin/billing" }
func (u URLs) BillingCheckout() string { return u.Billing() + "/checkout" }
func (u URLs) BillingPortal() string   { return u.Billing() + "/portal" }
func (u URLs) BillingRefresh() string  { return u.Billing() + "/refresh" }

// The pages of the Network.
func (u URLs) Network() string              { return u.prefix + "/admin/network" }
func (u URLs) NetworkComplete() string      { return u.Network() + "/complete" }
func (u URLs) NetworkConnection() string    { return u.Network() + "/connection" }
func (u URLs) NetworkDisconnection() string { return u.Network() + "/disconnection" }
func (u URLs) NetworkToken() string         { return u.Network() + "/token" }
func (u URLs) NetworkBackfill() string      { return u.Network() + "/backfill" }
func (u URLs) NetworkOfferings() string     { return u.Network() + "/offerings" }
func (u URLs) NetworkOfferingsNew() string  { return u.NetworkOfferings() + "/new" }
func (u URLs) NetworkOffering(id string) string {
	return u.NetworkOfferings() + "/" + url.PathEscape(id)
}
func (u URLs) NetworkOfferingEdit(id string) string { return u.NetworkOffering(id) + "/edit" }
func (u URLs) NetworkOfferingPublication(id string) string {
	return u.NetworkOffering(id) + "/publication"
}
func (u URLs) NetworkOfferingRemoval(id string) string { return u.NetworkOffering(id) + "/removal" }
func (u URLs) NetworkRequests() string                 { return u.Network() + "/requests" }
func (u URLs) NetworkRequestApproval(id string) string {
	return u.NetworkRequests() + "/" + url.PathEscape(id) + "/approval"
}
func (u URLs) NetworkRequestRejection(id string) string {
	return u.NetworkRequests() + "/" + url.PathEscape(id) + "/rejection"
}
func (u URLs) NetworkOutbox() string      { return u.Network() + "/outbox" }
func (u URLs) NetworkOutboxRetry() string { return u.NetworkOutbox() + "/retry" }
func (u URLs) NetworkMessageRetry(id uuid.UUID) string {
	return u.NetworkOutbox() + "/" + id.String() + "/retry"
}
func (u URLs) NetworkMessageDiscard(id uuid.UUID) string {
	return u.NetworkOutbox() + "/" + id.String() + "/discard"
}

func (u URLs) APIKeys() string    { return u.prefix + "/admin/api-keys" }
func (u URLs) APIKeysNew() string { return u.APIKeys() + "/new" }
func (u URLs) APIKeysAtWorkBy(maker uuid.UUID) string {
	return u.APIKeys() + "?status=active&created_by=" + maker.String()
}
func (u URLs) APIKeyRevocation(id uuid.UUID) string {
	return u.APIKeys() + "/" + id.String() + "/revocation"
}
func (u URLs) Webhooks() string                      { return u.prefix + "/admin/webhooks" }
func (u URLs) WebhooksNew() string                   { return u.Webhooks() + "/new" }
func (u URLs) WebhookShow(id uuid.UUID) string       { return u.Webhooks() + "/" + id.String() }
func (u URLs) WebhookEdit(id uuid.UUID) string       { return u.WebhookShow(id) + "/edit" }
func (u URLs) WebhookRemoval(id uuid.UUID) string    { return u.WebhookShow(id) + "/removal" }
func (u URLs) WebhookSecret(id uuid.UUID) string     { return u.WebhookShow(id) + "/secret" }
func (u URLs) WebhookStatus(id uuid.UUID) string     { return u.WebhookShow(id) + "/status" }
func (u URLs) WebhookTest(id uuid.UUID) string       { return u.WebhookShow(id) + "/test" }
func (u URLs) WebhookRedelivery(id uuid.UUID) string { return u.WebhookShow(id) + "/redelivery" }
func (u URLs) WebhookDelivery(id, delivery uuid.UUID) string {
	return u.WebhookShow(id) + "/deliveries/" + delivery.String()
}
func (u URLs) WebhookDeliveryAgain(id, delivery uuid.UUID) string {
	return u.WebhookDelivery(id, delivery) + "/redelivery"
}
func (u URLs) Admins() string    { return u.prefix + "/admin/admins" }
func (u URLs) AdminsNew() string { return u.Admins() + "/new" }
func (u URLs) AdminRevocation(id uuid.UUID) string {
	return u.Admins() + "/" + id.String() + "/revocation"
}
func (u URLs) AdminReinstatement(id uuid.UUID) string {
	return u.Admins() + "/" + id.String() + "/reinstatement"
}
func (u URLs) AdminInvitation(id uuid.UUID) string {
	return u.Admins() + "/" + id.String() + "/invitation"
}
func (u URLs) SettingsProgram() string  { return u.prefix + "/admin/settings/program" }
func (u URLs) SettingsMail() string     { return u.prefix + "/admin/settings/mail" }
func (u URLs) SettingsMailTest() string { return u.SettingsMail() + "/test" }
func (u URLs) SettingsTracking() string { return u.prefix + "/admin/settings/tracking" }
func (u URLs) SettingsFraud() string    { return u.prefix + "/admin/settings/fraud" }
func (u URLs) SettingsStripe() string   { return u.prefix + "/admin/settings/stripe" }
func (u URLs) StripeEvents() string     { return u.prefix + "/admin/stripe-events" }
func (u URLs) StripeEvent(id uuid.UUID) string {
	return u.StripeEvents() + "/" + id.String()
}
func (u URLs) StripeEventRetry(id uuid.UUID) string { return u.StripeEvent(id) + "/retry" }
func (u URLs) StripeWebhook() string                { return u.prefix + "/webhooks/stripe" }
func (u URLs) SettingsSignup() string               { return u.prefix + "/admin/settings/signup" }
func (u URLs) SettingsLogo() string                 { return u.SettingsProgram() + "/logo" }
