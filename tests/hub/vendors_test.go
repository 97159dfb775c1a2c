package hub_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/protocol"
)

func testConnect(t *testing.T, w *world) {
	b := w.brand(t)
	signed := into[protocol.SignedUp](t, expect(t, w.say("", http.MethodPost, protocol.PathSignUp, b.signUp("one"), "Idempotency-Key", "k"+b.email), http.StatusAccepted))
	again := expect(t, w.say("", http.MethodPost, protocol.PathSignUp, b.signUp("one"), "Idempotency-Key", "k"+b.email), http.StatusAccepted)
	if again.Header.Get("Idempotent-Replayed") != "true" || into[protocol.SignedUp](t, again) != signed {
		t.Errorf("a repeat got %+v", again)
	}
	token, state := b.mailed(1)
	if state != "one" {
		t.Errorf("the link carries the state %q", state)
	}
	expect(t, w.say("", http.MethodPost, protocol.PathExchange, protocol.Exchange{Token: token, State: "another"}), http.StatusNotFound)
	first := expect(t, w.say("", http.MethodPost, protocol.PathExchange, protocol.Exchange{Token: token, State: state}), http.StatusOK)
	if repeated := expect(t, w.say("", http.MethodPost, protocol.PathExchange, protocol.Exchange{Token: token, State: state}), http.StatusOK); repeated.Body != first.Body {
		t.Errorf("a repeated exchange got %s after %s", repeated.Body, first.Body)
	}
	b.token = into[protocol.Exchanged](t, first).VendorToken
	expect(t, b.tell(http.MethodGet, protocol.PathMe, nil), http.StatusOK, `"status":"active"`, signed.VendorID)

	t.Run("Again", func(t *testing.T) { // the same instance is the same vendor, and nothing changes before the exchange
		second := into[protocol.SignedUp](t, expect(t, w.say("", http.MethodPost, protocol.PathSignUp, b.signUp("two")), http.StatusAccepted))
		if second.VendorID != signed.VendorID {
			t.Errorf("got vendor %s, was %s", second.VendorID, signed.VendorID)
		}
		token, state := b.mailed(2)
		expect(t, b.tell(http.MethodGet, protocol.PathMe, nil), http.StatusOK)
		got := into[protocol.Exchanged](t, expect(t, w.say("", http.MethodPost, protocol.PathExchange, protocol.Exchange{Token: token, State: state}), http.StatusOK))
		expect(t, b.tell(http.MethodGet, protocol.PathMe, nil), http.StatusUnauthorized)
		b.token = got.VendorToken
		expect(t, b.tell(http.MethodGet, protocol.PathMe, nil), http.StatusOK)
	})
	t.Run("Disconnect", func(t *testing.T) {
		expect(t, b.tell(http.MethodPost, protocol.PathDisconnect, nil), http.StatusOK, "disconnected")
		expect(t, b.tell(http.MethodGet, protocol.PathMe, nil), http.StatusUnauthorized)
		var keys int
		w.DB.Read(t, &keys, `select count(*) from coordinator.vendors where id = ? and callback_key_sealed is not null`, signed.VendorID)
		if keys != 0 {
			t.Error("the hub still has the key")
		}
	})
}

func testSignUp(t *testing.T, w *world) {
	for name, c := range map[string]struct {
		change func(b *brand, in *protocol.SignUp)
		status int
		word   string
	}{
		"CallbackElsewhere": {func(_ *brand, in *protocol.SignUp) { in.CallbackURL = "https://evil.example.com/x" }, http.StatusUnprocessableEntity, "callback_url"},
		"PlainHTTP":         {func(_ *brand, in *protocol.SignUp) { in.InstanceURL = "http://example.com/api/v1" }, http.StatusUnprocessableEntity, "instance_url"},
		"InsideAddress":     {func(_ *brand, in *protocol.SignUp) { in.InstanceURL = "https://169.254.169.254/api/v1" }, http.StatusUnprocessableEntity, "instance_url"},
		"NotAnAddress":      {func(_ *brand, in *protocol.SignUp) { in.InstanceURL = "javascript:alert(1)" }, http.StatusUnprocessableEntity, "instance_url"},
		"UnknownKey":        {func(_ *brand, in *protocol.SignUp) { in.CallbackKey = "op_live_other" }, http.StatusUnprocessableEntity, "callback_key"},
		"TooMuchPower":      {func(b *brand, _ *protocol.SignUp) { b.set(func() { b.scopes = append(b.scopes, "payouts:write") }) }, http.StatusUnprocessableEntity, "callback_key"},
		"InstanceDown":      {func(b *brand, _ *protocol.SignUp) { b.set(func() { b.down = true }) }, http.StatusBadGateway, "instance_unreachable"},
		"NoContact":         {func(_ *brand, in *protocol.SignUp) { in.Contact.Email = "" }, http.StatusUnprocessableEntity, "contact.email"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := w.brand(t)
			in := b.signUp("nonce")
			c.change(b, &in)
			expect(t, w.say("", http.MethodPost, protocol.PathSignUp, in), c.status, c.word)
		})
	}
}

func testTokens(t *testing.T, w *world) {
	b := w.brand(t).connect(t)
	first := expect(t, b.tell(http.MethodPost, protocol.PathRotate, nil, "Idempotency-Key", "rotate"), http.StatusOK)
	if repeated := expect(t, b.tell(http.MethodPost, protocol.PathRotate, nil, "Idempotency-Key", "rotate"), http.StatusOK); repeated.Body != first.Body {
		t.Errorf("a repeat got %s after %s", repeated.Body, first.Body)
	}
	fresh := into[protocol.Rotated](t, first).VendorToken
	expect(t, b.tell(http.MethodGet, protocol.PathMe, nil), http.StatusOK) // ten minutes more
	w.DB.AsOwner(t, `update coordinator.vendor_tokens set valid_until = now() where vendor_id = $1 and valid_until is not null`, b.id)
	expect(t, b.tell(http.MethodGet, protocol.PathMe, nil), http.StatusUnauthorized)
	b.token = fresh
	expect(t, b.tell(http.MethodGet, protocol.PathMe, nil), http.StatusOK)
	var plain int
	w.DB.Read(t, &plain, `select count(*) from coordinator.idempotency i, coordinator.vendor_tokens t where i.body_sealed like '%vt\_%' or t.token_hash like '%vt\_%'`)
	if plain != 0 {
		t.Error("a token is kept as it is")
	}
}

func testPartners(t *testing.T, w *world) {
	one, two := w.brand(t).connect(t), w.brand(t).connect(t)
	email := w.next("maya") + "@example.com"
	word := func(sequence int64, status string) protocol.Upsert {
		in := protocol.Upsert{VendorPartnerID: "p1", Sequence: sequence, Status: status}
		if status != protocol.Revoked {
			in.Email, in.Name = email, "Maya"
		}
		return in
	}
	at := func(b *brand, in protocol.Upsert) protocol.Upserted {
		return into[protocol.Upserted](t, expect(t, b.tell(http.MethodPost, protocol.PathUpsert, in), http.StatusOK))
	}
	first := at(one, word(2, protocol.Active))
	if first.AlreadyExisted || first.Stale {
		t.Errorf("got %+v", first)
	}
	if other := at(two, word(2, protocol.Active)); other.NetworkCreatorID == first.NetworkCreatorID || other.AlreadyExisted {
		t.Error("two vendors can tell that they have the same partner, who never confirmed anything")
	}
	if got := at(one, word(5, protocol.Revoked)); got.Stale || got.NetworkCreatorID != first.NetworkCreatorID {
		t.Errorf("got %+v", got)
	}
	if got := at(one, word(4, protocol.Active)); !got.Stale {
		t.Error("an older word counted")
	}
	var kept int
	w.DB.Read(t, &kept, `select count(*) from coordinator.vendor_partners where vendor_id = ? and (status <> 'revoked' or email is not null)`, one.id)
	if kept != 0 {
		t.Error("more is kept of a revoked partner than that")
	}
	beat := protocol.Heartbeat{Version: "1", Partners: protocol.PartnerCounts{Revoked: 1}, MaxSequence: 5}
	expect(t, one.tell(http.MethodPost, protocol.PathHeartbeat, beat), http.StatusOK, `"resync":false`)
	beat.MaxSequence = 6
	expect(t, one.tell(http.MethodPost, protocol.PathHeartbeat, beat), http.StatusOK, `"resync":true`)

	batch := protocol.Backfill{Partners: []protocol.Upsert{word(6, protocol.Active), {VendorPartnerID: "p2", Sequence: 1, Status: "active", Email: "nonsense"}}}
	got := into[protocol.Backfilled](t, expect(t, one.tell(http.MethodPost, protocol.PathBackfill, batch), http.StatusOK))
	if len(got.Results) != 2 || got.Results[0].Error != "" || !strings.Contains(got.Results[1].Error, "email") {
		t.Errorf("got %+v", got)
	}
	batch.Partners = make([]protocol.Upsert, 201)
	expect(t, one.tell(http.MethodPost, protocol.PathBackfill, batch), http.StatusUnprocessableEntity, "partners")
}

func testProtocol(t *testing.T, w *world) {
	b := w.brand(t).connect(t)
	expect(t, w.Call(b.token, http.MethodGet, protocol.PathMe, nil, protocol.Header, "2"), http.StatusBadRequest, "protocol_version_unsupported", `"supported":[1]`)
	expect(t, b.tell(http.MethodPost, protocol.PathHeartbeat, `{"version":"1","news":true}`), http.StatusOK)
	expect(t, w.Call(b.token, http.MethodPost, protocol.PathHeartbeat, `{"version":"1","news":true}`), http.StatusUnprocessableEntity, "news")
	expect(t, b.tell(http.MethodPost, protocol.PathHeartbeat, `{"version":`), http.StatusBadRequest, "malformed_json")
	expect(t, w.say("vt_nonsense", http.MethodGet, protocol.PathMe, nil), http.StatusUnauthorized, "unauthorized")
	expect(t, w.say("", http.MethodGet, protocol.PathMe, nil), http.StatusUnauthorized)
	expect(t, b.tell(http.MethodGet, "/vendors/me/nothing", nil), http.StatusNotFound, "not_found")
	expect(t, b.tell(http.MethodPost, protocol.PathHeartbeat, beatOf("a")), http.StatusOK)
	expect(t, b.tell(http.MethodPost, protocol.PathHeartbeat, beatOf("a"), "Idempotency-Key", "beat"), http.StatusOK)
	expect(t, b.tell(http.MethodPost, protocol.PathHeartbeat, beatOf("b"), "Idempotency-Key", "beat"), http.StatusConflict, "idempotency_mismatch")
}

func beatOf(version string) protocol.Heartbeat { return protocol.Heartbeat{Version: version} }
