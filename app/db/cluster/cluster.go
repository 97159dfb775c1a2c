// Package cluster runs a private PostgreSQL for deployments that bring none.
//
// It owns the directory pg/ under the data directory and the server process. It does not know
// the schema. Invariants: the data is never wiped, the server listens on a unix socket only,
// and everybody logs in with a password.
package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// The database and its owner.
const (
	Database  = "openpartner"
	Owner     = "openpartner_owner"
	superuser = "postgres"
)

// Options say where the data is and how to run the server.
type Options struct {
	Data       string // the data directory; the cluster lives in pg/ below it
	PGBin      string // directory of the PostgreSQL binaries; empty to look for them
	Log        *slog.Logger
	FastUnsafe bool // no fsync: for tests, whose data may be lost
}

// Cluster is a running server, started or adopted by this process.
type Cluster struct {
	o       Options
	bin     binaries
	account account
	dir     string // data directory of PostgreSQL
	socket  string
	secrets passwords

	mu       sync.Mutex
	process  *process // nil when another process runs the server
	stopping bool
	lock     *os.File
}

// Start makes the cluster if there is none, starts its server or joins one that runs already,
// and returns when it answers.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c, err := prepare(o)
	if err != nil {
		return nil, err
	}
	// The lock is held while starting, so that of a CLI and a server that start together one
	// waits and then joins the other's.
	if err := c.acquire(ctx); err != nil {
		return nil, err
	}
	defer c.release()
	if err := c.create(ctx); err != nil {
		return nil, err
	}
	if err := c.checkVersion(); err != nil {
		return nil, err
	}
	if !c.running() {
		if err := c.launch(); err != nil {
			return nil, err
		}
	}
	if err := c.await(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	if err := c.bootstrap(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// prepare finds binaries and user and checks the directories, without changing anything but
// making them.
func prepare(o Options) (*Cluster, error) {
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	c := &Cluster{o: o, dir: filepath.Join(data, "pg", "data")}
	if c.bin, err = findBinaries(o.PGBin); err != nil {
		return nil, err
	}
	if c.account, err = unprivileged(); err != nil {
		return nil, err
	}
	if err := c.makeDirectories(data); err != nil {
		return nil, err
	}
	if c.secrets, err = loadPasswords(filepath.Join(data, "pg", "passwords")); err != nil {
		return nil, err
	}
	c.socket, err = c.socketDirectory(data)
	return c, err
}

// OwnerURL is for migrations and backups.
func (c *Cluster) OwnerURL() string { return c.url(Owner, c.secrets.Owner, Database) }

// AppURL is the app role's login.
func (c *Cluster) AppURL() string { return c.url("openpartner_app", c.secrets.App, Database) }

// SystemURL is the system role's login.
func (c *Cluster) SystemURL() string { return c.url("openpartner_system", c.secrets.System, Database) }

// SuperuserURL is for making databases; the app never connects by it, because row-level
// security does not bind a superuser.
func (c *Cluster) SuperuserURL() string { return c.url(superuser, c.secrets.Superuser, "postgres") }

// Passwords are those that the app and system logins shall get.
func (c *Cluster) Passwords() (app, system string) { return c.secrets.App, c.secrets.System }

func (c *Cluster) url(user, password, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password), Path: "/" + database,
		RawQuery: "host=" + url.QueryEscape(c.socket),
	}
	return u.String()
}

// Stop ends the server if this process started it. A repeat is a no-op.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	c.stopping = true
	p := c.process
	c.process = nil
	c.mu.Unlock()
	if p == nil {
		return nil
	}
	return p.stop()
}

// Supervise starts the server again when it dies, until ctx ends.
func (c *Cluster) Supervise(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if c.alive() {
			continue
		}
		c.o.Log.Warn("the embedded database is gone: starting it again")
		if err := c.restart(ctx); err != nil && ctx.Err() == nil {
			c.o.Log.Error("the embedded database does not start", "error", err)
		}
	}
}

func (c *Cluster) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return true
	}
	if c.process != nil {
		return !c.process.ended()
	}
	return c.running()
}

func (c *Cluster) restart(ctx context.Context) error {
	if err := c.acquire(ctx); err != nil {
		return err
	}
	defer c.release()
	if !c.running() {
		if err := c.launch(); err != nil {
			return err
		}
	}
	return c.await(ctx)
}

// acquire takes the start lock, which the kernel gives back when a process dies.
func (c *Cluster) acquire(ctx context.Context) error {
	f, err := os.OpenFile(filepath.Join(filepath.Dir(c.dir), "start.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the start lock: %w", err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			c.lock = f
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), f.Close())
		case <-tick.C:
		}
	}
}

func (c *Cluster) release() {
	_ = c.lock.Close()
	c.lock = nil
}

// running reports whether a postmaster serves this directory, whoever started it.
func (c *Cluster) running() bool {
	text, err := os.ReadFile(filepath.Join(c.dir, "postmaster.pid"))
	if err != nil {
		return false
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 {
		return false
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		// Without /proc only the signal tells.
		return syscall.Kill(pid, 0) == nil
	}
	if !strings.HasPrefix(string(name), "postgres") {
		return false
	}
	// After a crash the number may be that of another server by now.
	where, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return true
	}
	own, err := filepath.EvalSymlinks(c.dir)
	return err != nil || where == own
}

// startPatience is how long a server that ends at once is started again: until those that a
// crashed one left behind have let go of its memory.
const startPatience = 10 * time.Second

// await returns when the server takes connections. One that was joined while it was stopping
// is followed by one of our own.
func (c *Cluster) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	began := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.SuperuserURL())
		if err == nil {
			return conn.Close(ctx)
		}
		gone := c.process == nil && !c.running()
		if c.process != nil && c.process.ended() {
			if time.Since(began) > startPatience {
				return fmt.Errorf("the embedded database ended while starting: %w", c.process.err)
			}
			gone = !c.running()
		}
		if gone {
			if err := c.launch(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the embedded database does not answer: %w", err)
		case <-tick.C:
		}
	}
}

// bootstrap makes the owner and its database, once.
func (c *Cluster) bootstrap(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.SuperuserURL())
	if err != nil {
		return fmt.Errorf("connect to the embedded database: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var role, database bool
	err = conn.QueryRow(ctx, `
		select exists (select from pg_roles where rolname = $1), exists (select from pg_database where datname = $2)`,
		Owner, Database).Scan(&role, &database)
	if err != nil {
		return fmt.Errorf("look at the embedded database: %w", err)
	}
	if !role {
		if _, err := conn.Exec(ctx, `create role `+Owner+` login createrole password '`+c.secrets.Owner+`'`); err != nil {
			return fmt.Errorf("create the owner: %w", err)
		}
	}
	if !database {
		if _, err := conn.Exec(ctx, `create database `+Database+` owner `+Owner); err != nil {
			return fmt.Errorf("create the database: %w", err)
		}
	}
	return nil
}

// logLines passes what the server prints to the log.
func logLines(r io.Reader, log *slog.Logger) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		level := slog.LevelDebug
		text := lines.Text()
		if (strings.Contains(text, "FATAL:") && !usual(text)) || strings.Contains(text, "PANIC:") {
			level = slog.LevelWarn
		}
		log.Log(context.Background(), level, "postgres", "line", text)
	}
}

// usual reports whether a fatal line belongs to every start and stop: somebody asks too early,
// or is sent home.
func usual(line string) bool {
	return strings.Contains(line, "the database system is starting up") ||
		strings.Contains(line, "the database system is shutting down") ||
		strings.Contains(line, "due to administrator command")
}
