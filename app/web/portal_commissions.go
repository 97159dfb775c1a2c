package web

import (
	"context"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/paging"
	portalview "github.com/openpartner/openpartner/views/portal"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) portalCommissionsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.commissions()
	p := portalview.CommissionsPage{
		Status: q.text("status"), CampaignID: q.text("campaign_id"), From: q.text("from"), To: q.text("to"), Errors: wrong, Now: s.Now(),
	}
	if p.Campaigns, err = s.dealOptions(c, filter.CampaignID); err != nil {
		return err
	}
	if len(wrong) == 0 {
		found, err := s.Commissions.List(ctx, filter, page)
		if err != nil {
			return err
		}
		p.Rows, p.Pager = found.Items, csvPager(c, urls(c).PortalCommissions(), portalview.CommissionsTarget, found)
	}
	return s.page(c, listStatus(wrong), "Commissions", portalview.Commissions(p))
}

// dealOptions are the campaigns that a partner's lists are narrowed to.
func (s *Server) dealOptions(c echo.Context, chosen *uuid.UUID) ([]ui.Option, error) {
	deals, err := s.Campaigns.Deals(c.Request().Context(), me(c))
	var out []ui.Option
	for _, d := range deals {
		out = append(out, ui.Option{Value: d.ID.String(), Label: d.Name})
	}
	return withChoice(out, chosen), err
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

// portalCommissionsCSV has what a partner sees of their rows: neither ids of customers and
// events, nor what admins noted.
func (s *Server) portalCommissionsCSV(c echo.Context) error {
	filter, err := filtered(c, form.commissions)
	if err != nil {
		return err
	}
	return download(s, c, table[commissions.Commission]{
		name: "commissions",
		columns: []string{
			"id", "created_at", "occurred_at", "campaign", "kind", "base_amount", "base_currency", "rate_percent", "weight_num", "weight_den",
			"amount", "currency", "status", "matures_at", "approved_at", "paid_at", "held_reason", "reversed_reason",
		},
		list: func(ctx context.Context, page paging.Page) (paging.Result[commissions.Commission], error) {
			return s.Commissions.List(ctx, filter, page)
		},
		write: each(func(f *csvfile.File, m commissions.Commission) error {
			f.ID(m.ID).Time(m.CreatedAt).Time(m.OccurredAt).Maybe(m.CampaignName).Text(string(m.Kind))
			return commissionFigures(f, m).Maybe(m.HeldReason, m.ReversedReason).End()
		}),
	})
}
