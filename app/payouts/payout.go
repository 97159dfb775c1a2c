// Package payouts pays partners: it freezes approved rows of the ledger in payouts, and follows
// these until they are paid or have come to nothing.
//
// It does not decide what is owed (commissions does). Invariants: what is sent was stored before,
// and never changes; a row of the ledger is in one payout that is not over; the amount of a payout
// is the sum of its rows.
package payouts

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
)

// Status says where a payout is on its way.
type Status string

// The states.
const (
	Pending     Status = "pending"      // an intent: nothing was sent
	Processing  Status = "processing"   // sent, and not confirmed
	Paid        Status = "paid"         // confirmed
	Failed      Status = "failed"       // refused: its rows are free
	Cancelled   Status = "cancelled"    // by a person, before anything was sent
	NeedsReview Status = "needs_review" // nobody knows whether the money went, so a person looks
)

// Statuses are the states that lists are filtered by.
func Statuses() []Status { return []Status{Pending, Processing, NeedsReview, Paid, Failed, Cancelled} }

// Rail is the way that the money goes.
type Rail string

// The rails. Auto is a choice of settings alone: by Stripe where that can be, and else by hand.
const (
	RailAuto   Rail = "auto"
	RailStripe Rail = "stripe_connect"
	RailManual Rail = "manual"
)

// Payout is an amount for one partner in one currency.
type Payout struct {
	ID                 uuid.UUID
	PartnerID          uuid.UUID
	PartnerName        string
	RunID              uuid.UUID
	Currency           string
	Amount             int64
	Rail               Rail
	Status             Status
	DestinationAccount *string // at Stripe
	PayingAccount      *string // the one whose balance pays, from the first call on
	Generation         int     // of the key that it is sent under
	StripeTransferID   *string
	Attempts           int
	PostedAt           *time.Time
	CompletedAt        *time.Time // when it was paid, failed or was cancelled
	FailureCode        *string
	LastError          *string
	Reference          *string // of whoever paid by hand
	CreatedAt          time.Time
}

// Money is the amount with its currency.
func (p Payout) Money() money.Amount { return money.Amount{Minor: p.Amount, Currency: p.Currency} }

// Live reports whether the payout still has its rows and is not over.
func (p Payout) Live() bool {
	return p.Status == Pending || p.Status == Processing || p.Status == NeedsReview
}

// Run is what was planned together.
type Run struct {
	ID        uuid.UUID
	StartedBy *uuid.UUID // nil: the clock, or a command
	Period    *time.Time // of the clock
	CutOff    time.Time
	Totals    map[string]int64 // by currency
	Skipped   []Skipped
	CreatedAt time.Time
}

// Sums are the totals, by currency in its order.
func (r Run) Sums() (out []money.Amount) {
	for _, code := range slices.Sorted(maps.Keys(r.Totals)) {
		out = append(out, money.Amount{Minor: r.Totals[code], Currency: code})
	}
	return out
}

// Progress is how far a run is: payouts by state.
type Progress map[Status]int

// Total is how many there are.
func (p Progress) Total() (n int) {
	for _, some := range p {
		n += some
	}
	return n
}

// Over is how many are paid, failed or cancelled.
func (p Progress) Over() int { return p[Paid] + p[Failed] + p[Cancelled] }

// markable refuses what can't be marked as paid by hand.
func (p Payout) markable() error {
	switch {
	case p.Rail != RailManual:
		return fault.Conflict("not_manual", "This payout goes by Stripe, which tells by itself when it is paid.")
	case p.Status == Paid:
		return fault.Conflict("already_paid", "This payout is marked as paid already, under another reference.")
	case p.Status != Pending:
		return fault.Conflict("not_pending", "Only a pending payout can be marked as paid; this one is "+string(p.Status)+".")
	}
	return nil
}

// cancellable refuses what was sent or is over.
func (p Payout) cancellable() error {
	if p.Status != Pending {
		return fault.Conflict("not_pending", "Only a pending payout can be cancelled; this one is "+string(p.Status)+".")
	}
	return nil
}
