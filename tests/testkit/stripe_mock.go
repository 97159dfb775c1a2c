package testkit

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stripeMock is Stripe's own server for tests. It holds every call against the published description
// of the API, and knows nothing else: its answers are always the same. This is the newest that speaks the
// version of the API which our library does.
const stripeMock = "v0.180.0"

// StripeMock starts Stripe's own server for tests and gives its address. It is compiled once, into
// the user's cache.
func StripeMock(t testing.TB) string {
	t.Helper()
	return stripeMockOf(t, stripeMock, "-strict-version-check")
}

// StripeMockNewer is StripeMock of a later version of the API, for calls that the one of our library has no
// description of: Stripe described meters some months after it began to offer them.
func StripeMockNewer(t testing.TB) string {
	t.Helper()
	return stripeMockOf(t, "v0.203.0")
}

func stripeMockOf(t testing.TB, version string, flags ...string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "openpartner", "stripe-mock-"+version)
	binary := filepath.Join(dir, "stripe-mock")
	if _, err := os.Stat(binary); err != nil {
		install := exec.Command("go", "install", "github.com/stripe/stripe-mock@"+version)
		install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("install stripe-mock %s: %v\n%s", version, err, out)
		}
	}
	cmd := exec.CommandContext(t.Context(), binary, append(flags, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it keeps nothing
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if address, found := strings.CutPrefix(lines.Text(), "Listening for HTTP at address: "); found {
			return "http://" + address
		}
	}
	t.Fatal("stripe-mock does not say where it listens")
	return ""
}
