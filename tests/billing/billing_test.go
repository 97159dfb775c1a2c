// Package billing_test runs a deployment whose programs pay by Stripe: from the page where an admin
// subscribes to the usage that Stripe is told.
package billing_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

// object is any JSON object.
type object = map[string]any

// hosted is a deployment with one program on it, and the Stripe that bills it.
type hosted struct {
	*testkit.App

	t      *testing.T
	stripe *testkit.Stripe
	prefix string
	admin  *testkit.Visitor
	key    string
}

func start(t *testing.T, mode string) *hosted {
	t.Helper()
	s := testkit.NewStripe(t)
	s.Meter("USD")
	env := append([]string{"OPENPARTNER_TENANCY=multi", "OPENPARTNER_SCHEDULER_INTERVAL=100ms"}, s.StripeBilling(mode)...)
	h := &hosted{App: testkit.Start(t, env...), t: t, stripe: s, prefix: "/t/acme"}
	got := h.Call("", http.MethodPost, "/api/v1/signup", object{"slug": "acme", "display_name": "Acme", "admin_email": "ada@example.com", "admin_name": "Ada"})
	h.want("sign up", got, http.StatusCreated)
	h.admin = h.Visitor()
	h.want("enter", h.admin.Post("/t/acme/auth/verify", url.Values{"token": {h.MailedToken("/t/acme/auth/verify", 1)}}), http.StatusSeeOther)
	h.key = h.KeyIn("acme")
	return h
}

// alone is the only program on a server of its own, whose jobs another process does.
func alone(t *testing.T) *hosted {
	t.Helper()
	s := testkit.NewStripe(t)
	s.Meter("USD")
	h := &hosted{App: testkit.StartWeb(t, append(s.StripeBilling("flat"), "OPENPARTNER_SCHEDULER_INTERVAL=100ms")...), t: t, stripe: s}
	h.admin, h.key = h.Admin(), h.Key()
	return h
}

// toldOnce looks for the one report at Stripe.
func (h *hosted) toldOnce(value int64) {
	h.t.Helper()
	events := h.stripe.Objects(testkit.StripeOperator, "billing.meter_event")
	var report string
	h.DB.Read(h.t, &report, `select id::text from usage_reports`)
	if len(events) != 1 || events[0]["identifier"] != report || events[0]["value"] != value || events[0]["customer"] != h.customer() {
		h.t.Fatalf("Stripe was told %v", events)
	}
}

func (h *hosted) want(what string, got testkit.Answer, status int) {
	h.t.Helper()
	if got.Status != status {
		h.t.Fatalf("%s: %d, want %d\n%s", what, got.Status, status, got.Body)
	}
}

// says looks for texts on a page.
func (h *hosted) says(page testkit.Answer, texts ...string) {
	h.t.Helper()
	h.want("the page", page, http.StatusOK)
	for _, text := range texts {
		if !strings.Contains(page.Body, text) {
			h.t.Errorf("the page does not say %q\n%s", text, page.Body)
		}
	}
}

func (h *hosted) billing() testkit.Answer { return h.admin.Get(h.prefix + "/admin/billing") }

func (h *hosted) customer() (id string) {
	h.t.Helper()
	h.DB.Read(h.t, &id, `select coalesce(stripe_customer_id, '') from platform.tenants order by slug limit 1`)
	return id
}

func (h *hosted) await(status string) {
	h.t.Helper()
	h.DB.Await(h.t, `select exists (select from billing_accounts where status = ?)`, status)
}

// tell sends an event of the operator's account, as Stripe signs it.
func (h *hosted) tell(id, kind string, about object) {
	h.t.Helper()
	body, err := json.Marshal(object{
		"id": id, "object": "event", "type": kind, "api_version": "2023-10-16", "created": time.Now().Unix(), "livemode": false, "data": object{"object": about},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	got := h.Call("", http.MethodPost, "/webhooks/stripe", string(body), "Stripe-Signature", testkit.SignStripe(body, testkit.StripeSecret, time.Now()))
	h.want("the event", got, http.StatusOK)
}

// sell records a sale that a partner earns from.
func (h *hosted) sell(user string, amount int) {
	h.t.Helper()
	post := func(path string, body object) (made struct{ ID string }) {
		got := h.Call(h.key, http.MethodPost, h.prefix+"/api/v1"+path, body)
		if got.Status >= http.StatusBadRequest {
			h.t.Fatalf("%s: %d %s", path, got.Status, got.Body)
		}
		got.JSON(h.t, &made)
		return made
	}
	campaign := post("/campaigns", object{"name": "Spring " + user, "destination_url": "https://acme.example.com/", "rules": []object{{"kind": "percent", "rate": "20"}}}).ID
	partner := post("/partners", object{"email": user + "@example.com", "name": "Maya", "send_invite": false, "campaign_ids": []string{campaign}}).ID
	post("/partners/"+partner+"/links", object{"key": user, "campaign_id": campaign})
	clicked := h.Call("", http.MethodGet, h.prefix+"/r/"+user, nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, _ := strings.Cut(clicked.Header.Get("Location"), "cref=")
	post("/events", object{"user_id": user, "type": "sale", "amount": amount, "currency": "USD", "external_id": user, "cref": cref})
}

// TestProgram_Pays goes the whole way: subscribe, sell, a day later Stripe is told once, the payment
// fails, and nothing stops.
func TestProgram_Pays(t *testing.T) {
	t.Parallel()
	h := alone(t)
	h.says(h.billing(), "Not subscribed", "By the month", "Subscribe")
	page := h.admin.Post("/admin/billing/checkout", nil)
	h.says(page, "Continue to Stripe", h.stripe.URL+"/pay/")
	h.stripe.Subscribe(h.customer(), object{"start_date": time.Now().Add(-time.Hour).Unix()})
	h.want("ask again", h.admin.Post("/admin/billing/refresh", nil), http.StatusSeeOther)
	h.says(h.billing(), "Active", "Manage billing", "Next invoice")
	h.want("subscribe twice", h.admin.Post("/admin/billing/checkout", nil), http.StatusConflict)
	h.says(h.admin.Post("/admin/billing/portal", nil), h.stripe.URL+"/portal/"+h.customer())

	h.sell("maya", 10_000)
	h.stripe.Fault(func(c testkit.StripeCall) testkit.StripeFault {
		if c.Path == "/v1/billing/meter_events" && c.Nth == 1 {
			return testkit.StripeSilent
		}
		return testkit.StripeWell
	})
	h.Replica([]string{}, "OPENPARTNER_CLOCK_OFFSET=24h") // the one that works is a day ahead
	h.DB.Await(t, `select exists (select from usage_reports where posted_at is not null and last_error is not null or status = 'sent')`)
	h.DB.AsOwner(t, `update platform.jobs set run_at = now() where kind = 'billing.report' and status = 'pending'`)
	h.DB.Await(t, `select exists (select from usage_reports where status = 'sent')`)
	h.toldOnce(10_000)
	h.says(h.billing(), "Billed", "$100.00")
}

// TestProgram_DiesReporting kills the program after a report was committed, in the call that tells Stripe.
// Whether or not Stripe counted it then, in the end it has, once.
func TestProgram_DiesReporting(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]testkit.StripeFault{"Counted": testkit.StripeSilent, "NotCounted": testkit.StripeLost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := alone(t)
			h.says(h.admin.Post("/admin/billing/checkout", nil), "Continue to Stripe")
			h.stripe.Subscribe(h.customer(), object{"start_date": time.Now().Add(-time.Hour).Unix()})
			h.want("ask again", h.admin.Post("/admin/billing/refresh", nil), http.StatusSeeOther)
			h.sell("maya", 10_000)
			asked, dead := make(chan struct{}), make(chan struct{})
			h.stripe.Fault(func(c testkit.StripeCall) testkit.StripeFault {
				if c.Path != "/v1/billing/meter_events" || c.Nth > 1 {
					return testkit.StripeWell
				}
				close(asked)
				<-dead
				return end
			})
			works := h.Replica([]string{}, "OPENPARTNER_CLOCK_OFFSET=24h")
			h.DB.Await(t, `select exists (select from usage_reports)`)
			<-asked
			works.Crash()
			close(dead)
			h.DB.AsOwner(t, `update platform.jobs set lease_until = now() where kind = 'billing.report' and status = 'running'`)
			h.DB.Await(t, `select exists (select from usage_reports where status = 'sent')`)
			h.toldOnce(10_000)
			if calls := h.stripe.Calls(http.MethodPost, "/v1/billing/meter_events"); len(calls) != 2 {
				t.Errorf("%d calls", len(calls))
			}
		})
	}
}

// TestProgram_Owes lives through what Stripe says of the subscription.
func TestProgram_Owes(t *testing.T) {
	t.Parallel()
	h := start(t, "revshare")
	h.says(h.admin.Post("/t/acme/admin/billing/checkout", nil), "Continue to Stripe")
	sub := h.stripe.Subscribe(h.customer(), nil)
	about := func(status string) object {
		return object{"id": sub, "object": "subscription", "customer": h.customer(), "status": status}
	}
	h.tell("evt_1", "customer.subscription.created", about("active"))
	h.await("active")

	h.stripe.Put(object{"id": "in_1", "object": "invoice", "owner": testkit.StripeOperator, "serial": 0, "customer": h.customer(), "status": "open", "attempted": true})
	h.stripe.Object(sub, func(o map[string]any) { o["status"] = "past_due" })
	for _, id := range []string{"evt_2", "evt_3"} { // Stripe tries again days later
		h.tell(id, "invoice.payment_failed", object{"id": "in_1", "object": "invoice", "customer": h.customer()})
	}
	h.await("past_due")
	h.Await("A payment for Acme did not go through")
	h.says(h.admin.Get("/t/acme/admin"), "did not go through", "Tracking goes on")
	h.sell("noor", 5_000)

	h.tell("evt_4", "customer.subscription.updated", about("active")) // old: it was so before
	h.tell("evt_5", "customer.subscription.deleted", object{"id": "sub_other", "object": "subscription", "customer": "cus_other", "status": "canceled"})
	h.DB.Await(t, `select not exists (select from platform.jobs where kind like 'billing.%' and kind not like '%_all' and status in ('pending', 'running'))
		and not exists (select from platform.stripe_events where stripe_event_id = 'evt_4' and status = 'received')`)
	h.says(h.billing(), "Payment failed")

	h.stripe.Object(sub, func(o map[string]any) { o["status"], o["ended_at"] = "canceled", time.Now().Unix() })
	h.tell("evt_6", "customer.subscription.deleted", about("canceled"))
	h.await("canceled")
	h.says(h.admin.Get("/t/acme/admin"), "has ended", "Tracking goes on")
	var mails, conversions int
	h.DB.Read(t, &mails, `select count(*) from platform.jobs where kind = 'billing.payment_failed'`)
	h.DB.Read(t, &conversions, `select count(*) from events where source = 'stripe'`)
	if mails != 1 || conversions != 0 {
		t.Errorf("%d mails, %d conversions of what the program pays", mails, conversions)
	}
}

// Where nothing is billed the page says so, and nothing leads there.
func TestProgram_PaysNothing(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t)
	v := a.Admin()
	if got := v.Get("/admin/billing"); got.Status != http.StatusOK || !strings.Contains(got.Body, "Nothing is billed") {
		t.Errorf("%d\n%s", got.Status, got.Body)
	}
	if strings.Contains(v.Get("/admin").Body, "/admin/billing") {
		t.Error("the menu speaks of billing")
	}
	if got := v.Post("/admin/billing/checkout", nil); got.Status != http.StatusConflict {
		t.Errorf("%d\n%s", got.Status, got.Body)
	}
}
