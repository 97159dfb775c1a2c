package stripe_test

import (
	"net/http"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// many is a deployment with many programs; each has its own endpoint, and the operator has theirs.
type many struct {
	*testkit.App

	t *testing.T
}

func multi(t *testing.T) many {
	t.Helper()
	return many{testkit.Borrow(t, "OPENPARTNER_TENANCY=multi", "STRIPE_WEBHOOK_SECRET="+testkit.StripeSecret), t}
}

// open makes a program with an endpoint of its own.
func (m many) open(slug string) *program {
	m.t.Helper()
	m.Command("create-tenant", "--slug", slug, "--name", slug)
	p := &program{App: m.App, t: m.t, path: "/t/" + slug, api: "/t/" + slug + "/api/v1", key: m.KeyIn(slug), endpoint: "/t/" + slug + "/webhooks/stripe", secret: "whsec_" + slug}
	p.fill()
	if got := p.Call(p.key, http.MethodPut, p.api+"/config/stripe", object{"webhook_secret": p.secret}); got.Status != http.StatusOK {
		m.t.Fatalf("the secret of %s: %d %s", slug, got.Status, got.Body)
	}
	return p
}

// operator sends to the operator's endpoint.
func (m many) operator() *program {
	return &program{App: m.App, t: m.t, endpoint: "/webhooks/stripe", secret: testkit.StripeSecret}
}

// Two programs may have objects of the same ids at Stripe, and even events.
func TestMany_SameIDs(t *testing.T) {
	t.Parallel()
	m := multi(t)
	acme, zeta := m.open("acme"), m.open("zeta")
	for _, p := range []*program{acme, zeta} {
		if got := p.send(event("evt_1", "checkout.session.completed", session(p.cref))); got.Status != http.StatusOK {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
	}
	acme.send(event("evt_2", "invoice.paid", invoice("in_1", 1000, "usd")))
	zeta.send(event("evt_2", "invoice.paid", invoice("in_1", 3000, "usd")))
	m.DB.Await(t, `select count(*) = 4 from platform.stripe_events where status = 'processed'`)
	acme.wantSales("acme", "invoice_paid cus_1 1000 USD 100")
	acme.wantSales("zeta", "invoice_paid cus_1 3000 USD 300")

	forged := event("evt_3", "invoice.paid", invoice("in_2", 1000, "usd"))
	acme.secret = zeta.secret
	acme.wantCode("another program's secret", acme.send(forged), http.StatusBadRequest, "invalid_signature")
	acme.secret, acme.endpoint = "whsec_acme", "/webhooks/stripe"
	acme.wantCode("at the operator's endpoint", acme.send(forged), http.StatusBadRequest, "invalid_signature")
	acme.endpoint = "/t/nobody/webhooks/stripe"
	acme.wantCode("a program that is none", acme.send(forged), http.StatusNotFound, "tenant_not_found")
	// Metadata names no tenant where the path does.
	claimed := invoice("in_3", 7000, "usd")
	claimed["metadata"] = object{"openpartner_tenant_id": idOf(acme, "zeta")}
	acme.endpoint = "/t/acme/webhooks/stripe"
	acme.send(event("evt_4", "invoice.paid", claimed))
	acme.becomes("evt_4", "processed")
	acme.wantSales("zeta", "invoice_paid cus_1 3000 USD 300")
}

func idOf(p *program, slug string) (id string) {
	p.DB.Read(p.t, &id, `select id from platform.tenants where slug = ?`, slug)
	return id
}

// What a suspended program's customers pay is owed when it is back.
func TestMany_Suspended(t *testing.T) {
	t.Parallel()
	m := multi(t)
	p := m.open("acme")
	m.DB.AsOwner(t, `update platform.tenants set status = 'suspended', suspended_at = now() where slug = 'acme'`)
	m.DB.Await(t, `select true`)
	for id, e := range map[string]object{"evt_1": session(p.cref), "evt_2": invoice("in_1", 1000, "usd")} {
		kind := map[string]string{"evt_1": "checkout.session.completed", "evt_2": "invoice.paid"}[id]
		if got := p.send(event(id, kind, e)); got.Status != http.StatusOK {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
	}
	forged := *p
	forged.secret = "whsec_guessed"
	forged.wantCode("who has not the secret", forged.send(event("evt_3", "invoice.paid", invoice("in_2", 1000, "usd"))), http.StatusNotFound, "tenant_not_found")
	p.wantSales("acme")
	m.DB.AsOwner(t, `update platform.tenants set status = 'active', suspended_at = null where slug = 'acme'`)
	p.Call(p.key, http.MethodGet, p.api+"/whoami", nil)
	p.becomes("evt_1", "processed")
	p.becomes("evt_2", "processed")
	p.wantSales("acme", "invoice_paid cus_1 1000 USD 100")
}

// At the operator's endpoint an event belongs to whose click, customer or object it names; one that
// names none waits, and is done as soon as another tells.
func TestMany_Resolve(t *testing.T) {
	t.Parallel()
	m := multi(t)
	acme, zeta, operator := m.open("acme"), m.open("zeta"), m.operator()
	operator.send(event("evt_1", "invoice.paid", invoice("in_1", 1000, "usd")))
	operator.becomes("evt_1", "waiting tenant_unknown")
	operator.send(event("evt_2", "checkout.session.completed", session(acme.cref)))
	operator.becomes("evt_2", "processed")
	operator.becomes("evt_1", "processed")
	acme.wantSales("acme", "invoice_paid cus_1 1000 USD 100")

	t.Run("ByStitch", func(t *testing.T) {
		other := invoice("in_2", 2000, "usd")
		other["customer"] = "cus_2"
		operator.send(event("evt_3", "invoice.paid", other))
		operator.becomes("evt_3", "waiting tenant_unknown")
		if got := zeta.Call(zeta.key, http.MethodPost, zeta.api+"/identify", object{"cref": zeta.cref, "user_id": "cus_2"}); got.Status != http.StatusOK {
			t.Fatalf("identify: %d %s", got.Status, got.Body)
		}
		operator.becomes("evt_3", "processed")
		zeta.wantSales("zeta", "invoice_paid cus_2 2000 USD 200")
	})
	t.Run("ByMetadata", func(*testing.T) {
		of := object{"id": "cus_3", "object": "customer", "metadata": object{"openpartner_tenant_id": idOf(zeta, "zeta"), "openpartner_user_id": "carl"}}
		operator.send(event("evt_4", "customer.created", of))
		operator.becomes("evt_4", "processed")
		zeta.wantSales("zeta", "invoice_paid cus_2 2000 USD 200", "signup carl")
	})
}
