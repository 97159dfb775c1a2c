package signin

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tenancy"
)

// KindEverywhere is the job kind of a Requested that names no program.
const KindEverywhere = "signin.everywhere"

// KindPlatformRequested is the job kind of a Requested at the door of the platform's staff.
const KindPlatformRequested = "signin.platform"

// RequestEverywhere has a sign-in link mailed for each program in which the address is known.
func (s *Service) RequestEverywhere(ctx context.Context, email string) error {
	return requestPlatform(ctx, KindEverywhere, email)
}

// RequestPlatform has a sign-in link mailed to the address, if it is one of the staff's.
func RequestPlatform(ctx context.Context, email string) error {
	return requestPlatform(ctx, KindPlatformRequested, email)
}

func requestPlatform(ctx context.Context, kind, email string) error {
	fields := fault.Fields{}
	email = person.Email(fields, "email", email)
	if err := fields.Err(); err != nil {
		return err
	}
	return db.AllTenants(ctx, func(ctx context.Context) error {
		return outbox.AddPlatform(ctx, outbox.Job{Kind: kind, Key: kind + ":" + email, Args: Requested{Email: email}, MaxAttempts: 5})
	})
}

// Programs gives the open programs in which an address may sign in. It needs a transaction that
// sees all tenants, and is for the worker alone.
func Programs(ctx context.Context, email string) ([]tenancy.Tenant, error) {
	var rows []struct {
		ID                        uuid.UUID
		Slug, DisplayName, Status string
	}
	err := db.Tx(ctx).NewRaw(`
		select id, slug, display_name, status from platform.tenants t where status = 'active' and (
			exists (select from admins a where a.tenant_id = t.id and a.email = ?0 and a.revoked_at is null)
			or exists (select from partners p where p.tenant_id = t.id and p.email = ?0 and p.status = 'active'))
		order by slug`, email).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for an address in all programs: %w", err)
	}
	programs := make([]tenancy.Tenant, 0, len(rows))
	for _, r := range rows {
		programs = append(programs, tenancy.Tenant{ID: r.ID, Slug: r.Slug, Name: r.DisplayName, Status: r.Status})
	}
	return programs, nil
}

// Spread orders the link of one program, for the request that a job stands for; once for each.
func Spread(ctx context.Context, job uuid.UUID, email string) error {
	j := requested(Requested{Email: email})
	j.DedupeKey = "everywhere:" + job.String()
	return outbox.Add(ctx, j)
}

// EnterPlatform uses a link of the staff up and signs its person in to the console.
func EnterPlatform(ctx context.Context, staff *auth.PlatformAdmins, sessions *auth.Sessions, token string) error {
	a, err := staff.ConsumeLink(ctx, token)
	if err != nil {
		return err
	}
	return sessions.SignIn(ctx, auth.Platform, a.ID)
}
