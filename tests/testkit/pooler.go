package testkit

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// StartPooled is Start behind PgBouncer in transaction mode: whoever asks next gets whatever
// connection is free, and each role has only as many as said.
func StartPooled(t testing.TB, connections int, env ...string) *App {
	t.Helper()
	d := DB(t)
	port := pooler(t, d, connections)
	pooled := func(direct string) string {
		u, err := url.Parse(direct)
		if err != nil {
			t.Fatal(err)
		}
		u.Host, u.RawQuery = "127.0.0.1:"+port, "sslmode=disable"
		return u.String()
	}
	return start(t, d, nil, append([]string{"DATABASE_URL_APP=" + pooled(d.AppURL), "DATABASE_URL_SYSTEM=" + pooled(d.SystemURL)}, env...)...)
}

// pooler runs PgBouncer in front of a database until the test ends, and gives its port.
func pooler(t testing.TB, d *Database, connections int) string {
	t.Helper()
	server, err := pgconn.ParseConfig(d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "pooler")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	port := freePort(t)
	users := fmt.Sprintf("%q %q\n%q %q\n", "openpartner_app", appPassword, "openpartner_system", sysPassword)
	config := fmt.Sprintf(`[databases]
%s = host=%s port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %s
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
default_pool_size = %d
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
`, server.Database, server.Host, server.Port, port, filepath.Join(dir, "users.txt"), connections)
	for name, text := range map[string]string{"users.txt": users, "pgbouncer.ini": config} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // another user reads it
			t.Fatal(err)
		}
	}
	args := []string{filepath.Join(dir, "pgbouncer.ini")}
	if os.Getuid() == 0 { // it refuses to run as root, and gives the rights up by itself
		args = append([]string{"-u", ownerOf(t, server.Host)}, args...)
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // as above
			t.Fatal(err)
		}
	}
	out := newOutput()
	cmd := exec.Command("pgbouncer", args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatalf("start PgBouncer (apt-get install pgbouncer): %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); out.close() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		if err := <-ended; t.Failed() {
			t.Logf("PgBouncer said, and ended with %v:\n%s", err, out)
		}
	})
	if _, ok := out.wait("process up", 1, 0); !ok {
		t.Fatalf("PgBouncer did not start:\n%s", out)
	}
	answers(t, port)
	return port
}

// ownerOf names whose a directory is: the database's socket is in one that only its user may enter.
func ownerOf(t testing.TB, dir string) string {
	t.Helper()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	owned, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatalf("whose is %s?", dir)
	}
	u, err := user.LookupId(strconv.FormatUint(uint64(owned.Uid), 10))
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// answers waits until somebody listens.
func answers(t testing.TB, port string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
}
