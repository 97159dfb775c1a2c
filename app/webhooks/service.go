package webhooks

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/idna"

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

// judge says what is wrong with an address, and whether it is one that we may not call. A name is
// judged again at every call, by the address that it then has.
func (s *Service) judge(address string) (sentence string, refused bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || len(address) > maxURL || u.Opaque != "" {
		return "Enter a whole web address, such as https://example.com/hooks.", false
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return "Enter a whole web address, such as https://example.com/hooks.", false
	case u.Scheme == "http" && !s.plain:
		return "The address must begin with https://.", true
	case u.User != nil:
		return "The address must not carry a password: requests are signed.", true
	case s.guard.Literal(host), numeric(host):
		return "This address can't be called from here.", true
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return "", false
	}
	if ascii, err := idna.Lookup.ToASCII(host); err != nil || ascii == "" {
		return "This is not the name of a host.", false
	}
	return "", false
}

// numeric reports whether a host is a number in one of the forms that some programs take for an
// address and others for a name, such as 2130706433 or 0x7f.1.
func numeric(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	last := host[strings.LastIndex(strings.TrimSuffix(host, "."), ".")+1:]
	last = strings.TrimSuffix(last, ".")
	return last == "" || strings.HasPrefix(strings.ToLower(last), "0x") || strings.Trim(last, "0123456789") == ""
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

// DeliveryFilter narrows the log.
type DeliveryFilter struct {
	EndpointID uuid.UUID
	Status     string
}

// Deliveries gives the log of an endpoint, newest first.
func (s *Service) Deliveries(ctx context.Context, f DeliveryFilter, page paging.Page) (paging.Result[Delivery], error) {
	if _, err := s.Find(ctx, f.EndpointID); err != nil {
		return paging.Result[Delivery]{}, err
	}
	rows, err := listDeliveries(ctx, f, page)
	if err != nil {
		return paging.Result[Delivery]{}, err
	}
	return paging.Cut(rows, page, func(d Delivery) paging.Cursor { return paging.Cursor{At: d.CreatedAt, ID: d.ID} }), nil
}

// Delivery gives one entry of an endpoint's log.
func (s *Service) Delivery(ctx context.Context, endpoint, id uuid.UUID) (Delivery, error) {
	if err := mayRead(ctx); err != nil {
		return Delivery{}, err
	}
	d, err := findDelivery(ctx, id, false)
	if err == nil && d.EndpointID != endpoint {
		err = fault.NotFound("delivery")
	}
	return d, err
}

// Redeliver sends a message once more, with the id that it has.
func (s *Service) Redeliver(ctx context.Context, endpoint, id uuid.UUID) (Delivery, error) {
	e, err := s.locked(ctx, endpoint)
	if err != nil {
		return Delivery{}, err
	}
	d, err := findDelivery(ctx, id, true)
	if err != nil {
		return Delivery{}, err
	}
	if d.EndpointID != e.ID {
		return Delivery{}, fault.NotFound("delivery")
	}
	all, err := s.again(ctx, []Delivery{d})
	if err != nil {
		return Delivery{}, err
	}
	return all[0], audit.Record(ctx, audit.Entry{Action: "webhook.redelivered", SubjectKind: "webhook", SubjectID: e.ID, Detail: map[string]string{"message_id": d.MessageID}})
}

// redeliverAtOnce is how many of what failed are sent again at one request.
const redeliverAtOnce = 1000

// RedeliverFailed sends again what an endpoint did not take, oldest first, and says how many these
// are; at most a thousand at a time.
func (s *Service) RedeliverFailed(ctx context.Context, endpoint uuid.UUID) (int, error) {
	e, err := s.locked(ctx, endpoint)
	if err != nil {
		return 0, err
	}
	failed, err := lockFailed(ctx, e.ID, redeliverAtOnce)
	if err != nil || len(failed) == 0 {
		return 0, err
	}
	if _, err := s.again(ctx, failed); err != nil {
		return 0, err
	}
	return len(failed), audit.Record(ctx, audit.Entry{Action: "webhook.redelivered", SubjectKind: "webhook", SubjectID: e.ID, Detail: map[string]int{"messages": len(failed)}})
}

func (s *Service) again(ctx context.Context, all []Delivery) ([]Delivery, error) {
	jobs := make([]outbox.Job, len(all))
	for i := range all {
		all[i].Status, all[i].Attempts, all[i].NextAttemptAt = StatusPending, 0, nil
		jobs[i] = outbox.Job{Kind: KindDeliver, Args: Deliver{DeliveryID: all[i].ID}}
	}
	if err := resetDeliveries(ctx, all); err != nil {
		return nil, err
	}
	return all, outbox.AddAll(ctx, jobs)
}

// The columns that hold secrets.
const (
	columnSecret   = "secret_ciphertext"
	columnPrevious = "previous_secret_ciphertext"
)

func place(ctx context.Context, column string, endpoint uuid.UUID) secrets.Place {
	return secrets.Place{Tenant: tenancy.ID(ctx), Table: "webhook_endpoints", Column: column, Row: endpoint.String()}
}

func (s *Service) seal(ctx context.Context, endpoint uuid.UUID, secret string) (string, error) {
	return s.ring.Seal([]byte(secret), place(ctx, columnSecret, endpoint))
}

func (s *Service) open(ctx context.Context, column string, endpoint uuid.UUID, sealed string) ([]byte, error) {
	plain, err := s.ring.Open(sealed, place(ctx, column, endpoint))
	if err != nil {
		return nil, fmt.Errorf("open the secret of a webhook: %w", err)
	}
	return plain, nil
}

// Reseal seals the tenant's secrets with the first key, and counts what it changed.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	endpoints, err := lockEndpoints(ctx)
	if err != nil {
		return 0, err
	}
	changed := 0
	for _, e := range endpoints {
		before := e
		if e.SecretCiphertext, err = s.ring.Reseal(e.SecretCiphertext, place(ctx, columnSecret, e.ID)); err != nil {
			return changed, err
		}
		if e.PreviousSecretCiphertext != nil {
			sealed, err := s.ring.Reseal(*e.PreviousSecretCiphertext, place(ctx, columnPrevious, e.ID))
			if err != nil {
				return changed, err
			}
			if sealed != *e.PreviousSecretCiphertext {
				changed++
			}
			e.PreviousSecretCiphertext = &sealed
		}
		if e.SecretCiphertext != before.SecretCiphertext {
			changed++
		}
		if err := updateEndpoint(ctx, e); err != nil {
			return changed, err
		}
	}
	return changed, nil
}
