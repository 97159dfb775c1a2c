package web

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/views/figures"
	reportsview "github.com/openpartner/openpartner/views/reports"
)

const (
	reportDays   = 30
	reportParts  = 20      // campaigns or partners that a funnel is told apart by
	funnelRows   = 100_000 // and as many as a spreadsheet is still good for
	reportLength = 50      // rows of a page
)

// reportFilter reads a time and what a report is narrowed to: days that were typed, else the
// period that was chosen.
func (s *Server) reportFilter(q form) (reports.Filter, fault.Fields) {
	wrong := fault.Fields{}
	from, to, _ := figures.Bounds(s.Now(), reportPeriod(q))
	f := reports.Filter{PartnerID: q.chosen(wrong, "partner_id"), CampaignID: q.chosen(wrong, "campaign_id")}
	if f.From, f.To = q.days(wrong); f.To == nil {
		f.To = &to
	} else if f.From == nil {
		from = f.To.AddDate(0, 0, -reportPeriod(q))
	}
	if f.From == nil {
		f.From = &from
	}
	if len(wrong) == 0 && !f.From.Before(*f.To) {
		wrong.Add("to", "Choose a last day that is not before the first.")
	}
	return f, wrong
}

func reportPeriod(q form) int {
	if days, err := strconv.Atoi(q.text("days")); err == nil && slices.Contains(figures.Periods(), days) {
		return days
	}
	return reportDays
}

// reportScope is what a report says about its filter.
func (s *Server) reportScope(c echo.Context, q form, f reports.Filter, path string) (reportsview.Scope, error) {
	p := q.scope(f, path)
	p.PartnerID, p.MayEdit = q.text("partner_id"), mayEdit(c)
	var err error
	p.Partners, p.Campaigns, err = s.filterOptions(c.Request().Context(), f.PartnerID, f.CampaignID)
	return p, err
}

// scope is the time of a report as it was asked for, and its campaign.
func (f form) scope(filter reports.Filter, path string) reportsview.Scope {
	p := reportsview.Scope{
		Path: path, From: f.text("from"), To: f.text("to"), Begin: *filter.From, End: *filter.To, CampaignID: f.text("campaign_id"),
	}
	if p.From+p.To == "" {
		p.Days = reportPeriod(f)
	}
	return p
}

// before is the same report over the time before, as long.
func before(f reports.Filter) reports.Filter {
	from := f.From.Add(-f.To.Sub(*f.From))
	f.From, f.To = &from, f.From
	return f
}

func (s *Server) reportFunnel(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := s.reportFilter(q)
	var p reportsview.FunnelPage
	if p.Scope, err = s.reportScope(c, q, filter, urls(c).ReportFunnel()); err != nil {
		return err
	}
	if len(wrong) == 0 {
		err := s.funnels(c.Request().Context(), filter, &p)
		if fields, refused := fieldErrors(err); refused {
			maps.Copy(wrong, fields)
		} else if err != nil {
			return err
		}
	}
	p.Errors, p.CSVHref = wrong, withQuery(urls(c).ReportFunnelCSV(), filtersOf(c))
	return s.page(c, listStatus(wrong), "Funnel", reportsview.Funnel(p))
}

// funnels adds up the whole and its parts, but for parts of one.
func (s *Server) funnels(ctx context.Context, f reports.Filter, p *reportsview.FunnelPage) (err error) {
	if p.Whole, err = s.Reports.Funnel(ctx, f); err != nil {
		return err
	}
	if f.CampaignID == nil {
		found, err := s.Reports.FunnelByCampaign(ctx, f, reportParts+1)
		if err != nil {
			return err
		}
		p.ByCampaign = reportsview.CutParts(found, reportParts)
	}
	if f.PartnerID == nil {
		found, err := s.Reports.FunnelByPartner(ctx, f, reportParts+1)
		if err != nil {
			return err
		}
		p.ByPartner = reportsview.CutParts(found, reportParts)
	}
	return nil
}

// reportFunnelCSV has a row for each campaign and each partner; they don't add up, since a user
// may have come by several.
func (s *Server) reportFunnelCSV(c echo.Context) error {
	filter, err := filtered(c, s.reportFilter)
	if err != nil {
		return err
	}
	columns := []string{"by", "id", "name", "clicks", "identities", "signups", "paid"}
	return s.csv(c, "funnel", columns, func(ctx context.Context, f *csvfile.File) error {
		for _, part := range []struct {
			by   string
			read func(context.Context, reports.Filter, int) ([]reports.Part, error)
		}{{"campaign", s.Reports.FunnelByCampaign}, {"partner", s.Reports.FunnelByPartner}} {
			rows, err := part.read(ctx, filter, funnelRows)
			if err != nil {
				return err
			}
			for _, one := range rows {
				if err := f.Text(part.by).ID(one.ID).Text(one.Name).Count(one.Clicks, one.Identities, one.Signups, one.Paid).End(); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (s *Server) reportPartners(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := s.reportFilter(q)
	filter.PartnerID = nil
	var p reportsview.PartnersPage
	if p.Scope, err = s.reportScope(c, q, filter, urls(c).ReportPartners()); err != nil {
		return err
	}
	p.PartnerID = ""
	after, err := paging.ParseRank(c.QueryParam("cursor"))
	if err != nil {
		return err
	}
	if p.By, err = reports.ParseOrder(q.text("sort")); err != nil {
		return err
	}
	if len(wrong) == 0 {
		err := s.partnerFigures(c, filter, after, &p)
		if fields, refused := fieldErrors(err); refused {
			maps.Copy(wrong, fields)
		} else if err != nil {
			return err
		}
	}
	p.Errors = wrong
	return s.page(c, listStatus(wrong), "Partner report", reportsview.Partners(p))
}

// partnerFigures reads a page of the report, and what there was before.
func (s *Server) partnerFigures(c echo.Context, f reports.Filter, after *paging.Rank, p *reportsview.PartnersPage) error {
	ctx := c.Request().Context()
	series, err := s.Reports.Timeseries(ctx, f, reports.Day)
	if err != nil {
		return err
	}
	p.Now, p.Currency = reports.Sum(series), figures.Currency(series)
	if p.Before, err = s.Reports.Overview(ctx, before(f)); err != nil {
		return err
	}
	found, err := s.Reports.Partners(ctx, f, reports.Ranking{By: p.By, Currency: p.Currency, After: after, Limit: reportLength})
	if err != nil {
		return err
	}
	p.Rows, p.Pager = found.Items, csvPager(c, p.Path, reportsview.Target, found)
	p.Earlier, err = s.Reports.FiguresOf(ctx, before(f), idsOf(found.Items, func(one reports.PartnerFigures) uuid.UUID { return one.PartnerID }))
	return err
}

// reportPartnersCSV has a row for each partner and currency. Counts stand in the first row of a
// partner only, so that columns add up.
func (s *Server) reportPartnersCSV(c echo.Context) error {
	filter, err := filtered(c, s.reportFilter)
	if err != nil {
		return err
	}
	filter.PartnerID = nil
	by := reports.Ranking{}
	if by.By, err = reports.ParseOrder(c.QueryParam("sort")); err != nil {
		return err
	}
	columns := []string{
		"partner_id", "partner", "email", "clicks", "leads", "conversions", "revenue", "commission", "pending", "held", "approved", "paid", "currency",
	}
	return s.csv(c, "partner-report", columns, func(ctx context.Context, f *csvfile.File) error {
		series, err := s.Reports.Timeseries(ctx, filter, reports.Day)
		if err != nil {
			return err
		}
		by.Currency = figures.Currency(series)
		list := func(ctx context.Context, after *paging.Rank, limit int) (paging.Result[reports.PartnerFigures], error) {
			by.After, by.Limit = after, limit
			return s.Reports.Partners(ctx, filter, by)
		}
		return paging.WalkRanks(ctx, list, func(rows []reports.PartnerFigures) error { return each(partnerFiguresRows)(ctx, f, rows) })
	})
}

func partnerFiguresRows(f *csvfile.File, one reports.PartnerFigures) error {
	f.ID(one.PartnerID).Text(one.Name, one.Email).Count(one.Clicks, one.Leads, one.Conversions)
	if len(one.Money) == 0 {
		return f.Blank().Blank().Blank().Blank().Blank().Blank().Blank().End()
	}
	for i, m := range one.Money {
		if i > 0 {
			f.ID(one.PartnerID).Text(one.Name, one.Email).Blank().Blank().Blank()
		}
		for _, minor := range []int64{m.Revenue, m.Commission(), m.Pending, m.Held, m.Approved, m.Paid} {
			f.Number(money.Amount{Minor: minor, Currency: m.Currency}.Decimal())
		}
		if err := f.Text(m.Currency).End(); err != nil {
			return err
		}
	}
	return nil
}
