package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	billingview "github.com/openpartner/openpartner/views/billing"
	"github.com/openpartner/openpartner/views/layout"
)

func (s *Server) billingShow(c echo.Context) error {
	return s.billingPage(c, http.StatusOK, "")
}

// billingPage shows what the program pays, with what Stripe did not do.
func (s *Server) billingPage(c echo.Context, status int, problem string) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	a, err := s.Billing.Show(ctx)
	if err != nil {
		return err
	}
	found, err := s.Billing.Reports(ctx, page)
	if err != nil {
		return err
	}
	return s.page(c, status, "Billing", billingview.Show(billingview.Page{
		Mode: s.Billing.Mode, Account: a, Reports: found.Items, MayEdit: mayEdit(c), Now: s.Now(), Problem: problem,
		Pager: pager(c, urls(c).Billing(), billingview.ListTarget, found),
	}))
}

func (s *Server) billingCheckoutsCreate(c echo.Context) error {
	address, err := s.Billing.Subscribe(c.Request().Context())
	return s.leave(c, err, billingview.LeavePage{
		Title: "Subscribe", Text: "Stripe asks for your card on a page of its own, and leads back here.", Label: "Continue to Stripe", Address: address,
	})
}

func (s *Server) billingPortalsCreate(c echo.Context) error {
	address, err := s.Billing.OpenPortal(c.Request().Context())
	return s.leave(c, err, billingview.LeavePage{
		Title: "Manage billing", Text: "Cards, invoices and the subscription itself are looked after on a page of Stripe's. The link works for some minutes.",
		Label: "Continue to Stripe", Address: address,
	})
}

// leave shows the link that leads to Stripe, or why there is none.
func (s *Server) leave(c echo.Context, err error, p billingview.LeavePage) error {
	var problem string
	status, err := refused(err, &problem, nil)
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		if status != http.StatusOK {
			return s.billingPage(c, status, problem)
		}
		return s.ok(c, p.Title, billingview.Leave(p))
	})
}

func (s *Server) billingRefreshesCreate(c echo.Context) error {
	var problem string
	_, err := s.Billing.Refresh(c.Request().Context())
	status, err := refused(err, &problem, nil)
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		if status != http.StatusOK {
			return s.billingPage(c, status, problem)
		}
		return s.done(c, "This is how Stripe sees it now.", urls(c).Billing())
	})
}

// paymentBanner tells admins of a program that does not pay; nil where all is well.
func (s *Server) paymentBanner(c echo.Context) (*layout.Banner, error) {
	if !s.Billing.Bills() {
		return nil, nil //nolint:nilnil // no banner is the rule
	}
	a, err := s.Billing.Show(c.Request().Context())
	if err != nil {
		return nil, err
	}
	return billingview.Warning(a, urls(c).Billing()), nil
}
