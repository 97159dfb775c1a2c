package payouts

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/secrets"
)

// Options are what a Service is made of.
type Options struct {
	Commissions *commissions.Service
	Partners    *partners.Service
	Admins      *auth.Admins
	Ring        *secrets.Keyring
	Facts       *facts.Bus
	Terms       func(ctx context.Context) (Terms, error) // what the program decided
	Now         func() time.Time

	// StripeAvailable says whether the program may pay by Stripe at all; nil is never.
	StripeAvailable func(ctx context.Context) (bool, error)
	// Paying is the account at Stripe whose balance pays the program's partners.
	Paying func(ctx context.Context) (*pay.Client, error)
}

// Service keeps payouts.
type Service struct{ Options }

// NewService makes the service; the bus hears of everything that is Created, Settled and Refused.
func NewService(o Options) *Service { return &Service{o} }

// Created is the fact that payouts were planned.
type Created struct {
	Run     Run
	Payouts []Payout
}

// Settled is the fact that a payout is paid.
type Settled struct{ Payout Payout }

// Refused is the fact that a payout failed and its rows are free.
type Refused struct{ Payout Payout }

// KindSend is the job kind of Send.
const KindSend = "payouts.send"

// Send is the order to have Stripe pay.
type Send struct {
	PayoutID uuid.UUID `json:"payout_id"`
}

// Filter narrows a list.
type Filter struct {
	Status    string
	Rail      string
	Currency  string
	PartnerID *uuid.UUID
	RunID     *uuid.UUID
}

const (
	readScope  = "payouts:read"
	writeScope = "payouts:write"
)

// List gives payouts, newest first; a partner sees their own.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Payout], error) {
	if own := auth.From(ctx).PartnerID; own != uuid.Nil {
		f.PartnerID = &own
	} else if err := auth.Require(ctx, readScope); err != nil {
		return paging.Result[Payout]{}, err
	}
	rows, err := listPayouts(ctx, f, page)
	if err != nil {
		return paging.Result[Payout]{}, err
	}
	for i := range rows {
		rows[i] = rows[i].seenBy(auth.From(ctx))
	}
	return paging.Cut(rows, page, func(p Payout) paging.Cursor { return paging.Cursor{At: p.CreatedAt, ID: p.ID} }), nil
}

// Find gives one payout; a partner may see their own.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Payout, error) {
	p, err := findPayout(ctx, id, false)
	if err != nil {
		return Payout{}, err
	}
	if err := auth.RequireOwnOf(ctx, "payout", readScope, p.PartnerID); err != nil {
		return Payout{}, err
	}
	return p.seenBy(auth.From(ctx)), nil
}

// seenBy leaves out what is between a program and Stripe.
func (p Payout) seenBy(who auth.Principal) Payout {
	if who.PartnerID != uuid.Nil {
		p.PayingAccount, p.LastError, p.FailureCode, p.Attempts, p.Generation = nil, nil, nil, 0, 0
	}
	return p
}

// Rows gives the rows of the ledger that a payout has, had or paid, newest first.
func (s *Service) Rows(ctx context.Context, p Payout, page paging.Page) (paging.Result[commissions.Commission], error) {
	if err := auth.RequireOwnOf(ctx, "payout", readScope, p.PartnerID); err != nil {
		return paging.Result[commissions.Commission]{}, err
	}
	return s.Commissions.List(ctx, commissions.Filter{PayoutID: &p.ID}, page)
}

// Runs gives the runs, newest first.
func (s *Service) Runs(ctx context.Context, page paging.Page) (paging.Result[Run], error) {
	if err := auth.Require(ctx, readScope); err != nil {
		return paging.Result[Run]{}, err
	}
	rows, err := listRuns(ctx, page)
	if err != nil {
		return paging.Result[Run]{}, err
	}
	return paging.Cut(rows, page, func(r Run) paging.Cursor { return paging.Cursor{At: r.CreatedAt, ID: r.ID} }), nil
}

// FindRun gives one run and how far it is.
func (s *Service) FindRun(ctx context.Context, id uuid.UUID) (Run, Progress, error) {
	if err := auth.Require(ctx, readScope); err != nil {
		return Run{}, nil, err
	}
	r, err := findRun(ctx, id)
	if err != nil {
		return Run{}, nil, err
	}
	progress, err := progressOf(ctx, id)
	if err != nil {
		return Run{}, nil, err
	}
	return r, progress, s.name(ctx, r.Skipped)
}

// name fills in who was left out: the run keeps ids, since names go when people do.
func (s *Service) name(ctx context.Context, rows []Skipped) error {
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.PartnerID
	}
	names, err := s.Partners.NamesOf(ctx, ids)
	for i, r := range rows {
		rows[i].PartnerName = names[r.PartnerID]
	}
	return err
}

// Payable is what is approved and in no payout, by currency: what the next ones are made of.
type Payable struct {
	Currency string
	Amount   int64
	Partners int // who are owed something
}

// Payable sums what could be paid now.
func (s *Service) Payable(ctx context.Context) ([]Payable, error) {
	if err := auth.Require(ctx, readScope); err != nil {
		return nil, err
	}
	return sumPayable(ctx)
}

// CountByHand counts what a run still has to be paid by hand.
func (s *Service) CountByHand(ctx context.Context, run uuid.UUID) (int, error) {
	if err := auth.Require(ctx, readScope); err != nil {
		return 0, err
	}
	return countByHand(ctx, run)
}

// CountWaiting counts payouts that a person has to do something about: pay them, or look at Stripe.
func (s *Service) CountWaiting(ctx context.Context) (int, error) {
	if err := auth.Require(ctx, readScope); err != nil {
		return 0, err
	}
	return countWaiting(ctx)
}

// available reports whether the Stripe rail is there.
func (s *Service) available(ctx context.Context) (bool, error) {
	if s.StripeAvailable == nil {
		return false, nil
	}
	return s.StripeAvailable(ctx)
}
