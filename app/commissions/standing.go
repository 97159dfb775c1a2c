package commissions

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
)

// Standing is where a partner's money in one currency stands.
type Standing struct {
	Currency string

	OnHold       int64     // pending, and its hold still runs
	HoldsEnd     time.Time // when the first of these holds ends; zero without any
	LastHoldEnds time.Time
	Waiting      int64 // pending, with the hold over: an admin is to decide
	Payable      int64 // approved: what the next payout is made of; below zero it is owed
	OnItsWay     int64 // approved, and in a payout that is not over
	Paid         int64
	Held         []HeldSum
}

// HeldSum is what is held for one reason.
type HeldSum struct {
	Reason string
	Amount int64
}

// Standings tells where a partner's money stands, currency by currency. Partners may see their
// own.
func (s *Service) Standings(ctx context.Context, partner uuid.UUID) ([]Standing, error) {
	if err := auth.RequireOwn(ctx, "commissions:read", partner); err != nil {
		return nil, err
	}
	rows, err := sumByHold(ctx, partner, s.now())
	if err != nil {
		return nil, err
	}
	return standings(rows), nil
}

// holdRow sums rows of one currency that stand alike.
type holdRow struct {
	Currency   string
	Status     Status
	HeldReason string
	Running    bool // the hold
	Taken      bool // by a payout
	Amount     int64
	Earliest   time.Time
	Latest     time.Time
}

// standings sorts the sums, which come by currency.
func standings(rows []holdRow) []Standing {
	var out []Standing
	for _, r := range rows {
		if len(out) == 0 || out[len(out)-1].Currency != r.Currency {
			out = append(out, Standing{Currency: r.Currency})
		}
		out[len(out)-1].add(r)
	}
	return out
}

func (s *Standing) add(r holdRow) {
	switch r.Status {
	case Pending:
		if r.Running {
			s.OnHold, s.HoldsEnd, s.LastHoldEnds = r.Amount, r.Earliest, r.Latest
		} else {
			s.Waiting = r.Amount
		}
	case Approved:
		if r.Taken {
			s.OnItsWay += r.Amount
		} else {
			s.Payable += r.Amount
		}
	case Paid:
		s.Paid += r.Amount
	case Held:
		i := slices.IndexFunc(s.Held, func(h HeldSum) bool { return h.Reason == r.HeldReason })
		if i < 0 {
			s.Held = append(s.Held, HeldSum{Reason: r.HeldReason})
			i = len(s.Held) - 1
		}
		s.Held[i].Amount += r.Amount
	case Reversed:
	}
}

func sumByHold(ctx context.Context, partner uuid.UUID, now time.Time) ([]holdRow, error) {
	var rows []holdRow
	err := db.Tx(ctx).NewRaw(`
		select currency, status, coalesce(held_reason, '') as held_reason, status = 'pending' and matures_at > ?1 as running,
			status = 'approved' and exists (select from payout_items i where i.commission_id = m.id and i.released_at is null) as taken,
			sum(amount)::bigint as amount, min(matures_at) as earliest, max(matures_at) as latest
		from commissions m where partner_id = ?0 and status <> 'reversed'
		group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`, partner, now).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("sum commissions by hold: %w", err)
	}
	return rows, nil
}
