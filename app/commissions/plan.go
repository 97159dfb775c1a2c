package commissions

import (
	"time"

	"github.com/google/uuid"
)

// Cause is what made the ledger be looked at again.
type Cause string

// The causes, which become the reason of what is reversed.
const (
	CauseSuperseded Cause = "superseded"
	CauseRefund     Cause = "refund"
	CauseDispute    Cause = "dispute"
	CauseFraud      Cause = "fraud"
)

// Row is a ledger row of one key, as the plan needs it.
type Row struct {
	ID             uuid.UUID
	Kind           Kind
	Amount         int64
	Status         Status
	MaturesAt      time.Time
	ApprovedAt     *time.Time
	HeldReason     string
	ReversedReason string
}

// NewRow is a ledger row to be written.
type NewRow struct {
	Kind       Kind
	Amount     int64
	Status     Status
	MaturesAt  time.Time
	ApprovedAt *time.Time
	HeldReason string
}

// Change is what makes the ledger of a key agree with its target: rows to reverse and at most
// one to write.
type Change struct {
	Reverse []uuid.UUID
	Reason  Cause
	Write   *NewRow
}

// Circumstances are what a new row needs besides the amounts.
type Circumstances struct {
	Cause          Cause
	Now            time.Time
	MaturesAt      time.Time // of a key without rows: occurred_at and the hold
	PartnerRevoked bool
}

// Plan compares what a key should amount to with what it does, and gives the difference. A key
// that agrees, or that a person rejected, is left alone. Lines nobody has approved may be
// replaced; approved and paid ones stay and are corrected by a new line.
func Plan(target int64, rows []Row, c Circumstances) Change {
	var net, settled int64
	var held *Row
	earnedLeft := false
	change := Change{Reason: c.Cause}
	for i, r := range rows {
		if r.MaturesAt.Before(c.MaturesAt) || i == 0 {
			c.MaturesAt = r.MaturesAt
		}
		switch r.Status {
		case Reversed:
			if r.ReversedReason == reasonRejected {
				return Change{}
			}
			continue
		case Pending, Held:
			change.Reverse = append(change.Reverse, r.ID)
			if r.Status == Held {
				held = &rows[i]
			}
		default:
			settled += r.Amount
			earnedLeft = earnedLeft || r.Kind == Earned
		}
		net += r.Amount
	}
	if net == target {
		return Change{}
	}
	if difference := target - settled; difference != 0 {
		change.Write = newRow(difference, earnedLeft, held, c)
	}
	return change
}

func newRow(difference int64, earnedLeft bool, held *Row, c Circumstances) *NewRow {
	row := &NewRow{Kind: Adjustment, Amount: difference, Status: Pending, MaturesAt: c.MaturesAt}
	switch {
	case !earnedLeft && difference > 0:
		row.Kind = Earned
	case c.Cause == CauseRefund || c.Cause == CauseDispute:
		row.Kind = Reversal
	}
	switch {
	case difference < 0:
		// It takes back what is approved or paid already, so the next payout nets it.
		now := c.Now
		row.Status, row.ApprovedAt = Approved, &now
	case held != nil:
		row.Status, row.HeldReason, row.ApprovedAt = Held, held.HeldReason, held.ApprovedAt
	case c.PartnerRevoked:
		row.Status, row.HeldReason = Held, heldPartnerRevoked
	}
	return row
}
