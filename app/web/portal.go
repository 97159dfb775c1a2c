package web

import (
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/reports"
	portalview "github.com/openpartner/openpartner/views/portal"
)

func (s *Server) portalHome(c echo.Context) error {
	ctx := c.Request().Context()
	me := auth.From(ctx)
	p := portalview.HomePage{Name: me.Name, Now: s.Now()}
	var err error
	if p.Balances, err = s.Commissions.Balances(ctx, me.PartnerID); err != nil {
		return err
	}
	if p.Figures, err = s.Reports.Overview(ctx, reports.Filter{}); err != nil {
		return err
	}
	mine, err := s.Links.List(ctx, links.Filter{}, paging.First())
	if err != nil {
		return err
	}
	latest, err := s.Commissions.List(ctx, commissions.Filter{}, paging.First())
	if err != nil {
		return err
	}
	p.Links, p.Latest = mine.Items, latest.Items
	return s.ok(c, "Your program", portalview.Home(p))
}

func (s *Server) portalCommissionsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Commissions.List(c.Request().Context(), commissions.Filter{}, page)
	if err != nil {
		return err
	}
	return s.ok(c, "Your commissions", portalview.Commissions(portalview.CommissionsPage{
		Rows: found.Items, Now: s.Now(), Pager: pager(c, urls(c).PortalCommissions(), portalview.CommissionsTarget, found),
	}))
}

func (s *Server) portalCommissionsShow(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := s.commission(c)
	if err != nil {
		return err
	}
	p := portalview.CommissionPage{Commission: m, Now: s.Now()}
	if m.EventID != nil {
		story, err := s.Attribution.Explain(ctx, m)
		if err != nil {
			return err
		}
		p.Story = &story
	}
	return s.ok(c, m.Money().Format(), portalview.Commission(p))
}
