package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Admin is a person who runs a program.
type Admin struct {
	bun.BaseModel `bun:"table:admins"`

	TenantID     uuid.UUID `bun:",pk"`
	ID           uuid.UUID `bun:",pk"`
	Email        string
	Name         string
	Role         string
	ActivatedAt  *time.Time
	RevokedAt    *time.Time
	RevokeReason *string
	LastSignInAt *time.Time
	CreatedAt    time.Time
}

// Status is invited, active or revoked.
func (a Admin) Status() string {
	switch {
	case a.RevokedAt != nil:
		return "revoked"
	case a.ActivatedAt != nil:
		return "active"
	default:
		return "invited"
	}
}

// AdminInput is what is typed to add an admin.
type AdminInput struct {
	Email string
	Name  string
	Role  string
}

// Admins keeps the people who run a program.
type Admins struct{ now func() time.Time }

// NewAdmins makes the service.
func NewAdmins(now func() time.Time) *Admins { return &Admins{now: now} }

// AdminInvited is the order to send an admin their invitation.
type AdminInvited struct {
	AdminID uuid.UUID `json:"admin_id"`
}

// KindAdminInvited is the job kind of AdminInvited.
const KindAdminInvited = "admins.invited"

// Invite adds an admin and has an invitation sent to them.
func (s *Admins) Invite(ctx context.Context, in AdminInput) (Admin, error) {
	if err := Require(ctx, AdminScope); err != nil {
		return Admin{}, err
	}
	a, err := s.add(ctx, in)
	if err != nil {
		return Admin{}, err
	}
	return a, s.sendInvitation(ctx, a, "admin.invited")
}

// Found adds the first admin of a program, already active: they hold the set-up code.
func (s *Admins) Found(ctx context.Context, in AdminInput) (Admin, error) {
	in.Role = roleAdmin
	a, err := s.add(ctx, in)
	if err != nil {
		return Admin{}, err
	}
	if err := s.Activate(ctx, a.ID); err != nil {
		return Admin{}, err
	}
	return a, audit.Record(ctx, audit.Entry{Action: "admin.added", SubjectKind: "admin", SubjectID: a.ID})
}

// Expect adds the first admin of a program that somebody signed up for, or finds them: whoever has
// the address becomes active by the link in the mail.
func (s *Admins) Expect(ctx context.Context, in AdminInput) (Admin, error) {
	a, err := s.FindByEmail(ctx, in.Email)
	if fault.Is(err, fault.KindNotFound) {
		in.Role = roleAdmin
		return s.add(ctx, in)
	}
	return a, err
}

func (s *Admins) add(ctx context.Context, in AdminInput) (Admin, error) {
	fields := fault.Fields{}
	email := person.Email(fields, "email", in.Email)
	name := person.Name(fields, "name", in.Name)
	if in.Role != roleAdmin && in.Role != roleViewer {
		fields.Add("role", "Choose admin or viewer.")
	}
	if err := fields.Err(); err != nil {
		return Admin{}, err
	}
	now := s.now()
	a := Admin{TenantID: tenancy.ID(ctx), ID: ids.NewAt(now), Email: email, Name: name, Role: in.Role, CreatedAt: now}
	err := db.Run(ctx, func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewInsert().Model(&a).Exec(ctx)
		return db.Conflict(err)
	})
	if err != nil {
		return Admin{}, fmt.Errorf("insert admin: %w", err)
	}
	return a, nil
}

// Reinvite sends the invitation once more to somebody who has not accepted yet.
func (s *Admins) Reinvite(ctx context.Context, id uuid.UUID) (Admin, error) {
	if err := Require(ctx, AdminScope); err != nil {
		return Admin{}, err
	}
	a, err := s.Find(ctx, id)
	if err != nil {
		return Admin{}, err
	}
	if a.Status() != "invited" {
		return Admin{}, fault.Conflict("already_"+a.Status(), "This admin is "+a.Status()+" already.")
	}
	return a, s.sendInvitation(ctx, a, "admin.reinvited")
}

func (s *Admins) sendInvitation(ctx context.Context, a Admin, action string) error {
	err := outbox.Add(ctx, outbox.Job{Kind: KindAdminInvited, Key: "admin:" + a.ID.String(), Args: AdminInvited{AdminID: a.ID}})
	if err != nil {
		return err
	}
	return audit.Record(ctx, audit.Entry{Action: action, SubjectKind: "admin", SubjectID: a.ID, Detail: map[string]string{"role": a.Role}})
}

// Activate notes that an admin has shown that the address is theirs. A repeat is a no-op.
func (s *Admins) Activate(ctx context.Context, id uuid.UUID) error {
	now := s.now()
	_, err := db.Tx(ctx).NewRaw(`
		update admins set activated_at = coalesce(activated_at, ?0), last_sign_in_at = ?0
		where id = ?1 and revoked_at is null`, now, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("activate admin: %w", err)
	}
	return nil
}

// Revoke takes a person's access away at once: their sessions and links end in this
// transaction. The last active admin stays, and nobody revokes themselves.
func (s *Admins) Revoke(ctx context.Context, id uuid.UUID, reason string) (Admin, error) {
	if err := Require(ctx, AdminScope); err != nil {
		return Admin{}, err
	}
	if From(ctx).Kind == AdminKind && From(ctx).ID == id {
		return Admin{}, fault.Conflict("cannot_revoke_self", "You can't revoke yourself. Ask another admin to do it.")
	}
	if err := s.lockActive(ctx); err != nil {
		return Admin{}, err
	}
	a, err := s.Find(ctx, id)
	if err != nil {
		return Admin{}, err
	}
	if a.RevokedAt != nil {
		return Admin{}, fault.Conflict("already_revoked", "This admin is revoked already.")
	}
	if err := s.keepOne(ctx, a); err != nil {
		return Admin{}, err
	}
	now := s.now()
	a.RevokedAt = &now
	if reason != "" {
		a.RevokeReason = &reason
	}
	if _, err := db.Tx(ctx).NewUpdate().Model(&a).Column("revoked_at", "revoke_reason").WherePK().Exec(ctx); err != nil {
		return Admin{}, fmt.Errorf("revoke admin: %w", err)
	}
	if err := endSessions(ctx, AdminKind, id, now); err != nil {
		return Admin{}, err
	}
	if err := voidLinks(ctx, AdminKind, id, now); err != nil {
		return Admin{}, err
	}
	return a, audit.Record(ctx, audit.Entry{Action: "admin.revoked", SubjectKind: "admin", SubjectID: id, Detail: map[string]string{"reason": reason}})
}

// lockActive serialises revocations, always in the order of the ids, so that two admins who
// revoke each other at the same time can neither both succeed nor deadlock.
func (s *Admins) lockActive(ctx context.Context) error {
	_, err := db.Tx(ctx).NewRaw(`select id from admins where revoked_at is null order by id for update`).Exec(ctx)
	if err != nil {
		return fmt.Errorf("lock admins: %w", err)
	}
	return nil
}

// keepOne refuses to take the last active admin away.
func (s *Admins) keepOne(ctx context.Context, a Admin) error {
	if a.Role != roleAdmin || a.ActivatedAt == nil {
		return nil
	}
	var others int
	err := db.Tx(ctx).NewRaw(`
		select count(*) from admins
		where role = 'admin' and activated_at is not null and revoked_at is null and id <> ?`, a.ID).Scan(ctx, &others)
	if err != nil {
		return fmt.Errorf("count admins: %w", err)
	}
	if others == 0 {
		return fault.Conflict("last_active_admin", "This is the last active admin. Add another one first.")
	}
	return nil
}

// Reinstate gives access back.
func (s *Admins) Reinstate(ctx context.Context, id uuid.UUID) (Admin, error) {
	if err := Require(ctx, AdminScope); err != nil {
		return Admin{}, err
	}
	a, err := s.Find(ctx, id)
	if err != nil {
		return Admin{}, err
	}
	if a.RevokedAt == nil {
		return Admin{}, fault.Conflict("not_revoked", "This admin is not revoked.")
	}
	a.RevokedAt, a.RevokeReason = nil, nil
	if _, err := db.Tx(ctx).NewUpdate().Model(&a).Column("revoked_at", "revoke_reason").WherePK().Exec(ctx); err != nil {
		return Admin{}, fmt.Errorf("reinstate admin: %w", err)
	}
	return a, audit.Record(ctx, audit.Entry{Action: "admin.reinstated", SubjectKind: "admin", SubjectID: id})
}

// Find gives one admin.
func (s *Admins) Find(ctx context.Context, id uuid.UUID) (Admin, error) {
	var a Admin
	err := db.Tx(ctx).NewSelect().Model(&a).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Admin{}, fault.NotFound("admin")
	}
	if err != nil {
		return Admin{}, fmt.Errorf("find admin: %w", err)
	}
	return a, nil
}

// FindByEmail gives the admin with this address who is not revoked.
func (s *Admins) FindByEmail(ctx context.Context, email string) (Admin, error) {
	var a Admin
	err := db.Tx(ctx).NewSelect().Model(&a).Where("email = ? and revoked_at is null", email).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Admin{}, fault.NotFound("admin")
	}
	if err != nil {
		return Admin{}, fmt.Errorf("find admin by email: %w", err)
	}
	return a, nil
}

// List gives the admins, newest first.
func (s *Admins) List(ctx context.Context, page paging.Page) (paging.Result[Admin], error) {
	if err := Require(ctx, AdminReadScope); err != nil {
		return paging.Result[Admin]{}, err
	}
	var rows []Admin
	q := db.Tx(ctx).NewSelect().Model(&rows).OrderExpr("created_at desc, id desc").Limit(page.Ask())
	if page.After != nil {
		q = q.Where("(created_at, id) < (?, ?)", page.After.At, page.After.ID)
	}
	if err := q.Scan(ctx); err != nil {
		return paging.Result[Admin]{}, fmt.Errorf("list admins: %w", err)
	}
	return paging.Cut(rows, page, func(a Admin) paging.Cursor { return paging.Cursor{At: a.CreatedAt, ID: a.ID} }), nil
}

// Deciding gives the ids of those who may decide now: active, and not just viewers.
func (s *Admins) Deciding(ctx context.Context) ([]uuid.UUID, error) {
	var found []uuid.UUID
	err := db.Tx(ctx).NewRaw(`
		select id from admins where role = 'admin' and activated_at is not null and revoked_at is null order by id`).Scan(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("list deciding admins: %w", err)
	}
	return found, nil
}

// Exist reports whether the program has any admin yet.
func (s *Admins) Exist(ctx context.Context) (bool, error) {
	var some bool
	if err := db.Tx(ctx).NewRaw(`select exists (select from admins)`).Scan(ctx, &some); err != nil {
		return false, fmt.Errorf("look for admins: %w", err)
	}
	return some, nil
}

// adminPrincipal loads the admin of a session.
func adminPrincipal(ctx context.Context, id uuid.UUID) (Principal, error) {
	var a Admin
	err := db.Tx(ctx).NewSelect().Model(&a).Where("id = ? and revoked_at is null", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, fault.NotFound("admin")
	}
	if err != nil {
		return Principal{}, fmt.Errorf("find the session's admin: %w", err)
	}
	return Principal{Kind: AdminKind, ID: a.ID, Role: a.Role, Name: a.Name, Email: a.Email}, nil
}

// partnerPrincipal loads the partner of a session. Only active partners have a portal.
func partnerPrincipal(ctx context.Context, id uuid.UUID) (Principal, error) {
	p := Principal{Kind: Partner, ID: id, PartnerID: id}
	err := db.Tx(ctx).NewRaw(`select name, email from partners where id = ? and status = 'active'`, id).
		Scan(ctx, &p.Name, &p.Email)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, fault.NotFound("partner")
	}
	if err != nil {
		return Principal{}, fmt.Errorf("find the session's partner: %w", err)
	}
	return p, nil
}
