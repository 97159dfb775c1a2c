package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/webhooks"
)

// Whoever keeps sealed secrets stands in both of these; a test looks into every column of the
// database for one that nobody seals again.

// reseals are the ways to seal a tenant's secrets with the first key; each counts what it changed.
func (a *application) reseals() []func(ctx context.Context) (int, error) {
	return []func(ctx context.Context) (int, error){a.services.settings.Reseal, a.services.webhooks.Reseal, a.services.network.Reseal, a.services.payouts.Reseal}
}

// countSealed counts the secrets in sight by the id of the key that sealed them.
func countSealed(ctx context.Context) (map[string]int, error) {
	sum := map[string]int{}
	for _, count := range []func(context.Context) (map[string]int, error){settings.CountSealed, webhooks.CountSealed, network.CountSealed, payouts.CountSealed, coordinator.CountSealed} {
		some, err := count(ctx)
		if err != nil {
			return nil, err
		}
		for key, n := range some {
			sum[key] += n
		}
	}
	return sum, nil
}

// rotateSecrets seals every secret with the first key of SECRETS_ENCRYPTION_KEY, tenant by tenant,
// beside a running server. After it the other keys can go.
func rotateSecrets(ctx context.Context, p program, _ []string) (err error) {
	d, err := openDatabase(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	a, err := wire(p, d)
	if err != nil {
		return err
	}
	ring, err := readKeyring(p)
	if err != nil {
		return err
	}
	tenants, err := d.tenants(ctx)
	if err != nil {
		return err
	}
	changed := 0
	for _, t := range tenants {
		n, err := a.reseal(ctx, t)
		if err != nil {
			return fmt.Errorf("the secrets of %s: %w", t.Slug, err)
		}
		changed += n
	}
	n, err := d.resealHub(ctx, coordinator.NewService(coordinator.Options{Ring: ring, Now: p.now}))
	if err != nil {
		return fmt.Errorf("the secrets of the Network's hub: %w", err)
	}
	changed += n
	_, err = fmt.Fprintf(p.stdout, "%s of %s sealed anew with the key %s.\n", count(changed, "secret"), count(len(tenants), "program"), ring.First())
	return err
}

// reseal does it for one tenant, all or nothing.
func (a *application) reseal(ctx context.Context, t tenancy.Tenant) (changed int, err error) {
	ctx = auth.With(ctx, auth.SystemPrincipal("command"))
	err = tenancy.Run(ctx, a.database.app, t, func(ctx context.Context) error {
		for _, one := range a.reseals() {
			n, err := one(ctx)
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	return changed, err
}

// resealHub does it for the Network's hub, which may have its place in the database.
func (d *database) resealHub(ctx context.Context, s *coordinator.Service) (changed int, err error) {
	err = d.system.InTx(ctx, db.TxOptions{}, func(ctx context.Context) (err error) {
		changed, err = s.Reseal(ctx)
		return err
	})
	return changed, err
}

// tenants are all programs, whatever their state.
func (d *database) tenants(ctx context.Context) (all []tenancy.Tenant, err error) {
	err = d.acrossTenants(ctx, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`select id, slug, display_name as name, status from platform.tenants order by id`).Scan(ctx, &all)
	})
	if err != nil {
		return nil, fmt.Errorf("list programs: %w", err)
	}
	return all, nil
}
