package web

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/partners"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
	linksview "github.com/openpartner/openpartner/views/links"
)

func (s *Server) partnersCSV(c echo.Context) error {
	filter, err := filtered(c, form.partners)
	if err != nil {
		return err
	}
	return download(s, c, table[partners.Partner]{
		name: "partners",
		columns: []string{
			"id", "name", "email", "status", "source", "campaigns", "links", "company", "website", "country",
			"created_at", "activated_at", "revoked_at", "revoke_reason",
		},
		list: func(ctx context.Context, page paging.Page) (paging.Result[partners.Partner], error) {
			return s.Partners.List(ctx, filter, page)
		},
		write: func(ctx context.Context, f *csvfile.File, rows []partners.Partner) error {
			holdings, err := s.Partners.Holdings(ctx, idsOf(rows, func(p partners.Partner) uuid.UUID { return p.ID }))
			if err != nil {
				return err
			}
			for _, p := range rows {
				held := holdings[p.ID]
				err := f.ID(p.ID).Text(p.Name, p.Email, string(p.Status), string(p.Source)).Count(int64(held.Campaigns), int64(held.Links)).
					Maybe(p.Profile.Company, p.Profile.Website, p.Profile.Country).
					Time(p.CreatedAt).MaybeTime(p.ActivatedAt).MaybeTime(p.RevokedAt).Maybe(p.RevokeReason).End()
				if err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func (s *Server) campaignsCSV(c echo.Context) error {
	filter, err := filtered(c, form.campaigns)
	if err != nil {
		return err
	}
	now := s.Now()
	return download(s, c, table[campaigns.Campaign]{
		name: "campaigns",
		columns: []string{
			"id", "name", "state", "destination_url", "deep_link_domains", "attribution_model", "window_days", "customer_lock",
			"hold_days", "auto_approve", "rules", "starts_at", "ends_at", "created_at",
		},
		list: func(ctx context.Context, page paging.Page) (paging.Result[campaigns.Campaign], error) {
			return s.Campaigns.List(ctx, filter, page)
		},
		write: each(func(f *csvfile.File, one campaigns.Campaign) error {
			var rules []string
			for _, r := range one.Rules {
				rules = append(rules, campaignsview.RuleWords(r))
			}
			return f.ID(one.ID).Text(one.Name, one.State(now), one.DestinationURL, strings.Join(one.DeepLinkDomains, " "), string(one.AttributionModel)).
				Count(int64(one.WindowDays)).Truth(one.CustomerLock).Count(int64(one.HoldDays)).Truth(one.AutoApprove).
				Text(strings.Join(rules, "; ")).MaybeTime(one.StartsAt).MaybeTime(one.EndsAt).Time(one.CreatedAt).End()
		}),
	})
}

func (s *Server) linksCSV(c echo.Context) error {
	filter, err := filtered(c, form.links)
	if err != nil {
		return err
	}
	u := urls(c)
	return download(s, c, table[links.Link]{
		name: "links",
		columns: []string{
			"id", "key", "url", "partner_id", "partner", "campaign_id", "campaign", "destination_url", "clicks_of_30_days", "created_at", "archived_at",
		},
		list: func(ctx context.Context, page paging.Page) (paging.Result[links.Link], error) {
			return s.Links.List(ctx, filter, page)
		},
		write: func(ctx context.Context, f *csvfile.File, rows []links.Link) error {
			counted, err := s.linkRows(ctx, rows)
			if err != nil {
				return err
			}
			for _, l := range counted {
				err := f.ID(l.ID).Text(l.Key, linksview.URL(u, l.Link)).ID(l.PartnerID).Text(l.PartnerName).ID(l.CampaignID).Text(l.CampaignName).
					Maybe(l.DestinationURL).Count(l.Clicks).Time(l.CreatedAt).MaybeTime(l.ArchivedAt).End()
				if err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func (s *Server) couponsCSV(c echo.Context) error {
	filter, err := filtered(c, form.coupons)
	if err != nil {
		return err
	}
	return download(s, c, table[coupons.Coupon]{
		name:    "coupons",
		columns: []string{"id", "code", "partner_id", "partner", "campaign_id", "campaign", "active", "created_at"},
		list: func(ctx context.Context, page paging.Page) (paging.Result[coupons.Coupon], error) {
			return s.Coupons.List(ctx, filter, page)
		},
		write: each(func(f *csvfile.File, one coupons.Coupon) error {
			return f.ID(one.ID).Text(one.Code).ID(one.PartnerID).Text(one.PartnerName).ID(one.CampaignID).Text(one.CampaignName).
				Truth(one.Active).Time(one.CreatedAt).End()
		}),
	})
}
