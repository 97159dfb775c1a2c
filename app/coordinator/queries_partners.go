package coordinator

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/protocol"
)

const recordColumns = `vendor_id, vendor_partner_id, record_id, creator_id, sequence, status, email, name, profile, source, joined_at, revoked_at, created_at, updated_at`

// lockRecord gives what is known of a partner, locked, beginning with nothing.
func lockRecord(ctx context.Context, r Record) (Record, error) {
	if err := insertRecord(ctx, r); err != nil {
		return Record{}, err
	}
	var found Record
	err := db.Tx(ctx).NewRaw(`
		select `+recordColumns+` from coordinator.vendor_partners where vendor_id = ? and vendor_partner_id = ? for update`,
		r.VendorID, r.VendorPartnerID).Scan(ctx, &found)
	return found, absent("partner", err)
}

func insertRecord(ctx context.Context, r Record) error {
	return exec(ctx, "insert partner", `
		insert into coordinator.vendor_partners (vendor_id, vendor_partner_id, record_id, creator_id, sequence, status, email, name, source, joined_at, created_at, updated_at)
		values (?0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10) on conflict (vendor_id, vendor_partner_id) do nothing`,
		r.VendorID, r.VendorPartnerID, r.RecordID, r.CreatorID, r.Sequence, r.Status, r.Email, r.Name, r.Source, r.JoinedAt, r.CreatedAt)
}

func updateRecord(ctx context.Context, r Record) error {
	var profile *string
	if r.Profile != nil {
		text := string(r.Profile)
		profile = &text
	}
	return exec(ctx, "update partner", `
		update coordinator.vendor_partners set creator_id = ?, sequence = ?, status = ?, email = ?, name = ?, profile = ?::jsonb, source = ?, joined_at = ?,
			revoked_at = ?, updated_at = ? where vendor_id = ? and vendor_partner_id = ?`,
		r.CreatorID, r.Sequence, r.Status, r.Email, r.Name, profile, r.Source, r.JoinedAt, r.RevokedAt, r.UpdatedAt, r.VendorID, r.VendorPartnerID)
}

// confirmedBy is the creator who confirmed an address; nil when nobody did.
func confirmedBy(ctx context.Context, email string) (*uuid.UUID, error) {
	var found []uuid.UUID
	if err := db.Tx(ctx).NewRaw(`select id from coordinator.creators where email = ?`, email).Scan(ctx, &found); err != nil {
		return nil, fmt.Errorf("look for a creator: %w", err)
	}
	if len(found) == 0 {
		return nil, nil //nolint:nilnil // nobody
	}
	return &found[0], nil
}

// countPartners counts a vendor's partners by state, and gives their highest sequence.
func countPartners(ctx context.Context, vendor uuid.UUID) (n protocol.PartnerCounts, newest int64, err error) {
	var row struct {
		Active, Pending, Revoked int
		Newest                   int64
	}
	err = db.Tx(ctx).NewRaw(`
		select count(*) filter (where status = 'active') as active, count(*) filter (where status = 'pending') as pending,
			count(*) filter (where status = 'revoked') as revoked, greatest(coalesce(max(sequence), 0), 0) as newest
		from coordinator.vendor_partners where vendor_id = ?`, vendor).Scan(ctx, &row)
	if err != nil {
		return n, 0, fmt.Errorf("count partners: %w", err)
	}
	return protocol.PartnerCounts{Active: row.Active, Pending: row.Pending, Revoked: row.Revoked}, row.Newest, nil
}

// forgetStrangers drops what a vendor said of people who have no account here.
func forgetStrangers(ctx context.Context, vendor uuid.UUID) error {
	return exec(ctx, "forget partners", `delete from coordinator.vendor_partners where vendor_id = ? and creator_id is null`, vendor)
}
