package testkit

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/db/cluster"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Database is a clone of the migrated template, dropped when its test ends.
type Database struct {
	OwnerURL, AppURL, SystemURL string
	App, System                 *db.Pool
}

// DB gives a test a database of its own, for what has to commit. Its app pool prepares hot
// statements, as the embedded database's does; the program that Start runs prepares none.
func DB(t testing.TB) *Database {
	t.Helper()
	d, drop := clone(t)
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func clone(t testing.TB) (*Database, func() error) {
	t.Helper()
	base, err := shared()
	if err != nil {
		t.Fatalf("start PostgreSQL for tests: %v", err)
	}
	ctx := context.Background()
	name := "t_" + suffix()
	if err := admin(base, "create database "+name+" template "+template+" strategy file_copy owner "+cluster.Owner); err != nil {
		t.Fatal(err)
	}
	d := &Database{
		OwnerURL:  urlFor(base, cluster.Owner, "owner", name),
		AppURL:    urlFor(base, "openpartner_app", appPassword, name),
		SystemURL: urlFor(base, "openpartner_system", sysPassword, name),
	}
	if d.App, err = db.Open(ctx, d.AppURL, db.PoolOptions{MaxConns: 4, Name: "test", Prepares: db.PreparesHot}); err != nil {
		t.Fatal(err)
	}
	if d.System, err = db.Open(ctx, d.SystemURL, db.PoolOptions{MaxConns: 4, Name: "test"}); err != nil {
		t.Fatal(err)
	}
	return d, func() error {
		d.App.Close()
		d.System.Close()
		return admin(base, "drop database "+name+" with (force)")
	}
}

// AsOwner runs a statement as the owner of the schema who sees all tenants' rows, as a
// migration does.
func (d *Database) AsOwner(t testing.TB, statement string, args ...any) {
	t.Helper()
	ctx := context.Background()
	config, err := pgx.ParseConfig(d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["app.platform_admin"] = "on"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatalf("connect as the owner: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement, args...); err != nil {
		t.Fatalf("as the owner: %v", err)
	}
}

// operator is the superuser's connection, which makes and drops databases: one for all of them,
// since a connection costs as much as a clone.
var operator struct {
	mu   sync.Mutex
	conn *pgx.Conn
}

// AsSuperuser does in one transaction what no role of the program may, past triggers and policies.
func (d *Database) AsSuperuser(t testing.TB, statements string) {
	t.Helper()
	ctx := context.Background()
	conn, err := connectAsSuperuser(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `begin; set local session_replication_role = replica; `+statements+`; commit`); err != nil {
		t.Fatal(err)
	}
}

func admin(url, statement string) (err error) {
	ctx := context.Background()
	operator.mu.Lock()
	defer operator.mu.Unlock()
	if operator.conn == nil {
		if operator.conn, err = pgx.Connect(ctx, url); err != nil {
			return fmt.Errorf("connect to the test server: %w", err)
		}
	}
	if _, err := operator.conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", strings.Fields(statement)[0], err)
	}
	return nil
}

func suffix() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails since Go 1.24
	return hex.EncodeToString(b[:])
}

// scratch is the database that all rolled-back transactions of a test binary share.
var scratch struct {
	once sync.Once
	db   *Database
}

// Tx gives a test the context of a transaction as the app role, pinned to the default tenant,
// with an admin as the principal. It is rolled back when the test ends.
func Tx(t testing.TB) context.Context {
	t.Helper()
	scratch.once.Do(func() { scratch.db, _ = clone(t) })
	return Begin(t, scratch.db.App)
}

// Begin is Tx on a pool of the test's own.
func Begin(t testing.TB, pool *db.Pool) context.Context {
	t.Helper()
	ctx := AsAdmin(tenancy.With(context.Background(), Tenant()))
	ready, finish, ended := make(chan context.Context), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- pool.InTx(ctx, db.TxOptions{Tenant: tenancy.DefaultID()}, func(ctx context.Context) error {
			ready <- ctx
			<-finish
			return db.ErrRollback
		})
	}()
	select {
	case ctx = <-ready:
	case err := <-ended:
		t.Fatalf("begin: %v", err)
	}
	t.Cleanup(func() {
		close(finish)
		if err := <-ended; err != nil {
			t.Errorf("roll back: %v", err)
		}
	})
	return ctx
}

// Tenant is the default tenant.
func Tenant() tenancy.Tenant {
	return tenancy.Tenant{ID: tenancy.DefaultID(), Slug: tenancy.DefaultSlug, Name: "Partner program", Status: tenancy.StatusActive}
}

// AsAdmin makes the principal an admin with all rights.
func AsAdmin(ctx context.Context) context.Context {
	return auth.With(ctx, auth.Principal{Kind: auth.AdminKind, Role: "admin", Name: "Test admin"})
}

// Read asks as the system role, which sees all tenants when it says so.
func (d *Database) Read(t testing.TB, into any, query string, args ...any) {
	t.Helper()
	err := d.System.InTx(context.Background(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(query, args...).Scan(ctx, into)
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// Try runs a statement as the system role over all tenants, and gives what the database says.
func (d *Database) Try(t testing.TB, statement string, args ...any) error {
	t.Helper()
	return d.System.InTx(context.Background(), db.TxOptions{Platform: true}, func(ctx context.Context) error {
		_, err := db.Tx(ctx).NewRaw(statement, args...).Exec(ctx)
		return err
	})
}

// pause is between two questions of the same, so that whoever asks leaves the machine to those who
// are at work.
const pause = 5 * time.Millisecond

// patience is how long a test waits for what it is sure of: much longer than it takes on a busy machine,
// so that what never comes is told by the test's name, and not by the time-out of them all.
const patience = 2 * time.Minute

// Await asks until the answer is yes; for what a job does that says nothing.
func (d *Database) Await(t testing.TB, question string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for yes := false; ; {
		if d.Read(t, &yes, question, args...); yes {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never true: %s", question)
		}
	}
}
