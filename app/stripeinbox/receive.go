package stripeinbox

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Delivery is what came to an endpoint, to the byte.
type Delivery struct {
	Endpoint  string
	Slug      string // of the program whose own endpoint it is
	Body      []byte
	Signature string
}

// Receive keeps an event that one of the endpoint's secrets signed, and orders the rest. It needs a
// transaction of the system role; when that has committed, Stripe may forget the event.
func (s *Service) Receive(ctx context.Context, d Delivery) error {
	switch {
	case d.Endpoint == EndpointConnect:
		return s.take(ctx, d, s.Stripe.ConnectWebhookSecrets)
	case d.Endpoint == EndpointTenant:
		return s.receiveOwn(ctx, d)
	case s.Multi:
		return s.take(ctx, d, s.Stripe.WebhookSecrets)
	}
	own, err := s.Secret(ctx) // the one program's endpoint may be the operator's, or set up by its admins
	if err != nil {
		return err
	}
	return s.take(ctx, d, append([]config.Secret{own}, s.Stripe.WebhookSecrets...))
}

// receiveOwn takes what came to a program's own endpoint. That of a suspended program goes on taking,
// since what customers pay meanwhile is owed when it is back; but only who has its secret learns that
// it is there.
func (s *Service) receiveOwn(ctx context.Context, d Delivery) error {
	none := fault.NotFound("program").WithCode("tenant_not_found")
	var t tenancy.Tenant
	err := db.AllTenants(ctx, func(ctx context.Context) (err error) {
		t, err = findTenant(ctx, d.Slug)
		return err
	})
	if fault.Is(err, fault.KindNotFound) || (err == nil && t.Status == tenancy.StatusCancelled) {
		return none
	}
	if err != nil {
		return err
	}
	if err := db.Pin(ctx, t.ID); err != nil {
		return err
	}
	ctx = tenancy.With(ctx, t)
	secret, err := s.Secret(ctx)
	if err != nil {
		return err
	}
	err = s.take(ctx, d, []config.Secret{secret})
	if _, refused := fault.From(err); refused && t.Status != tenancy.StatusActive {
		return none
	}
	return err
}

// take stores the event once, and orders what is to be done about it.
func (s *Service) take(ctx context.Context, d Delivery, secrets []config.Secret) error {
	if !configured(secrets) {
		return fault.Unavailable("stripe_not_configured", "No signing secret of Stripe's is set up here.")
	}
	e, err := pay.Verify(d.Body, d.Signature, secrets, s.Now())
	if err != nil {
		return err
	}
	if !utf8.Valid(d.Body) || !usable(e.ID) || !usable(e.Type) || strings.ContainsRune(e.Account+e.APIVersion, 0) {
		return fault.Malformed("This is no event of Stripe's.").WithCode("invalid_event")
	}
	row := s.row(d.Endpoint, e)
	if t, known := tenancy.Maybe(ctx); known {
		row.TenantID = &t.ID
		return s.store(ctx, row)
	}
	return db.AllTenants(ctx, func(ctx context.Context) error { return s.store(ctx, row) })
}

func configured(secrets []config.Secret) bool {
	for _, secret := range secrets {
		if secret != "" {
			return true
		}
	}
	return false
}

func (s *Service) row(endpoint string, e pay.Event) Event {
	now := s.Now()
	payload := string(e.Payload)
	row := Event{
		ID: ids.NewAt(now), Endpoint: endpoint, StripeEventID: e.ID, Type: e.Type, Account: orNil(e.Account), APIVersion: orNil(e.APIVersion), Livemode: e.Live,
		Refs: clueOf(e.Object).refs(), Payload: &payload, Status: StatusReceived, OccurredAt: e.Created, CreatedAt: now,
	}
	if e.Created.Unix() <= 0 || e.Created.After(now) { // clocks differ, and nothing has happened yet that will
		row.OccurredAt = now
	}
	return row
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// store writes a row, unless the endpoint has the event already, and orders the next step.
func (s *Service) store(ctx context.Context, row Event) error {
	fresh, err := insertEvent(ctx, row)
	if err != nil || !fresh {
		return err
	}
	return s.order(ctx, row)
}

// order has a job take the next step of an event: it finds its tenant first, if that is not known.
func (s *Service) order(ctx context.Context, row Event) error {
	if row.TenantID == nil {
		return outbox.AddPlatform(ctx, outbox.Job{Kind: KindResolve, Args: Order{row.ID}})
	}
	key := ""
	if row.Status == StatusReceived && row.Payload != nil {
		key = "stripe:" + row.about()
	}
	return outbox.Add(tenancy.With(ctx, tenancy.Tenant{ID: *row.TenantID}), outbox.Job{Kind: KindProcess, Key: key, Args: Order{row.ID}})
}

// about names what the event is about.
func (e Event) about() string {
	parsed, err := e.parse()
	if err != nil {
		return e.ID.String()
	}
	if about := clueOf(parsed.Object).about(); about != "" {
		return about
	}
	return e.ID.String()
}

// parse reads the payload again, which was an event's when it was stored.
func (e Event) parse() (pay.Event, error) {
	if e.Payload == nil {
		return pay.Event{}, errForgotten
	}
	return pay.ParseEvent([]byte(*e.Payload))
}
