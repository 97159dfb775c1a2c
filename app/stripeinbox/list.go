package stripeinbox

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Filter narrows a list.
type Filter struct {
	Status Status
	Query  string // an id of an event or object, or a type
}

// Listed is an event on a list, with whose it is.
type Listed struct {
	Event

	Slug *string
}

// Whose is the slug of the event's program, empty while nobody knows it.
func (l Listed) Whose() string {
	if l.Slug == nil {
		return ""
	}
	return *l.Slug
}

// OperatorServes says whether the operator's secret signs the events of the one program there is.
func (s *Service) OperatorServes() bool { return !s.Multi && configured(s.Stripe.WebhookSecrets) }

// List gives the events of the tenant in the context, the latest first.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Listed], error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return paging.Result[Listed]{}, err
	}
	id := tenancy.ID(ctx)
	return list(ctx, f, &id, page)
}

// ListAll gives the events of all tenants, and those of which nobody knows whose they are.
func (s *Service) ListAll(ctx context.Context, f Filter, page paging.Page) (found paging.Result[Listed], err error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return paging.Result[Listed]{}, err
	}
	err = db.AllTenants(ctx, func(ctx context.Context) error {
		found, err = list(ctx, f, nil, page)
		return err
	})
	return found, err
}

func list(ctx context.Context, f Filter, tenant *uuid.UUID, page paging.Page) (paging.Result[Listed], error) {
	rows, err := listEvents(ctx, f, tenant, page)
	if err != nil {
		return paging.Result[Listed]{}, err
	}
	return paging.Cut(rows, page, func(l Listed) paging.Cursor { return paging.Cursor{At: l.CreatedAt, ID: l.ID} }), nil
}

// Find gives an event of the tenant in the context.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Event, error) {
	if err := auth.Require(ctx, auth.AdminReadScope); err != nil {
		return Event{}, err
	}
	return findEvent(ctx, id)
}

// FindAny gives an event of any tenant, without what it says.
func (s *Service) FindAny(ctx context.Context, id uuid.UUID) (l Listed, err error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return Listed{}, err
	}
	err = db.AllTenants(ctx, func(ctx context.Context) error {
		l, err = findListed(ctx, id)
		return err
	})
	l.Payload, l.Findings = nil, nil
	return l, err
}

// Open gives an event with what it says, which may name people. That staff looked stands in the
// platform's log.
func (s *Service) Open(ctx context.Context, id uuid.UUID) (l Listed, err error) {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return Listed{}, err
	}
	err = db.AllTenants(ctx, func(ctx context.Context) error {
		if l, err = findListed(ctx, id); err != nil {
			return err
		}
		return l.note(ctx, "stripe.event_opened")
	})
	return l, err
}

// note writes into the platform's log what staff did about an event; into the program's as well,
// where it has one.
func (l Listed) note(ctx context.Context, action string) error {
	about := tenancy.Tenant{Slug: l.Whose()}
	e := audit.Entry{Action: action, SubjectKind: "stripe_event", SubjectID: l.ID, Detail: map[string]any{"event": l.StripeEventID, "type": l.Type}}
	if l.TenantID != nil {
		about.ID = *l.TenantID
		if err := audit.Record(tenancy.With(ctx, about), e); err != nil {
			return err
		}
	}
	return audit.RecordPlatform(ctx, about, e)
}

// TryAgain has an event of the tenant in the context processed once more, whatever came of it before.
func (s *Service) TryAgain(ctx context.Context, id uuid.UUID) error {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return err
	}
	e, err := s.again(ctx, id)
	if err != nil {
		return err
	}
	return audit.Record(ctx, audit.Entry{
		Action: "stripe.event_retried", SubjectKind: "stripe_event", SubjectID: id, Detail: map[string]any{"event": e.StripeEventID, "type": e.Type},
	})
}

// TryAnyAgain is TryAgain for the operator's staff.
func (s *Service) TryAnyAgain(ctx context.Context, id uuid.UUID) error {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return err
	}
	return db.AllTenants(ctx, func(ctx context.Context) error {
		l, err := findListed(ctx, id)
		if err != nil {
			return err
		}
		if _, err := s.again(ctx, id); err != nil {
			return err
		}
		return l.note(ctx, "stripe.event_retried")
	})
}

func (s *Service) again(ctx context.Context, id uuid.UUID) (Event, error) {
	e, err := lockEvent(ctx, id)
	if err != nil {
		return Event{}, err
	}
	if e.Payload == nil {
		return Event{}, fault.Conflict("payload_gone", "What this event said was deleted after 90 days.")
	}
	e.Status, e.Reason, e.Error, e.NextTryAt, e.ProcessedAt = StatusReceived, nil, nil, nil, nil
	if err := updateEvent(ctx, e); err != nil {
		return Event{}, err
	}
	return e, s.order(ctx, e)
}

// Depth is how many events are not over, and how long the oldest of those that wait has been here.
type Depth struct {
	Received, Waiting, Failed int
	Oldest                    time.Duration
}

// Measure counts the events of all tenants in sight.
func Measure(ctx context.Context) (Depth, error) { return measure(ctx) }

// Erased has the inbox forget a user: who their customers at Stripe are, and what settled events say.
func (s *Service) Erased(ctx context.Context, f attribution.Erased) error {
	customers, err := forgetCustomers(ctx, f.UserID)
	if err != nil {
		return err
	}
	return forgetPayloads(ctx, append(customers, f.UserID))
}
