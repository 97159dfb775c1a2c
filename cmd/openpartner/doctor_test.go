package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/tests/testkit"
)

// bare is an environment with a data directory of its own, which the database's user can reach,
// and nothing else.
func bare(t *testing.T) (env []string, data string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "op")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	data = filepath.Join(dir, "data")
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "OPENPARTNER_DATA=" + data}, data
}

// expect holds the doctor's report against lines, each given by its beginning and a part of it.
func expect(t *testing.T, report string, want ...[2]string) {
	t.Helper()
	for _, w := range want {
		found := false
		for line := range strings.Lines(report) {
			found = found || (strings.HasPrefix(line, w[0]) && strings.Contains(line, w[1]))
		}
		if !found {
			t.Errorf("no line %q with %q in:\n%s", w[0], w[1], report)
		}
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()

	t.Run("HealthyBesideServe", func(t *testing.T) {
		t.Parallel()
		report, _, code := testkit.Run(t, testkit.Start(t).Env(), "doctor")
		if code != 0 || strings.Contains(report, "DEFECT") || strings.Contains(report, "_timeout") {
			t.Errorf("exit %d:\n%s", code, report)
		}
		expect(t, report, [2]string{"ok       database", "PostgreSQL"}, [2]string{"ok       schema", "this program has"},
			[2]string{"ok       role", "openpartner_app: login, no superuser, no bypassrls, owns nothing"},
			[2]string{"ok       catalog", "forces row-level security"}, [2]string{"ok       clock", "agrees"},
			[2]string{"ok       encryption", "SECRETS_ENCRYPTION_KEY"}, [2]string{"ok       jobs", "none given up"},
			[2]string{"ok       outbound", "no private network"}, [2]string{"ok       backup", "fit the server"}, [2]string{"ok       money", "may move"},
			[2]string{"ok       spool", "no clicks wait"})
	})

	t.Run("NamesEveryDefect", func(t *testing.T) {
		t.Parallel()
		a := testkit.Start(t)
		owner, err := pgx.Connect(t.Context(), a.DB.OwnerURL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = owner.Close(t.Context()) }()
		if _, err := owner.Exec(t.Context(), `
			set app.platform_admin = 'on';
			alter table links no force row level security;
			drop policy system_override on clicks;
			delete from schema_migrations where version_id = (select max(version_id) from schema_migrations);
			insert into platform.jobs (id, kind, args, run_at, created_at) values (gen_random_uuid(), 'test', '{}', now() + interval '1 day', now() + interval '1 hour');
			insert into platform.jobs (id, kind, args, status, finished_at) values (gen_random_uuid(), 'test', '{}', 'dead', now());
			update platform.hold set is_on = true, reason = 'The books are open.';
			insert into config (tenant_id, key, value, updated_at) select id, 'mail', '{"password_sealed": "v1.k0.abc"}', now() from platform.tenants`); err != nil {
			t.Fatal(err)
		}
		env := append(a.Env(), "OPENPARTNER_MODE=free", "OPENPARTNER_DATA=/proc/self", "PG_BIN="+t.TempDir(), "OPENPARTNER_OUTBOUND_ALLOW=127.0.0.0/8", "DATABASE_URL_APP="+a.DB.OwnerURL)
		report, complaint, code := testkit.Run(t, env, "doctor")
		if code != 1 || !strings.Contains(complaint, "8 defects") {
			t.Errorf("exit %d, %q:\n%s", code, complaint, report)
		}
		expect(t, report, [2]string{"DEFECT   settings", "OPENPARTNER_MODE"}, [2]string{"DEFECT   role", `must act as "openpartner_app"`},
			[2]string{"DEFECT   schema", "openpartner migrate"}, [2]string{"DEFECT   catalog", "public.links does not force"},
			[2]string{"DEFECT   catalog", "public.clicks does not have exactly"}, [2]string{"DEFECT   secrets", "key k0"},
			[2]string{"DEFECT   clock", "ran backwards"}, [2]string{"DEFECT   disk", "nothing can be written"}, [2]string{"warning  backup", "pg_dump is not there"},
			[2]string{"warning  outbound", "may reach 127.0.0.1"}, [2]string{"warning  money", "The books are open."}, [2]string{"warning  jobs", "1 given up"})
	})

	t.Run("DatabaseAway", func(t *testing.T) {
		t.Parallel()
		env, _ := bare(t)
		report, _, code := testkit.Run(t, append(env, "DATABASE_URL=postgres://nobody@127.0.0.1:1/none", "SMTP_URL=smtp://127.0.0.1:1", "MAIL_FROM=tea@example.com", "SECRETS_ENCRYPTION_KEY=short"), "doctor")
		if code != 1 {
			t.Errorf("exit %d", code)
		}
		expect(t, report, [2]string{"DEFECT   database", "does not answer"}, [2]string{"DEFECT   encryption", "32 bytes"}, [2]string{"DEFECT   mail", "look at SMTP_URL"})
	})

	t.Run("EmbeddedBeforeAndAfterTheFirstStart", func(t *testing.T) {
		t.Parallel()
		env, data := bare(t)
		report, _, code := testkit.Run(t, env, "doctor")
		expect(t, report, [2]string{"warning  postgres", "no database yet"}, [2]string{"warning  data", "does not exist"}, [2]string{"warning  mail", "SMTP_URL"})
		if _, err := os.Stat(data); code != 0 || err == nil {
			t.Errorf("exit %d, data directory made: %t", code, err == nil)
		}
		if _, complaint, code := testkit.Run(t, env, "create-key", "--name", "first"); code != 0 {
			t.Fatal(complaint)
		}
		report, _, code = testkit.Run(t, env, "doctor")
		if code != 0 {
			t.Errorf("exit %d:\n%s", code, report)
		}
		expect(t, report, [2]string{"ok       postgres", "started for this examination"}, [2]string{"ok       schema", "version"},
			[2]string{"warning  mail", "1 program without"}, [2]string{"ok       data", "closed to others"})

		if err := os.Chmod(filepath.Join(data, "secrets.key"), 0o644); err != nil { //nolint:gosec // that is the defect
			t.Fatal(err)
		}
		report, _, code = testkit.Run(t, env, "doctor")
		if code != 1 {
			t.Errorf("exit %d", code)
		}
		expect(t, report, [2]string{"DEFECT   data", "secrets.key is open to others (0644)"})
	})
}
