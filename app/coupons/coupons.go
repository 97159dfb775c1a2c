// Package coupons owns the codes that credit a partner at the checkout, where no link was
// clicked.
//
// It does not decide what a redeemed code earns: it tells attribution of a visit that stands in
// for a click. Invariant: a code means one coupon for ever and is compared without case.
package coupons

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/partners"
)

// Coupon is a partner's code for a campaign.
type Coupon struct {
	ID           uuid.UUID
	Code         string
	PartnerID    uuid.UUID
	PartnerName  string
	CampaignID   uuid.UUID
	CampaignName string
	Active       bool
	// StripePromotionCodeID is the promotion code at Stripe that stands for the coupon.
	StripePromotionCodeID *string
	CreatedAt             time.Time
}

// Input is a new coupon as it is written.
type Input struct {
	Code       string
	PartnerID  uuid.UUID
	CampaignID uuid.UUID
	// StripePromotionCodeID is empty for a coupon that is not used at Stripe.
	StripePromotionCodeID string
}

// Filter narrows a list.
type Filter struct{ PartnerID *uuid.UUID }

// Service keeps coupons.
type Service struct {
	campaigns   *campaigns.Service
	partners    *partners.Service
	attribution *attribution.Service
	now         func() time.Time
}

// NewService makes the service.
func NewService(c *campaigns.Service, p *partners.Service, a *attribution.Service, now func() time.Time) *Service {
	return &Service{campaigns: c, partners: p, attribution: a, now: now}
}

var codeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{3,64}$`)

const scope = "coupons:write"

// Create adds a coupon for a partner who was granted the campaign.
func (s *Service) Create(ctx context.Context, in Input) (Coupon, error) {
	if err := auth.Require(ctx, scope); err != nil {
		return Coupon{}, err
	}
	fields := fault.Fields{}
	if in.Code = strings.TrimSpace(in.Code); !codeForm.MatchString(in.Code) {
		fields.Add("code", "A code has 3 to 64 letters, digits, hyphens or underscores.")
	}
	in.StripePromotionCodeID = promotionCode(fields, in.StripePromotionCodeID)
	system := auth.With(ctx, auth.SystemPrincipal("coupons"))
	p, err := s.partners.Find(system, in.PartnerID)
	if fault.Is(err, fault.KindNotFound) {
		fields.Add("partner_id", "There is no such partner.")
	} else if err != nil {
		return Coupon{}, err
	}
	c, err := s.campaigns.Find(system, in.CampaignID)
	if fault.Is(err, fault.KindNotFound) {
		fields.Add("campaign_id", "There is no such campaign.")
	} else if err != nil {
		return Coupon{}, err
	}
	if err := fields.Err(); err != nil {
		return Coupon{}, err
	}
	if granted, err := s.partners.Granted(ctx, p.ID, c.ID); err != nil {
		return Coupon{}, err
	} else if !granted {
		return Coupon{}, fault.Forbidden("campaign_not_granted", "This partner has not been granted this campaign.").
			WithField("campaign_id", "Grant this campaign to the partner first.")
	}
	now := s.now()
	made := Coupon{
		ID: ids.NewAt(now), Code: in.Code, PartnerID: p.ID, PartnerName: p.Name, CampaignID: c.ID, CampaignName: c.Name, Active: true, CreatedAt: now,
	}
	if in.StripePromotionCodeID != "" {
		made.StripePromotionCodeID = &in.StripePromotionCodeID
	}
	if err := insert(ctx, made); err != nil {
		return Coupon{}, err
	}
	return made, record(ctx, "coupon.created", made)
}

// SetActive puts a coupon out of use, or back into it.
func (s *Service) SetActive(ctx context.Context, id uuid.UUID, active bool) (Coupon, error) {
	if err := auth.Require(ctx, scope); err != nil {
		return Coupon{}, err
	}
	c, err := find(ctx, id)
	if err != nil || c.Active == active {
		return c, err
	}
	c.Active = active
	if err := updateActive(ctx, id, active); err != nil {
		return Coupon{}, err
	}
	return c, record(ctx, "coupon.changed", c)
}

// SetPromotion says which promotion code of Stripe's stands for a coupon; an empty one none.
func (s *Service) SetPromotion(ctx context.Context, id uuid.UUID, code string) (Coupon, error) {
	if err := auth.Require(ctx, scope); err != nil {
		return Coupon{}, err
	}
	c, err := find(ctx, id)
	if err != nil {
		return Coupon{}, err
	}
	fields := fault.Fields{}
	code = promotionCode(fields, code)
	if err := fields.Err(); err != nil {
		return Coupon{}, err
	}
	if c.StripePromotionCodeID = &code; code == "" {
		c.StripePromotionCodeID = nil
	}
	if err := updatePromotion(ctx, id, c.StripePromotionCodeID); err != nil {
		return Coupon{}, err
	}
	return c, record(ctx, "coupon.changed", c)
}

var promotionForm = regexp.MustCompile(`^promo_[A-Za-z0-9_]{1,200}$`)

func promotionCode(fields fault.Fields, code string) string {
	code = strings.TrimSpace(code)
	if code != "" && !promotionForm.MatchString(code) {
		fields.Add("stripe_promotion_code_id", "Give the id of the promotion code, such as promo_1MyABC.")
	}
	return code
}

func record(ctx context.Context, action string, c Coupon) error {
	return audit.Record(ctx, audit.Entry{
		Action: action, SubjectKind: "coupon", SubjectID: c.ID, Detail: map[string]any{"code": c.Code, "active": c.Active},
	})
}

// Find gives one coupon.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Coupon, error) {
	if err := mayRead(ctx); err != nil {
		return Coupon{}, err
	}
	return find(ctx, id)
}

// List gives coupons, newest first.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Coupon], error) {
	if err := mayRead(ctx); err != nil {
		return paging.Result[Coupon]{}, err
	}
	rows, err := list(ctx, f, page)
	if err != nil {
		return paging.Result[Coupon]{}, err
	}
	return paging.Cut(rows, page, func(c Coupon) paging.Cursor { return paging.Cursor{At: c.CreatedAt, ID: c.ID} }), nil
}

// mayRead lets in who may write coupons, and viewers: there is no scope for reading alone.
func mayRead(ctx context.Context) error {
	if auth.From(ctx).Kind == auth.Key {
		return auth.Require(ctx, scope)
	}
	return auth.Require(ctx, auth.AdminReadScope)
}

// Redeem records an event that came with a code: a stitch by the merchant to a visit at the
// event's time, and the event itself. The event's external id makes a repeat harmless. An
// unknown or inactive code is not found.
func (s *Service) Redeem(ctx context.Context, code string, in attribution.EventInput) (attribution.Outcome, error) {
	known, err := findByCodes(ctx, []string{code})
	if err != nil {
		return attribution.Outcome{}, err
	}
	c, ok := known[normalise(code)]
	if !ok {
		return attribution.Outcome{}, fault.NotFound("coupon")
	}
	in.Credit, in.Source = c.credit(), attribution.SourceCoupon
	return s.attribution.Record(ctx, in)
}

// RecordAll records events of which some came with a code (empty: none). A code that is unknown
// or inactive is that event's error and stops no other.
func (s *Service) RecordAll(ctx context.Context, all []attribution.EventInput, codes []string) ([]attribution.Recorded, error) {
	known, err := findByCodes(ctx, codes)
	if err != nil {
		return nil, err
	}
	out := make([]attribution.Recorded, len(all))
	var right []attribution.EventInput
	var at []int
	for i, in := range all {
		if norm := normalise(codes[i]); norm != "" {
			c, ok := known[norm]
			if !ok {
				out[i].Err = fault.InvalidField("coupon", "There is no such coupon, or it is not active.")
				continue
			}
			in.Credit = c.credit()
		}
		right, at = append(right, in), append(at, i)
	}
	if len(right) == 0 {
		return out, nil
	}
	recorded, err := s.attribution.RecordAll(ctx, right)
	if err != nil {
		return nil, err
	}
	for n, i := range at {
		out[i] = recorded[n]
	}
	return out, nil
}

// Record is RecordAll for one event.
func (s *Service) Record(ctx context.Context, in attribution.EventInput, code string) (attribution.Outcome, error) {
	out, err := s.RecordAll(ctx, []attribution.EventInput{in}, []string{code})
	if err != nil {
		return attribution.Outcome{}, err
	}
	return out[0].Outcome, out[0].Err
}

func (c Coupon) credit() *attribution.Credit {
	return &attribution.Credit{PartnerID: c.PartnerID, CampaignID: c.CampaignID, Code: normalise(c.Code)}
}

// Promotion gives the partner whom a promotion code of Stripe's credits, if an active coupon has it.
func (s *Service) Promotion(ctx context.Context, id string) (*attribution.Credit, error) {
	c, err := findByPromotion(ctx, id)
	if err != nil {
		return nil, err
	}
	return c.credit(), nil
}

// normalise is how codes are compared.
func normalise(code string) string { return strings.ToLower(strings.TrimSpace(code)) }
