package api

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/fault"
)

type couponIn struct {
	Code       string        `json:"code"`
	PartnerID  ID            `json:"partner_id"`
	CampaignID ID            `json:"campaign_id"`
	Promotion  Field[string] `json:"stripe_promotion_code_id"`
}

type couponPatch struct {
	Active    Field[bool]   `json:"active"`
	Promotion Field[string] `json:"stripe_promotion_code_id"`
}

type couponJSON struct {
	ID         uuid.UUID `json:"id"`
	Code       string    `json:"code"`
	PartnerID  uuid.UUID `json:"partner_id"`
	CampaignID uuid.UUID `json:"campaign_id"`
	Active     bool      `json:"active"`
	Promotion  *string   `json:"stripe_promotion_code_id"`
	CreatedAt  stamp     `json:"created_at"`
}

func couponOf(c coupons.Coupon) couponJSON {
	return couponJSON{c.ID, c.Code, c.PartnerID, c.CampaignID, c.Active, c.StripePromotionCodeID, stamp(c.CreatedAt)}
}

func (s *Server) couponsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	var f coupons.Filter
	if f.PartnerID, err = queryID(c, "partner_id"); err != nil {
		return err
	}
	found, err := s.Coupons.List(c.Request().Context(), f, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, couponOf))
}

func (s *Server) couponsCreate(c echo.Context) error {
	var in couponIn
	if err := read(c, &in); err != nil {
		return err
	}
	made, err := s.Coupons.Create(c.Request().Context(), coupons.Input{
		Code: in.Code, PartnerID: uuid.UUID(in.PartnerID), CampaignID: uuid.UUID(in.CampaignID), StripePromotionCodeID: in.Promotion.Value,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, couponOf(made))
}

func (s *Server) couponsUpdate(c echo.Context) error {
	id, err := pathID(c, "id", "coupon")
	if err != nil {
		return err
	}
	var in couponPatch
	if err := read(c, &in); err != nil {
		return err
	}
	ctx := c.Request().Context()
	changed, err := s.Coupons.Find(ctx, id)
	if err == nil && in.Active.Ptr() != nil {
		changed, err = s.Coupons.SetActive(ctx, id, in.Active.Value)
	}
	if code := sent(in.Promotion); err == nil && code != nil {
		changed, err = s.Coupons.SetPromotion(ctx, id, *code)
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, couponOf(changed))
}

// couponEventIn is an event that a coupon came with; the user is told beside it.
type couponEventIn struct {
	Type       string           `json:"type"`
	Amount     Field[int64]     `json:"amount"`
	Currency   Field[string]    `json:"currency"`
	ExternalID Field[string]    `json:"external_id"`
	OccurredAt Field[time.Time] `json:"occurred_at"`
	Metadata   Field[freeForm]  `json:"metadata"`
	Email      Field[string]    `json:"email"`
}

type redeemIn struct {
	Code   string               `json:"code"`
	UserID string               `json:"user_id"`
	Event  Field[couponEventIn] `json:"event"`
}

func (s *Server) couponsRedeem(c echo.Context) error {
	var in redeemIn
	if err := read(c, &in); err != nil {
		return err
	}
	e := in.Event.Value
	if e.ExternalID.Ptr() == nil {
		return fault.InvalidField("event.external_id", "Give the event an external_id, so that a repeat redeems nothing twice.")
	}
	o, err := s.Coupons.Redeem(c.Request().Context(), in.Code, attribution.EventInput{
		UserID: in.UserID, Type: e.Type, Amount: e.Amount.Ptr(), Currency: e.Currency.Ptr(), ExternalID: e.ExternalID.Ptr(),
		OccurredAt: e.OccurredAt.Ptr(), Metadata: e.Metadata.Value, Email: e.Email.Ptr(),
	})
	return writeRecorded(c, o, err)
}
