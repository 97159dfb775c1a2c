package api

import (
	"cmp"
	"net/http"

	"github.com/google/uuid"
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

// bucketOf reads the length of the buckets, days by default.
func bucketOf(c echo.Context) (reports.Bucket, error) {
	bucket, err := queryChoice(c, "bucket", []reports.Bucket{reports.Day, reports.Week})
	return reports.Bucket(cmp.Or(bucket, string(reports.Day))), err
}

func (s *Server) reportsTimeseries(c echo.Context) error {
	f, err := reportFilter(c)
	if err != nil {
		return err
	}
	bucket, err := bucketOf(c)
	if err != nil {
		return err
	}
	series, err := s.Reports.Timeseries(c.Request().Context(), f, bucket)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, timeseriesJSON{Buckets: bucketsOf(series)})
}

func bucketsOf(series []reports.Moment) []bucketJSON {
	out := make([]bucketJSON, 0, len(series))
	for _, m := range series {
		out = append(out, bucketJSON{stamp(m.Start), figuresOf(m.Figures)})
	}
	return out
}

type funnelJSON struct {
	Clicks     int64     `json:"clicks"`
	Identities int64     `json:"identities"`
	Signups    int64     `json:"signups"`
	Paid       int64     `json:"paid"`
	Rates      ratesJSON `json:"rates"`
}

// ratesJSON are percentages as decimals, null where there is nothing to divide by: each step of
// the one before, and the last of the first.
type ratesJSON struct {
	Identities *string `json:"identities"`
	Signups    *string `json:"signups"`
	Paid       *string `json:"paid"`
	Overall    *string `json:"overall"`
}

func (s *Server) reportsFunnel(c echo.Context) error {
	f, err := reportFilter(c)
	if err != nil {
		return err
	}
	got, err := s.Reports.Funnel(c.Request().Context(), f)
	if err != nil {
		return err
	}
	rate := func(part, whole int64) *string {
		text, ok := reports.Rate(part, whole)
		if !ok {
			return nil
		}
		return &text
	}
	return c.JSON(http.StatusOK, funnelJSON{
		Clicks: got.Clicks, Identities: got.Identities, Signups: got.Signups, Paid: got.Paid,
		Rates: ratesJSON{
			Identities: rate(got.Identities, got.Clicks), Signups: rate(got.Signups, got.Identities),
			Paid: rate(got.Paid, got.Signups), Overall: rate(got.Paid, got.Clicks),
		},
	})
}

type dashboardJSON struct {
	PartnerID uuid.UUID `json:"partner_id"`
	figuresJSON
	Buckets   []bucketJSON  `json:"buckets"`
	Balances  []balanceJSON `json:"balances"`
	Links     int           `json:"links"`
	Campaigns int           `json:"campaigns"`
}

// balanceJSON is commission of all time, by what has become of it.
type balanceJSON struct {
	Currency string `json:"currency"`
	commissionSumsJSON
}

func (s *Server) dashboardsShow(c echo.Context) error {
	id, err := pathID(c, "id", "partner")
	if err != nil {
		return err
	}
	f, err := reportFilter(c)
	if err != nil {
		return err
	}
	bucket, err := bucketOf(c)
	if err != nil {
		return err
	}
	d, err := s.Reports.Dashboard(c.Request().Context(), id, f, bucket)
	if err != nil {
		return err
	}
	out := dashboardJSON{
		PartnerID: id, figuresJSON: figuresOf(reports.Sum(d.Series)), Buckets: bucketsOf(d.Series), Balances: []balanceJSON{},
		Links: d.Links, Campaigns: d.Campaigns,
	}
	for _, m := range d.Balances {
		out.Balances = append(out.Balances, balanceJSON{m.Currency, commissionSumsJSON{m.Pending, m.Held, m.Approved, m.Paid}})
	}
	return c.JSON(http.StatusOK, out)
}
