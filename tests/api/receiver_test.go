package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openpartner/openpartner/tests/testkit"
)

// receiver is a merchant's program that is told what happens.
type receiver struct {
	*httptest.Server

	t        *testing.T
	mu       sync.Mutex
	more     *sync.Cond
	received []received
	answer   func(n int, w http.ResponseWriter) // to the nth message, counted from 1; nil: 204
}

type received struct {
	header http.Header
	body   []byte
}

func (r received) kind() string {
	var m struct{ Type string }
	_ = json.Unmarshal(r.body, &m)
	return m.Type
}

func receive(t *testing.T, answer func(n int, w http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{t: t, answer: answer}
	r.more = sync.NewCond(&r.mu)
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP is part of http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.received = append(r.received, received{req.Header.Clone(), body})
	n := len(r.received)
	r.more.Broadcast()
	r.mu.Unlock()
	if r.answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	r.answer(n, w)
}

// wait waits for n messages and gives them.
func (r *receiver) wait(n int) []received {
	r.t.Helper()
	alarm := time.AfterFunc(30*time.Second, r.more.Broadcast)
	defer alarm.Stop()
	began := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.received) < n {
		if time.Since(began) > 29*time.Second {
			r.t.Fatalf("%d of %d messages came", len(r.received), n)
		}
		r.more.Wait()
	}
	return append([]received{}, r.received...)
}

func (r *receiver) kinds(n int) string {
	r.t.Helper()
	var out []string
	for _, m := range r.wait(n) {
		out = append(out, m.kind())
	}
	return strings.Join(out, " ")
}

// told is a program whose webhooks may go to this machine.
type told struct {
	*testkit.App

	t   *testing.T
	key string
}

func tell(t *testing.T, env ...string) *told {
	t.Helper()
	a := testkit.Borrow(t, append([]string{"OPENPARTNER_OUTBOUND_ALLOW=127.0.0.0/8", "OPENPARTNER_SCHEDULER_INTERVAL=100ms"}, env...)...)
	return &told{a, t, a.Key()}
}

func (p *told) call(method, path string, body any, want int, into any) {
	p.t.Helper()
	got := p.Call(p.key, method, "/api/v1"+path, body)
	if got.Status != want {
		p.t.Fatalf("%s %s: %d, want %d\n%s", method, path, got.Status, want, got.Body)
	}
	if into != nil {
		got.JSON(p.t, into)
	}
}

type hook struct {
	ID, Secret, Status, URL string
	Events                  []string
	DisabledReason          *string `json:"disabled_reason"`
}

func (p *told) hook(url string, events ...string) (h hook) {
	p.t.Helper()
	p.call("POST", "/webhooks", map[string]any{"url": url, "events": events}, http.StatusCreated, &h)
	return h
}

type delivery struct {
	ID             string
	MessageID      string `json:"message_id"`
	Status         string
	Attempts       int
	ResponseStatus *int `json:"response_status"`
	Error          *string
}

// deliveries is an endpoint's log, newest first.
func (p *told) deliveries(h hook) []delivery {
	p.t.Helper()
	var list struct{ Data []delivery }
	p.call("GET", "/webhooks/"+h.ID+"/deliveries", nil, http.StatusOK, &list)
	return list.Data
}

// settled waits until a job of the kind has been done so often.
func (p *told) settled(n int) { p.AwaitAll(`"kind":"webhooks.deliver"`, n) }
