package main_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

func TestRotateSecrets(t *testing.T) {
	t.Parallel()
	first := secrets.Generate()
	second := strings.Replace(secrets.Generate(), "k1:", "k2:", 1)
	a := testkit.Start(t, "SECRETS_ENCRYPTION_KEY="+first)
	key := a.Key()
	for path, body := range map[string]string{
		"/config/mail": `{"transport": "smtp", "host": "smtp.example.com", "port": 2525, "username": "tea", "password": "swordfish",
			"token": "postmark", "from_email": "tea@example.com"}`,
		"/config/tracking": `{"identify_secret": "0123456789abcdef"}`,
	} {
		if got := a.Call(key, http.MethodPut, "/api/v1"+path, body); got.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, got.Status, got.Body)
		}
	}
	settings := a.Call(key, http.MethodGet, "/api/v1/config/mail", nil).Body
	if n := sealedWith(t, a, "k1"); n != 3 {
		t.Fatalf("%d secrets are sealed", n)
	}
	both := append(a.Env(), "SECRETS_ENCRYPTION_KEY="+second+","+first)
	report, _, _ := testkit.Run(t, both, "doctor")
	expect(t, report, [2]string{"warning  secrets", "3 secrets still sealed with the key k1"})
	for _, want := range []string{"3 secrets of 1 program sealed anew with the key k2.", "0 secrets of 1 program sealed anew with the key k2."} {
		if out, complaint, code := testkit.Run(t, both, "rotate-secrets"); code != 0 || out != want {
			t.Errorf("exit %d: got %q %s, want %q", code, out, complaint, want)
		}
	}
	if n, m := sealedWith(t, a, "k1"), sealedWith(t, a, "k2"); n != 0 || m != 3 {
		t.Errorf("%d secrets with the old key, %d with the new one", n, m)
	}
	if again := a.Call(key, http.MethodGet, "/api/v1/config/mail", nil).Body; again != settings {
		t.Errorf("the settings were %s and are %s", settings, again)
	}
	t.Run("TheOldKeyCanGo", func(t *testing.T) {
		ring, err := secrets.ParseKeyring(second)
		if err != nil {
			t.Fatal(err)
		}
		report, _, code := testkit.Run(t, append(a.Env(), "SECRETS_ENCRYPTION_KEY="+second), "doctor")
		if code != 0 {
			t.Errorf("exit %d", code)
		}
		expect(t, report, [2]string{"ok       secrets", "3 secrets, all sealed with the first key, k2"})
		var text string
		query(t, a, &text, `select value->>'password_sealed' from config where key = 'mail'`)
		at := secrets.Place{Tenant: tenancy.DefaultID(), Table: "config", Column: "value.password", Row: "mail"}
		if plain, err := ring.Open(text, at); err != nil || string(plain) != "swordfish" {
			t.Errorf("got %q, %v", plain, err)
		}
	})
}

// sealedWith counts, in every column of the database, what looks sealed with a key.
func sealedWith(t *testing.T, a *testkit.App, key string) (n int) {
	t.Helper()
	var tables []string
	query(t, a, &tables, `select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('public', 'platform', 'coordinator') order by 1`)
	if len(tables) < 15 {
		t.Fatalf("only %d tables", len(tables))
	}
	for _, table := range tables {
		var found int
		query(t, a, &found, fmt.Sprintf(`select coalesce(sum(regexp_count(x::text, 'v1\.%s\.[A-Za-z0-9_-]{38,}')), 0) from %s x`, key, table))
		n += found
	}
	return n
}

func query(t *testing.T, a *testkit.App, into any, text string) {
	t.Helper()
	err := a.DB.System.InTx(t.Context(), db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(text).Scan(ctx, into)
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
