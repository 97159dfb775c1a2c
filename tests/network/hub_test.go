package network_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/tests/testkit"
)

// hub is what a Network answers, as the test wants it: with its failures and its lost answers.
type hub struct {
	*httptest.Server

	t         *testing.T
	mu        sync.Mutex
	more      *sync.Cond
	calls     []heard
	fail      func(h heard) int // a status to answer instead; 0: none
	words     string            // with it
	signUp    protocol.SignUp
	vendor    string
	token     string
	known     map[string]protocol.Upsert
	creators  map[string]bool // addresses that were confirmed here
	offerings []protocol.Offering
	requests  []protocol.Request
	resync    bool
}

type heard struct {
	Method, Path, Token, Key, Agent, Version string
	Body                                     []byte
}

func (h heard) is(method, path string) bool { return h.Method == method && h.Path == path }

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{t: t, vendor: "vnd_1", token: "vt_first", words: "Not now.", known: map[string]protocol.Upsert{}, creators: map[string]bool{}}
	h.more = sync.NewCond(&h.mu)
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

// ServeHTTP is part of http.Handler.
func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	c := heard{r.Method, r.URL.Path, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r.Header.Get("Idempotency-Key"), r.UserAgent(), r.Header.Get(protocol.Header), body}
	h.calls = append(h.calls, c)
	defer h.more.Broadcast()
	if h.fail != nil {
		if status := h.fail(c); status != 0 {
			answer(w, status, map[string]any{"error": map[string]string{"code": "failed_on_purpose", "message": h.words}})
			return
		}
	}
	open := c.is("POST", protocol.PathSignUp) || c.is("POST", protocol.PathExchange)
	if !open && c.Token != h.token {
		answer(w, http.StatusUnauthorized, map[string]any{"error": map[string]string{"code": "unauthorized", "message": "Who are you?"}})
		return
	}
	h.serve(w, c)
}

func (h *hub) serve(w http.ResponseWriter, c heard) {
	switch {
	case c.is("POST", protocol.PathSignUp):
		h.read(c, &h.signUp)
		answer(w, http.StatusAccepted, protocol.SignedUp{VendorID: h.vendor, Status: "pending", EmailSent: true})
	case c.is("POST", protocol.PathExchange):
		answer(w, http.StatusOK, protocol.Exchanged{VendorID: h.vendor, VendorToken: h.token, DisplayName: h.signUp.DisplayName, IssuedAt: time.Now()})
	case c.is("POST", protocol.PathRotate):
		h.token = "vt_second"
		answer(w, http.StatusOK, protocol.Rotated{VendorToken: h.token, IssuedAt: time.Now()})
	case c.is("POST", protocol.PathDisconnect):
		answer(w, http.StatusOK, map[string]bool{"ok": true})
	case c.is("POST", protocol.PathUpsert):
		var u protocol.Upsert
		h.read(c, &u)
		answer(w, http.StatusOK, h.upsert(u))
	case c.is("POST", protocol.PathBackfill):
		h.backfill(w, c)
	case c.is("POST", protocol.PathHeartbeat):
		answer(w, http.StatusOK, protocol.HeartbeatAnswer{Resync: h.resync})
	case c.is("GET", protocol.PathMe):
		answer(w, http.StatusOK, protocol.Vendor{ID: h.vendor, DisplayName: h.signUp.DisplayName, Status: "active", PartnerCount: len(h.known)})
	case strings.HasPrefix(c.Path, protocol.PathOfferings):
		h.serveOfferings(w, c)
	case c.is("GET", protocol.PathRequests):
		answer(w, http.StatusOK, h.requests) // a bare list, which is taken, too
	case strings.HasSuffix(c.Path, "/approve"):
		answer(w, http.StatusAccepted, protocol.Decided{Status: protocol.RequestApproving})
	case strings.HasSuffix(c.Path, "/reject"):
		answer(w, http.StatusOK, protocol.Decided{Status: protocol.RequestRejected})
	default:
		answer(w, http.StatusNotFound, map[string]any{"error": map[string]string{"code": "not_found", "message": "There is no such thing."}})
	}
}

func (h *hub) upsert(u protocol.Upsert) protocol.Upserted {
	stale := h.known[u.VendorPartnerID].Sequence >= u.Sequence
	if !stale {
		h.known[u.VendorPartnerID] = u
	}
	return protocol.Upserted{NetworkCreatorID: "cr_" + u.VendorPartnerID[len(u.VendorPartnerID)-6:], AlreadyExisted: h.creators[u.Email], Stale: stale}
}

func (h *hub) backfill(w http.ResponseWriter, c heard) {
	var in protocol.Backfill
	h.read(c, &in)
	out := protocol.Backfilled{}
	for _, u := range in.Partners {
		if strings.HasPrefix(u.Email, "odd") && u.Metadata.Source == protocol.SourceBackfill && h.known[u.VendorPartnerID].Sequence == 0 {
			h.known[u.VendorPartnerID] = protocol.Upsert{Sequence: u.Sequence}
			out.Results = append(out.Results, protocol.BackfillResult{VendorPartnerID: u.VendorPartnerID, Error: "Not this time."})
			continue
		}
		r := h.upsert(u)
		out.Results = append(out.Results, protocol.BackfillResult{VendorPartnerID: u.VendorPartnerID, NetworkCreatorID: r.NetworkCreatorID, AlreadyExisted: r.AlreadyExisted})
	}
	answer(w, http.StatusOK, out)
}

func (h *hub) serveOfferings(w http.ResponseWriter, c heard) {
	var d protocol.OfferingDraft
	if len(c.Body) > 0 {
		h.read(c, &d)
	}
	switch c.Method {
	case http.MethodGet:
		answer(w, http.StatusOK, protocol.List[protocol.Offering]{Data: h.offerings})
	case http.MethodPost:
		o := protocol.Offering{
			ID: fmt.Sprintf("off_%d", len(h.offerings)+1), Title: *d.Title, ProductURL: *d.ProductURL, CampaignID: *d.CampaignID,
			CommissionSummary: *d.CommissionSummary, CookieWindowDays: *d.CookieWindowDays, Categories: []string{},
		}
		h.offerings = append(h.offerings, o)
		answer(w, http.StatusCreated, o)
	case http.MethodPatch:
		for i := range h.offerings {
			if strings.HasSuffix(c.Path, "/"+h.offerings[i].ID) {
				if d.CommissionSummary != nil {
					h.offerings[i].CommissionSummary, h.offerings[i].CookieWindowDays = *d.CommissionSummary, *d.CookieWindowDays
				}
				answer(w, http.StatusOK, h.offerings[i])
				return
			}
		}
		answer(w, http.StatusNotFound, map[string]any{"error": map[string]string{"code": "not_found", "message": "There is no such offering."}})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (h *hub) read(c heard, into any) {
	if err := json.Unmarshal(c.Body, into); err != nil {
		h.t.Errorf("%s %s: %v\n%s", c.Method, c.Path, err, c.Body)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// until waits until something holds of the hub, and leaves it locked while it looks.
func (h *hub) until(what string, holds func() bool) {
	h.t.Helper()
	alarm := time.AfterFunc(30*time.Second, h.more.Broadcast)
	defer alarm.Stop()
	began := time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for !holds() {
		if time.Since(began) > 29*time.Second {
			h.t.Fatalf("never: %s; calls so far: %v", what, h.summary())
		}
		h.more.Wait()
	}
}

func (h *hub) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *hub) summary() (out []string) {
	for _, c := range h.calls {
		out = append(out, c.Method+" "+c.Path)
	}
	return out
}

// vendor is a program and the hub that it may join.
type vendor struct {
	*testkit.App

	t   *testing.T
	hub *hub
	key string
}

func start(t *testing.T, env ...string) *vendor {
	t.Helper()
	h := newHub(t)
	a := testkit.Start(t, append([]string{"NETWORK_URL=" + h.URL, "OPENPARTNER_OUTBOUND_ALLOW=127.0.0.0/8,::1/128", "OPENPARTNER_SCHEDULER_INTERVAL=100ms"}, env...)...)
	return &vendor{a, t, h, a.Key()}
}

func (v *vendor) call(method, path string, body any, want int, into any) testkit.Answer {
	v.t.Helper()
	return v.callAs(v.key, method, path, body, want, into)
}

func (v *vendor) callAs(key, method, path string, body any, want int, into any) testkit.Answer {
	v.t.Helper()
	got := v.Call(key, method, "/api/v1"+path, body)
	if got.Status != want {
		v.t.Fatalf("%s %s: %d, want %d\n%s", method, path, got.Status, want, got.Body)
	}
	if into != nil {
		got.JSON(v.t, into)
	}
	return got
}

// connect goes the whole way, as an admin who opens the mail would.
func (v *vendor) connect() {
	v.t.Helper()
	v.call("POST", "/config/network/start-connect", map[string]string{"contact_email": "ada@tea.example", "display_name": "Tea Club"}, http.StatusAccepted, nil)
	v.call("POST", "/config/network/complete-connect", map[string]string{"ntoken": "mailed", "state": v.hub.signUp.State}, http.StatusOK, nil)
}

type standing struct {
	State       string
	HasToken    bool    `json:"has_token"`
	VendorID    *string `json:"vendor_id"`
	LastError   *string `json:"last_error"`
	Pending     int
	Dead        int
	DisplayName *string `json:"display_name"`
}

func (v *vendor) stands() (s standing) {
	v.t.Helper()
	v.call("GET", "/config/network", nil, http.StatusOK, &s)
	return s
}

type partner struct {
	ID, Status string
	Network    *struct {
		CreatorID   string `json:"creator_id"`
		PreExisting bool   `json:"pre_existing"`
	}
}

func (v *vendor) partner(email string) (p partner) {
	v.t.Helper()
	v.call("POST", "/partners", map[string]any{"email": email, "name": strings.Split(email, "@")[0], "send_invite": false}, http.StatusCreated, &p)
	return p
}

func (v *vendor) campaign() (id string) {
	v.t.Helper()
	var c struct{ ID string }
	v.call("POST", "/campaigns", map[string]any{
		"name": "Tea", "destination_url": "https://tea.example/", "rules": []map[string]any{{"kind": "percent", "rate": "20", "event_type": "purchase"}},
	}, http.StatusCreated, &c)
	return c.ID
}
