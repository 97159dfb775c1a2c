package web

import (
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/views/figures"
	"github.com/openpartner/openpartner/views/overview"
)

const (
	overviewDays = 30
	topPartners  = 5
)

func (s *Server) overview(c echo.Context) error {
	ctx := c.Request().Context()
	p := overview.Page{Days: overviewDays}
	if days, err := strconv.Atoi(c.QueryParam("days")); err == nil && slices.Contains(figures.Periods(), days) {
		p.Days = days
	}
	from, to, before := figures.Bounds(s.Now(), p.Days)
	period := reports.Filter{From: &from, To: &to}
	var err error
	if p.Series, err = s.Reports.Timeseries(ctx, period, reports.Day); err != nil {
		return err
	}
	p.Now = reports.Sum(p.Series)
	if p.Before, err = s.Reports.Overview(ctx, reports.Filter{From: &before, To: &from}); err != nil {
		return err
	}
	if p.Top, err = s.Reports.TopPartners(ctx, period, topPartners); err != nil {
		return err
	}
	if p.Start, err = s.Reports.Start(ctx); err != nil {
		return err
	}
	if p.Waiting, err = s.waiting(c); err != nil {
		return err
	}
	return s.ok(c, "Overview", overview.Show(p))
}
