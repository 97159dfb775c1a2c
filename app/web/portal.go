package web

import (
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/views/portal"
)

func (s *Server) portalHome(c echo.Context) error {
	ctx := c.Request().Context()
	me := auth.From(ctx)
	p := portal.HomePage{Name: me.Name}
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
	return s.ok(c, "Your program", portal.Home(p))
}
