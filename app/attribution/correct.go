package attribution

import (
	"context"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
)

// correct finds the event that a refund or dispute means and completes the correction with the
// original's figures. It gives nil for events that correct nothing.
func (s *Service) correct(ctx context.Context, in EventInput, e *Event) (*Event, error) {
	if in.Reverses == nil {
		return nil, nil //nolint:nilnil // an event that corrects nothing has no original
	}
	original, err := findReversed(ctx, in.Source, *in.Reverses)
	if err != nil {
		return nil, err
	}
	fields := fault.Fields{}
	switch {
	case corrective(original.Type):
		fields.Add("reverses", "A correction can't be corrected.")
	case original.UserID != in.UserID:
		fields.Add("user_id", "The event that this one corrects belongs to another user.")
	case in.Currency != nil && original.Currency != nil && *in.Currency != *original.Currency:
		fields.Add("currency", "A refund has the currency of its sale: "+*original.Currency+".")
	}
	if err := fields.Err(); err != nil {
		return nil, err
	}
	e.ReversesEventID = &original.ID
	e.Currency = original.Currency
	if in.Type == TypeRefund && original.Amount != nil && e.Amount == nil {
		corrections, err := correctionsOf(ctx, in.UserID)
		if err != nil {
			return nil, err
		}
		left := max(0, *original.Amount-corrections[original.ID].refunded)
		e.Amount = &left
	}
	if e.Amount != nil && e.Currency == nil {
		return nil, fault.InvalidField("amount", "The event that this one corrects has no amount.")
	}
	return &original, nil
}

func findReversed(ctx context.Context, source, ref string) (Event, error) {
	if id, err := ids.Parse(ref); err == nil {
		e, err := findEvent(ctx, id)
		if err == nil || !fault.Is(err, fault.KindNotFound) {
			return e, err
		}
	}
	e, err := findByExternalID(ctx, source, ref)
	if fault.Is(err, fault.KindNotFound) {
		return Event{}, fault.NotFound("event").WithCode("event_not_found").WithField("reverses", "There is no such event.")
	}
	return e, err
}

// correction is what later events took back from one.
type correction struct {
	refunded int64
	refund   bool // there was a refund, whatever its amount
	lost     bool // the latest word of a dispute
}

// sale is the event as the arithmetic of commissions sees it.
func (e Event) sale(c correction) commissions.Sale {
	s := commissions.Sale{Type: e.Type, OccurredAt: e.OccurredAt, Amount: e.Amount, Refunded: c.refunded, Withdrawn: c.lost}
	if e.Currency != nil {
		s.Currency = *e.Currency
	}
	if c.refund && (e.Amount == nil || *e.Amount == 0) {
		s.Withdrawn = true
	}
	return s
}
