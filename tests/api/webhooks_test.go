package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestWebhooks_Messages(t *testing.T) {
	t.Parallel()
	p := tell(t)
	all, some := receive(t, nil), receive(t, nil)
	h := p.hook(all.URL)
	p.hook(some.URL+"/commissions", "commission.created", "commission.approved")

	var campaign, partner, event, commission struct{ ID string }
	p.call("POST", "/campaigns", map[string]any{"name": "c", "destination_url": "https://example.com/", "rules": []any{map[string]any{"kind": "percent", "rate": "20"}}}, 201, &campaign)
	p.call("POST", "/partners", map[string]any{"email": "p@example.com", "name": "p", "send_invite": false, "campaign_ids": []string{campaign.ID}}, 201, &partner)
	p.call("POST", "/partners/"+partner.ID+"/links", map[string]any{"key": "key", "campaign_id": campaign.ID}, 201, nil)
	clicked := p.Call("", "GET", "/r/key", nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, _ := strings.Cut(clicked.Header.Get("Location"), "cref=")
	p.call("POST", "/events", map[string]any{"user_id": "u", "type": "sale", "amount": 1000, "currency": "USD", "external_id": "1", "cref": cref}, 201, &event)
	var list struct{ Data []struct{ ID string } }
	p.call("GET", "/commissions", nil, 200, &list)
	commission.ID = list.Data[0].ID
	p.call("POST", "/commissions/"+commission.ID+"/approve", map[string]any{}, 200, nil)
	p.call("POST", "/events", map[string]any{"user_id": "u", "type": "refund", "reverses": "1", "external_id": "2"}, 201, nil)
	p.call("POST", "/partners/"+partner.ID+"/revoke", map[string]any{}, 200, nil)
	p.call("POST", "/clicks/"+cref+"/flag", nil, 200, nil)

	want := "partner.created partner.activated commission.created event.attributed commission.approved commission.created partner.revoked click.flagged"
	if got := all.kinds(8); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := some.kinds(3); got != "commission.created commission.approved commission.created" {
		t.Errorf("the other endpoint got %s", got)
	}
	verifier, err := standardwebhooks.NewWebhook(h.Secret)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range all.wait(8) {
		if err := verifier.Verify(m.body, m.header); err != nil {
			t.Errorf("%s: %v", m.kind(), err)
		}
		if id := m.header.Get("Webhook-Id"); seen[id] || id == "" {
			t.Errorf("the id %q came twice", id)
		} else {
			seen[id] = true
		}
	}
	var body struct {
		Type      string
		Timestamp time.Time
		Data      struct {
			ID, Status string
			Amount     int64
			PartnerID  string `json:"partner_id"`
		}
	}
	if err := json.Unmarshal(all.wait(8)[4].body, &body); err != nil || body.Data.ID != commission.ID || body.Data.Status != "approved" || body.Data.Amount != 200 ||
		body.Data.PartnerID != partner.ID || body.Timestamp.IsZero() {
		t.Errorf("%v %s", err, all.wait(8)[4].body)
	}
}

// Whoever is erased is erased from the log, too.
func TestWebhooks_Erasure(t *testing.T) {
	t.Parallel()
	p := tell(t)
	r := receive(t, nil)
	p.hook(r.URL)
	var campaign, partner struct{ ID string }
	p.call("POST", "/campaigns", map[string]any{"name": "c", "destination_url": "https://example.com/", "rules": []any{map[string]any{"kind": "percent", "rate": "20"}}}, 201, &campaign)
	p.call("POST", "/partners", map[string]any{"email": "paula@example.com", "name": "Paula Vega", "send_invite": false, "campaign_ids": []string{campaign.ID}}, 201, &partner)
	p.call("POST", "/partners/"+partner.ID+"/links", map[string]any{"key": "key", "campaign_id": campaign.ID}, 201, nil)
	clicked := p.Call("", "GET", "/r/key", nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, _ := strings.Cut(clicked.Header.Get("Location"), "cref=")
	p.call("POST", "/events", map[string]any{"user_id": "customer-7", "type": "sale", "amount": 1000, "currency": "USD", "cref": cref}, 201, nil)
	p.call("POST", "/clicks/"+cref+"/flag", nil, 200, nil)
	r.wait(6)
	p.call("DELETE", "/users/customer-7", nil, http.StatusNoContent, nil)
	p.call("POST", "/partners/"+partner.ID+"/erase", nil, 200, nil)
	var log string
	p.DB.Read(t, &log, `select coalesce(string_agg(payload::text, ' '), '') from webhook_deliveries`)
	for _, known := range []string{"paula@example.com", "Paula Vega", "customer-7", "Firefox"} {
		if strings.Contains(log, known) {
			t.Errorf("the log still says %q", known)
		}
	}
	if !strings.Contains(log, "commission.created") || !strings.Contains(log, "partner.revoked") {
		t.Errorf("the rest is gone, too: %s", log)
	}
}

// A message that fails comes again with the same id and bytes, and holds up no other.
func TestWebhooks_Again(t *testing.T) {
	t.Parallel()
	p := tell(t)
	r := receive(t, func(n int, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = fmt.Fprint(w, "we are sorry")
		}
	})
	h := p.hook(r.URL, "partner.created")
	for _, name := range []string{"one", "two"} {
		p.call("POST", "/partners", map[string]any{"email": name + "@example.com", "name": name, "send_invite": false}, 201, nil)
	}
	got := r.wait(3) // one, two, and one again after five seconds
	if string(got[0].body) != string(got[2].body) || got[0].header.Get("Webhook-Id") != got[2].header.Get("Webhook-Id") {
		t.Errorf("the message came again as another one:\n%s\n%s", got[0].body, got[2].body)
	}
	if got[0].header.Get("Webhook-Timestamp") == got[2].header.Get("Webhook-Timestamp") {
		t.Error("the second try has the time of the first")
	}
	p.settled(3)
	log := p.deliveries(h)
	if len(log) != 2 || log[1].Status != "delivered" || log[1].Attempts != 2 || log[0].Attempts != 1 {
		t.Errorf("got %+v", log)
	}

	var again delivery
	p.call("POST", "/webhooks/"+h.ID+"/deliveries/"+log[0].ID+"/redeliver", nil, http.StatusAccepted, &again)
	if last := r.wait(4)[3]; last.header.Get("Webhook-Id") != log[0].MessageID || again.MessageID != log[0].MessageID {
		t.Errorf("sent again as %s, not %s", last.header.Get("Webhook-Id"), log[0].MessageID)
	}
}

func TestWebhooks_Answers(t *testing.T) {
	t.Parallel()
	p := tell(t)
	elsewhere := receive(t, nil)
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter)
		status string // of the delivery
		hook   string
		error  string
	}{
		"Redirect": {func(w http.ResponseWriter) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(http.StatusFound)
		}, "failed", "active", "redirects"},
		"Gone": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusGone) }, "dead", "disabled", "410"},
		"Busy": {func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "failed", "active", "429"},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, func(_ int, w http.ResponseWriter) { c.answer(w) })
			h := p.hook(r.URL, "partner.created")
			p.call("POST", "/partners", map[string]any{"email": name + "@example.com", "name": name, "send_invite": false}, 201, nil)
			r.wait(1)
			p.DB.Await(t, `select exists (select from webhook_deliveries where endpoint_id = ? and attempts = 1)`, h.ID)
			d := p.deliveries(h)[0]
			if d.Status != c.status || d.Error == nil || !strings.Contains(*d.Error, c.error) {
				t.Errorf("got %+v", d)
			}
			var list struct{ Data []hook }
			p.call("GET", "/webhooks", nil, 200, &list)
			if list.Data[0].ID != h.ID || list.Data[0].Status != c.hook {
				t.Errorf("got %+v", list.Data[0])
			}
			p.call("DELETE", "/webhooks/"+h.ID, nil, http.StatusNoContent, nil)
			if name == "Busy" {
				var wait float64
				p.DB.Read(t, &wait, `select extract(epoch from max(run_at) - now()) from platform.jobs where kind = 'webhooks.deliver' and status = 'pending'`)
				if wait < 3500 || wait > 3700 {
					t.Errorf("it comes again in %v s", wait)
				}
			}
		})
	}
	if len(elsewhere.received) != 0 {
		t.Error("a redirect was followed")
	}
}

// Both secrets sign while they change; afterwards one does.
func TestWebhooks_Rotation(t *testing.T) {
	t.Parallel()
	p := tell(t)
	r := receive(t, nil)
	h := p.hook(r.URL, "*")
	var fresh hook
	p.call("POST", "/webhooks/"+h.ID+"/rotate-secret", nil, http.StatusOK, &fresh)
	if fresh.Secret == h.Secret || !strings.HasPrefix(fresh.Secret, "whsec_") {
		t.Fatalf("the new secret is %q", fresh.Secret)
	}
	p.call("POST", "/webhooks/"+h.ID+"/test", nil, http.StatusAccepted, nil)
	m := r.wait(1)[0]
	for _, secret := range []string{h.Secret, fresh.Secret} {
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(m.body, m.header); err != nil {
			t.Error(err)
		}
	}
	p.DB.AsOwner(t, `update webhook_endpoints set previous_until = now() - interval '1 second'`)
	p.call("POST", "/webhooks/"+h.ID+"/test", nil, http.StatusAccepted, nil)
	if signature := r.wait(2)[1].header.Get("Webhook-Signature"); strings.Contains(signature, " ") {
		t.Errorf("the former secret still signs: %s", signature)
	}
	if list := p.Call(p.key, "GET", "/api/v1/webhooks", nil).Body; strings.Contains(list, "whsec_") || strings.Contains(list, "ciphertext") {
		t.Errorf("a list shows a secret: %s", list)
	}
}

// An endpoint that fails for three days is not told anything any more, and its admins hear of it.
func TestWebhooks_Disabled(t *testing.T) {
	t.Parallel()
	p := tell(t)
	p.Admin()
	r := receive(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) })
	h := p.hook(r.URL, "partner.created")
	add := func(name string) {
		p.call("POST", "/partners", map[string]any{"email": name + "@example.com", "name": name, "send_invite": false}, 201, nil)
	}
	add("one")
	p.settled(1)
	p.DB.Await(t, `select exists (select from webhook_endpoints where failing_since is not null)`)
	p.DB.AsOwner(t, `update webhook_endpoints set failing_since = now() - interval '73 hours'`)
	add("two")
	p.Await("A webhook of Partner program is disabled")
	add("three")
	var list struct{ Data []hook }
	p.call("GET", "/webhooks", nil, 200, &list)
	if list.Data[0].Status != "disabled" || list.Data[0].DisabledReason == nil {
		t.Errorf("got %+v", list.Data[0])
	}
	if log := p.deliveries(h); len(log) != 2 {
		t.Errorf("%d messages, although nothing is told after that", len(log))
	}
	p.call("PATCH", "/webhooks/"+h.ID, map[string]any{"status": "active"}, 200, &h)
	if h.Status != "active" {
		t.Errorf("got %+v", h)
	}
}

func TestWebhooks_Refused(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	key, scoped := a.Key(), a.Key("partners:read")
	create := func(url string, events ...string) testkit.Answer {
		return a.Call(key, "POST", "/api/v1/webhooks", map[string]any{"url": url, "events": events})
	}
	for _, url := range []string{
		"http://127.0.0.1/", "https://127.0.0.1:8443/x", "https://[::1]/", "https://10.1.2.3/", "https://169.254.169.254/latest/meta-data/", "https://192.168.0.1/",
		"https://[::ffff:10.0.0.1]/", "https://[fd00::1]/", "https://0.0.0.0/", "https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://0177.0.0.1/",
		"https://user:pw@example.com/", "https://100.64.0.1/", "https://224.0.0.1/",
	} {
		if got := create(url, "*"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `"url_not_allowed"`) {
			t.Errorf("%s: %d %s", url, got.Status, got.Body)
		}
	}
	for _, url := range []string{"", "example.com", "ftp://example.com/", "https://", "javascript:alert(1)", "https://exa mple.com/", "https://" + strings.Repeat("a", 2000) + ".com/"} {
		if got := create(url, "*"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `"url":`) {
			t.Errorf("%s: %d %s", url, got.Status, got.Body)
		}
	}
	if got := create("https://example.com/", "partner.eaten"); got.Status != http.StatusUnprocessableEntity || !strings.Contains(got.Body, `"events":`) {
		t.Errorf("an unknown event: %d %s", got.Status, got.Body)
	}
	if got := a.Call(scoped, "GET", "/api/v1/webhooks", nil); got.Status != http.StatusForbidden {
		t.Errorf("another scope: %d", got.Status)
	}
	// A name is judged when it is called, by the address that it then has.
	if got := create("https://localhost/hooks", "*"); got.Status != http.StatusCreated {
		t.Fatalf("a name: %d %s", got.Status, got.Body)
	}
	a.Call(key, "POST", "/api/v1/partners", map[string]any{"email": "x@example.com", "name": "x", "send_invite": false})
	a.AwaitAll(`"kind":"webhooks.deliver"`, 2)
	var problem string
	a.DB.Read(t, &problem, `select error from webhook_deliveries limit 1`)
	if problem != "This address can't be called from here." {
		t.Errorf("got %q", problem)
	}
}

func TestWebhooks_Payouts(t *testing.T) {
	t.Parallel()
	p := tell(t)
	r := receive(t, nil)
	p.hook(r.URL, "commission.paid", "payout.created", "payout.paid")
	var partner, payout struct{ ID string }
	var run struct{ Payouts []struct{ ID string } }
	p.call("POST", "/partners", map[string]any{"email": "p@example.com", "name": "p", "send_invite": false}, 201, &partner)
	p.call("POST", "/commissions/adjustments", map[string]any{"partner_id": partner.ID, "amount": 500, "currency": "USD", "note": "n"}, 201, nil)
	p.call("POST", "/payouts/runs", map[string]any{}, 201, &run)
	payout.ID = run.Payouts[0].ID
	p.call("POST", "/payouts/"+payout.ID+"/mark-paid", map[string]any{"reference": "SEPA 1"}, 200, nil)
	if got := r.kinds(3); got != "payout.created commission.paid payout.paid" {
		t.Errorf("got %s", got)
	}
	var body struct {
		Data struct {
			ID, Status, Reference string
			Amount                int64
		}
	}
	if err := json.Unmarshal(r.wait(3)[2].body, &body); err != nil || body.Data.ID != payout.ID || body.Data.Status != "paid" || body.Data.Amount != 500 || body.Data.Reference != "SEPA 1" {
		t.Errorf("%v %s", err, r.wait(3)[2].body)
	}
}
