package coordinator

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Standing is a vendor as the hub's staff see it.
type Standing struct {
	Vendor

	Partners, Offerings, Requests int
}

const selectStandings = `
	select ` + vendorColumns + `,
		(select count(*) from coordinator.vendor_partners p where p.vendor_id = v.id and p.status <> 'revoked') as partners,
		(select count(*) from coordinator.offerings o where o.vendor_id = v.id and o.published and o.deleted_at is null) as offerings,
		(select count(*) from coordinator.requests r where r.vendor_id = v.id and r.status = 'pending') as requests
	from coordinator.vendors v where true`

// Vendors gives a page of all, newest first; query is the beginning of a name or address.
func (s *Service) Vendors(ctx context.Context, query string, page paging.Page) (paging.Result[Standing], error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return paging.Result[Standing]{}, err
	}
	where, args := "", []any{page.Ask(), nil, nil, strings.ToLower(query)}
	if query != "" {
		where += ` and (starts_with(lower(v.display_name), ?3) or position(?3 in v.instance_url) > 0 or v.contact_email = ?3)`
	}
	if page.After != nil {
		where += ` and (v.created_at, v.id) < (?1, ?2)`
		args[1], args[2] = page.After.At, page.After.ID
	}
	var rows []Standing
	if err := db.Tx(ctx).NewRaw(selectStandings+where+` order by v.created_at desc, v.id desc limit ?0`, args...).Scan(ctx, &rows); err != nil {
		return paging.Result[Standing]{}, fmt.Errorf("list vendors: %w", err)
	}
	return paging.Cut(rows, page, func(v Standing) paging.Cursor { return paging.Cursor{At: v.CreatedAt, ID: v.ID} }), nil
}

// Vendor gives one of them.
func (s *Service) Vendor(ctx context.Context, id uuid.UUID) (Standing, error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return Standing{}, err
	}
	var v Standing
	return v, absent("vendor", db.Tx(ctx).NewRaw(selectStandings+` and v.id = ?`, id).Scan(ctx, &v))
}

// Suspend takes a vendor out: its offerings vanish, and its token opens nothing.
func (s *Service) Suspend(ctx context.Context, id uuid.UUID, reason string) (Vendor, error) {
	return s.move(ctx, id, true, reason)
}

// Resume lets a suspended vendor take part again.
func (s *Service) Resume(ctx context.Context, id uuid.UUID, reason string) (Vendor, error) {
	return s.move(ctx, id, false, reason)
}

func (s *Service) move(ctx context.Context, id uuid.UUID, out bool, reason string) (Vendor, error) {
	reason, err := mayChange(ctx, reason)
	if err != nil {
		return Vendor{}, err
	}
	v, err := findVendor(ctx, id, true)
	if err != nil {
		return Vendor{}, err
	}
	if v.Suspended() == out {
		return Vendor{}, fault.Conflict("already_done", "Somebody else did that already.")
	}
	action := "network.vendor_resumed"
	v.SuspendedAt, v.SuspendedReason = nil, ""
	if out {
		now := s.now()
		action, v.SuspendedAt, v.SuspendedReason = "network.vendor_suspended", &now, reason
	}
	if err := updateVendor(ctx, v); err != nil {
		return Vendor{}, err
	}
	return v, record(ctx, action, v.DisplayName, reason)
}

// mayChange asks for the right to change something on the hub, and for why.
func mayChange(ctx context.Context, reason string) (string, error) {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return "", err
	}
	fields := fault.Fields{}
	reason = person.Line(fields, "reason", reason, 500)
	return reason, fields.Err()
}

func record(ctx context.Context, action, name, reason string) error {
	return audit.RecordPlatform(ctx, tenancy.Tenant{}, audit.Entry{Action: action, Detail: map[string]string{"name": name, "reason": reason}})
}

// AllOfferings gives a page of every vendor's, or of one's, newest first.
func (s *Service) AllOfferings(ctx context.Context, vendor *uuid.UUID, page paging.Page) (paging.Result[Offering], error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return paging.Result[Offering]{}, err
	}
	if vendor != nil {
		return offeringsOf(ctx, *vendor, page)
	}
	return pageOfferings(ctx, ``, page)
}

// AnyOffering gives one of them.
func (s *Service) AnyOffering(ctx context.Context, id uuid.UUID) (Offering, error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return Offering{}, err
	}
	return findOffering(ctx, id, false)
}

// Withhold takes an offering out of the directory, whatever its vendor says, or lets it back in.
func (s *Service) Withhold(ctx context.Context, id uuid.UUID, out bool, reason string) (Offering, error) {
	reason, err := mayChange(ctx, reason)
	if err != nil {
		return Offering{}, err
	}
	o, err := findOffering(ctx, id, true)
	if err != nil {
		return Offering{}, err
	}
	if (o.WithheldAt != nil) == out {
		return Offering{}, fault.Conflict("already_done", "Somebody else did that already.")
	}
	action := "network.offering_returned"
	o.WithheldAt, o.WithheldReason = nil, ""
	if out {
		now := s.now()
		action, o.WithheldAt, o.WithheldReason = "network.offering_withheld", &now, reason
	}
	if err := updateOffering(ctx, o); err != nil {
		return Offering{}, err
	}
	return o, record(ctx, action, o.Title, reason)
}

// StuckRequests gives a page of those that are on their way or have failed, newest first.
func (s *Service) StuckRequests(ctx context.Context, page paging.Page) (paging.Result[Request], error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return paging.Result[Request]{}, err
	}
	return pageRequests(ctx, ` and r.status in (?3, ?4)`, page, protocol.RequestApproving, protocol.RequestFailed)
}

// Creators gives a page of all, newest first.
func (s *Service) Creators(ctx context.Context, page paging.Page) (paging.Result[Creator], error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return paging.Result[Creator]{}, err
	}
	query, args := `select `+creatorColumns+` from coordinator.creators where true`, []any{page.Ask(), nil, nil}
	if page.After != nil {
		query += ` and (created_at, id) < (?1, ?2)`
		args[1], args[2] = page.After.At, page.After.ID
	}
	var rows []Creator
	if err := db.Tx(ctx).NewRaw(query+` order by created_at desc, id desc limit ?0`, args...).Scan(ctx, &rows); err != nil {
		return paging.Result[Creator]{}, fmt.Errorf("list creators: %w", err)
	}
	return paging.Cut(rows, page, func(c Creator) paging.Cursor { return paging.Cursor{At: c.CreatedAt, ID: c.ID} }), nil
}
