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
// of the API, and knows nothing else: its answers are always the same. Newer ones speak another
// version of the API than our library.
const stripeMock = "github.com/stripe/stripe-mock@v0.180.0"

// StripeMock starts Stripe's own server for tests and gives its address. It is compiled once, into
// the user's cache.
func StripeMock(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "openpartner", strings.ReplaceAll(filepath.Base(stripeMock), "@", "-"))
	binary := filepath.Join(dir, "stripe-mock")
	if _, err := os.Stat(binary); err != nil {
		install := exec.Command("go", "install", stripeMock)
		install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=-mod=mod")
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("install %s: %v\n%s", stripeMock, err, out)
		}
	}
	cmd := exec.CommandContext(t.Context(), binary, "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0", "-strict-version-check")
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
