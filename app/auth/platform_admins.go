package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tenancy"
)

// PlatformAdmin is one of the operator's staff: support looks at programs, admin also acts.
type PlatformAdmin struct {
	ID           uuid.UUID
	Email        string
	Name         string
	Role         string
	LastSignInAt *time.Time
	RevokedAt    *time.Time
	CreatedAt    time.Time
}

// Status is active or revoked.
func (a PlatformAdmin) Status() string {
	if a.RevokedAt != nil {
		return "revoked"
	}
	return "active"
}

// PlatformAdmins keeps the operator's staff. Everything of theirs is in the schema platform, which
// only the system role may read.
type PlatformAdmins struct{ now func() time.Time }

// NewPlatformAdmins makes the service.
func NewPlatformAdmins(now func() time.Time) *PlatformAdmins { return &PlatformAdmins{now: now} }

// Create adds one of the staff, or gives a known one another name and role and, if they were revoked,
// their access back. The last active admin stays one.
func (s *PlatformAdmins) Create(ctx context.Context, in AdminInput) (PlatformAdmin, error) {
	if err := Require(ctx, PlatformScope); err != nil {
		return PlatformAdmin{}, err
	}
	fields := fault.Fields{}
	email := person.Email(fields, "email", in.Email)
	name := person.Name(fields, "name", in.Name)
	if in.Role != roleAdmin && in.Role != roleSupport {
		fields.Add("role", "Choose admin or support.")
	}
	if err := fields.Err(); err != nil {
		return PlatformAdmin{}, err
	}
	admins, err := lockPlatformAdmins(ctx)
	if err != nil {
		return PlatformAdmin{}, err
	}
	if known, err := s.FindByEmail(ctx, email); err == nil && in.Role != roleAdmin && lastPlatformAdmin(admins, known.ID) {
		return PlatformAdmin{}, errLastPlatformAdmin()
	} else if err != nil && !fault.Is(err, fault.KindNotFound) {
		return PlatformAdmin{}, err
	}
	var a PlatformAdmin
	now := s.now()
	err = db.Tx(ctx).NewRaw(`
		insert into platform.platform_admins (id, email, name, role, created_at) values (?, ?, ?, ?, ?)
		on conflict (email) do update set name = excluded.name, role = excluded.role, revoked_at = null
		returning id, email, name, role, last_sign_in_at, revoked_at, created_at`, ids.NewAt(now), email, name, in.Role, now).Scan(ctx, &a)
	if err != nil {
		return PlatformAdmin{}, fmt.Errorf("add platform admin: %w", err)
	}
	return a, s.record(ctx, "platform_admin.added", a)
}

// Revoke takes access away at once; the last active admin stays, and nobody revokes themselves.
func (s *PlatformAdmins) Revoke(ctx context.Context, id uuid.UUID) (PlatformAdmin, error) {
	if err := Require(ctx, PlatformScope); err != nil {
		return PlatformAdmin{}, err
	}
	if From(ctx).ID == id {
		return PlatformAdmin{}, fault.Conflict("cannot_revoke_self", "You can't revoke yourself. Ask another admin to do it.")
	}
	admins, err := lockPlatformAdmins(ctx)
	if err != nil {
		return PlatformAdmin{}, err
	}
	a, err := s.Find(ctx, id)
	if err != nil {
		return PlatformAdmin{}, err
	}
	switch {
	case a.RevokedAt != nil:
		return PlatformAdmin{}, fault.Conflict("already_revoked", "This person is revoked already.")
	case lastPlatformAdmin(admins, id):
		return PlatformAdmin{}, errLastPlatformAdmin()
	}
	now := s.now()
	a.RevokedAt = &now
	for what, statement := range map[string]string{
		"platform admin": `update platform.platform_admins set revoked_at = ?0 where id = ?1`,
		"their sessions": `update platform.sessions set revoked_at = ?0, data = '{}' where admin_id = ?1 and revoked_at is null`,
		"their links":    `update platform.magic_links set consumed_at = ?0 where admin_id = ?1 and consumed_at is null`,
	} {
		if _, err := db.Tx(ctx).NewRaw(statement, now, id).Exec(ctx); err != nil {
			return PlatformAdmin{}, fmt.Errorf("revoke %s: %w", what, err)
		}
	}
	return a, s.record(ctx, "platform_admin.revoked", a)
}

// lockPlatformAdmins gives the active admins, locked in one order, so that two who revoke each other
// can neither both succeed nor deadlock.
func lockPlatformAdmins(ctx context.Context) ([]uuid.UUID, error) {
	var admins []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select id from platform.platform_admins where role = 'admin' and revoked_at is null order by id for update`).Scan(ctx, &admins)
	if err != nil {
		return nil, fmt.Errorf("lock platform admins: %w", err)
	}
	return admins, nil
}

func lastPlatformAdmin(admins []uuid.UUID, id uuid.UUID) bool {
	return len(admins) == 1 && admins[0] == id
}

func errLastPlatformAdmin() error {
	return fault.Conflict("last_active_admin", "This is the last admin of the platform. Add another one first.")
}

func (s *PlatformAdmins) record(ctx context.Context, action string, a PlatformAdmin) error {
	return audit.RecordPlatform(ctx, tenancy.Tenant{}, audit.Entry{Action: action, Detail: map[string]string{"name": a.Name, "role": a.Role}})
}

const platformAdminColumns = `id, email, name, role, last_sign_in_at, revoked_at, created_at`

// Find gives one of the staff.
func (s *PlatformAdmins) Find(ctx context.Context, id uuid.UUID) (PlatformAdmin, error) {
	return s.one(ctx, `select `+platformAdminColumns+` from platform.platform_admins where id = ?`, id)
}

// FindByEmail gives the one with this address who is not revoked, for sign-in.
func (s *PlatformAdmins) FindByEmail(ctx context.Context, email string) (PlatformAdmin, error) {
	return s.one(ctx, `select `+platformAdminColumns+` from platform.platform_admins where email = ? and revoked_at is null`, email)
}

func (s *PlatformAdmins) one(ctx context.Context, query string, arg any) (PlatformAdmin, error) {
	var a PlatformAdmin
	err := db.Tx(ctx).NewRaw(query, arg).Scan(ctx, &a)
	if errors.Is(err, sql.ErrNoRows) {
		return PlatformAdmin{}, fault.NotFound("person")
	}
	if err != nil {
		return PlatformAdmin{}, fmt.Errorf("find platform admin: %w", err)
	}
	return a, nil
}

// List gives the staff, newest first.
func (s *PlatformAdmins) List(ctx context.Context, page paging.Page) (paging.Result[PlatformAdmin], error) {
	if err := Require(ctx, PlatformReadScope); err != nil {
		return paging.Result[PlatformAdmin]{}, err
	}
	query := `select ` + platformAdminColumns + ` from platform.platform_admins where true`
	args := []any{page.Ask(), nil, nil}
	if page.After != nil {
		query += ` and (created_at, id) < (?1, ?2)`
		args[1], args[2] = page.After.At, page.After.ID
	}
	var rows []PlatformAdmin
	if err := db.Tx(ctx).NewRaw(query+` order by created_at desc, id desc limit ?0`, args...).Scan(ctx, &rows); err != nil {
		return paging.Result[PlatformAdmin]{}, fmt.Errorf("list platform admins: %w", err)
	}
	return paging.Cut(rows, page, func(a PlatformAdmin) paging.Cursor { return paging.Cursor{At: a.CreatedAt, ID: a.ID} }), nil
}

// MintLink makes a sign-in link for one of the staff and voids their older ones.
func (s *PlatformAdmins) MintLink(ctx context.Context, admin uuid.UUID) (token string, err error) {
	now := s.now()
	_, err = db.Tx(ctx).NewRaw(`
		update platform.magic_links set consumed_at = ? where admin_id = ? and consumed_at is null`, now, admin).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("void older links: %w", err)
	}
	token = NewToken()
	_, err = db.Tx(ctx).NewRaw(`
		insert into platform.magic_links (id, token_hash, admin_id, expires_at, created_at) values (?, ?, ?, ?, ?)`,
		ids.NewAt(now), HashToken(token), admin, now.Add(PurposeSignIn.Lifetime()), now).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("insert magic link: %w", err)
	}
	return token, nil
}

// PeekLink looks at a link without using it.
func (s *PlatformAdmins) PeekLink(ctx context.Context, token string) (PlatformAdmin, error) {
	return s.byLink(ctx, token, `
		select admin_id from platform.magic_links where token_hash = ?0 and consumed_at is null and expires_at > ?1`)
}

// ConsumeLink uses a link up and gives its person; of many who try at once one succeeds.
func (s *PlatformAdmins) ConsumeLink(ctx context.Context, token string) (PlatformAdmin, error) {
	a, err := s.byLink(ctx, token, `
		update platform.magic_links set consumed_at = ?1
		where token_hash = ?0 and consumed_at is null and expires_at > ?1 returning admin_id`)
	if err != nil {
		return PlatformAdmin{}, err
	}
	_, err = db.Tx(ctx).NewRaw(`update platform.platform_admins set last_sign_in_at = ? where id = ?`, s.now(), a.ID).Exec(ctx)
	if err != nil {
		return PlatformAdmin{}, fmt.Errorf("note the sign-in: %w", err)
	}
	return a, nil
}

func (s *PlatformAdmins) byLink(ctx context.Context, token, query string) (PlatformAdmin, error) {
	var id uuid.UUID
	err := db.Tx(ctx).NewRaw(query, HashToken(token), s.now()).Scan(ctx, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return PlatformAdmin{}, ErrLinkSpent
	}
	if err != nil {
		return PlatformAdmin{}, fmt.Errorf("read magic link: %w", err)
	}
	a, err := s.Find(ctx, id)
	if err == nil && a.RevokedAt != nil {
		return PlatformAdmin{}, ErrLinkSpent
	}
	return a, err
}

// platformPrincipal loads the person of a session of the console.
func platformPrincipal(ctx context.Context, id uuid.UUID) (Principal, error) {
	a, err := (&PlatformAdmins{}).Find(ctx, id)
	if err != nil {
		return Principal{}, err
	}
	if a.RevokedAt != nil {
		return Principal{}, fault.NotFound("person")
	}
	return Principal{Kind: Platform, ID: a.ID, Role: a.Role, Name: a.Name, Email: a.Email}, nil
}
