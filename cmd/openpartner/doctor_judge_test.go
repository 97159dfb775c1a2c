package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
	"time"
)

func TestJudgeClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		apart, took time.Duration
		want        verdict
	}{
		{0, 0, fine}, {2 * time.Second, 0, fine}, {-2500 * time.Millisecond, 0, doubtful}, {3 * time.Second, 2 * time.Second, fine},
		{30 * time.Second, 0, doubtful}, {-31 * time.Second, 0, bad}, {time.Hour, time.Second, bad},
	} {
		if got := judgeClock(c.apart, c.took); got != c.want {
			t.Errorf("%s apart after %s: got %d, want %d", c.apart, c.took, got, c.want)
		}
	}
}

func TestJudgeDisk(t *testing.T) {
	t.Parallel()
	const mega, giga = 1 << 20, 1 << 30
	for _, c := range []struct {
		free, total uint64
		want        verdict
	}{{199 * mega, giga, bad}, {200 * mega, giga, doubtful}, {9 * giga, 100 * giga, doubtful}, {10 * giga, 100 * giga, fine}, {2 * giga, 4 * giga, fine}} {
		if got := judgeDisk(c.free, c.total); got != c.want {
			t.Errorf("%d of %d: got %d, want %d", c.free, c.total, got, c.want)
		}
	}
}

// Servers before PostgreSQL 17 don't know what newer programs begin a script with. Rows that look like
// it stay.
func TestSettingsFor(t *testing.T) {
	t.Parallel()
	const unknown = "SET transaction_timeout = 0;\n"
	const script = "SET lock_timeout = 0;\n" + unknown + "SET row_security = off;\nCOPY a FROM stdin;\n" + unknown
	for server, want := range map[int]string{15: strings.Replace(script, unknown, "", 1), 17: script} {
		from := bufio.NewReader(strings.NewReader(script))
		got, err := io.ReadAll(io.MultiReader(settingsFor(server, from), from))
		if err != nil || string(got) != want {
			t.Errorf("for %d: %q, %v", server, got, err)
		}
	}
}
