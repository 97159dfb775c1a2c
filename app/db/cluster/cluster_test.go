package cluster_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/db/cluster"
)

// dataDir is a directory that the server's user can reach, which t.TempDir is not for root.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "op")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

func options(dir string) cluster.Options {
	return cluster.Options{Data: dir, FastUnsafe: true, Log: slog.New(slog.DiscardHandler)}
}

func start(t *testing.T, dir string) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Start(t.Context(), options(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	return c
}

func query(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var out string
	if err := conn.QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStart(t *testing.T) {
	t.Parallel()

	t.Run("KeepsDataAcrossRestarts", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		first := start(t, dir)
		query(t, first.OwnerURL(), `with made as (select 1) select current_user from made`)
		conn, err := pgx.Connect(t.Context(), first.OwnerURL())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), `create schema kept; create table kept.t as select 42 as n`); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close(t.Context())
		if err := first.Stop(); err != nil {
			t.Fatal(err)
		}
		second := start(t, dir)
		if got := query(t, second.OwnerURL(), `select n::text from kept.t`); got != "42" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("OwnerIsNoSuperuserAndNoTCPIsOpen", func(t *testing.T) {
		t.Parallel()
		c := start(t, dataDir(t))
		got := query(t, c.OwnerURL(), `
			select concat_ws(' ', current_user, rolsuper, rolbypassrls, '[' || current_setting('listen_addresses') || ']')
			from pg_roles where rolname = current_user`)
		if got != "openpartner_owner f f []" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("WrongPasswordIsRefused", func(t *testing.T) {
		t.Parallel()
		c := start(t, dataDir(t))
		wrong := strings.Replace(c.OwnerURL(), ":", ":x", 2)
		if _, err := pgx.Connect(t.Context(), wrong); err == nil {
			t.Error("a wrong password was taken")
		}
	})
	t.Run("SecondProcessJoinsTheRunningServer", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		first := start(t, dir)
		second := start(t, dir)
		if err := second.Stop(); err != nil {
			t.Fatal(err)
		}
		if got := query(t, first.OwnerURL(), `select 'alive'`); got != "alive" {
			t.Error("the guest stopped the host's server")
		}
	})
	t.Run("OtherMajorVersionIsRefusedAndKept", func(t *testing.T) {
		t.Parallel()
		dir := dataDir(t)
		c := start(t, dir)
		if err := c.Stop(); err != nil {
			t.Fatal(err)
		}
		version := filepath.Join(dir, "pg", "data", "PG_VERSION")
		if err := os.WriteFile(version, []byte("9\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := cluster.Start(t.Context(), options(dir))
		if err == nil || !strings.Contains(err.Error(), "PostgreSQL 9") || !strings.Contains(err.Error(), "pg_upgrade") {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, "pg", "data", "base")); err != nil {
			t.Errorf("the data is gone: %v", err)
		}
	})
	t.Run("LongPathsGetAShortSocket", func(t *testing.T) {
		t.Parallel()
		start(t, filepath.Join(dataDir(t), strings.Repeat("long", 30)))
	})
	t.Run("MissingBinariesSayWhatToDo", func(t *testing.T) {
		t.Parallel()
		o := options(dataDir(t))
		o.PGBin = "/nonexistent"
		if _, err := cluster.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "PG_BIN") {
			t.Errorf("got %v", err)
		}
	})
}

func TestCluster_Supervise(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	c := start(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { c.Supervise(ctx); close(ended) }()
	text, err := os.ReadFile(filepath.Join(dir, "pg", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	deadline, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for tick := time.Tick(50 * time.Millisecond); ; {
		after, err := os.ReadFile(filepath.Join(dir, "pg", "data", "postmaster.pid"))
		if err == nil && !strings.HasPrefix(string(after), first+"\n") {
			if conn, err := pgx.Connect(t.Context(), c.OwnerURL()); err == nil {
				_ = conn.Close(t.Context())
				break
			}
		}
		select {
		case <-deadline.Done():
			t.Fatal("the server did not come back")
		case <-tick:
		}
	}
	cancel()
	<-ended
}
