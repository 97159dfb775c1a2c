package billing_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/billing"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

// TestService_Subscribe makes one customer and one checkout, however often somebody begins.
func TestService_Subscribe(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.stripe.Fault(func(c testkit.StripeCall) testkit.StripeFault {
		if c.Path == "/v1/customers" && c.Nth == 1 {
			return testkit.StripeSilent
		}
		return testkit.StripeWell
	})
	if _, err := w.Subscribe(w.ctx); err == nil {
		t.Fatal("the call went well")
	}
	first, err := w.Subscribe(w.ctx)
	w.must(err)
	if second, err := w.Subscribe(w.ctx); err != nil || second != first {
		t.Errorf("the second is %s, %v", second, err)
	}
	if n := len(w.stripe.Objects(testkit.StripeOperator, "customer")); n != 1 {
		t.Errorf("%d customers", n)
	}
	pages := w.stripe.Objects(testkit.StripeOperator, "checkout.session")
	if len(pages) != 1 || !cmp.Equal(pages[0]["prices"], []string{"price_flat", "price_usd"}) {
		t.Fatalf("the pages are %v", pages)
	}
	w.stripe.Subscribe(w.customer(), nil) // and no event has come yet
	if _, err := w.Subscribe(w.ctx); err == nil {
		t.Error("subscribed twice")
	}
	var status string
	if w.base.Read(t, &status, `select status from billing_accounts`); status != "active" {
		t.Errorf("the state is %s", status)
	}
}

// take tells of an event as the inbox does.
func (w *world) take(kind string, object map[string]any) bool {
	w.t.Helper()
	text, err := json.Marshal(object)
	w.must(err)
	var taken bool
	w.must(tenancy.Run(w.ctx, w.base.App, testkit.Tenant(), func(ctx context.Context) (err error) {
		taken, err = w.Take(ctx, pay.Event{Type: kind, Object: text})
		return err
	}))
	return taken
}

// An event is believed in one thing: whom it is about. An old one, or one of another customer, changes
// nothing.
func TestService_Take(t *testing.T) {
	t.Parallel()
	w := subscribed(t)
	stale := map[string]any{"id": "sub_old", "object": "subscription", "customer": w.customer(), "status": "canceled"}
	if !w.take("customer.subscription.deleted", stale) {
		t.Error("an event of the program's own is not taken")
	}
	if w.take("customer.subscription.deleted", map[string]any{"id": "sub_old", "object": "subscription", "customer": "cus_other", "status": "canceled"}) {
		t.Error("an event of somebody else's is taken")
	}
	var orders int
	if w.base.Read(t, &orders, `select count(*) from platform.jobs where kind = 'billing.refresh'`); orders != 1 {
		t.Errorf("%d orders", orders)
	}
	if a, err := w.Refresh(w.ctx); err != nil || a.Status != billing.Active {
		t.Errorf("the state is %s, %v", a.Status, err)
	}
}

// Whoever asked earlier and answers later changes nothing.
func TestService_Refresh_Late(t *testing.T) {
	t.Parallel()
	w := subscribed(t)
	w.base.AsOwner(t, `update billing_accounts set read_at = $1, status = 'past_due'`, w.clock.Add(time.Minute))
	if a, err := w.Refresh(w.ctx); err != nil || a.Status != billing.PastDue {
		t.Errorf("the state is %s, %v", a.Status, err)
	}
}

func TestService_TellFailure(t *testing.T) {
	t.Parallel()
	w := subscribed(t)
	w.base.AsOwner(t, `insert into admins (tenant_id, id, email, name, role, activated_at, created_at) values ($1, $2, 'ada@example.com', 'Ada', 'admin', now(), now())`, tenancy.DefaultID(), uuid.New())
	invoice := map[string]any{"id": "in_1", "object": "invoice", "owner": testkit.StripeOperator, "serial": 0, "customer": w.customer(), "status": "open", "attempted": true}
	w.stripe.Put(invoice)
	if !w.take("invoice.payment_failed", map[string]any{"id": "in_1", "object": "invoice", "customer": w.customer()}) {
		t.Error("the event is not taken")
	}
	for range 2 {
		w.must(w.TellFailure(w.ctx, billing.InvoiceFailed{Invoice: "in_1"}))
	}
	w.stripe.Put(map[string]any{"id": "in_2", "object": "invoice", "owner": testkit.StripeOperator, "serial": 0, "customer": w.customer(), "status": "paid", "attempted": true})
	w.stripe.Put(map[string]any{"id": "in_3", "object": "invoice", "owner": testkit.StripeOperator, "serial": 0, "customer": "cus_other", "status": "open", "attempted": true})
	w.must(w.TellFailure(w.ctx, billing.InvoiceFailed{Invoice: "in_2"}))
	w.must(w.TellFailure(w.ctx, billing.InvoiceFailed{Invoice: "in_3"}))
	var mails int
	if w.base.Read(t, &mails, `select count(*) from platform.jobs where kind = 'billing.payment_failed'`); mails != 1 {
		t.Errorf("%d mails", mails)
	}
}

// A program can't change what it owes, whatever it makes the database do.
func TestApp_OnlyReads(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	for _, statement := range []string{
		`update platform.tenants set stripe_customer_id = 'cus_other'`, `update platform.tenants set stripe_subscription_id = 'sub_other'`,
		`insert into billing_accounts (tenant_id, created_at) values ('00000000-0000-7000-8000-000000000001', now())`, `delete from usage_reports`, `update usage_reports set value = 0`,
	} {
		err := tenancy.Run(t.Context(), d.App, testkit.Tenant(), func(ctx context.Context) error {
			_, err := db.Tx(ctx).NewRaw(statement).Exec(ctx)
			return err
		})
		if err == nil {
			t.Errorf("the app may: %s", statement)
		}
	}
}
