package network

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/protocol"
)

// Hub speaks to hubs. It holds no secret of its own.
type Hub struct{ guard *netguard.Guard }

// NewHub makes one whose calls the guard judges.
func NewHub(guard *netguard.Guard) *Hub { return &Hub{guard: guard} }

// call is one request to a hub.
type call struct {
	url, token   string
	method, path string
	in           any
	key          string // of idempotency; random when a POST has none
	timeout      time.Duration
}

// Refusal is an answer of the hub that is no success, or none at all (Status 0).
type Refusal struct {
	Status     int
	Code       string
	Message    string
	RetryAfter time.Duration
	err        error
}

// Error is part of error.
func (r *Refusal) Error() string {
	switch {
	case r.err != nil:
		return r.err.Error()
	case r.Message != "":
		return fmt.Sprintf("the Network answered %d: %s", r.Status, r.Message)
	default:
		return fmt.Sprintf("the Network answered %d", r.Status)
	}
}

// Unwrap is part of errors.Is.
func (r *Refusal) Unwrap() error { return r.err }

// Words say what is wrong for people.
func (r *Refusal) Words() string {
	switch {
	case netguard.Refused(r.err):
		return "The Network's address can't be called from here."
	case r.timedOut():
		return "The Network did not answer in time."
	case r.err != nil:
		return "The Network can't be reached."
	case r.Message != "":
		return fmt.Sprintf("The Network says: %s", r.Message)
	default:
		return fmt.Sprintf("The Network answered %d.", r.Status)
	}
}

func (r *Refusal) timedOut() bool { return errors.Is(r.err, context.DeadlineExceeded) }

// stranger reports whether the hub does not know our token.
func (r *Refusal) stranger() bool {
	return r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden
}

// passing reports whether another try may succeed.
func (r *Refusal) passing() bool {
	switch r.Status {
	case 0, http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	default:
		return r.Status >= http.StatusInternalServerError
	}
}

// fault is the refusal as the one who asked gets it: the hub's 404 and 409 stay, its 401 never does.
func (r *Refusal) fault() error {
	e := &fault.Error{Kind: fault.KindBadGateway, Code: "network_call_failed", Message: r.Words()}
	switch {
	case r.timedOut():
		e.Kind, e.Code = fault.KindGatewayTimeout, "network_timeout"
	case r.Status == http.StatusNotFound:
		e.Kind, e.Code = fault.KindNotFound, "not_found"
	case r.Status == http.StatusConflict:
		e.Kind = fault.KindConflict
		if r.Code != "" {
			e.Code = r.Code
		}
	}
	return e.Because(r)
}

// do makes the call and reads the answer into out, unless that is nil. The error is a *Refusal.
func (h *Hub) do(ctx context.Context, c call, out any) error {
	if c.timeout == 0 {
		c.timeout = protocol.CallTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var body []byte
	if c.in != nil {
		var err error
		if body, err = json.Marshal(c.in); err != nil {
			return &Refusal{err: fmt.Errorf("encode a request: %w", err)}
		}
	}
	req, err := http.NewRequestWithContext(ctx, c.method, c.url+c.path, bytes.NewReader(body))
	if err != nil {
		return &Refusal{err: err}
	}
	h.dress(req, c)
	res, err := h.guard.Client().Do(req)
	if err != nil {
		return &Refusal{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, protocol.MaxBody+1))
	if err == nil && len(text) > protocol.MaxBody {
		err = errors.New("the answer is larger than 1 MB")
	}
	if err != nil {
		return &Refusal{Status: 0, err: err}
	}
	if protocol.Unstorable(text) {
		text, err = nil, errors.New("the answer holds characters that can't be stored")
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return refusalOf(res, text)
	}
	if err != nil {
		return &Refusal{err: err}
	}
	if out == nil || len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return &Refusal{err: fmt.Errorf("read the Network's answer: %w", err)}
	}
	return nil
}

func (h *Hub) dress(req *http.Request, c call) {
	req.Header.Set("User-Agent", protocol.VendorAgent)
	req.Header.Set(protocol.Header, protocol.Version)
	req.Header.Set("Accept", "application/json")
	if c.in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.method == http.MethodPost {
		if c.key == "" {
			c.key = uuid.NewString()
		}
		req.Header.Set("Idempotency-Key", c.key)
	}
}

func refusalOf(res *http.Response, text []byte) *Refusal {
	r := &Refusal{Status: res.StatusCode}
	var f protocol.Failure
	if json.Unmarshal(text, &f) == nil {
		r.Code, r.Message = f.Error.Code, beginning(f.Error.Message)
	}
	if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.RetryAfter = time.Duration(seconds) * time.Second
	}
	return r
}

// beginning is as much of the hub's words as is kept and shown.
func beginning(text string) string {
	const most = 300
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
