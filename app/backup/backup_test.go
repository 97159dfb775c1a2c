package backup_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/backup"
)

// written is a small backup as bytes.
func written(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "spool", "7-a"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{backup.Dump: "the dump", "spool/7-a/1.spool": "a click"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	m := backup.Manifest{Format: backup.Format, Version: "v1", Schema: 20, Taken: time.Unix(1_800_000_000, 0).UTC(), Tables: map[string]int64{"public.clicks": 7}}
	if err := backup.Write(&out, m, dir); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func saved(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "b.tar")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestOpen(t *testing.T) {
	t.Parallel()
	whole := written(t)

	t.Run("GivesBackWhatWasWritten", func(t *testing.T) {
		t.Parallel()
		b, err := backup.Open(saved(t, whole))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = b.Close() }()
		if b.Schema != 20 || b.Tables["public.clicks"] != 7 || !slices.Contains(b.Names, "spool/7-a/1.spool") {
			t.Errorf("got %+v", b.Manifest)
		}
		r, err := b.Member(backup.Dump)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != "the dump" {
			t.Errorf("got %q, %v", text, err)
		}
	})
	t.Run("CanBeCheckedByHand", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command("sh", "-c", "tar xf "+saved(t, whole)+" && sha256sum -c SHA256SUMS")
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	t.Run("RefusesWhatWasCutOffOrChanged", func(t *testing.T) {
		t.Parallel()
		end := bytes.LastIndex(whole, []byte("a click")) + len("a click") // zeros follow
		for cut := 0; cut < end; cut += 97 {
			if b, err := backup.Open(saved(t, whole[:cut])); err == nil {
				t.Errorf("cut off at %d of %d: %v", cut, len(whole), b.Names)
			}
		}
		for _, text := range []string{"the dump", "a click", `"schema": 20`, "  manifest.json", "database.dump"} {
			at := bytes.LastIndex(whole, []byte(text))
			changed := bytes.Clone(whole)
			changed[at] ^= 1
			if _, err := backup.Open(saved(t, changed)); err == nil {
				t.Errorf("a changed byte in %q was taken", text)
			}
		}
	})
}
