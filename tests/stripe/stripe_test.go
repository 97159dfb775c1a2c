// Package stripe_test sends a running program what Stripe sends, and what somebody sends who would
// like to be Stripe.
package stripe_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// object is any JSON object.
type object = map[string]any

// program is one with a partner, a link and a click, and the address of its endpoint.
type program struct {
	*testkit.App

	t                *testing.T
	api, path, key   string
	endpoint, secret string
	cref             string
}

const browser = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"

// single is a deployment of one program, whose operator's account is its own.
func single(t *testing.T) *program {
	t.Helper()
	a := testkit.Borrow(t, "STRIPE_WEBHOOK_SECRET=whsec_old,"+testkit.StripeSecret, "STRIPE_CONNECT_WEBHOOK_SECRET="+testkit.StripeConnectSecret)
	p := &program{App: a, t: t, api: "/api/v1", key: a.Key(), endpoint: "/webhooks/stripe", secret: testkit.StripeSecret}
	p.fill()
	return p
}

// fill has a partner bring a visitor.
func (p *program) fill() {
	p.t.Helper()
	campaign := p.post("/campaigns", object{"name": "Summer", "destination_url": "https://shop.example.com/", "rules": []object{{"kind": "percent", "rate": "10"}}})
	partner := p.post("/partners", object{"email": "ada@example.com", "name": "Ada", "send_invite": false, "campaign_ids": []string{campaign}})
	p.post("/partners/"+partner+"/links", object{"key": "ada", "campaign_id": campaign})
	p.cref = p.click()
}

func (p *program) click() string {
	p.t.Helper()
	got := p.Call("", http.MethodGet, p.path+"/r/ada", nil, "User-Agent", browser)
	_, cref, _ := strings.Cut(got.Header.Get("Location"), "cref=")
	return cref
}

// post makes something and gives its id.
func (p *program) post(path string, body any) string {
	p.t.Helper()
	got := p.Call(p.key, http.MethodPost, p.api+path, body)
	if got.Status != http.StatusCreated {
		p.t.Fatalf("%s: %d %s", path, got.Status, got.Body)
	}
	var made struct{ ID string }
	got.JSON(p.t, &made)
	return made.ID
}

// event is one of Stripe's, of this moment.
func event(id, kind string, of object) object {
	return object{"id": id, "object": "event", "type": kind, "api_version": "2023-10-16", "created": time.Now().Unix() - 5, "data": object{"object": of}}
}

// send delivers an event as Stripe does.
func (p *program) send(e object) testkit.Answer {
	p.t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.sendAs(p.endpoint, string(text), p.secret, time.Now())
}

func (p *program) sendAs(path, body, secret string, at time.Time) testkit.Answer {
	p.t.Helper()
	return p.Call("", http.MethodPost, path, body, "Content-Type", "application/json; charset=utf-8", "Stripe-Signature", testkit.SignStripe([]byte(body), secret, at))
}

// becomes waits until an event is in a state, such as "ignored nothing_paid".
func (p *program) becomes(id, state string) {
	p.t.Helper()
	p.DB.Await(p.t, `select exists (select from platform.stripe_events where stripe_event_id = ? and concat_ws(' ', status, reason) = ?)`, id, state)
}

// sales are what the program knows of, such as "invoice_paid bob 10000 USD 1000".
func (p *program) sales(of string) []string {
	p.t.Helper()
	var rows []string
	p.DB.Read(p.t, &rows, `
		select concat_ws(' ', e.type, e.user_id, e.amount, e.currency, (select sum(c.amount) from commissions c
			where c.tenant_id = e.tenant_id and c.event_id = e.id and c.status <> 'reversed'))
		from events e join platform.tenants t on t.id = e.tenant_id where t.slug = ? order by 1`, of)
	return rows
}

func (p *program) wantSales(of string, want ...string) {
	p.t.Helper()
	if got := p.sales(of); strings.Join(got, "\n") != strings.Join(want, "\n") {
		p.t.Errorf("%s has\n%s\nand not\n%s", of, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (p *program) wantCode(what string, got testkit.Answer, status int, code string) {
	p.t.Helper()
	if got.Status != status || !strings.Contains(got.Body, `"`+code+`"`) {
		p.t.Errorf("%s: got %d %s, want %d %s", what, got.Status, got.Body, status, code)
	}
}

func session(cref string) object {
	return object{"id": "cs_1", "object": "checkout.session", "mode": "subscription", "customer": "cus_1", "client_reference_id": cref, "payment_status": "paid"}
}

func invoice(id string, paid int64, currency string) object {
	return object{"id": id, "object": "invoice", "customer": "cus_1", "amount_paid": paid, "total": paid, "currency": currency, "payment_intent": "pi_" + id}
}

func TestReceive_Refuses(t *testing.T) {
	t.Parallel()
	p := single(t)
	const body = `{"id":"evt_x","object":"event","type":"invoice.paid","created":1,"data":{"object":{"id":"in_x"}}}`
	now := time.Now()
	p.wantCode("unsigned", p.Call("", http.MethodPost, p.endpoint, body, "Content-Type", "application/json"), http.StatusBadRequest, "missing_signature")
	p.wantCode("another's secret", p.sendAs(p.endpoint, body, "whsec_guessed", now), http.StatusBadRequest, "invalid_signature")
	p.wantCode("the empty secret", p.sendAs(p.endpoint, body, "", now), http.StatusBadRequest, "invalid_signature")
	p.wantCode("the connect endpoint's secret", p.sendAs(p.endpoint, body, testkit.StripeConnectSecret, now), http.StatusBadRequest, "invalid_signature")
	p.wantCode("replayed", p.sendAs(p.endpoint, body, p.secret, now.Add(-time.Hour)), http.StatusBadRequest, "invalid_signature")
	p.wantCode("of tomorrow", p.sendAs(p.endpoint, body, p.secret, now.Add(24*time.Hour)), http.StatusBadRequest, "invalid_signature")
	p.wantCode("no JSON", p.sendAs(p.endpoint, `{"id":`, p.secret, now), http.StatusBadRequest, "invalid_event")
	p.wantCode("no text", p.sendAs(p.endpoint, "{\"id\":\"evt_\xff\",\"type\":\"x\"}", p.secret, now), http.StatusBadRequest, "invalid_event")
	p.wantCode("a NUL", p.sendAs(p.endpoint, `{"id":"evt_\u0000","type":"x"}`, p.secret, now), http.StatusBadRequest, "invalid_event")
	p.wantCode("too much", p.sendAs(p.endpoint, strings.Repeat(" ", 1<<20)+body, p.secret, now), http.StatusRequestEntityTooLarge, "too_large")
	var stored int
	if p.DB.Read(t, &stored, `select count(*) from platform.stripe_events`); stored != 0 {
		t.Errorf("%d events were stored", stored)
	}
	if got := p.sendAs(p.endpoint, body, "whsec_old", now); got.Status != http.StatusOK {
		t.Errorf("the former secret: %d %s", got.Status, got.Body)
	}
}

func TestReceive_NotConfigured(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	p := &program{App: a, t: t}
	p.wantCode("without a secret", p.sendAs("/webhooks/stripe", `{}`, "whsec_x", time.Now()), http.StatusServiceUnavailable, "stripe_not_configured")
	p.wantCode("the connect endpoint", p.sendAs("/webhooks/stripe/connect", `{}`, "whsec_x", time.Now()), http.StatusServiceUnavailable, "stripe_not_configured")
	p.wantCode("the settings", a.Call(a.Key(), http.MethodPut, "/api/v1/config/stripe", object{"webhook_secret": "secret", "secret_key": "pk_live_1"}), http.StatusUnprocessableEntity, "invalid")
	got := a.Call(a.Key(), http.MethodPost, "/api/v1/config/stripe", object{"webhook_secret": "whsec_own", "secret_key": "rk_test_1", "exclude_tax": true})
	if got.Status != http.StatusOK || strings.Contains(got.Body, "whsec_own") || strings.Contains(got.Body, "rk_test") {
		t.Fatalf("the settings: %d %s", got.Status, got.Body)
	}
	p.endpoint, p.secret = "/webhooks/stripe", "whsec_own"
	if got := p.send(event("evt_1", "product.created", object{"id": "prod_1"})); got.Status != http.StatusOK {
		t.Errorf("with the program's own secret: %d %s", got.Status, got.Body)
	}
	p.becomes("evt_1", "ignored not_followed")
}

// A sale is followed from the click to the refund, though all of it comes twice.
func TestEvents_Sale(t *testing.T) {
	t.Parallel()
	p := single(t)
	for range 2 {
		for _, e := range []object{
			event("evt_4", "charge.refunded", object{"id": "ch_1", "object": "charge", "payment_intent": "pi_in_1", "amount_refunded": 2500}),
			event("evt_1", "checkout.session.completed", session(p.cref)), event("evt_2", "invoice.paid", invoice("in_1", 10000, "usd")),
			event("evt_3", "invoice.paid", invoice("in_0", 0, "usd")), event("evt_5", "invoice.paid", invoice("in_2", 5000, "jpy")),
			event("evt_6", "invoice.paid", invoice("in_3", 5000, "kwd")), event("evt_7", "invoice.paid", invoice("in_4", 5000, "ugx")),
		} {
			if got := p.send(e); got.Status != http.StatusOK {
				t.Fatalf("%v: %d %s", e["id"], got.Status, got.Body)
			}
		}
	}
	p.becomes("evt_3", "ignored nothing_paid")
	for _, id := range []string{"evt_1", "evt_2", "evt_4", "evt_5", "evt_6", "evt_7"} {
		p.becomes(id, "processed")
	}
	p.wantSales("default", "invoice_paid cus_1 10000 USD 750", "invoice_paid cus_1 5000 JPY 500", "invoice_paid cus_1 5000 KWD 500", "invoice_paid cus_1 5000 UGX 500", "refund cus_1 2500 USD")
	if out := p.Command("verify-ledger"); out == "" {
		t.Error("the ledger was not verified")
	}
}

// Events of connected accounts are about these accounts, whatever they say.
func TestEvents_ConnectCantEarn(t *testing.T) {
	t.Parallel()
	p := single(t)
	p.endpoint, p.secret = "/webhooks/stripe/connect", testkit.StripeConnectSecret
	forged := event("evt_1", "checkout.session.completed", session(p.cref))
	forged["account"] = "acct_partner"
	paid := event("evt_2", "invoice.paid", invoice("in_1", 10000, "usd"))
	for _, e := range []object{forged, paid} {
		if got := p.send(e); got.Status != http.StatusOK {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
	}
	p.becomes("evt_1", "ignored connected_account")
	p.becomes("evt_2", "ignored connected_account")
	p.endpoint, p.secret = "/webhooks/stripe", testkit.StripeSecret
	paid["id"], paid["account"] = "evt_3", "acct_partner"
	p.send(paid)
	p.becomes("evt_3", "ignored connected_account")
	p.wantSales("default")
}

// What an event can't say is told on it, and stops no other.
func TestEvents_Odd(t *testing.T) {
	t.Parallel()
	p := single(t)
	p.send(object{"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found", "created": time.Now().UTC().Format(time.RFC3339)})
	thin := event("evt_2", "v2.core.account.updated", nil)
	delete(thin, "data")
	p.send(thin)
	p.becomes("evt_1", "ignored no_object")
	p.becomes("evt_2", "ignored no_object")
	p.send(event("evt_3", "invoice.paid", object{"id": "in_1", "amount_paid": "much"}))
	p.becomes("evt_3", "failed unreadable")
	p.send(event("evt_4", "invoice.paid", invoice("in_2", 100, "xyz")))
	p.becomes("evt_4", "failed refused")
	future := event("evt_5", "invoice.paid", invoice("in_3", 100, "usd"))
	future["api_version"] = "2031-01-01.zebra"
	p.send(future)
	p.becomes("evt_5", "processed")
	p.send(event("evt_6", "charge.refunded", object{"id": "ch_9", "payment_intent": "pi_9", "amount_refunded": 100}))
	p.becomes("evt_6", "waiting sale_unknown")
	p.wantSales("default", "invoice_paid cus_1 100 USD")
}
