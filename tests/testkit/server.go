// Package testkit gives tests a real PostgreSQL with the real schema.
//
// One throwaway server serves a whole run: `make test` starts it and names it in
// OPENPARTNER_TEST_DATABASE_URL; without that each test binary starts its own. A database is a
// clone of a migrated template, made in a few dozen milliseconds.
package testkit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/db/cluster"
	"github.com/openpartner/openpartner/app/db/migrate"
)

// EnvURL names the superuser's URL of the run's server.
const EnvURL = "OPENPARTNER_TEST_DATABASE_URL"

const (
	template    = "openpartner_template"
	appPassword = "app"
	sysPassword = "system"
)

// Server is a throwaway PostgreSQL with a migrated template database.
type Server struct {
	URL     string // the superuser's
	cluster *cluster.Cluster
	dir     string
}

// StartServer starts one and migrates the template.
func StartServer(ctx context.Context) (*Server, error) {
	dir, err := os.MkdirTemp("/tmp", "optest")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the server's user must pass
		return nil, err
	}
	c, err := cluster.Start(ctx, cluster.Options{Data: filepath.Join(dir, "data"), FastUnsafe: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s := &Server{URL: c.SuperuserURL(), cluster: c, dir: dir}
	if err := s.makeTemplate(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends the server and deletes its data.
func (s *Server) Stop() error {
	return errors.Join(s.cluster.Stop(), os.RemoveAll(s.dir))
}

// makeTemplate migrates a database as the owner, and leaves it: nobody may stay connected to a
// template.
func (s *Server) makeTemplate(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "create database "+template+" owner "+cluster.Owner); err != nil {
		return fmt.Errorf("create the template: %w", err)
	}
	if _, err := conn.Exec(ctx, "alter role "+cluster.Owner+" password 'owner'"); err != nil {
		return fmt.Errorf("set the owner's password: %w", err)
	}
	passwords := migrate.Passwords{App: appPassword, System: sysPassword}
	return migrate.Up(ctx, urlFor(s.URL, cluster.Owner, "owner", template), passwords, slog.New(slog.DiscardHandler))
}

// urlFor is the server's URL with another login and database.
func urlFor(base, user, password, database string) string {
	u, err := url.Parse(base)
	if err != nil {
		panic("testkit: " + err.Error())
	}
	u.User = url.UserPassword(user, password)
	u.Path = "/" + database
	return u.String()
}

// shared is the server of this test binary: the run's, or one of its own, which dies with the
// process.
var shared = sync.OnceValues(func() (string, error) {
	if u := os.Getenv(EnvURL); u != "" {
		return u, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := StartServer(ctx)
	if err != nil {
		return "", err
	}
	return s.URL, nil
})
