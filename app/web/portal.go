package web

import (
	"context"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/views/figures"
	portalview "github.com/openpartner/openpartner/views/portal"
)

// me is the partner whose page it is.
func me(c echo.Context) uuid.UUID { return auth.From(c.Request().Context()).PartnerID }

func (s *Server) portalHome(c echo.Context) error {
	ctx := c.Request().Context()
	p := portalview.HomePage{Name: auth.From(ctx).Name, Now: s.Now()}
	var err error
	if p.Standings, err = s.Commissions.Standings(ctx, me(c)); err != nil {
		return err
	}
	if p.Steps, err = s.Reports.OwnSteps(ctx); err != nil {
		return err
	}
	_, to, before := figures.Bounds(s.Now(), portalview.HomeDays)
	if p.Series, err = s.Reports.Timeseries(ctx, reports.Filter{From: &before, To: &to}, reports.Day); err != nil {
		return err
	}
	if err := s.portalLatest(ctx, &p); err != nil {
		return err
	}
	return s.ok(c, "Home", portalview.Home(p))
}

// portalLatest fills in the best of the latest links, and the latest commissions.
func (s *Server) portalLatest(ctx context.Context, p *portalview.HomePage) error {
	mine, err := s.Links.List(ctx, links.Filter{}, paging.Page{Limit: portalview.LinksCompared})
	if err != nil {
		return err
	}
	rows, err := s.linkRows(ctx, mine.Items)
	if err != nil {
		return err
	}
	earned, err := s.Commissions.List(ctx, commissions.Filter{}, paging.Page{Limit: latest})
	if err != nil {
		return err
	}
	p.Links, p.Latest = portalview.Best(rows), earned.Items
	return nil
}

// deal is the campaign as the partner has it.
func (s *Server) deal(c echo.Context, campaign uuid.UUID) (campaigns.Deal, error) {
	deals, err := s.Campaigns.Deals(c.Request().Context(), me(c))
	if err != nil {
		return campaigns.Deal{}, err
	}
	for _, d := range deals {
		if d.ID == campaign {
			return d, nil
		}
	}
	return campaigns.Deal{}, fault.NotFound("campaign")
}
