package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenants"
)

// errSingle is the answer to commands that make sense only where there are many programs.
var errSingle = errors.New("this deployment has one program: set OPENPARTNER_TENANCY=multi to run many")

// onPlatform runs one piece of work that belongs to no tenant, as the system role.
func onPlatform(ctx context.Context, p program, work func(ctx context.Context, a *application) error) error {
	return connected(ctx, p, func(ctx context.Context, a *application) error {
		return a.database.system.InTx(ctx, db.TxOptions{}, func(ctx context.Context) error { return work(ctx, a) })
	})
}

// createTenant adds a program, and prints its address.
func createTenant(ctx context.Context, p program, args []string) error {
	flags := flag.NewFlagSet("create-tenant", flag.ContinueOnError)
	slug, name := flags.String("slug", "", "what its addresses begin with"), flags.String("name", "", "its name")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if !p.cfg.Multi() {
		return errSingle
	}
	var made tenants.Tenant
	err := onPlatform(ctx, p, func(ctx context.Context, a *application) (err error) {
		made, err = a.services.tenants.Create(ctx, *slug, *name)
		return err
	})
	if err != nil {
		return err
	}
	u := routes.New(p.cfg.PublicURL, made.Slug)
	_, err = fmt.Fprintln(p.stdout, u.Absolute(u.Home()))
	return err
}

// createPlatformAdmin adds one of the operator's staff, or finds them, and prints a sign-in link. Their
// console is that of many programs, or that of the Network's hub.
func createPlatformAdmin(ctx context.Context, p program, args []string) error {
	flags := flag.NewFlagSet("create-platform-admin", flag.ContinueOnError)
	email, name := flags.String("email", "", "e-mail address"), flags.String("name", "", "name")
	role := flags.String("role", "admin", "admin or support")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var token string
	err := onPlatform(ctx, p, func(ctx context.Context, a *application) error {
		person, err := a.services.staff.Create(ctx, auth.AdminInput{Email: *email, Name: *name, Role: *role})
		if err != nil {
			return err
		}
		token, err = a.services.staff.MintLink(ctx, person.ID)
		return err
	})
	if err != nil {
		return err
	}
	u := routes.New(p.cfg.PublicURL, "")
	_, err = fmt.Fprintln(p.stdout, u.Absolute(u.PlatformVerifyLink(token)))
	return err
}
