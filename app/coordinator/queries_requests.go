package coordinator

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/paging"
)

const selectRequests = `
	select r.id, r.vendor_id, v.display_name as vendor_name, r.offering_id, o.title as offering_title, o.campaign_id, r.creator_id, c.email, c.name, c.handle,
		c.bio, c.platforms, r.pitch, r.preferred_key, r.status, r.note, r.reason, r.vendor_partner_id, r.link_key, r.link_try, r.share_url, r.decided_at,
		r.created_at, r.updated_at
	from coordinator.requests r join coordinator.vendors v on v.id = r.vendor_id join coordinator.offerings o on o.id = r.offering_id
		join coordinator.creators c on c.id = r.creator_id where true`

func pageRequests(ctx context.Context, where string, page paging.Page, args ...any) (paging.Result[Request], error) {
	args = append([]any{page.Ask(), nil, nil}, args...)
	if page.After != nil {
		where += ` and (r.created_at, r.id) < (?1, ?2)`
		args[1], args[2] = page.After.At, page.After.ID
	}
	var rows []Request
	if err := db.Tx(ctx).NewRaw(selectRequests+where+` order by r.created_at desc, r.id desc limit ?0`, args...).Scan(ctx, &rows); err != nil {
		return paging.Result[Request]{}, fmt.Errorf("list requests: %w", err)
	}
	return paging.Cut(rows, page, func(r Request) paging.Cursor { return paging.Cursor{At: r.CreatedAt, ID: r.ID} }), nil
}

func requestsOf(ctx context.Context, vendor uuid.UUID, status string, page paging.Page) (paging.Result[Request], error) {
	return pageRequests(ctx, ` and r.vendor_id = ?3 and (?4 = '' or r.status = ?4)`, page, vendor, status)
}

func requestsBy(ctx context.Context, creator uuid.UUID, page paging.Page) (paging.Result[Request], error) {
	return pageRequests(ctx, ` and r.creator_id = ?3`, page, creator)
}

func earlierRequests(ctx context.Context, creator, offering uuid.UUID) ([]Request, error) {
	var rows []Request
	err := db.Tx(ctx).NewRaw(selectRequests+` and r.creator_id = ? and r.offering_id = ? order by r.created_at desc`, creator, offering).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for earlier requests: %w", err)
	}
	return rows, nil
}

func findRequest(ctx context.Context, id uuid.UUID, lock bool) (Request, error) {
	query := selectRequests + ` and r.id = ?`
	if lock {
		query += ` for update of r`
	}
	var r Request
	return r, absent("request", db.Tx(ctx).NewRaw(query, id).Scan(ctx, &r))
}

func insertRequest(ctx context.Context, r Request) error {
	return exec(ctx, "insert request", `
		insert into coordinator.requests (id, vendor_id, offering_id, creator_id, pitch, preferred_key, status, created_at, updated_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.ID, r.VendorID, r.OfferingID, r.CreatorID, r.Pitch, r.PreferredKey, r.Status, r.CreatedAt, r.UpdatedAt)
}

func updateRequest(ctx context.Context, r Request) error {
	return exec(ctx, "update request", `
		update coordinator.requests set status = ?, note = ?, reason = ?, vendor_partner_id = ?, link_key = ?, link_try = ?, share_url = ?, decided_at = ?,
			updated_at = ? where id = ?`,
		r.Status, r.Note, r.Reason, r.VendorPartnerID, r.LinkKey, r.LinkTry, r.ShareURL, r.DecidedAt, r.UpdatedAt, r.ID)
}

// stuckRequests are those being approved for longer than it takes, without a job that does it.
func stuckRequests(ctx context.Context) ([]uuid.UUID, error) {
	var found []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select r.id from coordinator.requests r where r.status = 'approving' and r.updated_at < now() - interval '5 minutes' and not exists (
			select from platform.jobs j where j.key = 'federate:' || r.id and j.status in ('pending', 'running'))
		order by r.updated_at limit 500`).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("look for stuck requests: %w", err)
	}
	return found, nil
}

// countWaiting counts the requests that a vendor has not answered.
func countWaiting(ctx context.Context, vendor uuid.UUID) (n int, err error) {
	err = db.Tx(ctx).NewRaw(`select count(*) from coordinator.requests where vendor_id = ? and status = 'pending'`, vendor).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count waiting requests: %w", err)
	}
	return n, nil
}

// lockOrder reports whether a job of a key has yet to begin, and keeps it from beginning before the commit,
// so that it sees what the transaction writes.
func lockOrder(ctx context.Context, key string) (bool, error) {
	var found []uuid.UUID
	err := db.Tx(ctx).NewRaw(`select id from platform.jobs where key = ? and status = 'pending' for update skip locked`, key).Scan(ctx, &found)
	if err != nil {
		return false, fmt.Errorf("look for an order: %w", err)
	}
	return len(found) > 0, nil
}
