package payouts_test

import (
	"context"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/verify"
	"github.com/openpartner/openpartner/tests/testkit"
)

// Whoever gets past the guards is found out by verify-ledger.
func TestVerify_Payouts(t *testing.T) {
	t.Parallel()
	for invariant, statement := range map[string]string{
		"a payout is the sum of its rows":                                     `update payouts set amount = amount + 1`,
		"a payout has the partner, currency and amounts of its rows":          `update payout_items set amount = 999`,
		"the rows of a payout are paid if it is, and else approved":           `update payouts set status = 'pending', completed_at = null`,
		"a payout that came to nothing has let its rows go, and no other has": `update payout_items set released_at = now()`,
		"the totals of a run are those of its payouts":                        `update payout_runs set totals = '{"USD": 1}'`,
		"the ledger is guarded":                                               `select 1`, // the guards themselves are off
		"a row of the ledger is in one payout that is not over":               `drop index payout_items_one_live; insert into payouts select (jsonb_populate_record(o, '{"id": "01a2165f-1a90-7ae5-8f70-d6960ab35c26"}')).* from payouts o; insert into payout_items select tenant_id, '01a2165f-1a90-7ae5-8f70-d6960ab35c26', commission_id, amount, null, now() from payout_items`,
	} {
		t.Run(invariant, func(t *testing.T) {
			t.Parallel()
			d := testkit.DB(t)
			w := setup(t)
			err := tenancy.Run(testkit.AsAdmin(t.Context()), d.App, testkit.Tenant(), func(ctx context.Context) error {
				w.ctx = ctx
				w.owe(w.partner("zoe"), 1000, "USD")
				_, made := w.run(payouts.RunInput{})
				_, err := w.payouts.MarkPaid(ctx, made[0].ID, "1", time.Time{})
				return err
			})
			w.must(err)
			for _, table := range []string{"payouts", "payout_items"} {
				d.AsOwner(t, `alter table `+table+` disable trigger user`)
			}
			d.AsOwner(t, statement)
			var found []verify.Breach
			w.must(d.System.InTx(t.Context(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) (err error) {
				found, err = verify.Ledger(ctx)
				return err
			}))
			for _, b := range found {
				if b.Invariant == invariant {
					return
				}
			}
			t.Errorf("found only %v", found)
		})
	}
}
