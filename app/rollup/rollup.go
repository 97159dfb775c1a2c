// Package rollup keeps the daily figures of money, so that a report reads days and not events.
//
// It owns the table daily_money. Who changes a fact (attribution, commissions) writes the
// difference here in the same transaction. Invariant: the sum of all differences is what the
// facts say, which Rebuild and verify-ledger compute anew.
package rollup

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/tenancy"
)

// slots is how many rows share one figure. Two transactions that write the same figure wait
// for each other only when they chose the same slot.
const slots = 8

// Key names a figure: zero ids stand for all partners and all campaigns.
type Key struct {
	Day        time.Time // any time of the day, in UTC
	PartnerID  uuid.UUID
	CampaignID uuid.UUID
	Currency   string // empty for leads
}

// Figures are the counts and the money, in minor units, of one key.
type Figures struct {
	Leads, Conversions            int64
	Revenue                       int64
	Pending, Held, Approved, Paid int64
}

func (f Figures) plus(g Figures) Figures {
	return Figures{
		Leads: f.Leads + g.Leads, Conversions: f.Conversions + g.Conversions, Revenue: f.Revenue + g.Revenue,
		Pending: f.Pending + g.Pending, Held: f.Held + g.Held, Approved: f.Approved + g.Approved, Paid: f.Paid + g.Paid,
	}
}

// Negative is the figures taken away.
func (f Figures) Negative() Figures {
	return Figures{
		Leads: -f.Leads, Conversions: -f.Conversions, Revenue: -f.Revenue,
		Pending: -f.Pending, Held: -f.Held, Approved: -f.Approved, Paid: -f.Paid,
	}
}

// Sheet collects differences of one transaction.
type Sheet struct{ lines map[Key]Figures }

// Add notes a difference for exactly one key.
func (s *Sheet) Add(k Key, f Figures) {
	if s.lines == nil {
		s.lines = map[Key]Figures{}
	}
	k.Day = k.Day.UTC().Truncate(24 * time.Hour)
	if sum := s.lines[k].plus(f); sum == (Figures{}) {
		delete(s.lines, k)
	} else {
		s.lines[k] = sum
	}
}

// AddLevels notes a difference for a partner in a campaign, and for the two levels above.
func (s *Sheet) AddLevels(k Key, f Figures) {
	s.Add(k, f)
	if k.CampaignID != uuid.Nil && k.PartnerID != uuid.Nil {
		s.Add(Key{Day: k.Day, CampaignID: k.CampaignID, Currency: k.Currency}, f)
	}
	s.Add(Key{Day: k.Day, Currency: k.Currency}, f)
}

// Write adds the differences to the table, in one statement and in the order of the keys, so
// that two transactions can't wait for each other. A rebuild keeps it waiting until it is done.
func (s *Sheet) Write(ctx context.Context) error {
	if len(s.lines) == 0 {
		return nil
	}
	keys := make([]Key, 0, len(s.lines))
	for k := range s.lines {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(bytes.Compare(a.PartnerID[:], b.PartnerID[:]), bytes.Compare(a.CampaignID[:], b.CampaignID[:]),
			a.Day.Compare(b.Day), cmp.Compare(a.Currency, b.Currency))
	})
	var partners, campaigns, days, currencies []string
	var figures [7][]int64
	for _, k := range keys {
		partners, campaigns = append(partners, k.PartnerID.String()), append(campaigns, k.CampaignID.String())
		days, currencies = append(days, k.Day.Format(time.DateOnly)), append(currencies, k.Currency)
		f := s.lines[k]
		for i, n := range []int64{f.Leads, f.Conversions, f.Revenue, f.Pending, f.Held, f.Approved, f.Paid} {
			figures[i] = append(figures[i], n)
		}
	}
	args := []any{tenancy.ID(ctx), rand.IntN(slots), //nolint:gosec // a lottery for lock-free rows, no secret
		partners, campaigns, days, currencies}
	for _, column := range figures {
		args = append(args, column)
	}
	err := db.Hot(ctx, `
		insert into daily_money as m (tenant_id, partner_id, campaign_id, day, currency, slot,
			leads, conversions, revenue, pending, held, approved, paid)
		select $1::uuid, p, c, d, y, $2::int, l, n, r, pe, h, a, pa
		from (select pg_advisory_xact_lock_shared(hashtext('daily_money'), hashtext($1::uuid::text)) is not null as shared) lock,
			unnest($3::uuid[], $4::uuid[], $5::date[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
			$12::bigint[], $13::bigint[]) as t (p, c, d, y, l, n, r, pe, h, a, pa)
		where lock.shared
		on conflict (tenant_id, partner_id, campaign_id, day, currency, slot) do update set
			leads = m.leads + excluded.leads, conversions = m.conversions + excluded.conversions, revenue = m.revenue + excluded.revenue,
			pending = m.pending + excluded.pending, held = m.held + excluded.held, approved = m.approved + excluded.approved,
			paid = m.paid + excluded.paid`, args...).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write the day's figures: %w", err)
	}
	s.lines = nil
	return nil
}
