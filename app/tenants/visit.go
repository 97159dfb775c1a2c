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
	"github.com/openpartner/openpartner/app/person"
)

// visitLife is how long staff may look into a program after they said why.
const visitLife = 30 * time.Minute

const actionOpened = "tenant.opened"

// Open begins a visit: from now on the person may look into the program for a while. The program's
// admins see in their log who looked, and why.
func (s *Service) Open(ctx context.Context, id uuid.UUID, reason string) error {
	if err := auth.Require(ctx, auth.PlatformReadScope); err != nil {
		return err
	}
	fields := fault.Fields{}
	reason = person.Line(fields, "reason", reason, maxReason)
	if err := fields.Err(); err != nil {
		return err
	}
	t, err := s.Find(ctx, id)
	if err != nil {
		return err
	}
	return s.tell(ctx, t.Tenant, audit.Entry{
		Action: actionOpened, SubjectKind: "program", SubjectID: id, Detail: map[string]string{"reason": reason, "by": auth.From(ctx).Name},
	})
}

// Inside is what staff see of a program on a visit.
type Inside struct {
	Tenant   Tenant
	Admins   []Person
	Partners []Person // the latest
	Jobs     []Job    // that can't be done
	Log      []audit.Past
}

// Person is somebody of a program.
type Person struct {
	Name, Email, Status string
	CreatedAt           time.Time
}

// Job is work of a program that was given up.
type Job struct {
	Kind, LastError string
	Attempts        int
	CreatedAt       time.Time
}

const shownInside = 50

// Inside looks into a program, on a visit that was begun with Open. It is pinned to the program, so
// that no mistake here could show another's.
func (s *Service) Inside(ctx context.Context, id uuid.UUID) (Inside, error) {
	t, err := s.Find(ctx, id)
	if err != nil {
		return Inside{}, err
	}
	if err := s.visiting(ctx, id); err != nil {
		return Inside{}, err
	}
	if err := db.Pin(ctx, id); err != nil {
		return Inside{}, err
	}
	in := Inside{Tenant: t.Tenant}
	for what, read := range map[string]struct {
		query string
		into  any
	}{
		"admins": {`
			select name, email, created_at, case when revoked_at is not null then 'revoked' when activated_at is not null then 'active' else 'invited' end as status
			from admins order by created_at desc, id desc limit ?`, &in.Admins},
		"partners": {`select name, email, created_at, status from partners order by created_at desc, id desc limit ?`, &in.Partners},
		"jobs": {`
			select kind, coalesce(last_error, '') as last_error, attempts, created_at from platform.jobs
			where status = 'dead' order by created_at desc, id desc limit ?`, &in.Jobs},
	} {
		if err := db.Tx(ctx).NewRaw(read.query, shownInside).Scan(ctx, read.into); err != nil {
			return Inside{}, fmt.Errorf("look at the program's %s: %w", what, err)
		}
	}
	in.Log, err = audit.Latest(ctx, shownInside)
	return in, err
}

// visiting refuses staff who have not said why they look, or said it too long ago.
func (s *Service) visiting(ctx context.Context, id uuid.UUID) error {
	var open bool
	err := db.Tx(ctx).NewRaw(`
		select exists (select from platform.audit_log where tenant_id = ? and actor_id = ? and action = ? and created_at > ?)`,
		id, auth.From(ctx).ID, actionOpened, s.now().Add(-visitLife)).Scan(ctx, &open)
	if err != nil {
		return fmt.Errorf("look for a visit: %w", err)
	}
	if !open {
		return fault.Forbidden("not_visiting", "Say first why you look into this program.")
	}
	return nil
}
