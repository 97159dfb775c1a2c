package pay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/event"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/fault"
)

// Event is something that Stripe says happened to an object. The object is left as it came: its
// layout depends on the API version of whoever set up the endpoint.
type Event struct {
	ID         string
	Type       string
	Account    string // the connected account that it happened to; empty: the endpoint's own
	APIVersion string
	Live       bool
	Created    time.Time
	Object     json.RawMessage // null for events that carry no object
	Previous   json.RawMessage // the attributes that changed, as they were
	Payload    json.RawMessage // all of it
}

// tolerance is how old a signature may be, and how far ahead.
const tolerance = 5 * time.Minute

// Verify reads an event whose signature one of the secrets made over these very bytes. What is
// signed with none of them, or not just now, is a malformed fault: missing_signature,
// invalid_signature. https://docs.stripe.com/webhooks#verify-manually
func Verify(body []byte, header string, secrets []config.Secret, now time.Time) (Event, error) {
	if header == "" {
		return Event{}, fault.Malformed("This address takes events that Stripe signed.").WithCode("missing_signature")
	}
	signed := slices.ContainsFunc(secrets, func(s config.Secret) bool {
		// The empty key is one that everybody has.
		return s != "" && webhook.ValidatePayloadIgnoringTolerance(body, header, s.Reveal()) == nil
	})
	if at, ok := signedAt(header); !signed || !ok || at.Before(now.Add(-tolerance)) || at.After(now.Add(tolerance)) {
		return Event{}, fault.Malformed("The signature does not fit the event, or is not of this moment.").WithCode("invalid_signature")
	}
	e, err := ParseEvent(body)
	if err != nil {
		return Event{}, fault.Malformed("This is no event of Stripe's.").WithCode("invalid_event").Because(err)
	}
	return e, nil
}

// signedAt is the time that a signature was made, which is part of what it signs. Where a header
// names several times the library takes the last, and so do we.
func signedAt(header string) (at time.Time, ok bool) {
	for part := range bytes.SplitSeq([]byte(header), []byte(",")) {
		if text, found := bytes.CutPrefix(part, []byte("t=")); found {
			seconds, err := json.Number(text).Int64()
			at, ok = time.Unix(seconds, 0), err == nil
		}
	}
	return at, ok
}

// ParseEvent reads an event that was verified, in any API version.
func ParseEvent(body []byte) (Event, error) {
	var raw struct {
		ID         string    `json:"id"`
		Type       string    `json:"type"`
		Account    string    `json:"account"`
		APIVersion string    `json:"api_version"`
		Livemode   bool      `json:"livemode"`
		Created    eventTime `json:"created"`
		Data       *struct {
			Object   json.RawMessage `json:"object"`
			Previous json.RawMessage `json:"previous_attributes"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return Event{}, err
	}
	if raw.ID == "" || raw.Type == "" {
		return Event{}, errors.New("neither id nor type")
	}
	e := Event{
		ID: raw.ID, Type: raw.Type, Account: raw.Account, APIVersion: raw.APIVersion, Live: raw.Livemode, Created: raw.Created.Time, Payload: body,
	}
	if raw.Data != nil {
		e.Object, e.Previous = raw.Data.Object, raw.Data.Previous
	}
	return e, nil
}

// eventTime is a time as events carry it: in seconds, and in the newer ones without an object as text.
type eventTime struct{ time.Time }

// UnmarshalJSON is part of json.Unmarshaler.
func (m *eventTime) UnmarshalJSON(text []byte) error {
	var seconds int64
	if err := json.Unmarshal(text, &seconds); err != nil {
		return m.Time.UnmarshalJSON(text)
	}
	m.Time = time.Unix(seconds, 0).UTC()
	return nil
}

// Events gives to visit, newest first, what Stripe recorded of some types since a time. It keeps
// events for 30 days.
func (c *Client) Events(ctx context.Context, since time.Time, types []string, visit func(Event) error) error {
	p := &stripe.EventListParams{ListParams: listing(ctx), Types: stripe.StringSlice(types)}
	p.CreatedRange = &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}
	pages := event.Client{B: c.backend, Key: c.key}.List(p)
	for pages.Next() {
		e := pages.Event()
		found := Event{
			ID: e.ID, Type: string(e.Type), Account: e.Account, APIVersion: e.APIVersion, Live: e.Livemode, Created: time.Unix(e.Created, 0).UTC(),
		}
		if e.Data != nil {
			found.Object = e.Data.Raw
		}
		payload, err := json.Marshal(map[string]any{
			"id": e.ID, "object": "event", "type": e.Type, "account": e.Account, "api_version": e.APIVersion, "livemode": e.Livemode, "created": e.Created,
			"data": map[string]any{"object": found.Object},
		})
		if err != nil {
			return err
		}
		found.Payload = payload
		if err := visit(found); err != nil {
			return err
		}
	}
	return read(pages.Err())
}
