package commissions

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
)

// Service keeps the ledger.
type Service struct {
	facts *facts.Bus
	now   func() time.Time
}

// NewService makes the service; the bus hears of everything that is Written.
func NewService(f *facts.Bus, now func() time.Time) *Service { return &Service{facts: f, now: now} }

// Written is the fact that rows were added to the ledger, or are in another state than before.
type Written struct{ Added, Moved []Commission }

// Filter narrows a list.
type Filter struct {
	IDs        []uuid.UUID // these alone
	Status     string
	Ready      bool // pending, with the hold over: what an admin may decide now
	PartnerID  *uuid.UUID
	CampaignID *uuid.UUID
	PayoutID   *uuid.UUID // that has them, had them, or paid them
	From, To   *time.Time // by created_at; To is exclusive
}

// List gives ledger rows, newest first; a partner sees their own.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Commission], error) {
	if own := auth.From(ctx).PartnerID; own != uuid.Nil {
		f.PartnerID = &own
	} else if err := auth.Require(ctx, "commissions:read"); err != nil {
		return paging.Result[Commission]{}, err
	}
	rows, err := listCommissions(ctx, f, page, s.now())
	if err != nil {
		return paging.Result[Commission]{}, err
	}
	for i := range rows {
		rows[i] = rows[i].seenBy(auth.From(ctx))
	}
	return paging.Cut(rows, page, func(c Commission) paging.Cursor { return paging.Cursor{At: c.CreatedAt, ID: c.ID} }), nil
}

// Find gives one row; a partner may see their own.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Commission, error) {
	c, err := findCommission(ctx, id, false)
	if err != nil {
		return Commission{}, err
	}
	if err := auth.RequireOwn(ctx, "commissions:read", c.PartnerID); fault.Is(err, fault.KindNotFound) {
		return Commission{}, fault.NotFound("commission") // word for word what a missing one gets
	} else if err != nil {
		return Commission{}, err
	}
	return c.seenBy(auth.From(ctx)), nil
}

// seenBy leaves out what is not a partner's to read: who decided, and what admins noted for each other.
// The note of a row by hand is meant for its partner, as long as the row stands.
func (c Commission) seenBy(p auth.Principal) Commission {
	if p.PartnerID == uuid.Nil {
		return c
	}
	c.ApprovedBy, c.ReversedBy = nil, nil
	if c.EventID != nil || c.Status == Reversed {
		c.Note = nil
	}
	return c
}

// OfEvent gives the rows of an event, oldest first.
func (s *Service) OfEvent(ctx context.Context, event uuid.UUID) ([]Commission, error) {
	return eventRows(ctx, event)
}

// CountWaiting counts what an admin may decide now: pending and matured.
func (s *Service) CountWaiting(ctx context.Context) (int, error) {
	return countMatured(ctx, s.now())
}

// Balance is what a partner has in one state and currency.
type Balance struct {
	Status   Status
	Currency string
	Amount   int64
}

// Balances sums a partner's rows by state and currency, reversed ones left out.
func (s *Service) Balances(ctx context.Context, partner uuid.UUID) ([]Balance, error) {
	if err := auth.RequireOwn(ctx, "commissions:read", partner); err != nil {
		return nil, err
	}
	return sumByStatus(ctx, partner)
}
