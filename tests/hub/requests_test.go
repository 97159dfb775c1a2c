package hub_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/tests/testkit"
)

// offer publishes an offering, and gives its id and title.
func (b *brand) offer(t *testing.T) (id, title string) {
	t.Helper()
	title = b.w.next("Tea of the month ")
	got := expect(t, b.tell(http.MethodPost, protocol.PathOfferings, map[string]any{
		"title": title, "description": "A box a month.", "product_url": "https://example.com/tea", "campaign_id": "c1", "commission_summary": "20 % for a year",
		"cookie_window_days": 60, "categories": []string{"Food", "food"}, "published": true,
	}), http.StatusCreated, `"categories":["food"]`)
	return into[protocol.Offering](t, got).ID, title
}

// person is a creator with a browser.
type person struct {
	*testkit.Visitor

	email, handle string
}

// creator joins the hub, as people do.
func (w *world) creator(t *testing.T) *person {
	t.Helper()
	p := &person{Visitor: w.Visitor(), handle: w.next("maya-")}
	p.email = p.handle + "@example.com"
	form := url.Values{"name": {"Maya " + p.handle}, "handle": {p.handle}, "email": {p.email}}
	header := append(w.elsewhere(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
	expect(t, w.Call("", http.MethodPost, "/creators/signup", form.Encode(), header...), http.StatusSeeOther)
	expect(t, p.Post("/creators/verify", url.Values{"token": {w.tokenOf(t, p.email)}}), http.StatusSeeOther)
	return p
}

// tokenOf waits for a link to an address, and gives it a token that the test knows.
func (w *world) tokenOf(t *testing.T, email string) string {
	t.Helper()
	const open = `coordinator.creator_links where email = ? and token_hash is not null and consumed_at is null`
	w.DB.Await(t, `select exists (select from `+open+`)`, email)
	token := w.next("token-of-the-test-")
	if err := w.DB.Try(t, `update coordinator.creator_links set token_hash = encode(sha256(convert_to(?, 'utf8')), 'hex')
		where id = (select id from `+open+`)`, token, email); err != nil {
		t.Fatal(err)
	}
	return token
}

// apply sends a request, and gives it as its vendor sees it.
func (p *person) apply(t *testing.T, b *brand, offering, key string) protocol.Request {
	t.Helper()
	expect(t, p.Post("/offerings/"+offering+"/apply", url.Values{"pitch": {"I drink tea"}, "preferred_key": {key}}), http.StatusSeeOther)
	got := expect(t, b.tell(http.MethodGet, protocol.PathRequests+"?status=pending", nil), http.StatusOK, p.handle, "I drink tea")
	if strings.Contains(got.Body, p.email) {
		t.Error("the vendor has the address before it said yes")
	}
	return into[protocol.List[protocol.Request]](t, got).Data[0]
}

func (b *brand) decide(r protocol.Request, verb, note string) testkit.Answer {
	return b.tell(http.MethodPost, protocol.PathRequests+"/"+r.ID+"/"+verb, protocol.Decision{Note: note})
}

func (w *world) awaitStatus(t *testing.T, r protocol.Request, status string) {
	t.Helper()
	w.DB.Await(t, `select status = ? from coordinator.requests where id = ?`, status, r.ID)
}

func testOfferings(t *testing.T, w *world) {
	b, other := w.brand(t).connect(t), w.brand(t).connect(t)
	id, title := b.offer(t)
	stranger := w.Visitor()
	expect(t, stranger.Get("/offerings?q="+url.QueryEscape(title)), http.StatusOK, title, "20 % for a year", b.name)
	expect(t, stranger.Get("/offerings?category=food&q="+url.QueryEscape(title)), http.StatusOK, title)
	expect(t, stranger.Get("/offerings/"+id), http.StatusOK, "A box a month.", "60 days", "Sign in to apply")
	expect(t, other.tell(http.MethodPatch, protocol.PathOfferings+"/"+id, map[string]any{"title": "Mine"}), http.StatusNotFound)
	expect(t, b.tell(http.MethodPatch, protocol.PathOfferings+"/"+id, map[string]any{"cookie_window_days": 366}), http.StatusUnprocessableEntity, "cookie_window_days")
	expect(t, b.tell(http.MethodPatch, protocol.PathOfferings+"/"+id, map[string]any{"published": false}), http.StatusOK, title)
	expect(t, stranger.Get("/offerings/"+id), http.StatusNotFound)
	expect(t, b.tell(http.MethodDelete, protocol.PathOfferings+"/"+id, nil), http.StatusNoContent)
	expect(t, b.tell(http.MethodGet, protocol.PathOfferings, nil), http.StatusOK, `"data":[]`)
}

func testApprove(t *testing.T, w *world) {
	b := w.brand(t).connect(t)
	offering, title := b.offer(t)
	maya := w.creator(t)
	r := maya.apply(t, b, offering, maya.handle)
	expect(t, maya.Post("/offerings/"+offering+"/apply", url.Values{"pitch": {"once more"}}), http.StatusConflict)
	expect(t, b.decide(r, "approve", "Welcome aboard"), http.StatusAccepted, "approving")
	w.awaitStatus(t, r, "approved")
	expect(t, maya.Get("/creators/me/requests"), http.StatusOK, title, "Approved", "Welcome aboard")
	expect(t, maya.Get("/creators/me/partnerships"), http.StatusOK, b.URL+"/r/"+maya.handle, "41", "12.34")
	w.Await("mail to " + maya.email + ": " + b.name + " said yes")
	expect(t, b.decide(r, "reject", ""), http.StatusConflict, "not_pending")

	b.set(func() { b.down = true })
	w.DB.AsOwner(t, `update coordinator.earnings set tried_at = tried_at - interval '1 hour', read_at = read_at - interval '1 hour' where vendor_id = $1`, b.id)
	expect(t, maya.Get("/creators/me/partnerships"), http.StatusOK, "could not be asked just now", "41")
}

func testKeyTaken(t *testing.T, w *world) {
	b := w.brand(t).connect(t)
	offering, _ := b.offer(t)
	maya := w.creator(t)
	b.set(func() { b.taken[maya.handle] = true })
	r := maya.apply(t, b, offering, maya.handle)
	expect(t, b.decide(r, "approve", ""), http.StatusAccepted)
	w.awaitStatus(t, r, "approved")
	b.set(func() {
		for repeat, key := range b.links {
			if len(key) != len(maya.handle)+5 || !strings.HasPrefix(key, maya.handle+"-") || !strings.HasSuffix(repeat, "-1") {
				t.Errorf("the link has the key %q, asked for as %q", key, repeat)
			}
		}
	})
}

// A vendor that is down is asked again, and a federation that a crash left behind is found.
func testVendorDown(t *testing.T, w *world) {
	b := w.brand(t).connect(t)
	offering, _ := b.offer(t)
	r := w.creator(t).apply(t, b, offering, "")
	b.set(func() { b.down = true })
	expect(t, b.decide(r, "approve", ""), http.StatusAccepted)
	w.DB.Await(t, `select last_error is not null and status = 'pending' from platform.jobs where key = 'federate:' || ?`, r.ID)
	b.set(func() { b.down = false })
	w.DB.AsOwner(t, `delete from platform.jobs where key = 'federate:' || $1`, r.ID) // as if it had never been
	w.DB.AsOwner(t, `update coordinator.requests set updated_at = updated_at - interval '1 hour' where id = $1`, r.ID)
	w.DB.AsOwner(t, `update platform.jobs set status = 'pending', run_at = now(), finished_at = null where kind = 'hub.sweep'`)
	w.awaitStatus(t, r, "approved")
}

func testDecide(t *testing.T, w *world) {
	b, other := w.brand(t).connect(t), w.brand(t).connect(t)
	offering, _ := b.offer(t)
	maya := w.creator(t)
	r := maya.apply(t, b, offering, "")
	expect(t, other.decide(r, "approve", ""), http.StatusNotFound)
	expect(t, b.decide(r, "reject", "Not this season"), http.StatusOK, "rejected")
	w.Await("mail to " + maya.email + ": " + b.name + " declined your request")
	expect(t, maya.Get("/offerings/"+offering), http.StatusOK, "You may apply again from")
	w.DB.AsOwner(t, `update coordinator.requests set decided_at = decided_at - interval '31 days' where id = $1`, r.ID)
	second := maya.apply(t, b, offering, "")
	expect(t, maya.Get("/creators/me/requests/"+second.ID+"/cancel"), http.StatusOK, "Take the request back")
	expect(t, w.creator(t).Post("/creators/me/requests/"+second.ID+"/cancel", nil), http.StatusNotFound)
	expect(t, maya.Post("/creators/me/requests/"+second.ID+"/cancel", nil), http.StatusSeeOther)
	expect(t, b.decide(second, "approve", ""), http.StatusConflict)

	b.set(func() { b.scopes, b.email = nil, "rotated@example.com" }) // the key does not work any more
	third := maya.apply(t, b, offering, "")
	expect(t, b.decide(third, "approve", ""), http.StatusAccepted)
	w.awaitStatus(t, third, "failed")
	expect(t, b.tell(http.MethodGet, protocol.PathRequests+"?status=failed", nil), http.StatusOK, "Connect it anew")
}

func testCreators(t *testing.T, w *world) {
	maya := w.creator(t)
	expect(t, maya.Get("/creators/me"), http.StatusOK, maya.email)
	places := url.Values{"name": {"Maya"}, "handle": {maya.handle}, "bio": {"Tea"}, "platform": {"YouTube", ""}, "platform_url": {"https://example.com/maya", ""}}
	expect(t, maya.Post("/creators/me", places), http.StatusSeeOther)
	expect(t, maya.Get("/creators/me"), http.StatusOK, "https://example.com/maya", "YouTube")
	places.Set("platform_url", "javascript:alert(1)")
	expect(t, maya.Post("/creators/me", places), http.StatusUnprocessableEntity, "whole web address")
	other := w.Visitor()
	expect(t, other.Post("/creators/signup", url.Values{"name": {"Other"}, "handle": {maya.handle}, "email": {w.next("o") + "@example.com"}}), http.StatusUnprocessableEntity, "This handle is taken")
	// Whose handle it is nobody finds out by trying addresses.
	expect(t, other.Post("/creators/signup", url.Values{"name": {"Other"}, "handle": {maya.handle}, "email": {maya.email}}), http.StatusUnprocessableEntity, "This handle is taken")
	expect(t, maya.Post("/creators/signout", nil), http.StatusSeeOther)
	expect(t, maya.Get("/creators/me"), http.StatusSeeOther)
}

// Vendors learn that somebody is on the Network when that person said so, and from then on call them by
// one name.
func testConsent(t *testing.T, w *world) {
	one, two := w.brand(t).connect(t), w.brand(t).connect(t)
	word := protocol.Upsert{VendorPartnerID: "p", Sequence: 1, Status: protocol.Active, Email: w.next("maya-") + "@example.com", Name: "Maya"}
	var seen []string
	at := func(b *brand) protocol.Upserted {
		got := into[protocol.Upserted](t, expect(t, b.tell(http.MethodPost, protocol.PathUpsert, word), http.StatusOK))
		seen = append(seen, got.NetworkCreatorID)
		return got
	}
	if at(one).AlreadyExisted || at(two).AlreadyExisted || seen[0] == seen[1] {
		t.Errorf("before: %v", seen)
	}
	v := w.Visitor()
	expect(t, v.Post("/creators/signup", url.Values{"name": {"Maya"}, "handle": {w.next("m")}, "email": {word.Email}}), http.StatusSeeOther)
	if at(one).AlreadyExisted {
		t.Error("a sign-up that nobody confirmed counts")
	}
	expect(t, v.Post("/creators/verify", url.Values{"token": {w.tokenOf(t, word.Email)}}), http.StatusSeeOther)
	word.Sequence = 2
	if !at(one).AlreadyExisted || !at(two).AlreadyExisted || seen[3] != seen[4] || slices.Contains(seen[:3], seen[3]) {
		t.Errorf("after: %v", seen)
	}
	expect(t, v.Get("/creators/me/partnerships"), http.StatusOK, one.name, two.name)
}

// Links are used up by the button alone, known and unknown addresses get the same answer, and nobody is
// sent elsewhere.
func testDoors(t *testing.T, w *world) {
	maya := w.creator(t)
	v := w.Visitor()
	known := expect(t, v.Post("/creators/signin", url.Values{"email": {maya.email}, "next": {"//evil.example.com"}}), http.StatusSeeOther)
	unknown := expect(t, v.Post("/creators/signin", url.Values{"email": {w.next("nobody") + "@example.com"}}), http.StatusSeeOther)
	if known.Header.Get("Location") != unknown.Header.Get("Location") || known.Body != unknown.Body {
		t.Errorf("got %v and %v", known, unknown)
	}
	token := w.tokenOf(t, maya.email)
	for range 3 {
		expect(t, v.Get("/creators/verify?token="+token), http.StatusOK)
	}
	got := expect(t, v.Post("/creators/verify", url.Values{"token": {token}}), http.StatusSeeOther)
	if to := got.Header.Get("Location"); to != "/creators/me/partnerships" {
		t.Errorf("sent to %s", to)
	}
	expect(t, w.Visitor().Post("/creators/verify", url.Values{"token": {token}}), http.StatusNotFound)
	if to := w.Visitor().Get("/creators/me/requests").Header.Get("Location"); to != "/creators/signin?next=%2Fcreators%2Fme%2Frequests" {
		t.Errorf("a stranger is sent to %s", to)
	}
	for _, page := range []string{"/", "/offerings", "/creators/signup", "/creators/signin"} {
		got := expect(t, v.Get(page), http.StatusOK)
		if !strings.Contains(got.Header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s has no policy", page)
		}
	}
}
