package coordinator

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
)

const (
	vendorColumns = `v.id, v.instance_url, v.display_name, v.tier, v.status, v.callback_key_sealed, v.contact_email, v.contact_name, v.version, v.seen_at,
		v.connected_at, v.suspended_at, v.suspended_reason, v.created_at`
	connectionColumns = `id, vendor_id, display_name, tier, contact_email, contact_name, callback_url, callback_key_sealed, state, expires_at, vendor_token_id,
		exchanged_at, created_at`
)

func absent(what string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.NotFound(what)
	}
	if err != nil {
		return fmt.Errorf("find %s: %w", what, err)
	}
	return nil
}

func exec(ctx context.Context, doing, statement string, args ...any) error {
	if _, err := db.Tx(ctx).NewRaw(statement, args...).Exec(ctx); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// claimVendor gives the vendor of an instance, locked, and makes it when there is none.
func claimVendor(ctx context.Context, v Vendor) (Vendor, error) {
	err := exec(ctx, "insert vendor", `
		insert into coordinator.vendors (id, instance_url, display_name, tier, status, contact_email, contact_name, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (instance_url) do nothing`,
		v.ID, v.InstanceURL, v.DisplayName, v.Tier, v.Status, v.ContactEmail, v.ContactName, v.CreatedAt)
	if err != nil {
		return Vendor{}, err
	}
	var found Vendor
	err = db.Tx(ctx).NewRaw(`select `+vendorColumns+` from coordinator.vendors v where instance_url = ? for update`, v.InstanceURL).Scan(ctx, &found)
	return found, absent("vendor", err)
}

func findVendor(ctx context.Context, id uuid.UUID, lock bool) (Vendor, error) {
	query := `select ` + vendorColumns + ` from coordinator.vendors v where id = ?`
	if lock {
		query += ` for update`
	}
	var v Vendor
	return v, absent("vendor", db.Tx(ctx).NewRaw(query, id).Scan(ctx, &v))
}

// findByToken gives the connected vendor of a token that works.
func findByToken(ctx context.Context, hash string, now time.Time) (Vendor, error) {
	var v Vendor
	err := db.Tx(ctx).NewRaw(`
		select `+vendorColumns+` from coordinator.vendor_tokens t join coordinator.vendors v on v.id = t.vendor_id
		where t.token_hash = ? and (t.valid_until is null or t.valid_until > ?) and v.status = 'active'`, hash, now).Scan(ctx, &v)
	return v, absent("token", err)
}

func updateVendor(ctx context.Context, v Vendor) error {
	return exec(ctx, "update vendor", `
		update coordinator.vendors set display_name = ?, tier = ?, status = ?, callback_key_sealed = ?, contact_email = ?, contact_name = ?, connected_at = ?,
			suspended_at = ?, suspended_reason = ? where id = ?`,
		v.DisplayName, v.Tier, v.Status, v.CallbackKeySealed, v.ContactEmail, v.ContactName, v.ConnectedAt, v.SuspendedAt, v.SuspendedReason, v.ID)
}

func noteSeen(ctx context.Context, vendor uuid.UUID, version string, now time.Time) error {
	return exec(ctx, "note a heartbeat", `update coordinator.vendors set version = ?, seen_at = ? where id = ?`, version, now, vendor)
}

func insertToken(ctx context.Context, id, vendor uuid.UUID, hash string, now time.Time) error {
	return exec(ctx, "insert vendor token", `
		insert into coordinator.vendor_tokens (id, vendor_id, token_hash, created_at) values (?, ?, ?, ?)`, id, vendor, hash, now)
}

// endTokens has the tokens that work now end at a time, and drops those that are over.
func endTokens(ctx context.Context, vendor uuid.UUID, until, now time.Time) error {
	err := exec(ctx, "end vendor tokens", `
		update coordinator.vendor_tokens set valid_until = ?1 where vendor_id = ?0 and (valid_until is null or valid_until > ?1)`, vendor, until)
	if err != nil {
		return err
	}
	return exec(ctx, "drop vendor tokens", `delete from coordinator.vendor_tokens where vendor_id = ? and valid_until <= ?`, vendor, now)
}

// replaceConnection stores a sign-up in place of those that were not completed.
func replaceConnection(ctx context.Context, c Connection) error {
	if err := dropConnections(ctx, c.VendorID); err != nil {
		return err
	}
	return exec(ctx, "insert connection", `
		insert into coordinator.connections (id, vendor_id, display_name, tier, contact_email, contact_name, callback_url, callback_key_sealed, state, expires_at, created_at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.VendorID, c.DisplayName, c.Tier, c.ContactEmail, c.ContactName, c.CallbackURL, c.CallbackKeySealed, c.State, c.ExpiresAt, c.CreatedAt)
}

// dropConnections ends sign-ups that were not completed.
func dropConnections(ctx context.Context, vendor uuid.UUID) error {
	return exec(ctx, "drop open connections", `delete from coordinator.connections where vendor_id = ? and exchanged_at is null`, vendor)
}

func mintConnection(ctx context.Context, id uuid.UUID, hash string, until time.Time) (Connection, error) {
	var c Connection
	err := db.Tx(ctx).NewRaw(`
		update coordinator.connections set token_hash = ?1, expires_at = ?2 where id = ?0 and exchanged_at is null
		returning `+connectionColumns, id, hash, until).Scan(ctx, &c)
	return c, absent("connection", err)
}

func lockConnection(ctx context.Context, hash string) (Connection, error) {
	var c Connection
	err := db.Tx(ctx).NewRaw(`select `+connectionColumns+` from coordinator.connections where token_hash = ? for update`, hash).Scan(ctx, &c)
	return c, absent("connection", err)
}

// settleConnection notes which token it was exchanged for. The key has moved on.
func settleConnection(ctx context.Context, c Connection) error {
	return exec(ctx, "settle connection", `
		update coordinator.connections set vendor_token_id = ?, exchanged_at = ?, callback_key_sealed = '' where id = ?`, c.VendorTokenID, c.ExchangedAt, c.ID)
}
