package attribution

import (
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/commissions"
)

// correction is what later events took back from one.
type correction struct {
	refunds  []Event // in the order in which they happened
	disputed bool    // a dispute that is neither won nor lost
	lost     bool    // the latest word of a dispute
	lostPart *int64  // what was lost, where it was not all
}

// corrections reads what events take back from others, by the event they correct. The events
// come in their order; of a dispute the latest word counts.
func corrections(events []Event) map[uuid.UUID]correction {
	out := map[uuid.UUID]correction{}
	for _, e := range events {
		if e.ReversesEventID == nil {
			continue
		}
		c := out[*e.ReversesEventID]
		switch e.Type {
		case TypeRefund:
			c.refunds = append(c.refunds, e)
		case TypeDispute:
			c.disputed, c.lost, c.lostPart = true, false, nil
		case TypeDisputeWon:
			c.disputed, c.lost, c.lostPart = false, false, nil
		case TypeDisputeLost:
			c.disputed, c.lost, c.lostPart = false, true, e.Amount
		}
		out[*e.ReversesEventID] = c
	}
	return out
}

// refunded is the sum of the refunds, which may be more than the sale.
func (c correction) refunded() (sum int64) {
	for _, r := range c.refunds {
		if r.Amount != nil {
			sum = min(sum+*r.Amount, 1<<62)
		}
	}
	return sum
}

// left is what of a sale has not been refunded yet.
func (c correction) left(sale Event) int64 {
	if sale.Amount == nil {
		return 0
	}
	return max(0, *sale.Amount-c.refunded())
}

// sale is the event as the arithmetic of commissions sees it.
func (e Event) sale(c correction) commissions.Sale {
	s := commissions.Sale{Type: e.Type, OccurredAt: e.OccurredAt, Amount: e.Amount, Refunded: c.refunded()}
	if e.Currency != nil {
		s.Currency = *e.Currency
	}
	switch {
	case c.lost && c.lostPart == nil:
		s.Withdrawn = true
	case c.lost:
		s.Refunded += *c.lostPart
	}
	if len(c.refunds) > 0 && (e.Amount == nil || *e.Amount == 0) {
		s.Withdrawn = true
	}
	return s
}
