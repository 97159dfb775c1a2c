package coordinator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/paging"
)

const (
	offeringColumns = `o.id, o.vendor_id, v.display_name as vendor_name, o.title, o.description, o.product_url, o.campaign_id, o.commission_summary,
		o.cookie_window_days, o.categories, o.published, o.withheld_at, o.withheld_reason, o.created_at, o.updated_at`
	fromOfferings = ` from coordinator.offerings o join coordinator.vendors v on v.id = o.vendor_id where o.deleted_at is null`
	// shown is what the directory shows.
	shown = ` and o.published and o.withheld_at is null and v.status = 'active' and v.suspended_at is null`
)

func offeringCursor(o Offering) paging.Cursor { return paging.Cursor{At: o.CreatedAt, ID: o.ID} }

func pageOfferings(ctx context.Context, where string, page paging.Page, args ...any) (paging.Result[Offering], error) {
	args = append([]any{page.Ask(), nil, nil}, args...)
	if page.After != nil {
		where += ` and (o.created_at, o.id) < (?1, ?2)`
		args[1], args[2] = page.After.At, page.After.ID
	}
	var rows []Offering
	err := db.Tx(ctx).NewRaw(`select `+offeringColumns+fromOfferings+where+` order by o.created_at desc, o.id desc limit ?0`, args...).Scan(ctx, &rows)
	if err != nil {
		return paging.Result[Offering]{}, fmt.Errorf("list offerings: %w", err)
	}
	return paging.Cut(rows, page, offeringCursor), nil
}

func offeringsOf(ctx context.Context, vendor uuid.UUID, page paging.Page) (paging.Result[Offering], error) {
	return pageOfferings(ctx, ` and o.vendor_id = ?3`, page, vendor)
}

// shownOfferings looks for the words in titles, descriptions and names of vendors.
func shownOfferings(ctx context.Context, f Filter, page paging.Page) (paging.Result[Offering], error) {
	where := shown
	f.Query = cut(f.Query, 100) // each more would be looked for in every text
	if f.Query != "" {
		where += ` and (o.title ilike ?3 or o.description ilike ?3 or v.display_name ilike ?3)`
	}
	if f.Category != "" {
		where += ` and o.categories @> array[?4]::text[]`
	}
	return pageOfferings(ctx, where, page, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Query)+"%", strings.ToLower(f.Category))
}

func usedCategories(ctx context.Context) ([]string, error) {
	var words []string
	err := db.Tx(ctx).NewRaw(`
		select c.word from coordinator.offerings o join coordinator.vendors v on v.id = o.vendor_id cross join unnest(o.categories) as c (word)
		where o.deleted_at is null`+shown+` group by c.word order by count(*) desc, c.word limit 30`).Scan(ctx, &words)
	if err != nil {
		return nil, fmt.Errorf("list categories: %w", err)
	}
	return words, nil
}

func findOffering(ctx context.Context, id uuid.UUID, lock bool) (Offering, error) {
	query := `select ` + offeringColumns + fromOfferings + ` and o.id = ?`
	if lock {
		query += ` for update of o`
	}
	var o Offering
	return o, absent("offering", db.Tx(ctx).NewRaw(query, id).Scan(ctx, &o))
}

func findShown(ctx context.Context, id uuid.UUID) (Offering, error) {
	var o Offering
	return o, absent("offering", db.Tx(ctx).NewRaw(`select `+offeringColumns+fromOfferings+shown+` and o.id = ?`, id).Scan(ctx, &o))
}

func insertOffering(ctx context.Context, o Offering) error {
	return exec(ctx, "insert offering", `
		insert into coordinator.offerings (id, vendor_id, title, description, product_url, campaign_id, commission_summary, cookie_window_days, categories, published, created_at, updated_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		o.ID, o.VendorID, o.Title, o.Description, o.ProductURL, o.CampaignID, o.CommissionSummary, o.CookieWindowDays, pgdialect.Array(o.Categories), o.Published,
		o.CreatedAt, o.UpdatedAt)
}

func updateOffering(ctx context.Context, o Offering) error {
	return exec(ctx, "update offering", `
		update coordinator.offerings set title = ?, description = ?, product_url = ?, campaign_id = ?, commission_summary = ?, cookie_window_days = ?,
			categories = ?, published = ?, withheld_at = ?, withheld_reason = ?, updated_at = ? where id = ?`,
		o.Title, o.Description, o.ProductURL, o.CampaignID, o.CommissionSummary, o.CookieWindowDays, pgdialect.Array(o.Categories), o.Published,
		o.WithheldAt, o.WithheldReason, o.UpdatedAt, o.ID)
}

// deleteOffering keeps the row, for the requests that were made for it.
func deleteOffering(ctx context.Context, id uuid.UUID, now time.Time) error {
	if err := exec(ctx, "delete offering", `update coordinator.offerings set deleted_at = ?1, published = false where id = ?0`, id, now); err != nil {
		return err
	}
	return exec(ctx, "end requests", `
		update coordinator.requests set status = 'cancelled', reason = 'The offering was withdrawn.', updated_at = ?1
		where offering_id = ?0 and status = 'pending'`, id, now)
}
