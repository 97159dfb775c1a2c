package billing_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/billing"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

// world is a program that is billed, and the Stripe that bills it.
type world struct {
	*billing.Service

	t      *testing.T
	ctx    context.Context
	base   *testkit.Database
	stripe *testkit.Stripe
	clock  time.Time
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, base: testkit.DB(t), stripe: testkit.NewStripe(t), clock: time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)}
	w.ctx = testkit.AsAdmin(routes.With(tenancy.With(t.Context(), testkit.Tenant()), routes.New("https://partners.example.com", "acme")))
	now := func() time.Time { return w.clock }
	w.Service = billing.NewService(billing.Options{
		Mode: billing.Flat, Stripe: pay.NewBackend(w.stripe.URL).Client("sk_test_" + testkit.StripeOperator), PriceFlat: "price_flat", PriceUsage: []string{"price_usd"},
		AnyAddress: true, Admins: auth.NewAdmins(now), Now: now, Unit: func(ctx context.Context, readOnly bool, fn func(ctx context.Context) error) error {
			if readOnly {
				return tenancy.Read(ctx, w.base.System, tenancy.From(ctx), fn)
			}
			return tenancy.Run(ctx, w.base.System, tenancy.From(ctx), fn)
		},
	})
	w.stripe.Meter("USD")
	w.stripe.Meter("JPY")
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// subscribed has the program subscribe at noon.
func subscribed(t *testing.T) *world {
	t.Helper()
	w := setup(t)
	_, err := w.Subscribe(w.ctx)
	w.must(err)
	w.stripe.Subscribe(w.customer(), map[string]any{
		"start_date": w.clock.Unix(), "current_period_start": w.clock.Unix(), "current_period_end": w.clock.AddDate(0, 1, 0).Unix(),
	})
	_, err = w.Refresh(w.ctx)
	w.must(err)
	return w
}

func (w *world) customer() string {
	w.t.Helper()
	var id string
	w.base.Read(w.t, &id, `select coalesce(stripe_customer_id, '') from platform.tenants`)
	return id
}

// sell records an event now, which is attributed or not.
func (w *world) sell(amount int64, currency, status string) uuid.UUID {
	w.t.Helper()
	id := uuid.New()
	w.event(id, nil, "purchase", amount, currency)
	w.base.AsOwner(w.t, `insert into decisions (tenant_id, event_id, status, decided_at, created_at) values ($1, $2, $3, $4, $4)`, tenancy.DefaultID(), id, status, w.clock)
	return id
}

func (w *world) refund(of uuid.UUID, amount int64, currency string) {
	w.t.Helper()
	w.event(uuid.New(), &of, "refund", amount, currency)
}

// event happened long ago, and is recorded now.
func (w *world) event(id uuid.UUID, of *uuid.UUID, kind string, amount int64, currency string) {
	w.t.Helper()
	w.base.AsOwner(w.t, `
		insert into events (tenant_id, id, user_id, type, amount, currency, source, request_hash, reverses_event_id, occurred_at, created_at)
		values ($1, $2, 'u', $3, $4, $5, 'api', '', $6, $7, $8)`, tenancy.DefaultID(), id, kind, amount, currency, of, w.clock.AddDate(0, -1, 0), w.clock)
	w.clock = w.clock.Add(time.Second)
}

// tomorrow is half an hour after the next midnight: the day is written down, and sent.
func (w *world) tomorrow() {
	w.t.Helper()
	w.clock = w.clock.Truncate(24 * time.Hour).Add(24*time.Hour + 30*time.Minute)
	w.must(w.CloseDays(w.ctx))
}

func (w *world) sendAll() (last error) {
	w.t.Helper()
	for _, r := range w.reports() {
		if r.Status == billing.Pending {
			last = w.Send(w.ctx, billing.Order{ReportID: r.ID})
		}
	}
	return last
}

// reports gives all, the oldest first.
func (w *world) reports() (all []billing.Report) {
	w.t.Helper()
	w.must(tenancy.Read(w.ctx, w.base.App, testkit.Tenant(), func(ctx context.Context) error {
		found, err := w.Reports(ctx, paging.First())
		for i := len(found.Items) - 1; i >= 0; i-- {
			all = append(all, found.Items[i])
		}
		return err
	}))
	return all
}

type line struct {
	Day, Currency           string
	Amount, Value, CarryOut int64
	Status                  string
}

func (w *world) lines() (out []line) {
	for _, r := range w.reports() {
		out = append(out, line{r.Day.Format("02"), r.Currency, r.Amount, r.Value, r.CarriedOut, r.Status})
	}
	return out
}

// told is what Stripe has counted for the program in a currency.
func (w *world) told(currency string) (sum int64, events int) {
	for _, e := range w.stripe.Objects(testkit.StripeOperator, "billing.meter_event") {
		if e["event_name"] == "openpartner_revenue_"+currency {
			sum, events = sum+e["value"].(int64), events+1
		}
	}
	return sum, events
}

// TestService_CloseDays goes through a week: sales in two currencies, refunds that are more than a
// day's sales, sales that nobody was attributed, and an event that comes late.
func TestService_CloseDays(t *testing.T) {
	t.Parallel()
	w := subscribed(t)
	first := w.sell(10_000, "USD", "attributed")
	w.sell(7_000, "USD", "no_touch")
	w.sell(500, "JPY", "attributed")
	w.tomorrow() // the 11th
	w.refund(first, 4_000, "USD")
	w.refund(first, 9_000, "USD") // there are 6,000 left
	w.sell(1_000, "USD", "attributed")
	w.tomorrow() // the 12th
	w.tomorrow() // the 13th: nothing happened on the 12th
	w.sell(12_500, "USD", "attributed")
	w.clock = w.clock.AddDate(0, 0, 2)
	w.tomorrow() // the 16th; nobody looked in between
	want := []line{
		{"10", "JPY", 500, 500, 0, "pending"}, {"10", "USD", 10_000, 10_000, 0, "pending"},
		{"11", "USD", -9_000, 0, -9_000, "skipped"}, {"13", "USD", 12_500, 3_500, 0, "pending"},
	}
	got := w.lines()
	if len(got) > 1 && got[0].Currency == "USD" {
		got[0], got[1] = got[1], got[0]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	w.must(w.sendAll())
	w.must(w.CloseDays(w.ctx)) // again: nothing is written twice
	usd, events := w.told("usd")
	if jpy, _ := w.told("jpy"); usd != 13_500 || jpy != 500 || events != 2 {
		t.Errorf("Stripe was told %d USD and %d JPY", usd, jpy)
	}
}

func TestService_CloseDays_NoSubscription(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sell(10_000, "USD", "attributed")
	w.tomorrow()
	if diff := cmp.Diff([]line{{"10", "USD", 10_000, 0, 0, "skipped"}}, w.lines()); diff != "" {
		t.Fatal(diff)
	}
	if len(w.stripe.Calls("POST", "/")) != 0 {
		t.Error("Stripe was told")
	}
}

// TestService_Send_Unclear breaks the call in every way in which nobody knows whether it was done.
func TestService_Send_Unclear(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]testkit.StripeFault{
		"lost": testkit.StripeLost, "without an answer": testkit.StripeSilent, "away": testkit.StripeAway, "busy": testkit.StripeBusy, "under way": testkit.StripeConflict,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := subscribed(t)
			w.sell(1_000, "USD", "attributed")
			w.tomorrow()
			w.stripe.Fault(func(c testkit.StripeCall) testkit.StripeFault {
				if c.Path == "/v1/billing/meter_events" {
					return fault
				}
				return testkit.StripeWell
			})
			for range 2 {
				if err := w.sendAll(); err == nil || pay.Refused(err) {
					t.Fatalf("the answer is %v", err)
				}
			}
			if r := w.reports()[0]; r.Status != billing.Pending || r.PostedAt == nil || r.LastError == nil {
				t.Fatalf("the report is %+v", r)
			}
			w.stripe.Fault(nil)
			w.must(w.sendAll())
			if sum, n := w.told("usd"); sum != 1_000 || n != 1 || w.reports()[0].Status != billing.Sent {
				t.Errorf("Stripe counts %d in %d events, the report is %s", sum, n, w.reports()[0].Status)
			}
		})
	}
}

// A refusal is clear: nothing was done, and the operator has to do something.
func TestService_Send_Refused(t *testing.T) {
	t.Parallel()
	w := subscribed(t)
	w.sell(1_000, "EUR", "attributed")
	w.tomorrow()
	if err := w.sendAll(); !pay.Refused(err) {
		t.Fatalf("there is no meter for euros, and the answer is %v", err)
	}
	if r := w.reports()[0]; r.Status != billing.Pending || r.PostedAt != nil {
		t.Fatalf("the report is %+v", r)
	}
	w.stripe.Meter("EUR")
	w.stripe.Advance(25 * time.Hour) // its refusal is not remembered for longer
	w.must(w.sendAll())
	if sum, _ := w.told("eur"); sum != 1_000 {
		t.Errorf("Stripe counts %d", sum)
	}
}

// After 23 hours nothing is sent any more. What Stripe counts tells whether it has the report; if it
// does not, a person must look, and is believed by what Stripe counts then.
func TestService_Send_Doubt(t *testing.T) {
	t.Parallel()
	for name, done := range map[string]bool{"it has it": true, "it does not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := subscribed(t)
			w.sell(1_000, "USD", "attributed")
			w.tomorrow()
			w.stripe.Fault(func(c testkit.StripeCall) testkit.StripeFault {
				switch {
				case c.Path != "/v1/billing/meter_events":
					return testkit.StripeWell
				case done:
					return testkit.StripeHalf
				default:
					return testkit.StripeBroken
				}
			})
			if err := w.sendAll(); err == nil {
				t.Fatal("the call went well")
			}
			w.clock = w.clock.Add(23 * time.Hour)
			calls := len(w.stripe.Calls("POST", "/v1/billing/meter_events"))
			err := w.sendAll()
			if len(w.stripe.Calls("POST", "/v1/billing/meter_events")) != calls {
				t.Error("it was sent again")
			}
			if done {
				w.must(err)
			} else {
				if _, doubt := errors.AsType[*billing.Doubt](err); !doubt || w.reports()[0].Status != billing.Pending {
					t.Fatalf("the answer is %v", err)
				}
				w.stripe.Fault(nil)
				w.base.AsOwner(t, `update platform.jobs set status = 'dead' where kind = 'billing.report'`)
				r := w.reports()[0]
				w.must(w.Stripe.ReportUsage(w.ctx, pay.UsageInput{Key: "by hand", Identifier: "by hand", Meter: "openpartner_revenue_usd", Customer: w.customer(), Value: r.Value, At: *r.CountedAt}))
				_, err := w.Reconcile(w.ctx)
				w.must(err)
			}
			if r := w.reports()[0]; r.Status != billing.Sent {
				t.Errorf("the report is %+v", r)
			}
		})
	}
}

func TestService_Reconcile(t *testing.T) {
	t.Parallel()
	w := subscribed(t)
	w.sell(1_000, "USD", "attributed")
	w.tomorrow()
	w.must(w.sendAll())
	w.clock = w.clock.Add(4 * time.Hour)
	for _, e := range w.stripe.Objects(testkit.StripeOperator, "billing.meter_event") {
		w.stripe.Object(e["id"].(string), func(o map[string]any) { o["value"] = int64(900) })
	}
	wrong, err := w.Reconcile(w.ctx)
	w.must(err)
	if len(wrong) != 1 || wrong[0].Difference() != -100 || w.reports()[0].Difference == nil || *w.reports()[0].Difference != -100 {
		t.Fatalf("the differences are %+v", wrong)
	}
	for _, e := range w.stripe.Objects(testkit.StripeOperator, "billing.meter_event") {
		w.stripe.Object(e["id"].(string), func(o map[string]any) { o["value"] = int64(1000) })
	}
	if wrong, err = w.Reconcile(w.ctx); err != nil || len(wrong) != 0 || *w.reports()[0].Difference != 0 {
		t.Errorf("the differences are %+v, %v", wrong, err)
	}
}
