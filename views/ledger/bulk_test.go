package ledger_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ledger"
)

// line is a commission of some minor units, whose hold ends some days from now.
func line(status commissions.Status, minor int64, currency string, days int) commissions.Commission {
	return commissions.Commission{ID: uuid.New(), Status: status, Amount: minor, Currency: currency, MaturesAt: at().AddDate(0, 0, days)}
}

func TestBulkInputs_SayWhatHappensToWhich(t *testing.T) {
	t.Parallel()
	chosen := []commissions.Commission{
		line(commissions.Pending, 1000, "USD", 0), line(commissions.Held, 2000, "USD", -1), line(commissions.Pending, 500, "EUR", -1),
		line(commissions.Pending, 700, "USD", 3), line(commissions.Approved, 100, "USD", 0), line(commissions.Paid, 50, "USD", 0),
	}
	t.Run("Approve", func(t *testing.T) {
		t.Parallel()
		d := doc(t, ledger.BulkInputs(ledger.BulkPage{Action: commissions.ActionApprove, Chosen: chosen, Now: at()}))
		says(t, d, "To approve 3 commissions, $30.00 and €5.00", "On hold 1 commission, $7.00", "Stay as they are 2 commissions, $1.50", "Approve the 1 on hold, too")
		if n := d.Find(`input[name=ids]`).Length(); n != len(chosen) {
			t.Errorf("%d ids", n)
		}
	})
	t.Run("Reverse", func(t *testing.T) {
		t.Parallel()
		d := doc(t, ledger.BulkInputs(ledger.BulkPage{Action: commissions.ActionReverse, Chosen: chosen, Now: at()}))
		says(t, d, "To reverse 5 commissions, $38.00 and €5.00", "Stay as they are 1 commission, $0.50", "Why are they reversed?")
		if d.Find("input[name=force]").Length() > 0 {
			t.Error("asks to skip a hold")
		}
	})
}

func TestBulkPage_Question(t *testing.T) {
	t.Parallel()
	ripe, early := line(commissions.Pending, 1000, "USD", 0), line(commissions.Pending, 1000, "USD", 3)
	for name, c := range map[string]struct {
		action commissions.Action
		chosen []commissions.Commission
		want   string
	}{
		"All":     {commissions.ActionApprove, []commissions.Commission{ripe, ripe}, "Approve 2 commissions"},
		"Depends": {commissions.ActionApprove, []commissions.Commission{ripe, early}, "Approve commissions"},
		"Reverse": {commissions.ActionReverse, []commissions.Commission{early}, "Reverse 1 commission"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := ledger.BulkPage{Action: c.action, Chosen: c.chosen, Now: at()}.Question(routes.URLs{})
			if q.ConfirmLabel != c.want || q.Danger != (c.action == commissions.ActionReverse) {
				t.Errorf("got %q, danger %v", q.ConfirmLabel, q.Danger)
			}
		})
	}
}
