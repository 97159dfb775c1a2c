package web

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/tenancy"
	portalview "github.com/openpartner/openpartner/views/portal"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) portalPayoutsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Payouts.List(ctx, payouts.Filter{}, page)
	if err != nil {
		return err
	}
	p := portalview.PayoutsPage{Rows: found.Items, Pager: pager(c, urls(c).PortalPayouts(), portalview.PayoutsTarget, found)}
	if p.Terms, err = s.Settings.PayoutTerms(ctx); err != nil {
		return err
	}
	return s.ok(c, "Payouts", portalview.Payouts(p))
}

// portalPayoutsShow is the statement of a payout, with as many rows as a document may have.
func (s *Server) portalPayoutsShow(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.payout(c)
	if err != nil {
		return err
	}
	p := portalview.Statement{Payout: o}
	if p.Partner, err = s.Partners.Find(ctx, me(c)); err != nil {
		return err
	}
	if p.Program, err = s.Settings.Brand(ctx); err != nil {
		return err
	}
	if logo := tenancy.From(ctx).Logo; logo != "" {
		p.Logo = urls(c).Logo(logo)
	}
	found, err := s.Payouts.Rows(ctx, o, paging.Page{Limit: portalview.StatementRows})
	if err != nil {
		return err
	}
	p.Rows, p.More = found.Items, found.Next != ""
	slices.Reverse(p.Rows)
	return s.ok(c, "Statement", portalview.PayoutStatement(p))
}

// portalPayoutRows is a statement as a file.
func (s *Server) portalPayoutRows(c echo.Context) error {
	var o payouts.Payout
	err := s.Edge.Run(c.Request().Context(), true, func(ctx context.Context) (err error) {
		id, err := pathID(c, "id", "payout")
		if err == nil {
			o, err = s.Payouts.Find(ctx, id)
		}
		return err
	})
	if err != nil {
		return err
	}
	return download(s, c, table[commissions.Commission]{
		name: "statement",
		columns: []string{
			"id", "occurred_at", "campaign", "kind", "base_amount", "base_currency", "rate_percent", "weight_num", "weight_den",
			"amount", "currency", "status", "matures_at", "approved_at", "paid_at",
		},
		list: func(ctx context.Context, page paging.Page) (paging.Result[commissions.Commission], error) {
			return s.Payouts.Rows(ctx, o, page)
		},
		write: each(func(f *csvfile.File, m commissions.Commission) error {
			return commissionFigures(f.ID(m.ID).Time(m.OccurredAt).Maybe(m.CampaignName).Text(string(m.Kind)), m).End()
		}),
	})
}

func (s *Server) portalPayoutAccount(c echo.Context) error {
	d, err := s.Payouts.Details(c.Request().Context(), me(c))
	if err != nil {
		return err
	}
	p := portalview.PayoutAccountPage{Details: d, Now: s.Now()}
	account, err := s.Payouts.Account(c.Request().Context(), me(c))
	if err != nil {
		return err
	}
	if account.Offered || account.ID != "" {
		p.Stripe = portalview.StripeAccount(account, p.Now)
	}
	return s.ok(c, "Payout account", portalview.PayoutAccount(p))
}

func (s *Server) portalBankDetailsEdit(c echo.Context) error {
	text, _, err := s.Payouts.OwnDetails(c.Request().Context())
	if err != nil {
		return err
	}
	return s.bankDetailsForm(c, http.StatusOK, text, "")
}

func (s *Server) bankDetailsForm(c echo.Context, status int, text, wrong string) error {
	head := ui.HeaderProps{Title: "Bank details", Crumbs: []ui.Crumb{{Label: "Payout account", Href: urls(c).PortalPayoutAccount()}}}
	return s.formPage(c, status, head, portalview.BankDetailsForm(text, wrong))
}

func (s *Server) portalBankDetailsUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	err = s.Payouts.SetDetails(c.Request().Context(), f.text("details"))
	if fields, wrong := fieldErrors(err); wrong {
		return s.bankDetailsForm(c, http.StatusUnprocessableEntity, f.text("details"), fields["details"])
	}
	if err != nil {
		return err
	}
	return s.done(c, "Saved. You get a mail about it, since nobody else should change this.", urls(c).PortalPayoutAccount())
}
