package testkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/openpartner/openpartner/app/secrets"
)

// EnvBinary names the program that tests run; without it each test binary builds one.
const EnvBinary = "OPENPARTNER_TEST_BINARY"

// Build builds the program into a directory.
func Build(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	binary := filepath.Join(dir, "openpartner")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/openpartner")
	build.Dir = strings.TrimSpace(string(root))
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return binary, nil
}

var builtOnce = sync.OnceValues(func() (string, error) {
	if binary := os.Getenv(EnvBinary); binary != "" {
		return binary, nil
	}
	dir, err := os.MkdirTemp("", "openpartner-test")
	if err != nil {
		return "", err
	}
	return Build(context.Background(), dir)
})

// Binary is the path of the program.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := builtOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// App is the real program, serving a database of its own.
type App struct {
	URL string
	DB  *Database

	t     testing.TB
	env   []string
	out   *output
	since int // where in the output it became this test's
	crash func()
}

// Crash kills the program where it stands, and starts it again on the same data and port.
func (a *App) Crash() {
	a.t.Helper()
	a.crash()
}

// Start runs the program until the test ends. Variables may be added or overridden.
func Start(t testing.TB, env ...string) *App {
	t.Helper()
	return start(t, DB(t), []string{"serve"}, env...)
}

// StartHub is Start for the Network's hub. Vendors may be on this machine.
func StartHub(t testing.TB, env ...string) *App {
	t.Helper()
	return start(t, DB(t), []string{"coordinator"}, append([]string{"OPENPARTNER_OUTBOUND_ALLOW=127.0.0.0/8,::1/128"}, env...)...)
}

// StartWeb is Start without workers.
func StartWeb(t testing.TB, env ...string) *App {
	t.Helper()
	return start(t, DB(t), []string{"serve", "--only", "web"}, env...)
}

// Replica runs the program once more on the same database, with the same keys and public URL;
// args are those of serve.
func (a *App) Replica(args []string, env ...string) *App {
	a.t.Helper()
	own := slices.DeleteFunc(a.Env(), func(v string) bool {
		return strings.HasPrefix(v, "OPENPARTNER_LISTEN=") || strings.HasPrefix(v, "OPENPARTNER_DATA=")
	})
	return start(a.t, a.DB, append([]string{"serve"}, args...), append(own, env...)...)
}

// Restored puts a backup into a database of its own, and runs the program on that.
func (a *App) Restored(file string) *App {
	a.t.Helper()
	d, home := DB(a.t), a.t.TempDir()
	env := append(a.Env(), "OPENPARTNER_DATA="+home, "DATABASE_URL="+d.OwnerURL, "DATABASE_URL_APP="+d.AppURL, "DATABASE_URL_SYSTEM="+d.SystemURL)
	if out, complaint, code := Run(a.t, env, "restore", file); code != 0 {
		a.t.Fatalf("restore: exit %d: %s %s", code, out, complaint)
	}
	return start(a.t, d, []string{"serve"}, withoutPlace(env)...)
}

// withoutPlace leaves out where a program and its database are.
func withoutPlace(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"OPENPARTNER_LISTEN", "OPENPARTNER_DATA", "OPENPARTNER_PUBLIC_URL", "DATABASE_URL", "DATABASE_URL_APP", "DATABASE_URL_SYSTEM"}, name)
	})
}

func start(t testing.TB, d *Database, args []string, env ...string) *App {
	t.Helper()
	s := launch(t, d, t.TempDir(), args, env...)
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	return s.app
}

// served is a program that runs until somebody ends it.
type served struct {
	app     *App
	args    []string
	process *os.Process
	ended   chan error
}

// run starts it, and waits until it is ready.
func (s *served) run() {
	a := s.app
	a.t.Helper()
	a.out, a.since = newOutput(), 0
	out := a.out
	cmd := exec.Command(Binary(a.t), s.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = a.env, out, out
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	s.process, s.ended = cmd.Process, make(chan error, 1)
	go func(ended chan error) { ended <- cmd.Wait(); out.close() }(s.ended)
	if _, ok := out.wait(`"msg":"ready"`, 1, 0); !ok {
		a.t.Fatalf("the program did not start:\n%s", out)
	}
}

// launch runs the program with a directory of its own, and waits until it is ready.
func launch(t testing.TB, d *Database, home string, args []string, env ...string) *served {
	t.Helper()
	port, data := freePort(t), filepath.Join(home, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	a := &App{URL: "http://localhost:" + port, DB: d, t: t}
	a.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "OPENPARTNER_ENV=development", "OPENPARTNER_DATA=" + data,
		"OPENPARTNER_LISTEN=127.0.0.1:" + port, "OPENPARTNER_PUBLIC_URL=" + a.URL, "SECRETS_ENCRYPTION_KEY=" + secrets.Generate(),
		"DATABASE_URL=" + d.OwnerURL, "DATABASE_URL_APP=" + d.AppURL, "DATABASE_URL_SYSTEM=" + d.SystemURL, "LOG_FORMAT=json",
	}, env...)
	s := &served{app: a, args: args}
	s.run()
	a.crash = func() {
		t.Helper()
		_ = s.process.Kill()
		if err := <-s.ended; err == nil {
			t.Error("the program ended before it was killed")
		}
		s.run()
	}
	return s
}

// end asks the program to stop, and waits until it has.
func (s *served) end() error {
	_ = s.process.Signal(syscall.SIGTERM)
	if err := <-s.ended; err != nil {
		return fmt.Errorf("the program ended badly: %w\n%s", err, s.app.out)
	}
	return nil
}

// freePort chooses below the ports that the system gives to outgoing connections, so that none of
// these takes it before the program does.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20_000 + rand.IntN(12_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port")
	return ""
}

// Command runs a subcommand beside the server and gives what it printed.
func (a *App) Command(args ...string) string {
	a.t.Helper()
	out, complaints, code := Run(a.t, a.env, args...)
	if code != 0 {
		a.t.Fatalf("%s: exit %d\n%s", strings.Join(args, " "), code, complaints)
	}
	return out
}

// Env is the environment that the program runs in, for tests that run it once more.
func (a *App) Env() []string { return slices.Clone(a.env) }

// Run runs the program to its end, whatever that is.
func Run(t testing.TB, env []string, args ...string) (out, complaints string, code int) {
	t.Helper()
	cmd := exec.Command(Binary(t), args...)
	cmd.Env = env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return strings.TrimSpace(stdout.String()), strings.TrimSpace(stderr.String()), cmd.ProcessState.ExitCode()
}

// SetupCode is the code that the server printed at its start.
func (a *App) SetupCode() string {
	a.t.Helper()
	_, code, _ := strings.Cut(a.Await("Set-up code: "), "Set-up code: ")
	return code
}

// Await waits for a line of the server's output that holds text, and gives it.
func (a *App) Await(text string) string {
	a.t.Helper()
	return a.AwaitAll(text, 1)[0]
}

// AwaitAll waits for as many lines of the server's output that hold text, and gives them.
func (a *App) AwaitAll(text string, n int) []string {
	a.t.Helper()
	lines, ok := a.out.wait(text, n, a.since)
	if !ok {
		a.t.Fatalf("not %d lines with %q:\n%s", n, text, a.out)
	}
	return lines
}

// MailedToken waits for the nth mail with a link to verify under a path, such as
// "/t/acme/auth/verify", and gives the token in it.
func (a *App) MailedToken(path string, n int) string {
	a.t.Helper()
	lines := a.AwaitAll(path+"?token=", n)
	_, token, _ := strings.Cut(lines[n-1], path+"?token=")
	token, _, _ = strings.Cut(token, "&")
	return strings.TrimSpace(token)
}
