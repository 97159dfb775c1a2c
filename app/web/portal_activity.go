package web

import (
	"context"
	"maps"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/reports"
	reportsview "github.com/openpartner/openpartner/views/reports"
)

func (s *Server) portalActivity(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := s.reportFilter(q)
	p := reportsview.ActivityPage{Scope: q.scope(filter, urls(c).PortalActivity()), CSVHref: withQuery(urls(c).PortalActivityCSV(), filtersOf(c))}
	if p.Campaigns, err = s.dealOptions(c, filter.CampaignID); err != nil {
		return err
	}
	if len(wrong) == 0 {
		err := s.activity(c.Request().Context(), filter, &p)
		if fields, refused := fieldErrors(err); refused {
			maps.Copy(wrong, fields)
		} else if err != nil {
			return err
		}
	}
	p.Errors = wrong
	return s.page(c, listStatus(wrong), "Activity", reportsview.Activity(p))
}

// activity reads the time and the time before, and tells the time apart.
func (s *Server) activity(ctx context.Context, f reports.Filter, p *reportsview.ActivityPage) (err error) {
	if p.Series, err = s.Reports.Timeseries(ctx, f, reports.Day); err != nil {
		return err
	}
	if p.Before, err = s.Reports.Overview(ctx, before(f)); err != nil {
		return err
	}
	if p.ByCampaign, err = s.Reports.OwnByCampaign(ctx, f); err != nil {
		return err
	}
	p.ByLink, err = s.Reports.OwnByLink(ctx, f)
	return err
}

// portalActivityCSV has a row for each campaign and each link, in each currency. Counts stand in
// the first row of each only, so that columns add up.
func (s *Server) portalActivityCSV(c echo.Context) error {
	filter, err := filtered(c, s.reportFilter)
	if err != nil {
		return err
	}
	columns := []string{"by", "id", "name", "clicks", "leads", "conversions", "commission", "currency"}
	return s.csv(c, "activity", columns, func(ctx context.Context, f *csvfile.File) error {
		for _, part := range []struct {
			by   string
			read func(context.Context, reports.Filter) ([]reports.Slice, error)
		}{{"campaign", s.Reports.OwnByCampaign}, {"link", s.Reports.OwnByLink}} {
			rows, err := part.read(ctx, filter)
			if err != nil {
				return err
			}
			for _, one := range rows {
				if err := sliceRows(f, part.by, one); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func sliceRows(f *csvfile.File, by string, one reports.Slice) error {
	begin := func() *csvfile.File {
		f.Text(by)
		if one.ID == uuid.Nil {
			f.Blank()
		} else {
			f.ID(one.ID)
		}
		return f.Text(one.Name)
	}
	begin().Count(one.Clicks, one.Leads, one.Conversions)
	if len(one.Money) == 0 {
		return f.Blank().Blank().End()
	}
	for i, m := range one.Money {
		if i > 0 {
			begin().Blank().Blank().Blank()
		}
		if err := f.Number(money.Amount{Minor: m.Commission(), Currency: m.Currency}.Decimal()).Text(m.Currency).End(); err != nil {
			return err
		}
	}
	return nil
}
