package tenants

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Service keeps the programs of the deployment.
type Service struct {
	admins   *auth.Admins
	resolver *tenancy.Resolver
	facts    *facts.Bus
	now      func() time.Time
}

// NewService makes the service; the resolver is told of every change, the bus of every Opened.
func NewService(a *auth.Admins, r *tenancy.Resolver, f *facts.Bus, now func() time.Time) *Service {
	return &Service{admins: a, resolver: r, facts: f, now: now}
}

// Create makes a program for the operator, who sees to its first admin.
func (s *Service) Create(ctx context.Context, slug, name string) (Tenant, error) {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return Tenant{}, err
	}
	if err := checkSlug(slug); err != nil {
		return Tenant{}, err
	}
	fields := fault.Fields{}
	name = person.Name(fields, "name", name)
	if err := fields.Err(); err != nil {
		return Tenant{}, err
	}
	now := s.now()
	t := Tenant{ID: ids.NewAt(now), Slug: slug, Name: name, Status: tenancy.StatusActive, CreatedAt: now}
	err := db.AllTenants(ctx, func(ctx context.Context) error {
		made, err := insertTenant(ctx, t)
		if err == nil && !made {
			err = errTaken()
		}
		return err
	})
	if err != nil {
		return Tenant{}, err
	}
	s.resolver.Forget(slug)
	return t, audit.RecordPlatform(ctx, t.plain(), audit.Entry{Action: "tenant.created"})
}

// Suspend closes a program for everybody: its pages, links and API answer as if it had never
// been, and its jobs wait.
func (s *Service) Suspend(ctx context.Context, id uuid.UUID, reason string) (Tenant, error) {
	return s.move(ctx, id, suspend, "tenant.suspended", reason)
}

// Resume opens a suspended program again, or one that was cancelled and is not deleted yet.
func (s *Service) Resume(ctx context.Context, id uuid.UUID, reason string) (Tenant, error) {
	return s.move(ctx, id, resume, "tenant.resumed", reason)
}

// Cancel closes a program for good: when the grace has passed it is deleted.
func (s *Service) Cancel(ctx context.Context, id uuid.UUID, reason string) (Tenant, error) {
	return s.move(ctx, id, cancel, "tenant.cancelled", reason)
}

const maxReason = 500

func (s *Service) move(ctx context.Context, id uuid.UUID, v verb, action, reason string) (Tenant, error) {
	if err := auth.Require(ctx, auth.PlatformScope); err != nil {
		return Tenant{}, err
	}
	fields := fault.Fields{}
	reason = person.Line(fields, "reason", reason, maxReason)
	if err := fields.Err(); err != nil {
		return Tenant{}, err
	}
	var t Tenant
	err := db.AllTenants(ctx, func(ctx context.Context) (err error) {
		if t, err = findTenant(ctx, id, true); err != nil {
			return err
		}
		now := s.now()
		if t.CancelledAt != nil && !now.Before(t.DeletedAt()) {
			return fault.Conflict("grace_over", "This program is being deleted: its grace has passed.")
		}
		if t.Status, err = next(t.Status, v); err != nil {
			return err
		}
		t.SuspendedAt, t.CancelledAt = nil, nil
		switch t.Status {
		case tenancy.StatusSuspended:
			t.SuspendedAt = &now
		case tenancy.StatusCancelled:
			t.CancelledAt = &now
		}
		return updateStatus(ctx, t)
	})
	if err != nil {
		return Tenant{}, err
	}
	s.resolver.Forget(t.Slug)
	return t, s.tell(ctx, t, audit.Entry{Action: action, SubjectKind: "program", SubjectID: t.ID, Detail: map[string]string{"reason": reason}})
}

// tell writes the same into the platform's log and into the program's, where its admins see it.
func (s *Service) tell(ctx context.Context, t Tenant, e audit.Entry) error {
	if err := audit.RecordPlatform(ctx, t.plain(), e); err != nil {
		return err
	}
	if err := db.Pin(ctx, t.ID); err != nil {
		return err
	}
	return audit.Record(tenancy.With(ctx, t.plain()), e)
}

// Filter narrows the list.
type Filter struct {
	Status string
	Query  string // the beginning of a slug
}

// Standing is a program with the figures that say how it does.
type Standing struct {
	Tenant

	Admins, Partners int
	Clicks           int64 // of the last 30 days
	Conversions      int64
	Confirmed        bool // an admin has signed in at least once
}

// List gives the programs, newest first.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Standing], error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return paging.Result[Standing]{}, err
	}
	var rows []Standing
	err := db.AllTenants(ctx, func(ctx context.Context) (err error) {
		rows, err = listStandings(ctx, f, page, s.figuresSince())
		return err
	})
	if err != nil {
		return paging.Result[Standing]{}, err
	}
	return paging.Cut(rows, page, func(t Standing) paging.Cursor { return paging.Cursor{At: t.CreatedAt, ID: t.ID} }), nil
}

// Find gives one program with its figures.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (found Standing, err error) {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return Standing{}, err
	}
	err = db.AllTenants(ctx, func(ctx context.Context) error {
		found, err = findStanding(ctx, id, s.figuresSince())
		return err
	})
	return found, err
}

func (s *Service) figuresSince() time.Time { return s.now().UTC().AddDate(0, 0, -29) }
