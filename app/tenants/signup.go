package tenants

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tenancy"
)

// KindSignedUp is the job kind of SignedUp.
const KindSignedUp = "tenants.signed_up"

// signUps is how many programs one address may sign up for in signUpsPer.
const (
	signUps    = 5
	signUpsPer = time.Hour
)

// SignedUp is the order to send whoever signed up the link that opens their program.
type SignedUp struct {
	AdminID uuid.UUID `json:"admin_id"`
}

// SignUpInput is a new program as its first admin describes it.
type SignUpInput struct {
	Slug, DisplayName, AdminEmail, AdminName string
}

func (in *SignUpInput) check() error {
	fields := fault.Fields{}
	in.DisplayName = person.Name(fields, "display_name", in.DisplayName)
	in.AdminName = person.Name(fields, "admin_name", in.AdminName)
	in.AdminEmail = person.Email(fields, "admin_email", in.AdminEmail)
	err := checkSlug(in.Slug)
	if f, ok := fault.From(err); ok && f.Kind == fault.KindInvalid {
		fields.Add("slug", f.Fields["slug"])
	}
	if invalid := fields.Err(); invalid != nil {
		return invalid
	}
	return err
}

// Availability is nil when a program may be signed up under the slug now.
func (s *Service) Availability(ctx context.Context, slug string) error {
	if err := checkSlug(slug); err != nil {
		return err
	}
	return db.AllTenants(ctx, func(ctx context.Context) error {
		t, err := findBySlug(ctx, slug, false)
		if fault.Is(err, fault.KindNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if free, err := s.abandoned(ctx, t); err != nil || free {
			return err
		}
		return errTaken()
	})
}

// Opened is the fact that somebody signed up for a program, which is the tenant in the context.
type Opened struct{ AdminEmail, AdminName string }

// SignUp makes a program for somebody who has yet to confirm their address, and has the link that
// does so mailed. Until then the slug is theirs for seven days, in which they may ask again.
func (s *Service) SignUp(ctx context.Context, in SignUpInput) (Tenant, error) {
	if err := in.check(); err != nil {
		return Tenant{}, err
	}
	var t Tenant
	err := db.AllTenants(ctx, func(ctx context.Context) (err error) {
		if err := s.notTooMany(ctx, in.AdminEmail); err != nil {
			return err
		}
		t, err = s.claim(ctx, in)
		return err
	})
	if err != nil {
		return Tenant{}, err
	}
	if err := db.Pin(ctx, t.ID); err != nil {
		return Tenant{}, err
	}
	ctx = tenancy.With(ctx, t.plain())
	admin, err := s.admins.Expect(ctx, auth.AdminInput{Email: in.AdminEmail, Name: in.AdminName})
	if err != nil {
		return Tenant{}, err
	}
	s.resolver.Forget(t.Slug)
	err = outbox.Add(ctx, outbox.Job{Kind: KindSignedUp, Key: "admin:" + admin.ID.String(), Args: SignedUp{AdminID: admin.ID}})
	if err != nil {
		return Tenant{}, err
	}
	if err := audit.Record(ctx, audit.Entry{Action: "program.signed_up", SubjectKind: "admin", SubjectID: admin.ID}); err != nil {
		return Tenant{}, err
	}
	return t, s.facts.Tell(ctx, Opened{AdminEmail: admin.Email, AdminName: admin.Name})
}

// notTooMany keeps one address from taking slug after slug. It counts programs and not requests, so it
// holds across replicas and restarts; requests are limited by where they come from.
func (s *Service) notTooMany(ctx context.Context, email string) error {
	var lately int
	err := db.Tx(ctx).NewRaw(`
		select count(*) from platform.tenants where signup_email = ? and created_at > ?`, email, s.now().Add(-signUpsPer)).Scan(ctx, &lately)
	if err != nil {
		return fmt.Errorf("count sign-ups: %w", err)
	}
	if lately >= signUps {
		return fault.RateLimited(signUpsPer)
	}
	return nil
}

// claim takes the slug: a free one, one that waits for this very person, or one whose time to be
// confirmed is over.
func (s *Service) claim(ctx context.Context, in SignUpInput) (Tenant, error) {
	now := s.now()
	t := Tenant{
		ID: ids.NewAt(now), Slug: in.Slug, Name: in.DisplayName, Status: tenancy.StatusActive, SignupEmail: &in.AdminEmail, CreatedAt: now,
	}
	if made, err := insertTenant(ctx, t); err != nil || made {
		return t, err
	}
	old, err := findBySlug(ctx, in.Slug, true)
	if err != nil {
		return Tenant{}, err
	}
	confirmed, err := isConfirmed(ctx, old.ID)
	if err != nil {
		return Tenant{}, err
	}
	if !confirmed && old.SignupEmail != nil && *old.SignupEmail == in.AdminEmail && old.Status == tenancy.StatusActive {
		old.Name = in.DisplayName
		return old, rename(ctx, old.ID, old.Name)
	}
	free, err := s.abandoned(ctx, old)
	if err != nil {
		return Tenant{}, err
	}
	if !free {
		return Tenant{}, errTaken()
	}
	if err := s.drop(ctx, old); err != nil {
		return Tenant{}, err
	}
	if made, err := insertTenant(ctx, t); err != nil || !made {
		return Tenant{}, errTaken()
	}
	return t, nil
}

// abandoned reports whether a program was signed up and never confirmed in time.
func (s *Service) abandoned(ctx context.Context, t Tenant) (bool, error) {
	if t.SignupEmail == nil || t.Status != tenancy.StatusActive || s.now().Sub(t.CreatedAt) < unconfirmedLife {
		return false, nil
	}
	confirmed, err := isConfirmed(ctx, t.ID)
	return !confirmed, err
}
