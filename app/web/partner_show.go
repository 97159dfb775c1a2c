package web

import (
	"context"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/tracking"
	linksview "github.com/openpartner/openpartner/views/links"
	partnersview "github.com/openpartner/openpartner/views/partners"
)

// latest is how many rows of each list the page of a partner shows.
const latest = 5

func (s *Server) partnersShow(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	page := partnersview.ShowPage{Partner: p, Editable: mayEdit(c), Now: s.Now()}
	if page.Series, err = s.Reports.Timeseries(ctx, reports.Filter{PartnerID: &p.ID}, reports.Day); err != nil {
		return err
	}
	if page.Balances, err = s.Commissions.Balances(ctx, p.ID); err != nil {
		return err
	}
	if page.Promotions, err = s.Partners.Promotions(ctx, p.ID); err != nil {
		return err
	}
	if page.History, err = audit.Of(ctx, p.ID, 2*latest); err != nil {
		return err
	}
	refused, err := audit.Undelivered(ctx, p.ID)
	if err != nil {
		return err
	}
	page.MailRefused = refused[p.ID]
	if len(p.Profile.Answers) > 0 {
		form, err := s.Signup.Form(ctx)
		if err != nil {
			return err
		}
		page.Questions = form.Questions
	}
	if err := s.latestOf(ctx, p.ID, &page); err != nil {
		return err
	}
	return s.ok(c, p.Name, partnersview.Show(page))
}

// latestOf fills in the last few of each list.
func (s *Server) latestOf(ctx context.Context, partner uuid.UUID, page *partnersview.ShowPage) error {
	few := paging.Page{Limit: latest}
	promoting, err := s.Links.List(ctx, links.Filter{PartnerID: &partner}, few)
	if err != nil {
		return err
	}
	if page.Links, err = s.linkRows(ctx, promoting.Items); err != nil {
		return err
	}
	earned, err := s.Commissions.List(ctx, commissions.Filter{PartnerID: &partner}, few)
	if err != nil {
		return err
	}
	clicked, err := s.Tracking.Clicks(ctx, tracking.ClickFilter{PartnerID: &partner}, few)
	if err != nil {
		return err
	}
	given, err := s.Coupons.List(ctx, coupons.Filter{PartnerID: &partner}, few)
	if err != nil {
		return err
	}
	page.Commissions, page.Clicks, page.Coupons = earned.Items, clicked.Items, given.Items
	return nil
}

// linkRows adds to links how often they were clicked of late.
func (s *Server) linkRows(ctx context.Context, all []links.Link) ([]linksview.Row, error) {
	clicks, err := s.Tracking.LinkClicks(ctx, all, linksview.Days)
	if err != nil {
		return nil, err
	}
	rows := make([]linksview.Row, 0, len(all))
	for _, l := range all {
		rows = append(rows, linksview.Row{Link: l, Clicks: clicks[l.ID]})
	}
	return rows, nil
}
