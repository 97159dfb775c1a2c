package platform_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/db/cluster"
	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/tests/testkit"
)

// server is a PostgreSQL of the test's own, because roles belong to the whole server.
type server struct {
	*cluster.Cluster

	t   *testing.T
	env []string
}

func startServer(t *testing.T) *server {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "oproles")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the server's user must pass
		t.Fatal(err)
	}
	c, err := cluster.Start(t.Context(), cluster.Options{Data: filepath.Join(dir, "data"), FastUnsafe: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	s := &server{Cluster: c, t: t}
	s.env = []string{
		"PATH=" + os.Getenv("PATH"), "OPENPARTNER_ENV=development", "OPENPARTNER_TENANCY=multi", "OPENPARTNER_DATA=" + t.TempDir(),
		"SECRETS_ENCRYPTION_KEY=" + secrets.Generate(), "DATABASE_URL=" + c.OwnerURL(), "OPENPARTNER_LISTEN=127.0.0.1:0",
	}
	return s
}

// run runs the program to its end; it fails when the result is not what is wanted.
func (s *server) run(want int, env []string, args ...string) (complaints string) {
	s.t.Helper()
	_, complaints, code := testkit.Run(s.t, slices.Concat(s.env, env), args...)
	if code != want {
		s.t.Fatalf("%v: exit %d, want %d\n%s", args, code, want, complaints)
	}
	return complaints
}

func (s *server) as(password string) []string {
	login := func(role, password string) string {
		return strings.Replace(s.OwnerURL(), s.OwnerURL()[len("postgres://"):strings.Index(s.OwnerURL(), "@")], role+":"+password, 1)
	}
	return []string{"DATABASE_URL_APP=" + login("openpartner_app", password), "DATABASE_URL_SYSTEM=" + login("openpartner_system", "system-secret")}
}

// superuser is a login that may do everything, to the program's database.
func (s *server) superuser() string {
	return strings.Replace(s.SuperuserURL(), "/postgres?", "/"+cluster.Database+"?", 1)
}

func (s *server) super(statement string) {
	s.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.superuser())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		s.t.Fatalf("%s: %v", statement, err)
	}
}

// examined: the doctor sees what lifts the policies, however many memberships lie between.
func (s *server) examined() {
	s.t.Helper()
	for _, defect := range []struct{ plant, mend, says string }{
		{
			"create role vice bypassrls; create role vicar; grant vice to vicar; grant vicar to openpartner_app", "drop role vicar; drop role vice",
			"openpartner_app is not bound by row-level security: vice is allowed to bypass it",
		},
		{
			"create role chief superuser; grant chief to openpartner_system", "drop role chief",
			"openpartner_system is not bound by row-level security: chief is a superuser",
		},
	} {
		s.super(defect.plant)
		if found, _, code := testkit.Run(s.t, slices.Concat(s.env, s.as("two")), "doctor"); code != 1 || !strings.Contains(found, defect.says) {
			s.t.Errorf("%s: exit %d\n%s", defect.plant, code, found)
		}
		s.super(defect.mend)
	}
}

// The program makes its logins, gives them new passwords when it is told to, and refuses to work
// as anybody whom row-level security does not bind.
func TestRoles(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	passwords := func(app string) []string {
		return []string{"OPENPARTNER_APP_DB_PASSWORD=" + app, "OPENPARTNER_SYSTEM_DB_PASSWORD=system-secret"}
	}
	s.run(0, passwords("it's one"), "migrate")
	s.run(0, s.as("it%27s%20one"), "create-tenant", "--slug", "acme", "--name", "Acme")
	s.run(0, passwords("two"), "migrate")
	if got := s.run(1, s.as("it%27s%20one"), "create-key", "--name", "k", "--tenant", "acme"); !strings.Contains(got, "password authentication failed") {
		t.Errorf("the old password: %s", got)
	}
	s.run(0, s.as("two"), "create-key", "--name", "k", "--tenant", "acme")

	for _, defect := range []struct{ plant, mend, says string }{
		{"alter role openpartner_app superuser", "alter role openpartner_app nosuperuser", "openpartner_app is a superuser"},
		{"alter role openpartner_app bypassrls", "alter role openpartner_app nobypassrls", "openpartner_app has BYPASSRLS"},
		{"alter table config owner to openpartner_app", "alter table config owner to " + cluster.Owner, "openpartner_app owns tables"},
		{
			"create role keeper; create table kept (); alter table kept owner to keeper; grant keeper to openpartner_app",
			"drop table kept; drop role keeper", "keeper owns tables",
		},
		{"alter role openpartner_system bypassrls", "alter role openpartner_system nobypassrls", "openpartner_system has BYPASSRLS"},
		{"create role vice bypassrls; grant vice to openpartner_app", "revoke vice from openpartner_app; drop role vice", "vice has BYPASSRLS"},
	} {
		s.super(defect.plant)
		if got := s.run(1, s.as("two"), "serve"); !strings.Contains(got, defect.says) {
			t.Errorf("%s: %s", defect.plant, got)
		}
		s.super(defect.mend)
	}
	s.examined()
	for login, url := range map[string]string{"the owner": s.OwnerURL(), "a superuser": s.superuser()} {
		got := s.run(1, append(s.as("two"), "DATABASE_URL_APP="+url), "serve")
		if !strings.Contains(got, "must act as") || !strings.Contains(got, "not bind") {
			t.Errorf("as %s: %s", login, got)
		}
	}
	s.run(0, s.as("two"), "create-key", "--name", "k", "--tenant", "acme") // all mended
}
