package webhooks

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/app/tenancy"
)

// scope is what all of this asks for; viewers hold its twin for reading.
const scope = "webhooks:write"

const (
	maxURL       = 2000
	maxLabel     = 120
	maxEndpoints = 20
	overlap      = 24 * time.Hour // how long the former secret signs, too
)

// Service keeps endpoints and sends messages.
type Service struct {
	admins *auth.Admins
	ring   *secrets.Keyring
	guard  *netguard.Guard
	plain  bool // http is allowed, for development
	wanted *wanted
	now    func() time.Time
}

// NewService makes the service. Where plain is set endpoints may be without https.
func NewService(admins *auth.Admins, ring *secrets.Keyring, guard *netguard.Guard, plain bool, now func() time.Time) *Service {
	return &Service{admins: admins, ring: ring, guard: guard, plain: plain, wanted: newWanted(now), now: now}
}

// Heard takes a notification of the database: "webhooks <tenant>".
func (s *Service) Heard(payload string) { s.wanted.heard(payload) }

// Missed has everything looked up anew, when notifications may have been missed.
func (s *Service) Missed() { s.wanted.missed() }

// Input is an endpoint as it is written.
type Input struct {
	URL    string
	Label  string
	Events []string // empty: everything
}

// Update is what is to change; nil fields stay as they are.
type Update struct {
	URL, Label, Status *string
	Events             []string
}

// Create adds an endpoint. Its secret is given this once.
func (s *Service) Create(ctx context.Context, in Input) (Endpoint, string, error) {
	if err := auth.Require(ctx, scope); err != nil {
		return Endpoint{}, "", err
	}
	now := s.now()
	e := Endpoint{ID: ids.NewAt(now), URL: in.URL, Events: in.Events, Status: StatusActive, CreatedAt: now}
	if in.Label != "" {
		e.Label = &in.Label
	}
	if len(e.Events) == 0 {
		e.Events = []string{Everything}
	}
	if err := s.check(&e); err != nil {
		return Endpoint{}, "", err
	}
	if n, err := countEndpoints(ctx); err != nil || n >= maxEndpoints {
		if err == nil {
			err = fault.Conflict("too_many", "A program has at most 20 endpoints.")
		}
		return Endpoint{}, "", err
	}
	secret := newSecret()
	var err error
	if e.SecretCiphertext, err = s.seal(ctx, e.ID, secret); err != nil {
		return Endpoint{}, "", err
	}
	if err := insertEndpoint(ctx, e); err != nil {
		return Endpoint{}, "", err
	}
	s.wanted.forget(tenancy.ID(ctx))
	return e, secret, s.record(ctx, "webhook.created", e)
}

// check normalises an endpoint and names what is wrong with it.
func (s *Service) check(e *Endpoint) error {
	fields := fault.Fields{}
	if e.Label != nil {
		label := person.Line(fields, "label", *e.Label, maxLabel)
		e.Label = &label
	}
	for _, event := range e.Events {
		if !slices.Contains(Types(), event) {
			fields.Add("events", "There is no event "+event+".")
		}
	}
	slices.Sort(e.Events)
	e.Events = slices.Compact(e.Events)
	e.URL = strings.TrimSpace(e.URL)
	sentence, refused := s.judge(e.URL)
	if sentence != "" && !refused {
		fields.Add("url", sentence)
	}
	if err := fields.Err(); err != nil {
		return err
	}
	if refused {
		return fault.InvalidField("url", sentence).WithCode("url_not_allowed")
	}
	return nil
}

// Update changes an endpoint. One that was disabled and is active again begins anew: what it missed
// can be sent again by hand.
func (s *Service) Update(ctx context.Context, id uuid.UUID, in Update) (Endpoint, error) {
	e, err := s.locked(ctx, id)
	if err != nil {
		return Endpoint{}, err
	}
	if in.URL != nil {
		e.URL = *in.URL
	}
	if in.Label != nil {
		e.Label = in.Label
		if strings.TrimSpace(*in.Label) == "" {
			e.Label = nil
		}
	}
	if in.Events != nil {
		e.Events = in.Events
		if len(e.Events) == 0 {
			return Endpoint{}, fault.InvalidField("events", "Choose at least one event, or *.")
		}
	}
	if in.Status != nil {
		if *in.Status != StatusActive && *in.Status != StatusDisabled {
			return Endpoint{}, fault.InvalidField("status", "Choose active or disabled.")
		}
		e.Status, e.FailingSince, e.DisabledReason = *in.Status, nil, nil
	}
	if err := s.check(&e); err != nil {
		return Endpoint{}, err
	}
	if err := updateEndpoint(ctx, e); err != nil {
		return Endpoint{}, err
	}
	s.wanted.forget(tenancy.ID(ctx))
	return e, s.record(ctx, "webhook.updated", e)
}

// Delete removes an endpoint with its log; what waits for it is not sent.
func (s *Service) Delete(ctx context.Context, id uuid.UUID) (Endpoint, error) {
	e, err := s.locked(ctx, id)
	if err != nil {
		return Endpoint{}, err
	}
	if err := deleteEndpoint(ctx, id); err != nil {
		return Endpoint{}, err
	}
	return e, s.record(ctx, "webhook.deleted", e)
}

// RotateSecret gives an endpoint a new secret. For a day messages carry signatures by both.
func (s *Service) RotateSecret(ctx context.Context, id uuid.UUID) (Endpoint, string, error) {
	e, err := s.locked(ctx, id)
	if err != nil {
		return Endpoint{}, "", err
	}
	// The place of a secret is its column, so the former one is sealed anew for where it goes.
	former, err := s.open(ctx, columnSecret, e.ID, e.SecretCiphertext)
	if err != nil {
		return Endpoint{}, "", err
	}
	sealed, err := s.ring.Seal(former, place(ctx, columnPrevious, e.ID))
	if err != nil {
		return Endpoint{}, "", err
	}
	until := s.now().Add(overlap)
	e.PreviousSecretCiphertext, e.PreviousUntil = &sealed, &until
	secret := newSecret()
	if e.SecretCiphertext, err = s.seal(ctx, e.ID, secret); err != nil {
		return Endpoint{}, "", err
	}
	if err := updateEndpoint(ctx, e); err != nil {
		return Endpoint{}, "", err
	}
	return e, secret, s.record(ctx, "webhook.secret_rotated", e)
}

func (s *Service) locked(ctx context.Context, id uuid.UUID) (Endpoint, error) {
	if err := auth.Require(ctx, scope); err != nil {
		return Endpoint{}, err
	}
	return findEndpoint(ctx, id, true)
}

func (s *Service) record(ctx context.Context, action string, e Endpoint) error {
	return audit.Record(ctx, audit.Entry{Action: action, SubjectKind: "webhook", SubjectID: e.ID, Detail: map[string]any{"url": e.URL, "events": e.Events}})
}

// mayRead lets those in who may change webhooks, and viewers.
func mayRead(ctx context.Context) error {
	if err := auth.Require(ctx, scope); err == nil {
		return nil
	}
	return auth.Require(ctx, "webhooks:read")
}

// Find gives one endpoint.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Endpoint, error) {
	if err := mayRead(ctx); err != nil {
		return Endpoint{}, err
	}
	return findEndpoint(ctx, id, false)
}

// List gives the endpoints, newest first.
func (s *Service) List(ctx context.Context, page paging.Page) (paging.Result[Endpoint], error) {
	if err := mayRead(ctx); err != nil {
		return paging.Result[Endpoint]{}, err
	}
	rows, err := listEndpoints(ctx, page)
	if err != nil {
		return paging.Result[Endpoint]{}, err
	}
	return paging.Cut(rows, page, func(e Endpoint) paging.Cursor { return paging.Cursor{At: e.CreatedAt, ID: e.ID} }), nil
}

// Test sends an endpoint a message that means nothing, active or not.
func (s *Service) Test(ctx context.Context, id uuid.UUID) (Delivery, error) {
	e, err := s.locked(ctx, id)
	if err != nil {
		return Delivery{}, err
	}
	d, err := s.delivery(e.ID, Message{Type: testMessage, Data: map[string]string{"message": "This is the test that you asked for."}})
	if err != nil {
		return Delivery{}, err
	}
	if err := insertDeliveries(ctx, []Delivery{d}); err != nil {
		return Delivery{}, err
	}
	return d, outbox.Add(ctx, outbox.Job{Kind: KindDeliver, Args: Deliver{DeliveryID: d.ID}})
}
