package network_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openpartner/openpartner/app/protocol"
)

// A program is connected by the link that it asked for, to the vendor that it was promised, and by
// nothing else: after each refusal it stands as before.
func TestConnect_Refusals(t *testing.T) {
	t.Parallel()
	v := start(t)
	begin := func() string {
		t.Helper()
		got := v.Call(v.key, "POST", "/api/v1/config/network/start-connect", map[string]string{"contact_email": "ada@tea.example", "display_name": "Tea Club"},
			"Host", "evil.example", "X-Forwarded-Host", "evil.example", "Forwarded", "host=evil.example", "Origin", "https://evil.example")
		if got.Status != http.StatusAccepted {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		return v.hub.signUp.State
	}
	complete := func(state string, want int) {
		t.Helper()
		v.call("POST", "/config/network/complete-connect", map[string]string{"ntoken": "mailed", "state": state}, want, nil)
	}
	refused := func(what, state string, want int) {
		t.Helper()
		before := v.stands()
		complete(state, want)
		if after := v.stands(); after.State != before.State || after.HasToken != before.HasToken {
			t.Errorf("%s: %+v, was %+v", what, after, before)
		}
	}
	earlier := begin()
	state := begin()
	if ask := v.hub.signUp; ask.InstanceURL != v.URL+"/api/v1" || ask.CallbackURL != v.URL+"/admin/network/complete" {
		t.Errorf("a poisoned host made it %s and %s", ask.InstanceURL, ask.CallbackURL)
	}
	calls := len(v.hub.calls)
	refused("a link of another program", "state-of-another", http.StatusUnprocessableEntity)
	refused("a link of an earlier try", earlier, http.StatusUnprocessableEntity)
	refused("a link without a state", "", http.StatusUnprocessableEntity)
	if len(v.hub.calls) != calls {
		t.Error("the hub was asked with a foreign link")
	}
	v.hub.set(func() { v.hub.vendor = "vnd_other" })
	refused("another vendor", state, http.StatusBadGateway)
	v.hub.set(func() { v.hub.vendor, v.hub.token = "vnd_1", "" })
	refused("no token", state, http.StatusBadGateway)
	v.hub.set(func() { v.hub.token = "vt_first" })
	complete(state, http.StatusOK)

	// A link that is opened once more, when the hub does not take it any more, changes nothing.
	v.hub.set(func() {
		v.hub.fail = func(h heard) int {
			if h.is("POST", protocol.PathExchange) {
				return http.StatusNotFound
			}
			return 0
		}
	})
	refused("a link that was used", state, http.StatusBadGateway)
	v.call("GET", "/admin/network/me", nil, http.StatusOK, nil) // by the token that it has
}

// A day without the hub, which first hangs and then fails: nothing that people do waits for it, and
// when it is back it hears of everybody in the order of what happened, the newest of each.
func TestOutage_DrainsInOrder(t *testing.T) {
	t.Parallel()
	v := start(t)
	v.connect()
	campaign := v.campaign()
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	defer open()
	v.hub.set(func() { v.hub.fail = func(heard) int { <-gate; return http.StatusBadGateway } })
	var order []string
	for i := range 12 { // while the hub holds every call that reaches it
		order = append(order, v.partner(fmt.Sprintf("p%d@example.com", i)).ID)
	}
	v.call("PUT", "/partners/"+order[3]+"/campaigns", map[string]any{"campaign_ids": []string{campaign}}, http.StatusOK, nil)
	v.call("POST", "/partners/"+order[3]+"/links", map[string]string{"campaign_id": campaign, "key": "tea"}, http.StatusCreated, nil)
	clicked := v.Call("", http.MethodGet, "/r/tea", nil, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	_, cref, _ := strings.Cut(clicked.Header.Get("Location"), "cref=")
	v.call("POST", "/identify", map[string]string{"cref": cref, "user_id": "u1"}, http.StatusOK, nil)
	v.call("POST", "/events", map[string]any{"user_id": "u1", "type": "purchase", "amount": 10000, "currency": "USD", "external_id": "s1"}, http.StatusCreated, nil)
	for i, id := range order {
		if i%3 == 0 {
			v.call("PATCH", "/partners/"+id, map[string]string{"name": "Changed"}, http.StatusOK, nil)
		}
	}
	v.call("POST", "/partners/"+order[4]+"/revoke", map[string]string{"reason": "enough"}, http.StatusOK, nil)
	open()
	v.DB.Await(t, `select count(*) = 12 and min(attempts) > 0 from network_outbox where status = 'pending'`)
	var late string
	v.DB.Read(t, &late, `select id::text from platform.jobs order by id desc limit 1`)
	v.hub.set(func() { v.hub.fail, v.hub.calls = nil, nil })
	v.Replica(nil, "OPENPARTNER_CLOCK_OFFSET=24h")
	v.DB.Await(t, `select count(*) = 0 from network_outbox`)

	var ordered []string
	v.DB.Read(t, &ordered, `select split_part(key, ':', 2) from platform.jobs where kind = 'network.push' and id > ? order by id`, late)
	if got := firsts(ordered); !slices.Equal(got, order) {
		t.Errorf("sent in the order\n%v, happened in\n%v", got, order)
	}
	newest := map[string]int64{}
	for _, c := range v.hub.calls {
		var u protocol.Upsert
		if c.is("POST", protocol.PathUpsert) {
			v.hub.read(c, &u)
			if u.Sequence < newest[u.VendorPartnerID] {
				t.Errorf("of %s %d came after %d", u.VendorPartnerID, u.Sequence, newest[u.VendorPartnerID])
			}
			newest[u.VendorPartnerID] = u.Sequence
		}
	}
	for i, id := range order {
		var want int64
		v.DB.Read(t, &want, `select network_sequence from partners where id = ?`, id)
		u := v.hub.known[id]
		if u.Sequence != want || (i%3 == 0) != (u.Name == "Changed") || (i == 4) != (u.Status == protocol.Revoked) {
			t.Errorf("of partner %d, at %d, the hub knows %+v", i, want, u)
		}
	}
}

// firsts are the different words of a list, each where it stands first.
func firsts(all []string) (out []string) {
	for _, one := range all {
		if !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out
}

// What the hub may make here is what an admin approved last: a second click on Approve takes nothing
// away, and a rejection takes it all.
func TestApprovals(t *testing.T) {
	t.Parallel()
	v := start(t)
	v.connect()
	campaign := v.campaign()
	request := func(id string) protocol.Request {
		return protocol.Request{ID: id, Status: "pending", Offering: protocol.RequestOffering{ID: "off_1", CampaignID: campaign}, Creator: protocol.Creator{Name: "Cleo", Handle: "cleo"}}
	}
	v.hub.set(func() { v.hub.requests = []protocol.Request{request("req_1"), request("req_2")} })
	provision := func(id string, want int) {
		t.Helper()
		v.callAs(v.hub.signUp.CallbackKey, "POST", "/partners", map[string]any{"email": id + "@example.com", "name": "Cleo", "external_ref": "network:" + id}, want, nil)
	}
	for _, id := range []string{"req_1", "req_2"} {
		v.call("POST", "/admin/network/requests/"+id+"/approve", nil, http.StatusAccepted, nil)
	}
	v.hub.set(func() {
		v.hub.fail = func(h heard) int {
			if strings.HasSuffix(h.Path, "/approve") {
				return http.StatusConflict
			}
			return 0
		}
	})
	v.call("POST", "/admin/network/requests/req_1/approve", nil, http.StatusConflict, nil)
	provision("req_1", http.StatusCreated)
	v.call("POST", "/admin/network/requests/req_2/reject", nil, http.StatusOK, nil)
	provision("req_2", http.StatusUnprocessableEntity)
}

// Words of the hub that no database can hold are no reason to ask it without end.
func TestPush_HostileHub(t *testing.T) {
	t.Parallel()
	v := start(t)
	v.connect()
	v.hub.set(func() {
		v.hub.words, v.hub.fail = "Not\x00now", func(heard) int { return http.StatusServiceUnavailable }
	})
	v.partner("one@example.com")
	v.DB.Await(t, `select count(*) = 1 from network_outbox where attempts = 1 and next_attempt_at > now() and last_error = 'The Network answered 503.'`)
}
