// Package web serves the pages: it decodes what a browser sends, makes one service call and
// renders.
//
// It owns no rule, no SQL and no transaction. Invariant: every page works as a plain page
// load; htmx only gets a part of the same page.
package web

import (
	"context"
	"log/slog"
	"time"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/backlog"
	"github.com/openpartner/openpartner/app/billing"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/install"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/mail"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/portability"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/signup"
	"github.com/openpartner/openpartner/app/stripeinbox"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/app/webhooks"
)

// Options are what the pages stand on.
type Options struct {
	Edge        *edge.Edge
	Log         *slog.Logger
	Now         func() time.Time
	Keeper      *edge.Keeper
	Sessions    *auth.Sessions
	SignIn      *signin.Service
	Signup      *signup.Service
	Install     *install.Service
	Admins      *auth.Admins
	APIKeys     *auth.APIKeys
	Partners    *partners.Service
	Campaigns   *campaigns.Service
	Links       *links.Service
	Tracking    *tracking.Service
	Attribution *attribution.Service
	Coupons     *coupons.Service
	Commissions *commissions.Service
	Payouts     *payouts.Service
	Settings    *settings.Service
	Reports     *reports.Service
	Webhooks    *webhooks.Service
	Network     *network.Service
	Billing     *billing.Service
	Backlog     *backlog.Service
	Portability *portability.Service
	StripeInbox *stripeinbox.Service
	// SendTestMail sends one mail by the tenant's transport, at once.
	SendTestMail func(ctx context.Context, to string) error
	// MailHeld says that the tenant's mails can't leave, and how many wait.
	MailHeld func(ctx context.Context) (held bool, n int, err error)
	// ScopeUses says in words what each scope of a key opens.
	ScopeUses map[string][]string

	// Console is what the operator's staff find in theirs.
	Console func(u routes.URLs) Console

	// OperatorMail says that mail leaves even for programs without a server of their own.
	OperatorMail bool
	// DevMail holds the mails of development; nil in production.
	DevMail *mail.Memory
}

// Server serves the pages.
type Server struct{ Options }

// NewServer makes the pages' server.
func NewServer(o Options) *Server { return &Server{Options: o} }
