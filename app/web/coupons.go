package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/fault"
	couponsview "github.com/openpartner/openpartner/views/coupons"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) couponsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.coupons()
	p := couponsview.IndexPage{PartnerID: q.text("partner_id"), Errors: wrong, MayEdit: mayEdit(c), Back: listHref(c)}
	if p.Partners, _, err = s.filterOptions(ctx, filter.PartnerID, nil); err != nil {
		return err
	}
	if len(wrong) == 0 {
		found, err := s.Coupons.List(ctx, filter, page)
		if err != nil {
			return err
		}
		p.Coupons, p.Pager = found.Items, csvPager(c, urls(c).Coupons(), couponsview.ListTarget, found)
	}
	return s.page(c, listStatus(wrong), "Coupons", couponsview.Index(p))
}

// coupons reads the filter of the list of coupons.
func (f form) coupons() (coupons.Filter, fault.Fields) {
	wrong := fault.Fields{}
	return coupons.Filter{PartnerID: f.chosen(wrong, "partner_id")}, wrong
}

func (s *Server) couponsNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	return s.couponForm(c, http.StatusOK, couponsview.FormPage{PartnerID: q.text("partner_id")})
}

func (s *Server) couponForm(c echo.Context, status int, p couponsview.FormPage) error {
	var err error
	if p.Partners, p.Campaigns, err = s.linkOptions(c.Request().Context()); err != nil {
		return err
	}
	if status == http.StatusOK && len(p.Campaigns) == 1 {
		p.CampaignID = p.Campaigns[0].Value
	}
	head := ui.HeaderProps{Title: "New coupon", Crumbs: []ui.Crumb{{Label: "Coupons", Href: urls(c).Coupons()}}}
	return s.formPage(c, status, head, couponsview.Form(p))
}

func (s *Server) couponsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	made, err := s.createCoupon(c.Request().Context(), f)
	if fields, wrong := fieldErrors(err); wrong {
		return s.couponForm(c, http.StatusUnprocessableEntity, couponsview.FormPage{
			Code: f.text("code"), PartnerID: f.text("partner_id"), CampaignID: f.text("campaign_id"), Promotion: f.text("stripe_promotion_code_id"), Errors: fields,
		})
	}
	if err != nil {
		return err
	}
	return s.done(c, "The coupon "+made.Code+" is ready.", urls(c).Coupons())
}

// createCoupon adds the coupon of a form. A choice that was not made is nobody's id.
func (s *Server) createCoupon(ctx context.Context, f form) (coupons.Coupon, error) {
	wrong := fault.Fields{}
	partner, campaign := f.chosen(wrong, "partner_id"), f.chosen(wrong, "campaign_id")
	if partner == nil {
		wrong.Add("partner_id", "Choose who is credited.")
	}
	if campaign == nil {
		wrong.Add("campaign_id", "Choose whose rules pay.")
	}
	if err := wrong.Err(); err != nil {
		return coupons.Coupon{}, err
	}
	return s.Coupons.Create(ctx, coupons.Input{Code: f.text("code"), PartnerID: *partner, CampaignID: *campaign, StripePromotionCodeID: f.text("stripe_promotion_code_id")})
}

// couponStatusCreate puts a coupon out of use or back into it; in the list htmx gets its row.
func (s *Server) couponStatusCreate(c echo.Context) error {
	id, err := pathID(c, "id", "coupon")
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	changed, err := s.Coupons.SetActive(c.Request().Context(), id, f.checked("active"))
	if err != nil {
		return err
	}
	notice := "The coupon " + changed.Code + " is " + couponsview.Status(changed) + "."
	back := f.back(c)
	if back != "" && fragment(c) {
		row := couponsview.RowProps{Coupon: changed, MayEdit: true, Back: back}
		return s.answer(c, notice, couponsview.Row(row))
	}
	if back == "" {
		back = urls(c).Coupons()
	}
	return s.done(c, notice, back)
}
