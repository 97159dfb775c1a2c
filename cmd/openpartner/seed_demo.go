package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/demo"
	"github.com/openpartner/openpartner/app/install"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/tenancy"
)

// The people whose sign-in links are printed.
const (
	demoAdmin   = "dana@example.com"
	demoPartner = "mara@example.com"
)

// seedDemo fills an empty program with six months of a made-up shop.
func seedDemo(ctx context.Context, p program, args []string) (err error) {
	flags := flag.NewFlagSet("seed-demo", flag.ContinueOnError)
	ifEmpty := flags.Bool("if-empty", false, "leave a program that has data alone, and only print sign-in links")
	if err := flags.Parse(args); err != nil {
		return err
	}
	clock := &demo.Clock{Real: p.now}
	p.now = clock.Now
	d, err := openDatabase(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	a, err := wire(p, d)
	if err != nil {
		return err
	}
	tenant, err := a.edge.Tenants.BySlug(ctx, tenancy.DefaultSlug)
	if err != nil {
		return err
	}
	ctx = auth.With(ctx, auth.SystemPrincipal("command"))
	run := func(ctx context.Context, fn func(ctx context.Context) error) error {
		return tenancy.Run(ctx, d.app, tenant, fn)
	}
	var empty bool
	if err := run(ctx, func(ctx context.Context) (err error) { empty, err = a.empty(ctx); return err }); err != nil {
		return err
	}
	switch {
	case empty:
		err = a.play(ctx, p, clock, run)
	case !*ifEmpty:
		err = errors.New("this program has partners or campaigns already; demo data goes into an empty one")
	}
	if err != nil {
		return err
	}
	return run(ctx, func(ctx context.Context) error { return a.printWaysIn(ctx, p) })
}

// empty reports whether there is nothing yet that demo data could mix with.
func (a *application) empty(ctx context.Context) (bool, error) {
	people, err := a.services.partners.List(ctx, partners.Filter{}, paging.First())
	if err != nil {
		return false, err
	}
	promoted, err := a.services.campaigns.List(ctx, campaigns.Filter{}, paging.First())
	return len(people.Items) == 0 && len(promoted.Items) == 0, err
}

// play installs the program unless somebody has, and plays the months.
func (a *application) play(ctx context.Context, p program, clock *demo.Clock, run func(context.Context, func(context.Context) error) error) error {
	s := a.services
	err := run(ctx, func(ctx context.Context) error {
		open, err := s.install.Open(ctx)
		if err != nil || !open {
			return err
		}
		_, err = s.install.Run(ctx, install.Input{Code: a.setupCode, Name: "Dana Reyes", Email: demoAdmin, Program: "Juniper & Oak"})
		return err
	})
	if err != nil {
		return err
	}
	played, err := demo.Play(ctx, demo.Program{
		Clock: clock, Run: run, Settings: s.settings, Campaigns: s.campaigns, Partners: s.partners, Links: s.promotion,
		Tracking: s.tracking, Attribution: s.attribution, Coupons: s.coupons, Commissions: s.commissions, Payouts: s.payouts,
		Keys: s.keys,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "Six months of Juniper & Oak: %d partners, %d campaigns, %d links, %d clicks, %d events.\n\n",
		played.Partners, played.Campaigns, played.Links, played.Clicks, played.Events)
	return err
}

// printWaysIn prints a sign-in link for the admin and one for a partner.
func (a *application) printWaysIn(ctx context.Context, p program) error {
	u := urlsOf(p, tenancy.From(ctx))
	for _, who := range []struct{ name, email string }{{"an admin", demoAdmin}, {"a partner", demoPartner}} {
		way, err := a.services.signin.Mint(ctx, who.email)
		if err != nil {
			continue // somebody else's program
		}
		if _, err := fmt.Fprintf(p.stdout, "Sign in as %s, within ten minutes:\n\n  %s\n\n", who.name, u.Absolute(u.Verify(way.Token))); err != nil {
			return err
		}
	}
	return nil
}
