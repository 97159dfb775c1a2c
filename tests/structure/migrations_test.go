package structure_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const checksums = "migrations/checksums.txt"

var migrationName = regexp.MustCompile(`^\d{4}_[a-z0-9_]+\.sql$`)

// A migration that has run somewhere is never edited, because the databases that ran it would
// differ from those that run it now. Undo is the next number.
func TestMigrations_Merged(t *testing.T) {
	t.Parallel()
	want := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(read(t, checksums))); lines.Scan(); {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			t.Fatalf("%s: what is %q?", checksums, lines.Text())
		}
		want[name] = sum
	}
	numbers := map[string]string{}
	for _, file := range files(t, ".sql", "migrations") {
		name := filepath.Base(file)
		if !migrationName.MatchString(name) {
			t.Errorf("%s: call it NNNN_what.sql", name)
		}
		if other := numbers[name[:4]]; other != "" {
			t.Errorf("%s and %s have the same number", other, name)
		}
		numbers[name[:4]] = name
		sum := sha256.Sum256([]byte(read(t, file)))
		switch got := hex.EncodeToString(sum[:]); want[name] {
		case got:
		case "":
			t.Errorf("%s is new: make checksums", name)
		default:
			t.Errorf("%s was edited: put it back and write the next one", name)
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s has gone", name)
	}
}

// Forward only: a down part would lie about what can be undone.
func TestMigrations_ForwardOnly(t *testing.T) {
	t.Parallel()
	for _, file := range files(t, ".sql", "migrations") {
		text := read(t, file)
		if !strings.HasPrefix(text, "-- +goose Up\n") && !strings.HasPrefix(text, "-- +goose NO TRANSACTION\n-- +goose Up\n") {
			t.Errorf("%s does not begin with -- +goose Up", file)
		}
		if strings.Contains(text, "+goose Down") {
			t.Errorf("%s has a down part", file)
		}
	}
}
