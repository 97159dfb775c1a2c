package stripe_test

import (
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

// asked is a program with a key to an account that the test answers for.
func asked(t *testing.T) (*program, *testkit.Stripe) {
	t.Helper()
	s := testkit.NewStripe(t)
	a := testkit.Start(t, s.Env()...)
	p := &program{App: a, t: t, api: "/api/v1", key: a.Key(), endpoint: "/webhooks/stripe", secret: testkit.StripeSecret}
	p.fill()
	s.Handle("GET", "/v1/payment_intents/*", testkit.StripeFind("payment_intent"))
	s.Handle("GET", "/v1/checkout/sessions", testkit.StripeList("checkout.session", "payment_intent"))
	return p, s
}

func basil(e object) object {
	e["api_version"] = "2025-08-27.basil"
	return e
}

// In the newer layout a payment does not tell what it is for. Stripe does, when it is asked.
func TestAsk(t *testing.T) {
	t.Parallel()
	p, s := asked(t)
	of := func(id string, more object) object {
		o := object{"id": id, "object": "payment_intent", "owner": testkit.StripeOperator, "serial": 1, "amount_received": 2000, "currency": "usd", "customer": "cus_1"}
		for name, value := range more {
			o[name] = value
		}
		s.Put(o)
		delete(more, "invoice")
		return object{"id": id, "object": "payment_intent", "amount_received": 2000, "currency": "usd", "customer": "cus_1"}
	}
	p.send(basil(event("evt_1", "payment_intent.succeeded", of("pi_1", nil))))
	p.send(basil(event("evt_2", "payment_intent.succeeded", of("pi_2", object{"invoice": "in_2"}))))
	guest := of("pi_3", object{"customer": nil})
	guest["customer"] = nil
	s.Put(object{
		"id": "cs_3", "object": "checkout.session", "owner": testkit.StripeOperator, "serial": 2, "created": time.Now().Unix(), "mode": "payment", "payment_status": "paid", "payment_intent": "pi_3",
		"client_reference_id": p.cref, "amount_total": 2000, "currency": "usd", "customer_details": object{"email": "guest@example.com"},
	})
	p.send(basil(event("evt_3", "payment_intent.succeeded", guest)))
	p.becomes("evt_1", "processed")
	p.becomes("evt_2", "ignored of_an_invoice")
	p.becomes("evt_3", "processed")
	p.wantSales("default", "purchase 513935c4d2db2d2d984dff1d68397f6e2ac8c4e5c48c92bd98e02bdc90b7aefe 2000 USD 200", "purchase cus_1 2000 USD")
	if calls := s.Calls("GET", "/v1/payment_intents/"); len(calls) != 3 {
		t.Errorf("%d questions", len(calls))
	}
}

// What never came is found at night, and taken once.
func TestCompare(t *testing.T) {
	t.Parallel()
	p, s := asked(t)
	for id, o := range map[string]object{"evt_1": invoice("in_1", 1000, "usd"), "evt_2": invoice("in_2", 3000, "usd")} {
		e := event(id, "invoice.paid", o)
		e["owner"], e["serial"], e["created"] = testkit.StripeOperator, 1, time.Now().Unix()-60
		s.Put(e)
	}
	p.send(event("evt_1", "invoice.paid", invoice("in_1", 1000, "usd")))
	for range 2 {
		p.DB.AsOwner(t, `insert into platform.jobs (id, kind, args) values (gen_random_uuid(), 'stripe.compare_all', '{}')`)
		p.send(event("evt_wake", "product.created", object{"id": "prod_1"})) // so that the worker looks
		p.becomes("evt_2", "processed")
	}
	p.wantSales("default", "invoice_paid cus_1 1000 USD", "invoice_paid cus_1 3000 USD")
}
