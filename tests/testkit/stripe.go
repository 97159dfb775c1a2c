package testkit

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Stripe plays the part of Stripe for programs under test: what it does with idempotency keys, and
// all the ways in which a call may end. Keys are sk_test_<account>, so that several accounts, each
// with its own objects, are at hand without being set up.
type Stripe struct {
	*httptest.Server

	mu       sync.Mutex
	offset   time.Duration
	serial   int64
	saved    map[string]saved // by account, and the key of idempotency
	running  map[string]bool
	fault    func(StripeCall) StripeFault
	handlers map[string]StripeHandler
	objects  map[string]map[string]any // by id
	calls    []StripeCall
}

// StripeCall is a call as it came.
type StripeCall struct {
	Method, Path  string
	Account       string // whose secret key it was made with
	Key           string // of idempotency
	Form          url.Values
	Nth           int // among those with the same method, path and key: 1 is the first
	Authorization string
}

// StripeFault is how a call is to end.
type StripeFault int

// The ends. A saved 500 is answered again to every call with the same key, as Stripe does once it
// has begun to execute.
const (
	StripeWell     StripeFault = iota
	StripeLost                 // the connection breaks before anything is done
	StripeSilent               // it is done, and the connection breaks before the answer
	StripeBroken               // 500, nothing is done, and the answer is saved
	StripeHalf                 // 500 is saved although it was done
	StripeAway                 // 503, nothing is done or saved
	StripeBusy                 // 429, nothing is done or saved
	StripeConflict             // 409, as while a call with the same key is under way
	StripeRefuses              // 400 balance_insufficient, and the answer is saved
	StripeDenies               // 401, before anything is looked up
)

// StripeHandler answers a call: an object, or a StripeError.
type StripeHandler func(s *Stripe, c StripeCall) (map[string]any, error)

// StripeError is a refusal.
type StripeError struct {
	Status              int
	Type, Code, Message string
}

// Error is part of error.
func (e *StripeError) Error() string { return e.Message }

type saved struct {
	params string
	status int
	body   []byte
	at     time.Time
}

// NewStripe starts one.
func NewStripe(t testing.TB) *Stripe {
	t.Helper()
	s := &Stripe{saved: map[string]saved{}, running: map[string]bool{}, objects: map[string]map[string]any{}}
	s.handlers = stripeHandlers()
	maps.Copy(s.handlers, billingHandlers())
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// The secrets that StripeEnv gives to a program.
const (
	StripeOperator      = "acct_operator"
	StripeSecret        = "whsec_operator"
	StripeConnectSecret = "whsec_connect"
)

// Env has a program use it: with the account acct_operator.
func (s *Stripe) Env() []string {
	return []string{
		"STRIPE_API_BASE=" + s.URL, "STRIPE_SECRET_KEY=sk_test_" + StripeOperator,
		"STRIPE_WEBHOOK_SECRET=" + StripeSecret, "STRIPE_CONNECT_WEBHOOK_SECRET=" + StripeConnectSecret,
	}
}

// SignStripe signs an event as Stripe does.
func SignStripe(body []byte, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body) // a hash takes all
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// Fault says how calls are to end; nil: well.
func (s *Stripe) Fault(f func(StripeCall) StripeFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Handle answers calls of a method and path, in which * stands for one segment, in a way of the
// test's own.
func (s *Stripe) Handle(method, path string, h StripeHandler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlers[method+" "+path] = h
}

// Advance moves its clock, after 24 hours of which it has forgotten a key.
func (s *Stripe) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
}

// Calls are the calls so far, of a method (empty: any) and a path that begins so.
func (s *Stripe) Calls(method, prefix string) []StripeCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []StripeCall
	for _, c := range s.calls {
		if (method == "" || c.Method == method) && strings.HasPrefix(c.Path, prefix) {
			out = append(out, c)
		}
	}
	return out
}

// Object is a copy of an object, with what change did to it.
func (s *Stripe) Object(id string, change func(o map[string]any)) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.objects[id]
	if o != nil && change != nil {
		change(o)
	}
	return maps.Clone(o)
}

// Put makes an object known.
func (s *Stripe) Put(o map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[text(o, "id")] = o
}

// Objects are those of a kind that an account has, the oldest first.
func (s *Stripe) Objects(account, kind string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of(account, kind)
}

func (s *Stripe) of(account, kind string) (out []map[string]any) {
	for _, o := range s.objects {
		if o["object"] == kind && (o["owner"] == account) {
			out = append(out, maps.Clone(o))
		}
	}
	slices.SortFunc(out, func(a, b map[string]any) int { return cmp.Compare(number(a, "serial"), number(b, "serial")) })
	return out
}

// add makes an object of an account's.
func (s *Stripe) add(account, kind, prefix string, o map[string]any) map[string]any {
	s.serial++
	o["id"], o["object"], o["owner"], o["serial"] = fmt.Sprintf("%s_%06d", prefix, s.serial), kind, account, s.serial
	o["created"] = s.now().Unix()
	s.objects[text(o, "id")] = o
	return o
}

// text and number read a field of an object; one that is not there is empty.
func text(o map[string]any, name string) string {
	value, _ := o[name].(string)
	return value
}

func number(o map[string]any, name string) int64 {
	value, _ := o[name].(int64)
	return value
}

func (s *Stripe) now() time.Time { return time.Now().Add(s.offset) }

// ServeHTTP is part of http.Handler.
func (s *Stripe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c := StripeCall{Method: r.Method, Path: r.URL.Path, Key: r.Header.Get("Idempotency-Key"), Authorization: r.Header.Get("Authorization")}
	if c.Form, err = url.ParseQuery(string(body)); err != nil || r.Method == http.MethodGet {
		c.Form = r.URL.Query()
	}
	c.Account, _ = strings.CutPrefix(strings.TrimPrefix(c.Authorization, "Bearer "), "sk_test_")
	status, answer := s.answer(c)
	if answer == nil {
		panic(http.ErrAbortHandler) // the connection breaks
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// answer does what a call asks for, unless it did already.
func (s *Stripe) answer(c StripeCall) (status int, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Nth = 1
	for _, before := range s.calls {
		if before.Method == c.Method && before.Path == c.Path && before.Key == c.Key {
			c.Nth++
		}
	}
	s.calls = append(s.calls, c)
	end := StripeWell
	if s.fault != nil {
		end = s.fault(c)
	}
	switch end {
	case StripeLost:
		return 0, nil
	case StripeAway:
		return refusal(&StripeError{503, "api_error", "", "Away on purpose."})
	case StripeBusy:
		return refusal(&StripeError{429, "invalid_request_error", "rate_limit", "Too many requests."})
	case StripeConflict:
		return refusal(&StripeError{409, "invalid_request_error", "idempotency_key_in_use", "Another call with this key is under way."})
	case StripeDenies:
		return refusal(&StripeError{401, "invalid_request_error", "", "Invalid API key provided."})
	}
	if !strings.HasPrefix(c.Account, "acct_") {
		return refusal(&StripeError{401, "invalid_request_error", "", "Invalid API key provided."})
	}
	status, body = s.once(c, end)
	if end == StripeSilent {
		return 0, nil
	}
	return status, body
}

// once executes a call, or repeats what an earlier one with its key was answered.
func (s *Stripe) once(c StripeCall, end StripeFault) (status int, body []byte) {
	if c.Method != http.MethodPost || c.Key == "" {
		return s.execute(c, end)
	}
	id, params := c.Account+" "+c.Key, c.Path+"?"+c.Form.Encode()
	if before, known := s.saved[id]; known && s.now().Sub(before.at) < 24*time.Hour {
		if before.params != params {
			return refusal(&StripeError{400, "idempotency_error", "", "Keys for idempotent requests can only be used with the same parameters they were first used with."})
		}
		return before.status, before.body
	}
	status, body = s.execute(c, end)
	s.saved[id] = saved{params, status, bytes.Clone(body), s.now()}
	return status, body
}

func (s *Stripe) execute(c StripeCall, end StripeFault) (status int, body []byte) {
	switch end {
	case StripeBroken:
		return refusal(&StripeError{500, "api_error", "", "Broken on purpose."})
	case StripeRefuses:
		return refusal(&StripeError{400, "invalid_request_error", "balance_insufficient", "Insufficient funds in the account."})
	}
	handle := s.handler(c)
	if handle == nil {
		return refusal(&StripeError{404, "invalid_request_error", "", "Unrecognized request URL (" + c.Method + ": " + c.Path + ")."})
	}
	o, err := handle(s, c)
	switch refused, ok := errors.AsType[*StripeError](err); {
	case ok:
		return refusal(refused)
	case err != nil:
		return refusal(&StripeError{500, "api_error", "", err.Error()})
	case end == StripeHalf:
		return refusal(&StripeError{500, "api_error", "", "Broken on purpose."})
	}
	body, err = json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return http.StatusOK, body
}

func (s *Stripe) handler(c StripeCall) StripeHandler {
	if h := s.handlers[c.Method+" "+c.Path]; h != nil {
		return h
	}
	parts := strings.Split(c.Path, "/")
	for i := range parts {
		if i < 3 { // "", "v1" and the kind of object
			continue
		}
		wild := slices.Clone(parts)
		wild[i] = "*"
		if h := s.handlers[c.Method+" "+strings.Join(wild, "/")]; h != nil {
			return h
		}
	}
	return nil
}

func refusal(e *StripeError) (status int, body []byte) {
	body, err := json.Marshal(map[string]any{"error": map[string]string{"type": e.Type, "code": e.Code, "message": e.Message}})
	if err != nil {
		panic(err)
	}
	return e.Status, body
}
