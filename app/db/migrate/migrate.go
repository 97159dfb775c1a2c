// Package migrate brings a database to the schema that this binary knows.
//
// It runs as the owner, who is blind itself under forced row-level security: it is a member of
// openpartner_system and every migration runs with app.platform_admin on. Without that, a data
// migration would touch no row and a constraint would be validated over rows it never saw.
package migrate

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/migrations"
)

// The roles that the app connects as.
const (
	RoleApp    = "openpartner_app"
	RoleSystem = "openpartner_system"
)

// table is where goose keeps what it has run.
const table = "schema_migrations"

// Passwords are those of the two logins. An empty one leaves the role as it is: without LOGIN
// when it is new.
type Passwords struct{ App, System string }

// Up makes the roles and runs what is missing. Any number of processes may call it at once.
func Up(ctx context.Context, ownerURL string, pw Passwords, log *slog.Logger) error {
	return up(ctx, ownerURL, migrations.FS, pw, log)
}

// Roles makes the two roles and nothing else, for a database that is filled by a restore.
func Roles(ctx context.Context, ownerURL string, pw Passwords) error {
	std, err := open(ownerURL)
	if err != nil {
		return err
	}
	defer func() { _ = std.Close() }()
	return provision(ctx, std, pw)
}

// Whoever reads a table for long keeps a migration from changing it. How often it is tried, and what
// it waits between two tries, in which everybody else gets on.
const (
	tries     = 60
	betweenAt = 500 * time.Millisecond
)

// up tries until it gets the locks it needs. What is done stays done: a file is a transaction.
func up(ctx context.Context, ownerURL string, files fs.FS, pw Passwords, log *slog.Logger) error {
	for try := 1; ; try++ {
		err := attempt(ctx, ownerURL, files, pw, log)
		if !lockedOut(err) {
			return err
		}
		if try == tries {
			return fmt.Errorf("somebody has been using a table all the time; look at pg_stat_activity for long transactions, and try again: %w", err)
		}
		log.WarnContext(ctx, "a migration did not get its lock in time and is tried again", "try", try, "error", err)
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(betweenAt):
		}
	}
}

// lockedOut reports whether a statement gave up waiting for a lock.
func lockedOut(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pgErr.Code == "55P03"
}

func attempt(ctx context.Context, ownerURL string, files fs.FS, pw Passwords, log *slog.Logger) error {
	std, err := open(ownerURL)
	if err != nil {
		return err
	}
	defer func() { _ = std.Close() }()
	if err := provision(ctx, std, pw); err != nil {
		return err
	}
	provider, err := newProvider(std, files)
	if err != nil {
		return err
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		log.InfoContext(ctx, "migrated", "file", r.Source.Path, "ms", r.Duration.Milliseconds())
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func open(ownerURL string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(ownerURL)
	if err != nil {
		return nil, fmt.Errorf("read the owner's database URL: %w", err)
	}
	cfg.RuntimeParams["app.platform_admin"] = "on"
	// A waiting ALTER would stop everybody behind it, so it gives up soon and is tried again.
	cfg.RuntimeParams["lock_timeout"] = "2s"
	cfg.RuntimeParams["application_name"] = "openpartner migrate"
	return stdlib.OpenDB(*cfg), nil
}

func newProvider(std *sql.DB, files fs.FS) (*goose.Provider, error) {
	// Replicas that start together wait for the first: a look each second, for five minutes.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, fmt.Errorf("make the migration lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, std, files,
		goose.WithSessionLocker(locker), goose.WithTableName(table))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}

// provision creates the roles, sets the passwords and makes the owner a member of the system
// role. One process does it at a time.
func provision(ctx context.Context, std *sql.DB, pw Passwords) error {
	tx, err := std.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("connect as the owner: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `select pg_advisory_xact_lock(hashtext('openpartner roles'))`); err != nil {
		return fmt.Errorf("lock the roles: %w", err)
	}
	for role, password := range map[string]string{RoleApp: pw.App, RoleSystem: pw.System} {
		if err := provisionRole(ctx, tx, role, password); err != nil {
			return err
		}
		if err := limitRole(ctx, tx, role); err != nil {
			return err
		}
	}
	if err := grantMembership(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

func provisionRole(ctx context.Context, tx *sql.Tx, role, password string) error {
	var exists bool
	if err := tx.QueryRowContext(ctx, `select exists (select from pg_roles where rolname = $1)`, role).Scan(&exists); err != nil {
		return fmt.Errorf("look for role %s: %w", role, err)
	}
	if !exists {
		if _, err := tx.ExecContext(ctx, `create role `+role); err != nil && !duplicate(err) {
			return fmt.Errorf("create role %s (the owner needs CREATEROLE): %w", role, err)
		}
	}
	if password == "" {
		return nil
	}
	// A password can't be a parameter; the quoting is the server's own.
	var statement string
	err := tx.QueryRowContext(ctx, `select format('alter role %I login password %L', $1::text, $2::text)`, role, password).Scan(&statement)
	if err != nil {
		return fmt.Errorf("quote the password of %s: %w", role, err)
	}
	if _, err := tx.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("set the password of %s: %w", role, err)
	}
	return nil
}

// limitRole gives a role the time-outs that it lacks; what the operator has set stays. A role that
// somebody else looks after stays as it is, and the doctor says so.
func limitRole(ctx context.Context, tx *sql.Tx, role string) error {
	for name, value := range db.Timeouts(role) {
		var set bool
		err := tx.QueryRowContext(ctx, `
			select exists (select from pg_roles, unnest(rolconfig) as setting where rolname = $1 and setting like $2 || '=%')`, role, name).Scan(&set)
		if err != nil {
			return fmt.Errorf("look at the time-outs of %s: %w", role, err)
		}
		if set {
			continue
		}
		if _, err := tx.ExecContext(ctx, `savepoint timeouts`); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `alter role `+role+` set `+name+` = '`+value+`'`)
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "42501" {
			_, err = tx.ExecContext(ctx, `rollback to savepoint timeouts`)
		}
		if err != nil {
			return fmt.Errorf("set %s of %s: %w", name, role, err)
		}
	}
	return nil
}

// grantMembership lets the owner act through both roles. Since PostgreSQL 16 whoever creates a
// role is a member that may administer it and nothing else, so being one is not enough.
func grantMembership(ctx context.Context, tx *sql.Tx) error {
	var member bool
	err := tx.QueryRowContext(ctx, `
		select bool_and(pg_has_role(oid, 'usage') and pg_has_role(oid,
			case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end))
		from pg_roles where rolname in ($1, $2)`, RoleSystem, RoleApp).Scan(&member)
	if err != nil {
		return fmt.Errorf("look at the owner's roles: %w", err)
	}
	if member {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `grant `+RoleSystem+`, `+RoleApp+` to current_user`); err != nil {
		return fmt.Errorf("make the owner a member of %s: %w", RoleSystem, err)
	}
	return nil
}

// duplicate reports whether a concurrent start on the same server was faster.
func duplicate(err error) bool {
	pgErr, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pgErr.Code == "42710" || pgErr.Code == "23505")
}

// ErrBehind says that the database lacks migrations.
var ErrBehind = errors.New("the database's schema is behind this program: run `openpartner migrate`")

// ErrAhead says that the database has moved beyond what this program can work with.
var ErrAhead = errors.New("the database's schema is too new for this program: install a newer version")

// Check compares the database with what this binary knows, as the system role.
func Check(ctx context.Context, system *db.Pool) error {
	v, err := Look(ctx, system)
	if err != nil {
		return err
	}
	return v.Fit()
}

// Versions are the numbers of the newest migrations.
type Versions struct {
	Applied int64 // in the database; 0 when it was never migrated
	Known   int64 // to this binary
	Minimum int64 // that a binary has to know to work with the database
}

// Fit is nil when this binary can work with the database.
func (v Versions) Fit() error {
	switch {
	case v.Applied < v.Known:
		return ErrBehind
	case v.Known < v.Minimum:
		return ErrAhead
	default:
		return nil
	}
}

// Look reads how far the database's schema is.
func Look(ctx context.Context, pool *db.Pool) (Versions, error) {
	v := Versions{Known: Latest()}
	err := pool.Native().QueryRow(ctx, `
		select coalesce((select max(version_id) from `+table+`), 0), (select min_binary from platform.schema_compat)`).
		Scan(&v.Applied, &v.Minimum)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && (pgErr.Code == "42P01" || pgErr.Code == "3F000") {
		return v, nil
	}
	if err != nil {
		return v, fmt.Errorf("read the schema's version: %w", err)
	}
	return v, nil
}

// Latest is the number of the newest migration in this binary.
func Latest() int64 {
	entries, err := migrations.FS.ReadDir(".")
	if err != nil {
		return 0
	}
	var newest int64
	for _, e := range entries {
		if v, err := goose.NumericComponent(e.Name()); err == nil {
			newest = max(newest, v)
		}
	}
	return newest
}

// NewPassword makes a password for a login that no person types.
func NewPassword() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	return hex.EncodeToString(b[:])
}
