package partners

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/person"
)

// NetworkStanding is what the Network said of a partner.
type NetworkStanding struct {
	CreatorID   string
	PreExisting bool // they had confirmed their address there before
	SyncedAt    time.Time
}

// NextSequences counts partners' changes as the Network sees them, and gives the new numbers: of two
// messages the one with the higher number is newer.
func (s *Service) NextSequences(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]int64, error) {
	out := make(map[uuid.UUID]int64, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	var rows []struct {
		ID              uuid.UUID
		NetworkSequence int64
	}
	err := db.Tx(ctx).NewRaw(`update partners set network_sequence = network_sequence + 1 where id in (?) returning id, network_sequence`, bun.List(ids)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count changes of partners: %w", err)
	}
	for _, r := range rows {
		out[r.ID] = r.NetworkSequence
	}
	return out, nil
}

// NoteNetwork keeps what the Network said of a partner.
func (s *Service) NoteNetwork(ctx context.Context, id uuid.UUID, n NetworkStanding) error {
	_, err := db.Tx(ctx).NewRaw(`update partners set network_creator_id = nullif(?, ''), network_pre_existing = ?, network_synced_at = ? where id = ?`,
		n.CreatorID, n.PreExisting, n.SyncedAt, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note what the Network said of a partner: %w", err)
	}
	return nil
}

// OnNetwork reports whether the Network has named a creator for a partner.
func (s *Service) OnNetwork(ctx context.Context, id uuid.UUID) (is bool, err error) {
	if err := db.Tx(ctx).NewRaw(`select exists (select from partners where id = ? and network_creator_id is not null)`, id).Scan(ctx, &is); err != nil {
		return false, fmt.Errorf("look for a partner on the Network: %w", err)
	}
	return is, nil
}

// NetworkCounts are partners by how they stand, as far as the Network is to know them, and the
// highest number of a change.
type NetworkCounts struct {
	Active, Pending, Revoked int
	MaxSequence              int64
}

// CountForNetwork counts the partners whom the Network has been told of.
func (s *Service) CountForNetwork(ctx context.Context) (NetworkCounts, error) {
	var c NetworkCounts
	err := db.Tx(ctx).NewRaw(`
		select count(*) filter (where status = 'active') as active,
			count(*) filter (where status in ('invited', 'pending_review')) as pending,
			count(*) filter (where status in ('revoked', 'declined')) as revoked,
			coalesce(max(network_sequence), 0) as max_sequence
		from partners where network_sequence > 0 and status <> 'unverified'`).Scan(ctx, &c)
	if err != nil {
		return c, fmt.Errorf("count partners for the Network: %w", err)
	}
	return c, nil
}

// tellable are the partners whom a backfill tells of: not those who have not confirmed their address, nor
// those who went before the Network heard of them.
const tellable = `status <> 'unverified' and (status not in ('revoked', 'declined') or network_sequence > 0)`

// CountTellable counts the partners whom a backfill tells of.
func (s *Service) CountTellable(ctx context.Context) (n int64, err error) {
	if err := db.Tx(ctx).NewRaw(`select count(*) from partners where `+tellable).Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("count partners: %w", err)
	}
	return n, nil
}

// After gives partners in the order of their ids, for a backfill.
func (s *Service) After(ctx context.Context, after uuid.UUID, limit int64) ([]Partner, error) {
	var rows []partnerRow
	err := db.Tx(ctx).NewSelect().Model(&rows).Where("id > ? and "+tellable, after).OrderExpr("id").Limit(limit).For("no key update").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list partners after one: %w", err)
	}
	out := make([]Partner, len(rows))
	for i, r := range rows {
		if out[i], err = r.partner(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Welcome gives the partner with an address whom an admin approved on the Network, and grants the
// campaign. Who is a partner already stays as they are; somebody new is active at once.
func (s *Service) Welcome(ctx context.Context, email, name string, campaign uuid.UUID) (p Partner, added bool, err error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return Partner{}, false, err
	}
	fields := fault.Fields{}
	email, name = person.Email(fields, "email", email), person.Name(fields, "name", name)
	if err := fields.Err(); err != nil {
		return Partner{}, false, err
	}
	p, err = findPartnerByEmail(ctx, email, true)
	known := err == nil && p.Status != StatusUnverified
	if err != nil && !fault.Is(err, fault.KindNotFound) {
		return Partner{}, false, err
	}
	if !known {
		now := s.now()
		p = Partner{ID: ids.NewAt(now), Email: email, Name: name, Status: StatusActive, Source: SourceNetwork, ActivatedAt: &now, CreatedAt: now}
		if err := s.add(ctx, &p); err != nil {
			return Partner{}, false, err
		}
	}
	if p.Status == StatusRevoked || p.Status == StatusDeclined {
		return Partner{}, false, fault.Conflict("partner_revoked", "This partner was revoked. Reinstate them first.")
	}
	if err := s.grant(ctx, p.ID, []uuid.UUID{campaign}, grantByNetwork); err != nil || known {
		return p, false, err
	}
	return p, true, s.tell(ctx, "partner.created", "", p)
}
