package coordinator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/protocol"
)

// call is a request to a vendor's instance. It never runs inside a transaction.
type call struct {
	method, base, path, key string
	body                    any
	repeat                  string // Idempotency-Key of a POST
}

// answer is what came back.
type answer struct {
	status     int // 0 for none
	body       []byte
	retryAfter time.Duration
	err        error
}

func (a answer) ok() bool { return a.err == nil && a.status >= 200 && a.status < 300 }

// mends reports whether the same request may succeed later.
func (a answer) mends() bool {
	switch a.status {
	case 0:
		return !netguard.Refused(a.err)
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	default:
		return a.status >= http.StatusInternalServerError || (a.err != nil && a.status < 300)
	}
}

// code is the word of the vendor's API for what went wrong.
func (a answer) code() string {
	var f protocol.Failure
	if json.Unmarshal(a.body, &f) != nil {
		return ""
	}
	return f.Error.Code
}

// problem says it to a person, without anything that the vendor could make us say.
func (a answer) problem() string {
	switch {
	case netguard.Refused(a.err):
		return "The program's address can't be called."
	case errors.Is(a.err, context.DeadlineExceeded):
		return "The program did not answer in time."
	case a.status == 0:
		return "The program could not be reached."
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return fmt.Sprintf("The program refused the hub's key (%d). Connect it anew.", a.status)
	case a.status >= 300 && a.status < 400:
		return "The program redirects elsewhere, which is not followed."
	case a.err != nil:
		return "The program's answer could not be read."
	default:
		return fmt.Sprintf("The program answered %d.", a.status)
	}
}

func (s *Service) do(ctx context.Context, c call) answer {
	ctx, cancel := context.WithTimeout(ctx, protocol.CallTimeout)
	defer cancel()
	target, err := url.JoinPath(c.base, c.path)
	if err != nil {
		return answer{err: err}
	}
	body := []byte(nil)
	if c.body != nil {
		if body, err = json.Marshal(c.body); err != nil {
			return answer{err: err}
		}
	}
	req, err := http.NewRequestWithContext(ctx, c.method, target, bytes.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("User-Agent", protocol.HubAgent)
	req.Header.Set(protocol.Header, protocol.Version)
	req.Header.Set("Accept", "application/json")
	if c.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.repeat != "" {
		req.Header.Set("Idempotency-Key", c.repeat)
	}
	res, err := s.guard.Client().Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, protocol.MaxBody+1))
	if err == nil && len(text) > protocol.MaxBody {
		err = errors.New("the answer is larger than 1 MB")
	}
	if protocol.Unstorable(text) {
		text, err = nil, errors.New("the answer holds characters that can't be stored")
	}
	seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
	return answer{status: res.StatusCode, body: text, retryAfter: time.Duration(max(seconds, 0)) * time.Second, err: err}
}

// ask is do for what must be answered with a value.
func ask[T any](ctx context.Context, s *Service, c call) (value T, a answer) {
	a = s.do(ctx, c)
	if a.ok() {
		a.err = json.Unmarshal(a.body, &value)
	}
	return value, a
}
