// Package hub_test uses the Network's hub as vendors and creators do: the real program, with vendors
// that are played by small servers here.
package hub_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/tests/testkit"
)

// world is a hub, which all tests share.
type world struct {
	*testkit.App

	n atomic.Int64
}

func TestHub(t *testing.T) {
	t.Parallel()
	w := &world{App: testkit.StartHub(t, "OPENPARTNER_TRUSTED_PROXIES=127.0.0.0/8,::1/128", "OPENPARTNER_SCHEDULER_INTERVAL=200ms")}
	for name, test := range map[string]func(t *testing.T, w *world){
		"Connect": testConnect, "SignUp": testSignUp, "Tokens": testTokens, "Partners": testPartners, "Protocol": testProtocol,
		"Offerings": testOfferings, "Approve": testApprove, "KeyTaken": testKeyTaken, "VendorDown": testVendorDown, "Decide": testDecide,
		"Creators": testCreators, "Consent": testConsent, "Doors": testDoors, "Console": testConsole,
		"AnyOrder": testAnyOrder, "ForeignToken": testForeignToken, "ReplayedToken": testReplayedToken, "EvilCallback": testEvilCallback, "PoisonedHost": testPoisonedHost,
		"Applied": testApplied, "Earnings": testEarnings, "HostileVendor": testHostileVendor,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, w) })
	}
}

// next makes names that nobody else has.
func (w *world) next(word string) string { return fmt.Sprintf("%s%d", word, w.n.Add(1)) }

// elsewhere is an address of the outside that nobody else asks from.
func (w *world) elsewhere() []string {
	n := w.n.Add(1)
	return []string{"X-Forwarded-For", fmt.Sprintf("203.0.%d.%d", n/250, n%250+1)}
}

// say sends the hub a request as a vendor does.
func (w *world) say(token, method, path string, body any, header ...string) testkit.Answer {
	header = append(header, protocol.Header, protocol.Version)
	return w.Call(token, method, path, body, append(header, w.elsewhere()...)...)
}

// expect fails the test unless the answer has the status.
func expect(t *testing.T, got testkit.Answer, status int, words ...string) testkit.Answer {
	t.Helper()
	if got.Status != status {
		t.Fatalf("got %d, want %d: %s", got.Status, status, got.Body)
	}
	for _, word := range words {
		if !strings.Contains(got.Body, word) {
			t.Errorf("%q is not in %s", word, got.Body)
		}
	}
	return got
}

// into reads an answer.
func into[T any](t *testing.T, got testkit.Answer) (value T) {
	t.Helper()
	got.JSON(t, &value)
	return value
}

// brand plays a vendor's instance.
type brand struct {
	*httptest.Server

	w     *world
	name  string
	email string
	token string // of the vendor, once it is connected
	id    string

	mu       sync.Mutex
	down     bool
	scopes   []string
	taken    map[string]bool // keys of links that somebody has
	calls    []string
	currency string            // of what its partners earn
	links    map[string]string // by Idempotency-Key
}

// brand starts a vendor's instance.
func (w *world) brand(t *testing.T) *brand {
	t.Helper()
	b := &brand{w: w, name: w.next("Brand "), taken: map[string]bool{}, links: map[string]string{}, scopes: protocol.CallbackScopes()}
	b.email = strings.ToLower(strings.ReplaceAll(b.name, " ", "")) + "@example.com"
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

// ServeHTTP answers as an instance does.
func (b *brand) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	answer := func(status int, body any) {
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(status)
		_ = json.NewEncoder(rw).Encode(body)
	}
	path := strings.TrimPrefix(r.URL.Path, "/api/v1")
	b.calls = append(b.calls, r.Method+" "+path)
	switch {
	case b.down:
		answer(http.StatusServiceUnavailable, map[string]any{"error": map[string]string{"code": "unavailable"}})
	case r.Header.Get("Authorization") != "Bearer op_live_"+b.email:
		answer(http.StatusUnauthorized, map[string]any{"error": map[string]string{"code": "unauthorized"}})
	case path == "/whoami":
		answer(http.StatusOK, map[string]any{"role": "scoped", "scopes": b.scopes})
	case r.Method == http.MethodPost && path == "/partners":
		var in protocol.CallbackPartner
		_ = json.NewDecoder(r.Body).Decode(&in)
		answer(http.StatusCreated, map[string]any{"id": "p-" + strings.TrimPrefix(in.ExternalRef, "network:")[28:], "status": "active"})
	case strings.HasSuffix(path, "/links"):
		var in protocol.CallbackLink
		_ = json.NewDecoder(r.Body).Decode(&in)
		if b.taken[in.Key] {
			answer(http.StatusConflict, map[string]any{"error": map[string]string{"code": "key_taken"}})
			return
		}
		b.links[r.Header.Get("Idempotency-Key")] = in.Key
		answer(http.StatusCreated, map[string]any{"id": "l1", "key": in.Key, "url": b.URL + "/r/" + in.Key})
	case strings.HasSuffix(path, "/dashboard"):
		if b.currency == "" {
			b.currency = "USD"
		}
		answer(http.StatusOK, map[string]any{"clicks": 41, "conversions": 3, "unknown": true, "money": []any{
			map[string]any{"currency": b.currency, "revenue": 9900, "commission": map[string]any{"pending": 1234, "held": 0, "approved": 500, "paid": 0}},
		}})
	default:
		http.NotFound(rw, r)
	}
}

func (b *brand) set(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// signUp is what the instance sends to join.
func (b *brand) signUp(state string) protocol.SignUp {
	return protocol.SignUp{
		InstanceURL: b.URL + "/api/v1", CallbackKey: "op_live_" + b.email, DisplayName: b.name, Tier: protocol.TierSelfHosted,
		Contact: protocol.Contact{Email: b.email}, CallbackURL: b.URL + "/admin/network/complete", State: state,
	}
}

// mailed waits for the nth link to the instance, and gives the token in it.
func (b *brand) mailed(n int) (token, state string) {
	lines := b.w.AwaitAll(b.URL+"/admin/network/complete?ntoken=", n)
	_, rest, _ := strings.Cut(lines[n-1], "/admin/network/complete?")
	rest, _, _ = strings.Cut(rest, "\"")
	q, _ := url.ParseQuery(strings.TrimSpace(rest))
	return q.Get("ntoken"), q.Get("state")
}

// connect joins the Network.
func (b *brand) connect(t *testing.T) *brand {
	t.Helper()
	signed := into[protocol.SignedUp](t, expect(t, b.w.say("", http.MethodPost, protocol.PathSignUp, b.signUp("nonce")), http.StatusAccepted))
	token, state := b.mailed(1)
	got := into[protocol.Exchanged](t, expect(t, b.w.say("", http.MethodPost, protocol.PathExchange, protocol.Exchange{Token: token, State: state}), http.StatusOK))
	if got.VendorID != signed.VendorID || !strings.HasPrefix(got.VendorToken, "vt_") {
		t.Fatalf("got %+v after %+v", got, signed)
	}
	b.id, b.token = got.VendorID, got.VendorToken
	return b
}

// tell says something as the connected vendor.
func (b *brand) tell(method, path string, body any, header ...string) testkit.Answer {
	return b.w.say(b.token, method, path, body, header...)
}
