package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/db/cluster"
	"github.com/openpartner/openpartner/app/db/migrate"
	"github.com/openpartner/openpartner/app/hold"
	"github.com/openpartner/openpartner/app/metrics"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/app/stripeinbox"
)

// database is the connection to PostgreSQL, embedded or external.
type database struct {
	cluster     *cluster.Cluster // nil when external
	app, system *db.Pool
	clicks      *db.Pool // the system role's, for the click path alone: no other work makes visitors wait
	ownerURL    string
}

// openDatabase starts or joins the embedded server, or connects to the configured one. An
// embedded database is migrated here; of an external one the schema is only checked.
func openDatabase(ctx context.Context, p program) (*database, error) {
	d, err := connect(ctx, p)
	if err != nil {
		return nil, err
	}
	if d.cluster != nil {
		err = d.migrate(ctx, p)
	}
	if err == nil {
		err = d.check(ctx, p)
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// connect makes the pools without looking at the schema.
func connect(ctx context.Context, p program) (*database, error) {
	d := &database{ownerURL: p.cfg.Database.URL.Reveal()}
	appURL, systemURL := p.cfg.Database.AppURL.Reveal(), p.cfg.Database.SystemURL.Reveal()
	appRole, systemRole := "", ""
	hot, all := db.PreparesHot, db.PreparesAll
	switch {
	case p.cfg.Database.Embedded():
		c, err := cluster.Start(ctx, cluster.Options{Data: p.cfg.Data, PGBin: p.cfg.PGBin, Log: p.log})
		if err != nil {
			return nil, err
		}
		d.cluster, d.ownerURL, appURL, systemURL = c, c.OwnerURL(), c.AppURL(), c.SystemURL()
	case appURL == "":
		// One login: each connection takes on the role of its pool.
		appURL, systemURL = d.ownerURL, d.ownerURL
		appRole, systemRole = migrate.RoleApp, migrate.RoleSystem
	default:
		hot, all = db.PreparesNothing, db.PreparesNothing // a pooler may stand between
	}
	var err error
	if d.app, err = db.Open(ctx, appURL, db.PoolOptions{MaxConns: 16, Role: appRole, Name: "app", Prepares: hot}); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if d.system, err = db.Open(ctx, systemURL, db.PoolOptions{MaxConns: 6, Role: systemRole, Name: "system"}); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if d.clicks, err = db.Open(ctx, systemURL, db.PoolOptions{MaxConns: 3, Role: systemRole, Name: "clicks", Prepares: all}); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *database) migrate(ctx context.Context, p program) error {
	return migrate.Up(ctx, d.ownerURL, d.passwords(p), p.log)
}

// passwords are those that the logins shall have.
func (d *database) passwords(p program) migrate.Passwords {
	if d.cluster != nil {
		app, system := d.cluster.Passwords()
		return migrate.Passwords{App: app, System: system}
	}
	return migrate.Passwords{App: p.cfg.Database.AppPassword.Reveal(), System: p.cfg.Database.SystemPassword.Reveal()}
}

// check refuses a schema that does not fit, half a restore, and roles that row-level security does not bind.
func (d *database) check(ctx context.Context, p program) error {
	if err := migrate.Check(ctx, d.system); err != nil {
		return err
	}
	if err := checkRestored(ctx, d.system); err != nil {
		return err
	}
	ownLogin := p.cfg.Database.Embedded() || p.cfg.Database.AppURL != ""
	return errors.Join(d.app.CheckRole(ctx, migrate.RoleApp, ownLogin), d.system.CheckRole(ctx, migrate.RoleSystem, ownLogin))
}

// acrossTenants runs fn in a transaction that sees the rows of all tenants and changes none:
// for those who look after the deployment.
func (d *database) acrossTenants(ctx context.Context, fn func(ctx context.Context) error) error {
	return d.system.InTx(ctx, db.TxOptions{Platform: true, ReadOnly: true}, fn)
}

// atLeisure is acrossTenants for what reads everything, however long that takes.
func (d *database) atLeisure(ctx context.Context, fn func(ctx context.Context) error) error {
	return d.system.InTx(ctx, db.TxOptions{Platform: true, ReadOnly: true, Long: true}, fn)
}

// measure says how much waits to be done.
func (d *database) measure(ctx context.Context) (depth outbox.Depth, err error) {
	err = d.acrossTenants(ctx, func(ctx context.Context) (err error) {
		depth, err = outbox.Measure(ctx)
		return err
	})
	return depth, err
}

// inbox says how far the events of Stripe's are.
func (d *database) inbox(ctx context.Context) (n metrics.Inbox, err error) {
	err = d.acrossTenants(ctx, func(ctx context.Context) error {
		depth, err := stripeinbox.Measure(ctx)
		n = metrics.Inbox(depth)
		return err
	})
	return n, err
}

// payouts counts those of all programs that are not over, by state.
func (d *database) payouts(ctx context.Context) (counts map[string]int, err error) {
	err = d.acrossTenants(ctx, func(ctx context.Context) (err error) {
		counts, err = payouts.CountOpen(ctx)
		return err
	})
	return counts, err
}

// held says whether money is held back.
func (d *database) held(ctx context.Context) (bool, error) {
	state, err := d.hold(ctx)
	return state.On, err
}

func (d *database) hold(ctx context.Context) (state hold.State, err error) {
	err = d.acrossTenants(ctx, func(ctx context.Context) (err error) {
		state, err = hold.Read(ctx)
		return err
	})
	return state, err
}

func (d *database) close() error {
	for _, pool := range []*db.Pool{d.app, d.system, d.clicks} {
		if pool != nil {
			pool.Close()
		}
	}
	if d.cluster != nil {
		return d.cluster.Stop()
	}
	return nil
}

// keyFile is where the generated encryption key is kept.
func keyFile(c config.Config) string { return filepath.Join(c.Data, "secrets.key") }

// readKeyring reads the encryption keys from the environment or the data directory.
func readKeyring(p program) (*secrets.Keyring, error) {
	if text := p.cfg.EncryptionKey.Reveal(); text != "" {
		return secrets.ParseKeyring(text)
	}
	text, err := os.ReadFile(keyFile(p.cfg))
	if err != nil {
		return nil, fmt.Errorf("read the encryption key: %w", err)
	}
	return secrets.ParseKeyring(strings.TrimSpace(string(text)))
}

// keyring reads the encryption keys, or makes one in the data directory, which only a single
// tenancy with its own database may do: there the directory is what is backed up.
func keyring(p program) (*secrets.Keyring, error) {
	ring, err := readKeyring(p)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, err
	}
	// It is written beside and linked, so that nobody ever reads half a key and the first wins.
	f, err := os.CreateTemp(p.cfg.Data, "secrets.key.*")
	if err != nil {
		return nil, fmt.Errorf("keep the encryption key: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, writeErr := f.WriteString(secrets.Generate() + "\n")
	if err := errors.Join(writeErr, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("keep the encryption key: %w", err)
	}
	if err := os.Link(f.Name(), keyFile(p.cfg)); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keep the encryption key: %w", err)
	}
	return readKeyring(p)
}

// migrateDatabase is the command `migrate`.
func migrateDatabase(ctx context.Context, p program, _ []string) error {
	began := time.Now()
	d, err := connect(ctx, p)
	if err != nil {
		return err
	}
	if err := d.migrate(ctx, p); err != nil {
		return errors.Join(err, d.close())
	}
	if err := migrate.Check(ctx, d.system); err != nil {
		return errors.Join(err, d.close())
	}
	p.log.Info("the schema is up to date", "ms", time.Since(began).Milliseconds())
	return d.close()
}
