// Package pay speaks to Stripe, and nothing else does.
//
// It owns clients, one per Stripe account, and the reading of what Stripe answers: a refusal, or
// an answer that leaves open what happened. It decides nothing about money and stores nothing.
// Invariants: no call is made within a database transaction, every call that moves something
// names its idempotency key, and the library never repeats a call by itself.
package pay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/openpartner/openpartner/app/config"
)

// callTimeout is the longest that one call may take: less than the lease of any job that calls.
const callTimeout = 20 * time.Second

// Client acts for one Stripe account.
type Client struct {
	backend stripe.Backend
	key     string
}

// Backend is the way to Stripe that the clients of an installation share.
type Backend struct{ backend stripe.Backend }

// NewBackend makes the way to Stripe, or to another address of its API. The address is the
// operator's to choose, so the guard of outbound calls does not stand in between; redirects and
// proxies are refused all the same.
func NewBackend(base string) Backend {
	client := &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: once{&http.Transport{
			TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 8, MaxConnsPerHost: 16, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
		}},
	}
	cfg := &stripe.BackendConfig{
		HTTPClient: client, LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, MaxNetworkRetries: stripe.Int64(0), EnableTelemetry: stripe.Bool(false),
	}
	if base != "" {
		cfg.URL = stripe.String(base)
	}
	return Backend{stripe.GetBackendWithConfig(stripe.APIBackend, cfg)}
}

// once keeps net/http from sending a call again by itself when a connection that was used before
// breaks, which it does for those that carry an idempotency key: whoever made the call has to know
// that its answer was lost.
type once struct{ next http.RoundTripper }

// RoundTrip is part of http.RoundTripper.
func (o once) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.WithContext(r.Context())
	r.GetBody = nil // without which a body can't be sent again
	return o.next.RoundTrip(r)
}

// Client acts for the account that a secret key belongs to.
func (b Backend) Client(key config.Secret) *Client {
	return &Client{backend: b.backend, key: key.Reveal()}
}

// Error is what Stripe, or the way to it, answered in place of a result.
type Error struct {
	// Refused says that Stripe understood the call and did not do it. Everything else leaves open
	// what happened: the call may have been done, or may be done yet.
	Refused bool
	// Unknown says that the account has no such object, or that this key may not see it.
	Unknown bool
	// Denied says that the key itself was refused, which Stripe judges before it looks up what an
	// earlier call with the same idempotency key did.
	Denied  bool
	Status  int    // of HTTP; 0 when there was no answer
	Code    string // Stripe's word for it, such as balance_insufficient
	Message string
	cause   error
}

// Error is part of error. Stripe's sentences name ids, never secrets.
func (e *Error) Error() string {
	switch {
	case e.Status == 0:
		return fmt.Sprintf("stripe did not answer: %v", e.cause)
	case e.Code != "":
		return fmt.Sprintf("stripe answered %d %s: %s", e.Status, e.Code, e.Message)
	default:
		return fmt.Sprintf("stripe answered %d: %s", e.Status, e.Message)
	}
}

// Unwrap is part of errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// maxMessage is how much of a sentence of Stripe's is kept.
const maxMessage = 500

// read tells from an error of the library what it means.
//
// A 4xx is a refusal but for those that speak of another call that may be under way (409, 429,
// idempotency_error) or of time (408, 425). https://docs.stripe.com/error-low-level
func read(err error) error {
	if err == nil {
		return nil
	}
	s, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		return &Error{cause: err}
	}
	out := &Error{Status: s.HTTPStatusCode, Code: string(s.Code), Message: s.Msg, cause: err}
	if r := []rune(out.Message); len(r) > maxMessage {
		out.Message = string(r[:maxMessage])
	}
	open := slices.Contains([]int{408, 409, 425, 429}, out.Status) || s.Type == stripe.ErrorTypeIdempotency
	out.Refused = out.Status >= 400 && out.Status < 500 && !open
	out.Denied = out.Status == http.StatusUnauthorized || out.Status == http.StatusForbidden
	out.Unknown = out.Status == http.StatusNotFound || s.Code == stripe.ErrorCodeResourceMissing
	return out
}

// Refused reports whether Stripe understood a call and did not do it.
func Refused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Refused
}

// Unknown reports whether the account has no such object.
func Unknown(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Unknown
}

// params are those of a call that changes nothing.
func params(ctx context.Context) stripe.Params { return stripe.Params{Context: ctx} }

// keyed are those of a call that does. The same key makes Stripe do it once, for 24 hours.
func keyed(ctx context.Context, key string) stripe.Params {
	if key == "" {
		panic("a call that changes something needs an idempotency key")
	}
	return stripe.Params{Context: ctx, IdempotencyKey: stripe.String(key)}
}

// listing are those of a list, whose iterator asks for page after page.
func listing(ctx context.Context) stripe.ListParams {
	return stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)}
}
