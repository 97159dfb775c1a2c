package web

import (
	"context"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/layout"
	"github.com/openpartner/openpartner/views/overview"
	"github.com/openpartner/openpartner/views/ui"
)

// The counters of what waits for a decision.
const (
	navApplications = "nav-applications"
	navCommissions  = "nav-commissions"
	navPayouts      = "nav-payouts"
	navFraud        = "nav-fraud"
	navJobs         = "nav-jobs"
	navNetwork      = "nav-network"
)

// waitingKey holds what was counted for this request.
const waitingKey = "web.waiting"

// waiting counts what waits for an admin, once for the page and its menu.
func (s *Server) waiting(c echo.Context) (overview.Waiting, error) {
	if n, counted := c.Get(waitingKey).(overview.Waiting); counted {
		return n, nil
	}
	n, err := s.countWaiting(c.Request().Context())
	c.Set(waitingKey, n)
	return n, err
}

func (s *Server) countWaiting(ctx context.Context) (n overview.Waiting, err error) {
	if n.Commissions, err = s.Commissions.CountWaiting(ctx); err != nil {
		return n, err
	}
	if n.Payouts, err = s.Payouts.CountWaiting(ctx); err != nil {
		return n, err
	}
	if n.Applications, err = s.Partners.CountApplications(ctx); err != nil {
		return n, err
	}
	if n.Clicks, err = s.Tracking.CountToReview(ctx); err != nil {
		return n, err
	}
	if n.Jobs, err = s.Backlog.CountDead(ctx); err != nil {
		return n, err
	}
	n.Network, err = s.Network.CountDead(ctx)
	return n, err
}

// navigation is the menu of an admin. Where nothing is billed it does not speak of it.
func navigation(u routes.URLs, path string, waiting overview.Waiting, bills bool) []layout.NavGroup {
	groups := []layout.NavGroup{
		{Items: []layout.NavItem{{Label: "Overview", Href: u.AdminHome(), Icon: ui.IconHouse, Primary: true}}},
		{Label: "Promotion", Items: []layout.NavItem{
			{Label: "Partners", Href: u.Partners(), Icon: ui.IconUsers, Primary: true, Counter: waiting.Applications, CounterID: navApplications},
			{Label: "Campaigns", Href: u.Campaigns(), Icon: ui.IconMegaphone},
			{Label: "Links", Href: u.Links(), Icon: ui.IconLink},
			{Label: "Coupons", Href: u.Coupons(), Icon: ui.IconTicket},
		}},
		{Label: "Results", Items: []layout.NavItem{
			{Label: "Activity", Href: u.Activity(), Icon: ui.IconActivity, Primary: true},
			{Label: "Commissions", Href: u.Commissions(), Icon: ui.IconCoins, Primary: true, Counter: waiting.Commissions, CounterID: navCommissions},
			{Label: "Payouts", Href: u.Payouts(), Icon: ui.IconBanknote, Counter: waiting.Payouts, CounterID: navPayouts},
			{Label: "Reconciliation", Href: u.Reconciliation(), Icon: ui.IconScale},
			{Label: "Fraud review", Href: u.Fraud(), Icon: ui.IconShieldAlert, Counter: waiting.Clicks, CounterID: navFraud},
		}},
		{Label: "Reports", Items: []layout.NavItem{
			{Label: "Funnel", Href: u.ReportFunnel(), Icon: ui.IconFunnel},
			{Label: "Partner report", Href: u.ReportPartners(), Icon: ui.IconChartColumn},
		}},
		{Label: "Network", Items: []layout.NavItem{
			{Label: "Connection", Href: u.Network(), Icon: ui.IconNetwork},
			{Label: "Offerings", Href: u.NetworkOfferings(), Icon: ui.IconStore},
			{Label: "Requests", Href: u.NetworkRequests(), Icon: ui.IconHandCoins},
			{Label: "Outbox", Href: u.NetworkOutbox(), Icon: ui.IconSend, Counter: waiting.Network, CounterID: navNetwork},
		}},
		{Label: "Settings", Items: []layout.NavItem{
			{Label: "Program", Href: u.SettingsProgram(), Icon: ui.IconSettings},
			{Label: "Sign-up", Href: u.SettingsSignup(), Icon: ui.IconUserPlus},
			{Label: "Mail", Href: u.SettingsMail(), Icon: ui.IconMail},
			{Label: "Tracking", Href: u.SettingsTracking(), Icon: ui.IconFingerprint},
			{Label: "Stripe", Href: u.SettingsStripe(), Icon: ui.IconCreditCard},
			{Label: "Stripe events", Href: u.StripeEvents(), Icon: ui.IconInbox},
			{Label: "Fraud rules", Href: u.SettingsFraud(), Icon: ui.IconShieldAlert},
			{Label: "Payout rules", Href: u.SettingsPayouts(), Icon: ui.IconBanknote},
			{Label: "API keys", Href: u.APIKeys(), Icon: ui.IconKey},
			{Label: "Webhooks", Href: u.Webhooks(), Icon: ui.IconWebhook},
			{Label: "Admins", Href: u.Admins(), Icon: ui.IconUserCog},
			{Label: "Jobs", Href: u.Jobs(), Icon: ui.IconListChecks, Counter: waiting.Jobs, CounterID: navJobs},
			{Label: "Audit log", Href: u.Audit(), Icon: ui.IconHistory},
			{Label: "Export", Href: u.Export(), Icon: ui.IconPackage},
			{Label: "Import", Href: u.Import(), Icon: ui.IconUpload},
		}},
	}
	if bills {
		last := &groups[len(groups)-1]
		last.Items = append(last.Items, layout.NavItem{Label: "Billing", Href: u.Billing(), Icon: ui.IconCreditCard})
	}
	mark(groups, path, u.AdminHome())
	return groups
}

// portalNavigation is the menu of a partner.
func portalNavigation(u routes.URLs, path string) []layout.NavGroup {
	groups := []layout.NavGroup{
		{Items: []layout.NavItem{
			{Label: "Home", Href: u.Partner(), Icon: ui.IconHouse, Primary: true},
			{Label: "Links", Href: u.PortalLinks(), Icon: ui.IconLink, Primary: true},
			{Label: "Commissions", Href: u.PortalCommissions(), Icon: ui.IconCoins, Primary: true},
			{Label: "Payouts", Href: u.PortalPayouts(), Icon: ui.IconBanknote, Primary: true},
			{Label: "Activity", Href: u.PortalActivity(), Icon: ui.IconChartColumn},
			{Label: "Program", Href: u.PortalProgram(), Icon: ui.IconMegaphone},
		}},
		{Label: "Account", Items: []layout.NavItem{
			{Label: "Profile", Href: u.PortalProfile(), Icon: ui.IconUser},
			{Label: "Payout account", Href: u.PortalPayoutAccount(), Icon: ui.IconCreditCard},
			{Label: "API keys", Href: u.PortalAPIKeys(), Icon: ui.IconKey},
		}},
	}
	mark(groups, path, u.Partner())
	return groups
}

// mark notes the entry whose path begins the page's, the longest one where several do. The path
// of home begins all of them.
func mark(groups []layout.NavGroup, path, home string) {
	var current *layout.NavItem
	for g := range groups {
		for i := range groups[g].Items {
			item := &groups[g].Items[i]
			begins := path == item.Href || (item.Href != home && strings.HasPrefix(path, item.Href+"/"))
			if begins && (current == nil || len(item.Href) > len(current.Href)) {
				current = item
			}
		}
	}
	if current != nil {
		current.Current = true
	}
}
