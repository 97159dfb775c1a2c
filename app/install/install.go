// Package install turns an empty deployment into a program with its first admin.
//
// It owns no table. Invariant: it works exactly once, for whoever shows the set-up code.
package install

import (
	"context"
	"fmt"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Slug is the tenant that is installed.
const Slug = tenancy.DefaultSlug

// Input is what the wizard asks.
type Input struct {
	Code, Name, Email, Program string
}

// Service runs the wizard.
type Service struct {
	admins *auth.Admins
	code   string
}

// NewService makes the service; code is what the first visitor must show.
func NewService(a *auth.Admins, code string) *Service { return &Service{admins: a, code: code} }

// Open reports whether the program still waits for its first admin.
func (s *Service) Open(ctx context.Context) (bool, error) {
	taken, err := s.admins.Exist(ctx)
	return !taken, err
}

// Run founds the program: its name and its first admin, who is active at once.
func (s *Service) Run(ctx context.Context, in Input) (auth.Admin, error) {
	// The row of the tenant is the lock: of two that install at once one waits, and then finds
	// the program installed.
	if _, err := db.Tx(ctx).NewRaw(`select id from platform.tenants where id = ? for update`, tenancy.ID(ctx)).Exec(ctx); err != nil {
		return auth.Admin{}, fmt.Errorf("lock the tenant: %w", err)
	}
	open, err := s.Open(ctx)
	if err != nil {
		return auth.Admin{}, err
	}
	if !open {
		return auth.Admin{}, fault.Conflict("already_installed", "This program is set up already. Please sign in.")
	}
	fields := fault.Fields{}
	if !auth.SameCode(in.Code, s.code) {
		fields.Add("code", "This is not the set-up code. It is printed in the server's log.")
	}
	program := person.Name(fields, "program", in.Program)
	person.Name(fields, "name", in.Name)
	person.Email(fields, "email", in.Email)
	if err := fields.Err(); err != nil {
		return auth.Admin{}, err
	}
	admin, err := s.admins.Found(ctx, auth.AdminInput{Email: in.Email, Name: in.Name})
	if err != nil {
		return auth.Admin{}, err
	}
	if _, err := db.Tx(ctx).NewRaw(`update platform.tenants set display_name = ? where id = ?`, program, tenancy.ID(ctx)).Exec(ctx); err != nil {
		return auth.Admin{}, fmt.Errorf("name the program: %w", err)
	}
	return admin, audit.Record(ctx, audit.Entry{Action: "program.installed", SubjectKind: "admin", SubjectID: admin.ID})
}
