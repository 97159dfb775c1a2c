package payouts_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/verify"
	"github.com/openpartner/openpartner/tests/testkit"
)

// world is a program in a rolled-back transaction of a database of its own: a tenant's runs take
// turns, and all tests are of one tenant.
type world struct {
	t           *testing.T
	ctx         context.Context
	now         time.Time
	terms       payouts.Terms
	told        []string
	commissions *commissions.Service
	partners    *partners.Service
	payouts     *payouts.Service
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: testkit.Begin(t, testkit.DB(t).App), now: time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC), terms: payouts.Terms{Rail: payouts.RailAuto}}
	clock := func() time.Time { return w.now }
	bus := &facts.Bus{}
	facts.Listen(bus, func(_ context.Context, f payouts.Created) error {
		for range f.Payouts {
			w.told = append(w.told, "created")
		}
		return nil
	})
	facts.Listen(bus, func(context.Context, payouts.Settled) error { w.told = append(w.told, "paid"); return nil })
	facts.Listen(bus, func(_ context.Context, f commissions.Written) error {
		for _, c := range f.Moved {
			w.told = append(w.told, "commission "+string(c.Status))
		}
		return nil
	})
	ring, err := secrets.ParseKeyring(secrets.Generate())
	if err != nil {
		t.Fatal(err)
	}
	w.commissions, w.partners = commissions.NewService(bus, clock), partners.NewService(nil, clock)
	w.payouts = payouts.NewService(payouts.Options{
		Commissions: w.commissions, Partners: w.partners, Admins: auth.NewAdmins(clock), Ring: ring, Facts: bus, Now: clock,
		Terms: func(context.Context) (payouts.Terms, error) { return w.terms, nil },
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) partner(name string) uuid.UUID {
	w.t.Helper()
	p, err := w.partners.Create(w.ctx, partners.CreateInput{Email: name + "@example.com", Name: name})
	w.must(err)
	return p.ID
}

// owe adds an approved amount to a partner's account.
func (w *world) owe(partner uuid.UUID, amount int64, currency string) uuid.UUID {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	c, err := w.commissions.Adjust(w.ctx, commissions.AdjustInput{PartnerID: partner, Amount: amount, Currency: currency, Note: "by hand"})
	w.must(err)
	return c.ID
}

func (w *world) run(in payouts.RunInput) (payouts.Run, []payouts.Payout) {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	run, made, err := w.payouts.Start(w.ctx, in)
	w.must(err)
	return run, made
}

// intact holds everything against what must be true of it.
func (w *world) intact() {
	w.t.Helper()
	breaches, err := verify.Ledger(w.ctx)
	w.must(err)
	for _, b := range breaches {
		w.t.Error(b)
	}
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if f, ok := fault.From(err); !ok || f.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestService_Start(t *testing.T) {
	t.Parallel()
	w := setup(t)
	zoe, mia, ida, gone := w.partner("zoe"), w.partner("mia"), w.partner("ida"), w.partner("gone")
	w.owe(zoe, 3000, "USD")
	w.owe(zoe, -500, "USD")
	w.owe(zoe, 700, "JPY")
	w.owe(mia, -100, "USD")
	w.owe(ida, 900, "USD")
	w.owe(gone, 5000, "KWD")
	_, err := w.partners.Revoke(w.ctx, gone, partners.Ending{})
	w.must(err)
	w.terms.Thresholds = map[string]int64{"USD": 1000}

	preview, err := w.payouts.Preview(w.ctx, payouts.RunInput{})
	w.must(err)
	run, made := w.run(payouts.RunInput{})
	if len(preview.Pay) != len(made) || len(preview.Skipped) != len(run.Skipped) {
		t.Errorf("the preview says %v and %v", preview.Pay, preview.Skipped)
	}
	var got []string
	for _, p := range made {
		got = append(got, p.PartnerName+" "+p.Money().Format()+" "+string(p.Rail)+" "+string(p.Status))
	}
	for _, s := range run.Skipped {
		got = append(got, s.PartnerName+" "+string(s.Reason))
	}
	want := []string{"zoe ¥700 manual pending", "zoe $25.00 manual pending", "gone partner_revoked", "ida below_threshold", "mia negative_balance"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if again, made := w.run(payouts.RunInput{}); len(made) != 0 || len(again.Skipped) != 3 {
		t.Errorf("a second run pays %v", made)
	}
	if _, made := w.run(payouts.RunInput{Partners: []uuid.UUID{gone}}); len(made) != 1 || made[0].Currency != "KWD" {
		t.Errorf("named, the revoked partner is paid %v", made)
	}
	_, _, err = w.payouts.Start(w.ctx, payouts.RunInput{Partners: []uuid.UUID{uuid.New()}, Currency: "DOG"})
	refused(t, err, "invalid")
	w.terms.Rail = payouts.RailStripe
	_, _, err = w.payouts.Start(w.ctx, payouts.RunInput{})
	refused(t, err, "rail_not_available")
	w.intact()
}

func TestService_Start_CutOff(t *testing.T) {
	t.Parallel()
	w := setup(t)
	zoe := w.partner("zoe")
	w.owe(zoe, 1000, "USD")
	cutOff := w.now
	later := w.owe(zoe, 5000, "USD")
	w.owe(zoe, -300, "USD") // what takes money back does so at once
	_, made := w.run(payouts.RunInput{CutOff: &cutOff})
	if len(made) != 1 || made[0].Amount != 700 {
		t.Fatalf("got %v", made)
	}
	rows, err := w.payouts.Rows(w.ctx, made[0], paging.First())
	w.must(err)
	if len(rows.Items) != 2 || slices.ContainsFunc(rows.Items, func(c commissions.Commission) bool { return c.ID == later }) {
		t.Errorf("it has %d rows", len(rows.Items))
	}
	w.intact()
}

func TestService_MarkPaid(t *testing.T) {
	t.Parallel()
	w := setup(t)
	zoe := w.partner("zoe")
	row := w.owe(zoe, 1000, "USD")
	_, made := w.run(payouts.RunInput{})
	paidAt := w.now.Add(-time.Minute)

	_, err := w.payouts.MarkPaid(w.ctx, made[0].ID, " ", time.Time{})
	refused(t, err, "invalid")
	_, err = w.payouts.MarkPaid(w.ctx, made[0].ID, "SEPA 1", w.now.Add(time.Hour))
	refused(t, err, "invalid")
	w.told = nil
	p, err := w.payouts.MarkPaid(w.ctx, made[0].ID, "SEPA 1", paidAt)
	w.must(err)
	if p.Status != payouts.Paid || *p.Reference != "SEPA 1" || !p.CompletedAt.Equal(paidAt) {
		t.Errorf("got %+v", p)
	}
	if want := []string{"commission paid", "paid"}; !slices.Equal(w.told, want) {
		t.Errorf("told %q", w.told)
	}
	c, err := w.commissions.Find(w.ctx, row)
	w.must(err)
	if c.Status != commissions.Paid || c.PaidAt == nil || !c.PaidAt.Equal(paidAt) || *c.PayoutID != p.ID {
		t.Errorf("the row is %+v", c)
	}
	if _, err := w.payouts.MarkPaid(w.ctx, p.ID, "SEPA 1", time.Time{}); err != nil {
		t.Errorf("the same again: %v", err)
	}
	_, err = w.payouts.MarkPaid(w.ctx, p.ID, "SEPA 2", time.Time{})
	refused(t, err, "already_paid")
	_, err = w.payouts.Cancel(w.ctx, p.ID)
	refused(t, err, "not_pending")
	w.intact()
}

func TestService_Cancel(t *testing.T) {
	t.Parallel()
	w := setup(t)
	zoe := w.partner("zoe")
	row := w.owe(zoe, 1000, "USD")
	_, made := w.run(payouts.RunInput{})
	_, err := w.commissions.Reverse(w.ctx, row, "no")
	refused(t, err, "in_payout")
	results, err := w.commissions.Bulk(w.ctx, commissions.BulkInput{Action: commissions.ActionReverse, IDs: []uuid.UUID{row}, Note: "no"})
	w.must(err)
	refused(t, results[0].Err, "in_payout")

	p, err := w.payouts.Cancel(w.ctx, made[0].ID)
	w.must(err)
	if p.Status != payouts.Cancelled || p.CompletedAt == nil {
		t.Errorf("got %+v", p)
	}
	_, err = w.payouts.Cancel(w.ctx, p.ID)
	refused(t, err, "not_pending")
	_, err = w.payouts.MarkPaid(w.ctx, p.ID, "SEPA 1", time.Time{})
	refused(t, err, "not_pending")
	_, again := w.run(payouts.RunInput{})
	if len(again) != 1 || again[0].Amount != 1000 {
		t.Errorf("the rows are not free: %v", again)
	}
	_, err = w.payouts.Cancel(w.ctx, again[0].ID)
	w.must(err)
	if _, err := w.commissions.Reverse(w.ctx, row, "no"); err != nil {
		t.Errorf("a row that is free again: %v", err)
	}
	w.intact()
}

// The clock pays a period once.
func TestService_StartPeriod(t *testing.T) {
	t.Parallel()
	w := setup(t)
	zoe := w.partner("zoe")
	w.owe(zoe, 1000, "USD")
	period := time.Date(2026, 1, 12, 0, 0, 0, 0, time.UTC)
	w.now = period.Add(time.Hour)
	w.owe(zoe, 300, "USD") // of the next period
	for i := range 2 {
		run, err := w.payouts.StartPeriod(w.ctx, period)
		w.must(err)
		if i == 0 && (run.Totals["USD"] != 1000 || run.StartedBy != nil) {
			t.Errorf("got %+v", run)
		}
		if i == 1 && run.ID != uuid.Nil {
			t.Error("a period was paid twice")
		}
	}
	w.intact()
}

func TestService_BankFile(t *testing.T) {
	t.Parallel()
	w := setup(t)
	zoe, mia := w.partner("=zoe"), w.partner("mia")
	w.owe(zoe, 1000, "USD")
	w.owe(mia, 2000, "USD")
	as := func(partner uuid.UUID) context.Context {
		return auth.With(w.ctx, auth.Principal{Kind: auth.Partner, ID: partner, PartnerID: partner})
	}
	w.must(w.payouts.SetDetails(as(zoe), "DE02 1203 0000 0000 2020 51"))
	w.now = w.now.Add(payouts.CoolDown)
	w.must(w.payouts.SetDetails(as(mia), "+somewhere else"))
	run, made := w.run(payouts.RunInput{})
	file := func() string {
		var out bytes.Buffer
		w.must(w.payouts.BankFile(w.ctx, run.ID, &out))
		return out.String()
	}
	for _, want := range []string{"'=zoe", ",10.00,USD,DE02 1203 0000 0000 2020 51,", "mia,mia@example.com,20.00,USD,,The bank details were changed"} {
		if got := file(); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	w.now = w.now.Add(payouts.CoolDown)
	if got := file(); !strings.Contains(got, "'+somewhere else") {
		t.Errorf("after the cool-down:\n%s", got)
	}
	_, err := w.payouts.MarkPaid(w.ctx, made[0].ID, "1", time.Time{})
	w.must(err)
	_, err = w.payouts.Cancel(w.ctx, made[1].ID)
	w.must(err)
	if got := file(); strings.Count(got, "\n") != 1 {
		t.Errorf("what is over is still to be paid:\n%s", got)
	}
	var stored string
	w.must(db.Tx(w.ctx).NewRaw(`select payout_details_ciphertext from partners where id = ?`, zoe).Scan(w.ctx, &stored))
	if strings.Contains(stored, "1203") {
		t.Error("the details are stored as they are")
	}
	_, err = w.partners.Erase(w.ctx, zoe)
	w.must(err)
	if d, err := w.payouts.Details(w.ctx, zoe); err != nil || d.Kept {
		t.Errorf("an erased partner has %+v, %v", d, err)
	}
}

// Nothing that a defect of ours might try gets past the database.
func TestGuards(t *testing.T) {
	t.Parallel()
	w := setup(t)
	zoe, mia := w.partner("zoe"), w.partner("mia")
	row := w.owe(zoe, 1000, "USD")
	_, made := w.run(payouts.RunInput{})
	others := w.owe(mia, 1000, "USD")
	free := w.owe(zoe, 300, "USD")
	id, tenant := made[0].ID, tenancy.ID(w.ctx)
	item := `insert into payout_items (tenant_id, payout_id, commission_id, amount, created_at) values (?, ?, ?, ?, now())`
	for _, s := range []struct {
		name, statement string
		args            []any
	}{
		{"Amount", `update payouts set amount = 1 where id = ?`, []any{id}},
		{"Partner", `update payouts set partner_id = ? where id = ?`, []any{mia, id}},
		{"PaidWithoutRows", `update payouts set status = 'paid', completed_at = now() where id = ?`, []any{id}},
		{"CancelledWithRows", `update payouts set status = 'cancelled', completed_at = now() where id = ?`, []any{id}},
		{"ProcessingByHand", `update payouts set status = 'processing' where id = ?`, []any{id}},
		{"Generation", `update payouts set generation = 1 where id = ?`, []any{id}},
		{"RowReversed", `update commissions set status = 'reversed', reversed_reason = 'rejected' where id = ?`, []any{row}},
		{"RowHeld", `update commissions set status = 'held', held_reason = 'dispute' where id = ?`, []any{row}},
		{"RowTwice", item, []any{tenant, id, row, 1000}},
		{"RowOfAnother", item, []any{tenant, id, others, 1000}},
		{"AnotherAmount", item, []any{tenant, id, free, 301}},
		{"ItemChanged", `update payout_items set amount = 1 where payout_id = ?`, []any{id}},
		{"Deleted", `delete from payouts where id = ?`, []any{id}},
	} {
		err := db.Run(w.ctx, func(ctx context.Context) error {
			_, err := db.Tx(ctx).NewRaw(s.statement, s.args...).Exec(ctx)
			return err
		})
		if err == nil {
			t.Errorf("%s is let through", s.name)
		}
	}
	w.intact()
}

// Two runs at the same time: one plans, the other is told to wait.
func TestService_Start_TakesTurns(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	ctx, other := testkit.Begin(t, d.App), testkit.Begin(t, d.App)
	w := setup(t)
	w.ctx = ctx
	w.owe(w.partner("zoe"), 1000, "USD")
	w.run(payouts.RunInput{})
	_, _, err := w.payouts.Start(other, payouts.RunInput{})
	refused(t, err, "run_in_progress")
}
