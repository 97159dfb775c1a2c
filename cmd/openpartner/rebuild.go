package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/rollup"
	"github.com/openpartner/openpartner/app/tenancy"
)

// rebuildFigures holds the daily sums that reports read against the facts and repairs them, each
// day in a transaction of its own, beside a running server.
func rebuildFigures(ctx context.Context, p program, args []string) (err error) {
	flags := flag.NewFlagSet("rebuild-figures", flag.ContinueOnError)
	from, to := flags.String("from", "", "the first day, such as 2026-01-31"), flags.String("to", "", "the last day; today without")
	slug := flags.String("tenant", tenancy.DefaultSlug, "whose figures")
	if err := flags.Parse(args); err != nil {
		return err
	}
	first, last, err := daysOf(*from, *to, p.now())
	if err != nil {
		return err
	}
	d, err := openDatabase(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	a, err := wire(p, d)
	if err != nil {
		return err
	}
	tenant, err := a.edge.Tenants.BySlug(ctx, *slug)
	if err != nil {
		return err
	}
	ctx = auth.With(ctx, auth.SystemPrincipal("command"))
	repaired := 0
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		err := tenancy.Run(ctx, d.app, tenant, func(ctx context.Context) error {
			n, err := rollup.Rebuild(ctx, day, day)
			repaired += n
			if err != nil {
				return err
			}
			return a.services.tracking.RebuildDaily(ctx, day, day)
		})
		if err != nil {
			return fmt.Errorf("rebuild %s: %w", day.Format(time.DateOnly), err)
		}
	}
	_, err = fmt.Fprintf(p.stdout, "%s to %s: %d figures of money were repaired, and the clicks counted anew.\n",
		first.Format(time.DateOnly), last.Format(time.DateOnly), repaired)
	return err
}

// daysOf reads a range of days, both included.
func daysOf(from, to string, now time.Time) (first, last time.Time, err error) {
	last = now.UTC().Truncate(24 * time.Hour)
	if first, err = time.Parse(time.DateOnly, from); err != nil {
		return first, last, fmt.Errorf("--from=%s: give the first day, such as 2026-01-31", from)
	}
	if to != "" {
		if last, err = time.Parse(time.DateOnly, to); err != nil || last.Before(first) {
			return first, last, fmt.Errorf("--to=%s: give a day that is not before the first", to)
		}
	}
	return first, last, nil
}
