package coordinator

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/outbox"
)

// The job kinds that keep earnings from getting old: the clock's, and one for each vendor.
const (
	KindRefresh  = "hub.refresh"
	KindEarnings = "hub.earnings"
)

// Earnings is the order to ask a vendor what its partners earned.
type Earnings struct {
	VendorID uuid.UUID `json:"vendor_id"`
}

const (
	refreshed = time.Hour           // how old figures get before they are asked for
	lookedAt  = 30 * 24 * time.Hour // since when a creator must have been here
	stretch   = 30 * time.Second    // that one vendor is asked at a time
	atOnce    = 500                 // partnerships of one vendor
)

// due are partnerships whose figures are old and whose creators may want to see them.
const due = `
	v.status = 'active' and v.suspended_at is null and v.callback_key_sealed is not null and (e.tried_at is null or e.tried_at <= ?0)
	and exists (select from coordinator.creators c where c.id = p.creator_id and (c.last_sign_in_at > ?1
		or exists (select from coordinator.creator_sessions s where s.creator_id = c.id and s.last_seen_at > ?1 and s.revoked_at is null)))`

// Refresh orders fresh earnings, a job for each vendor: one that is slow or down hurts no other.
func (s *Service) Refresh(ctx context.Context, period string) error {
	now := s.now()
	var vendors []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select distinct p.vendor_id from coordinator.vendor_partners p join coordinator.vendors v on v.id = p.vendor_id
			left join coordinator.earnings e on e.vendor_id = p.vendor_id and e.vendor_partner_id = p.vendor_partner_id
		where `+due, now.Add(-refreshed), now.Add(-lookedAt)).Scan(ctx, &vendors)
	if err != nil {
		return fmt.Errorf("look for old earnings: %w", err)
	}
	for _, id := range vendors {
		err := outbox.AddPlatform(ctx, outbox.Job{
			Kind: KindEarnings, Key: "earnings:" + id.String(), DedupeKey: KindEarnings + ":" + id.String() + ":" + period, Args: Earnings{VendorID: id}, MaxAttempts: 1,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Old gives the partnerships of a vendor whose earnings are to be asked for, the oldest first.
func (s *Service) Old(ctx context.Context, order Earnings) ([]Partnership, error) {
	now := s.now()
	var all []Partnership
	err := db.Tx(ctx).NewRaw(selectPartnerships+` where `+due+` and p.vendor_id = ?2 order by e.tried_at nulls first, p.record_id limit ?3`,
		now.Add(-refreshed), now.Add(-lookedAt), order.VendorID, atOnce).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list old earnings: %w", err)
	}
	return all, nil
}

// ReadOld asks one vendor for them, one after the other, until it does not answer or has been asked for
// long enough; the rest comes the next time. It runs outside of any transaction.
func (s *Service) ReadOld(ctx context.Context, all []Partnership) []Reading {
	var readings []Reading
	for begun := time.Now(); len(readings) < len(all) && time.Since(begun) < stretch; {
		p := all[len(readings)]
		figures, a := s.figures(ctx, p, patience)
		if ctx.Err() != nil {
			break
		}
		readings = append(readings, Reading{p.VendorID, p.VendorPartnerID, figures, s.now()})
		if a.status == 0 || a.mends() {
			break
		}
	}
	return readings
}
