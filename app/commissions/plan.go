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
	InPayout       bool // frozen: approved, and never moved until the payout is over
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

// Move is a row that goes on or off hold; its amount stays.
type Move struct {
	ID         uuid.UUID
	Status     Status
	HeldReason string
}

// Change is what makes the ledger of a key agree with its target: rows to reverse, at most one
// to write, and rows to hold or release.
type Change struct {
	Reverse []uuid.UUID
	Reason  Cause
	Write   *NewRow
	Moves   []Move
}

// Circumstances are what a new row needs besides the amounts.
type Circumstances struct {
	Cause          Cause
	Now            time.Time
	MaturesAt      time.Time // of a key without rows: occurred_at and the hold
	PartnerRevoked bool
	Disputed       bool // the sale is in a dispute that is neither won nor lost
}

// Net is what a key amounts to: the sum of its rows that are not reversed.
func Net(rows []Row) (net int64) {
	for _, r := range rows {
		if r.Status != Reversed {
			net += r.Amount
		}
	}
	return net
}

// Pinned reports whether a person rejected the key: derivation leaves it alone from then on.
func Pinned(rows []Row) bool {
	for _, r := range rows {
		if r.Status == Reversed && r.ReversedReason == reasonRejected {
			return true
		}
	}
	return false
}

// Plan compares what a key should amount to with what it does, and gives the difference. A key
// that a person rejected is left alone. Lines nobody has approved may be replaced; approved and
// paid ones stay and are corrected by a new line. While a sale is disputed its lines are held, but
// for those in a payout, which are as good as paid.
func Plan(target int64, rows []Row, c Circumstances) Change {
	if Pinned(rows) {
		return Change{}
	}
	if Net(rows) == target {
		return Change{Moves: moves(rows, c)}
	}
	var settled int64
	var open, stay []Row
	earnedLeft := false
	change := Change{Reason: c.Cause}
	for i, r := range rows {
		if i == 0 || r.MaturesAt.Before(c.MaturesAt) {
			c.MaturesAt = r.MaturesAt
		}
		switch r.Status {
		case Reversed:
		case Pending, Held:
			open = append(open, r)
			change.Reverse = append(change.Reverse, r.ID)
		default:
			stay = append(stay, r)
			settled += r.Amount
			earnedLeft = earnedLeft || r.Kind == Earned
		}
	}
	if difference := target - settled; difference != 0 {
		change.Write = newRow(difference, earnedLeft, open, c)
	}
	change.Moves = moves(stay, c)
	return change
}

// newRow is the line that makes up the difference, in the state of the lines it replaces.
func newRow(difference int64, earnedLeft bool, replaced []Row, c Circumstances) *NewRow {
	row := &NewRow{Kind: Adjustment, Amount: difference, Status: Pending, MaturesAt: c.MaturesAt}
	switch {
	case !earnedLeft && difference > 0:
		row.Kind = Earned
	case c.Cause == CauseRefund || c.Cause == CauseDispute:
		row.Kind = Reversal
	}
	if difference < 0 {
		// It takes back what is approved or paid already, so the next payout nets it.
		now := c.Now
		row.Status, row.ApprovedAt = Approved, &now
		return row
	}
	held := ""
	approved := len(replaced) > 0
	for _, r := range replaced {
		if r.Status == Held && r.HeldReason != heldDispute {
			held = r.HeldReason
		}
		if approved = approved && r.ApprovedAt != nil; approved {
			row.ApprovedAt = r.ApprovedAt
		}
	}
	if !approved {
		row.ApprovedAt = nil
	}
	switch {
	case held != "":
		row.Status, row.HeldReason = Held, held
	case c.Disputed:
		row.Status, row.HeldReason = Held, heldDispute
	case row.ApprovedAt != nil:
		row.Status = Approved
	case c.PartnerRevoked:
		row.Status, row.HeldReason = Held, heldPartnerRevoked
	}
	return row
}

// moves holds the lines of a disputed sale, and releases them when the dispute is over: to where
// they were, or on hold for a partner who was revoked meanwhile. What takes money back is never
// held, nor is what is paid or in a payout.
func moves(rows []Row, c Circumstances) (out []Move) {
	for _, r := range rows {
		switch {
		case r.InPayout:
		case c.Disputed && r.Amount > 0 && (r.Status == Pending || r.Status == Approved):
			out = append(out, Move{r.ID, Held, heldDispute})
		case c.Disputed || r.Status != Held || r.HeldReason != heldDispute:
		case r.ApprovedAt != nil:
			out = append(out, Move{ID: r.ID, Status: Approved})
		case c.PartnerRevoked:
			out = append(out, Move{r.ID, Held, heldPartnerRevoked})
		default:
			out = append(out, Move{ID: r.ID, Status: Pending})
		}
	}
	return out
}
