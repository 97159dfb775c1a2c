// Package commissions owns the ledger: what partners earned, how each amount came about, and
// what has become of it.
//
// It does not decide who earns (attribution does) and does not pay (payouts does). Invariants: the amount,
// currency and owner of a row never change, no row is deleted, and after Reconcile every key
// (event, partner, campaign, rule) adds up to what the rules say.
package commissions

import (
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
)

// Kind says what a row is.
type Kind string

// The kinds.
const (
	Earned     Kind = "earned"
	Reversal   Kind = "reversal"
	Adjustment Kind = "adjustment"
	Bonus      Kind = "bonus"
)

// Status says where a row is on its way to being paid.
type Status string

// The states.
const (
	Pending  Status = "pending"
	Approved Status = "approved"
	Held     Status = "held"
	Paid     Status = "paid"
	Reversed Status = "reversed"
)

// Statuses are the states that lists are filtered by.
func Statuses() []Status { return []Status{Pending, Approved, Held, Paid, Reversed} }

const (
	reasonRejected     = "rejected"
	heldPartnerRevoked = "partner_revoked"
	heldDispute        = "dispute"
)

// Commission is one row of the ledger, with every figure that explains its amount.
type Commission struct {
	ID             uuid.UUID
	EventID        *uuid.UUID
	PartnerID      uuid.UUID
	PartnerName    string
	CampaignID     *uuid.UUID
	CampaignName   *string
	RuleID         *uuid.UUID
	ClickID        *uuid.UUID
	Kind           Kind
	BaseAmount     *int64
	BaseCurrency   *string
	RatePPM        *int64 `bun:"rate_ppm"`
	WeightNum      *int64
	WeightDen      *int64
	Amount         int64
	Currency       string
	Status         Status
	MaturesAt      time.Time
	ApprovedAt     *time.Time
	ApprovedBy     *uuid.UUID
	HeldReason     *string
	ReversedReason *string
	ReversedBy     *uuid.UUID
	PaidAt         *time.Time
	Note           *string
	PayoutID       *uuid.UUID // that has it, or paid it
	OccurredAt     time.Time  // of its event, or of its making where there is none
	CreatedAt      time.Time
}

// Money is the amount with its currency.
func (c Commission) Money() money.Amount { return money.Amount{Minor: c.Amount, Currency: c.Currency} }

// Weight is the partner's share of the event; the whole for rows without one.
func (c Commission) Weight() money.Weight {
	if c.WeightNum == nil || c.WeightDen == nil {
		return money.Weight{Num: 1, Den: 1}
	}
	return money.NewWeight(*c.WeightNum, *c.WeightDen)
}

// Matured reports whether the hold is over.
func (c Commission) Matured(now time.Time) bool { return !now.Before(c.MaturesAt) }

// approvable refuses what can't be approved, and what is on hold unless forced with a note.
func (c Commission) approvable(now time.Time, force bool, note string) error {
	if c.Status != Pending && c.Status != Held {
		return fault.Conflict("not_approvable", "Only a pending or held commission can be approved; this one is "+string(c.Status)+".")
	}
	if !c.Matured(now) && !force {
		return fault.Conflict("hold_active", "This commission is on hold until "+c.MaturesAt.UTC().Format("2 January 2006")+".")
	}
	if force && note == "" {
		return fault.InvalidField("note", "Say why the hold is skipped.")
	}
	return nil
}

// reversible refuses what was paid or reversed already, and what a payout has.
func (c Commission) reversible(inPayout bool) error {
	if c.Status == Paid || c.Status == Reversed {
		return fault.Conflict("not_reversible", "A commission that is "+string(c.Status)+" can't be reversed.")
	}
	if inPayout {
		return fault.Conflict("in_payout", "A payout has this commission. Cancel the payout first, or take the amount back by an adjustment.")
	}
	return nil
}
