package web

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/tracking"
)

func (s *Server) eventsCSV(c echo.Context) error {
	filter, err := filtered(c, form.events)
	if err != nil {
		return err
	}
	return download(s, c, table[attribution.Listed]{
		name:    "events",
		columns: []string{"id", "occurred_at", "user_id", "type", "amount", "currency", "status", "external_id", "source", "reverses_event_id", "created_at"},
		list: func(ctx context.Context, page paging.Page) (paging.Result[attribution.Listed], error) {
			return s.Attribution.List(ctx, filter, page)
		},
		write: each(func(f *csvfile.File, e attribution.Listed) error {
			f.ID(e.ID).Time(e.OccurredAt).Text(e.UserID, e.Type)
			if amount, ok := e.Money(); ok {
				f.Amount(amount)
			} else {
				f.Blank().Blank()
			}
			return f.Text(string(e.Status)).Maybe(e.ExternalID).Text(e.Source).MaybeID(e.ReversesEventID).Time(e.CreatedAt).End()
		}),
	})
}

func (s *Server) clicksCSV(c echo.Context) error {
	filter, err := filtered(c, form.clicks)
	if err != nil {
		return err
	}
	return download(s, c, table[tracking.Click]{
		name:    "clicks",
		columns: clickColumns(),
		list: func(ctx context.Context, page paging.Page) (paging.Result[tracking.Click], error) {
			return s.Tracking.Clicks(ctx, filter, page)
		},
		write: each(func(f *csvfile.File, k tracking.Click) error { return clickCells(f, k).End() }),
	})
}

// fraudCSV is the list of clicks with what a burst is judged by.
func (s *Server) fraudCSV(c echo.Context) error {
	filter, err := filtered(c, form.flagged)
	if err != nil {
		return err
	}
	return download(s, c, table[tracking.Click]{
		name:    "flagged-clicks",
		columns: append(clickColumns(), "clicks_within_a_minute"),
		list: func(ctx context.Context, page paging.Page) (paging.Result[tracking.Click], error) {
			return s.Tracking.Clicks(ctx, filter, page)
		},
		write: func(ctx context.Context, f *csvfile.File, rows []tracking.Click) error {
			bursts, err := s.Tracking.Bursts(ctx, idsOf(rows, func(k tracking.Click) uuid.UUID { return k.ID }))
			if err != nil {
				return err
			}
			for _, k := range rows {
				if err := clickCells(f, k).Count(int64(bursts[k.ID])).End(); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func utmNames() []string {
	return []string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"}
}

func subNames() []string { return []string{"sub1", "sub2", "sub3", "sub4", "sub5"} }

func clickColumns() []string {
	return slices.Concat([]string{
		"id", "occurred_at", "partner_id", "partner", "campaign_id", "campaign", "link", "destination_url", "referer", "user_agent", "flag", "reviewed_at",
	}, utmNames(), subNames())
}

func clickCells(f *csvfile.File, k tracking.Click) *csvfile.File {
	f.ID(k.ID).Time(k.OccurredAt).ID(k.PartnerID).Text(k.PartnerName).ID(k.CampaignID).Text(k.CampaignName, k.LinkKey, k.DestinationURL).
		Maybe(k.Referer, k.UserAgent).Text(string(k.Flag)).MaybeTime(k.ReviewedAt)
	for _, name := range utmNames() {
		f.Text(k.UTM[name])
	}
	for _, name := range subNames() {
		f.Text(k.SubIDs[name])
	}
	return f
}

func (s *Server) commissionsCSV(c echo.Context) error {
	filter, err := filtered(c, form.commissions)
	if err != nil {
		return err
	}
	return download(s, c, table[commissions.Commission]{
		name: "commissions",
		columns: []string{
			"id", "created_at", "occurred_at", "partner_id", "partner", "campaign_id", "campaign", "event_id", "rule_id", "kind", "base_amount", "base_currency",
			"rate_percent", "weight_num", "weight_den", "amount", "currency", "status", "matures_at", "approved_at", "paid_at", "held_reason", "reversed_reason", "note",
		},
		list: func(ctx context.Context, page paging.Page) (paging.Result[commissions.Commission], error) {
			return s.Commissions.List(ctx, filter, page)
		},
		write: each(commissionRow),
	})
}

func commissionRow(f *csvfile.File, m commissions.Commission) error {
	f.ID(m.ID).Time(m.CreatedAt).Time(m.OccurredAt).ID(m.PartnerID).Text(m.PartnerName).MaybeID(m.CampaignID).Maybe(m.CampaignName).
		MaybeID(m.EventID).MaybeID(m.RuleID).Text(string(m.Kind))
	return commissionFigures(f, m).Maybe(m.HeldReason, m.ReversedReason, m.Note).End()
}

// commissionFigures are how the amount came about, and what has become of it.
func commissionFigures(f *csvfile.File, m commissions.Commission) *csvfile.File {
	if m.BaseAmount != nil && m.BaseCurrency != nil {
		f.Amount(money.Amount{Minor: *m.BaseAmount, Currency: *m.BaseCurrency})
	} else {
		f.Blank().Blank()
	}
	if m.RatePPM != nil {
		f.Number(money.FormatPercent(*m.RatePPM))
	} else {
		f.Blank()
	}
	// In cells of their own: a spreadsheet takes 1/3 for the first of March.
	if m.WeightNum != nil && m.WeightDen != nil {
		f.Count(*m.WeightNum, *m.WeightDen)
	} else {
		f.Blank().Blank()
	}
	return f.Amount(m.Money()).Text(string(m.Status)).Time(m.MaturesAt).MaybeTime(m.ApprovedAt).MaybeTime(m.PaidAt)
}

// payoutsCSV is the list of payouts.
func (s *Server) payoutsCSV(c echo.Context) error {
	filter, err := filtered(c, form.payouts)
	if err != nil {
		return err
	}
	return download(s, c, table[payouts.Payout]{
		name: "payouts",
		columns: []string{
			"id", "created_at", "partner_id", "partner", "amount", "currency", "rail", "status", "completed_at", "reference", "run_id", "stripe_transfer_id", "failure_code",
		},
		list: func(ctx context.Context, page paging.Page) (paging.Result[payouts.Payout], error) {
			return s.Payouts.List(ctx, filter, page)
		},
		write: each(func(f *csvfile.File, o payouts.Payout) error {
			f.ID(o.ID).Time(o.CreatedAt).ID(o.PartnerID).Text(o.PartnerName).Amount(o.Money()).Text(string(o.Rail), string(o.Status))
			return f.MaybeTime(o.CompletedAt).Maybe(o.Reference).ID(o.RunID).Maybe(o.StripeTransferID, o.FailureCode).End()
		}),
	})
}
