package coupons

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

func insert(ctx context.Context, c Coupon) error {
	err := db.Run(ctx, func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewRaw(`
			insert into coupons (tenant_id, id, code, code_norm, partner_id, campaign_id, active, stripe_promotion_code_id, created_at)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			tenancy.ID(ctx), c.ID, c.Code, normalise(c.Code), c.PartnerID, c.CampaignID, c.Active, c.StripePromotionCodeID, c.CreatedAt).Exec(ctx)
		return db.Conflict(err)
	})
	if err != nil {
		return fmt.Errorf("insert coupon: %w", err)
	}
	return nil
}

func updateActive(ctx context.Context, id uuid.UUID, active bool) error {
	if _, err := db.Tx(ctx).NewRaw(`update coupons set active = ? where id = ?`, active, id).Exec(ctx); err != nil {
		return fmt.Errorf("update coupon: %w", err)
	}
	return nil
}

func updatePromotion(ctx context.Context, id uuid.UUID, code *string) error {
	err := db.Run(ctx, func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewRaw(`update coupons set stripe_promotion_code_id = ? where id = ?`, code, id).Exec(ctx)
		return db.Conflict(err)
	})
	if err != nil {
		return fmt.Errorf("update coupon: %w", err)
	}
	return nil
}

func selectCoupons(ctx context.Context) *bun.SelectQuery {
	return db.Tx(ctx).NewSelect().TableExpr("coupons as u").
		Join("join partners as p on p.tenant_id = u.tenant_id and p.id = u.partner_id").
		Join("join campaigns as c on c.tenant_id = u.tenant_id and c.id = u.campaign_id").
		ColumnExpr("u.id, u.code, u.partner_id, p.name as partner_name, u.campaign_id, c.name as campaign_name, u.active, u.stripe_promotion_code_id, u.created_at")
}

func find(ctx context.Context, id uuid.UUID) (Coupon, error) {
	var c Coupon
	err := selectCoupons(ctx).Where("u.id = ?", id).Scan(ctx, &c)
	if errors.Is(err, sql.ErrNoRows) {
		return Coupon{}, fault.NotFound("coupon")
	}
	if err != nil {
		return Coupon{}, fmt.Errorf("find coupon: %w", err)
	}
	return c, nil
}

// findByPromotion gives the active coupon with a promotion code of Stripe's.
func findByPromotion(ctx context.Context, id string) (c Coupon, err error) {
	err = selectCoupons(ctx).Where("u.stripe_promotion_code_id = ? and u.active", id).Scan(ctx, &c)
	if errors.Is(err, sql.ErrNoRows) {
		return Coupon{}, fault.NotFound("coupon")
	}
	if err != nil {
		return Coupon{}, fmt.Errorf("find the coupon of a promotion code: %w", err)
	}
	return c, nil
}

// findByCodes gives the active coupons among the codes, by their normalised code.
func findByCodes(ctx context.Context, codes []string) (map[string]Coupon, error) {
	out := map[string]Coupon{}
	var wanted []string
	for _, code := range codes {
		if norm := normalise(code); norm != "" {
			wanted = append(wanted, norm)
		}
	}
	if len(wanted) == 0 {
		return out, nil
	}
	var rows []Coupon
	if err := selectCoupons(ctx).Where("u.code_norm in (?) and u.active", bun.List(wanted)).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("find coupons: %w", err)
	}
	for _, c := range rows {
		out[normalise(c.Code)] = c
	}
	return out, nil
}

func list(ctx context.Context, f Filter, page paging.Page) ([]Coupon, error) {
	var rows []Coupon
	q := selectCoupons(ctx).OrderExpr("u.created_at desc, u.id desc").Limit(page.Ask())
	if f.PartnerID != nil {
		q = q.Where("u.partner_id = ?", *f.PartnerID)
	}
	if page.After != nil {
		q = q.Where("(u.created_at, u.id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("list coupons: %w", err)
	}
	return rows, nil
}
