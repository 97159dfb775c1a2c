package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/reports"
)

type figuresJSON struct {
	Clicks      int64       `json:"clicks"`
	Leads       int64       `json:"leads"`
	Conversions int64       `json:"conversions"`
	Money       []movedJSON `json:"money"`
}

type movedJSON struct {
	Currency   string             `json:"currency"`
	Revenue    int64              `json:"revenue"`
	Commission commissionSumsJSON `json:"commission"`
}

type commissionSumsJSON struct {
	Pending  int64 `json:"pending"`
	Held     int64 `json:"held"`
	Approved int64 `json:"approved"`
	Paid     int64 `json:"paid"`
}

func figuresOf(f reports.Figures) figuresJSON {
	out := figuresJSON{Clicks: f.Clicks, Leads: f.Leads, Conversions: f.Conversions, Money: []movedJSON{}}
	for _, m := range f.Money {
		out.Money = append(out.Money, movedJSON{m.Currency, m.Revenue, commissionSumsJSON{m.Pending, m.Held, m.Approved, m.Paid}})
	}
	return out
}

type bucketJSON struct {
	Start stamp `json:"start"`
	figuresJSON
}

type timeseriesJSON struct {
	Buckets []bucketJSON `json:"buckets"`
}

func reportFilter(c echo.Context) (f reports.Filter, err error) {
	if f.From, f.To, err = queryRange(c); err != nil {
		return f, err
	}
	if f.PartnerID, err = queryID(c, "partner_id"); err != nil {
		return f, err
	}
	f.CampaignID, err = queryID(c, "campaign_id")
	return f, err
}

func (s *Server) reportsOverview(c echo.Context) error {
	f, err := reportFilter(c)
	if err != nil {
		return err
	}
	figures, err := s.Reports.Overview(c.Request().Context(), f)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, figuresOf(figures))
}

func (s *Server) reportsTimeseries(c echo.Context) error {
	f, err := reportFilter(c)
	if err != nil {
		return err
	}
	bucket, err := queryChoice(c, "bucket", []reports.Bucket{reports.Day, reports.Week})
	if err != nil {
		return err
	}
	if bucket == "" {
		bucket = string(reports.Day)
	}
	series, err := s.Reports.Timeseries(c.Request().Context(), f, reports.Bucket(bucket))
	if err != nil {
		return err
	}
	out := timeseriesJSON{Buckets: []bucketJSON{}}
	for _, m := range series {
		out.Buckets = append(out.Buckets, bucketJSON{stamp(m.Start), figuresOf(m.Figures)})
	}
	return c.JSON(http.StatusOK, out)
}
