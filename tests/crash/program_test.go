//go:build crash

package crash_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/openpartner/openpartner/app/db/cluster"
	"github.com/openpartner/openpartner/tests/testkit"
)

// program is the real one with its embedded database, which a test kills and starts again.
type program struct {
	t    *testing.T
	url  string
	data string
	env  []string
	cmd  *exec.Cmd
	log  <-chan string
	key  string

	stopped bool
}

// newProgram starts it in a directory that the database's user can reach, which t.TempDir is not
// for root.
func newProgram(t *testing.T) *program {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "opcrash")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	address := freeAddress(t)
	p := &program{t: t, url: "http://" + address, data: filepath.Join(dir, "data")}
	p.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "OPENPARTNER_ENV=development", "OPENPARTNER_DATA=" + p.data, "LOG_FORMAT=json",
		"OPENPARTNER_LISTEN=" + address, "OPENPARTNER_PUBLIC_URL=" + p.url, "OPENPARTNER_TRUSTED_PROXIES=127.0.0.1",
	}
	p.start()
	p.endsWell()
	p.key = p.command("create-key", "--name", "crash")
	return p
}

// freeAddress is one of this machine where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// endsWell stops the program when the test ends.
func (p *program) endsWell() {
	p.t.Cleanup(func() {
		if err := p.stop(); err != nil {
			p.t.Errorf("the program ended badly: %v", err)
		}
	})
}

// stop ends it as an operator would, once.
func (p *program) stop() error {
	if p.stopped {
		return nil
	}
	p.stopped = true
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	return p.cmd.Wait()
}

// start runs the program and returns when it is ready.
func (p *program) start() {
	p.t.Helper()
	p.cmd = exec.Command(testkit.Binary(p.t), "serve")
	p.cmd.Env = p.env
	out, err := p.cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := make(chan string, 10_000)
	p.log = lines
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			select {
			case lines <- in.Text():
			default: // nobody wants so many
			}
		}
	}()
	p.await(`"msg":"ready"`)
}

// await reads the log until a line holds text.
func (p *program) await(text string) {
	p.t.Helper()
	var seen strings.Builder
	for line := range p.log {
		if strings.Contains(line, text) {
			return
		}
		seen.WriteString(line + "\n")
	}
	p.t.Fatalf("the program ended without %q:\n%s", text, seen.String())
}

// kill ends it as a crash would.
func (p *program) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	_ = p.cmd.Wait() // which says that it was killed
}

// killDatabase ends the server process over the data directory as a crash would.
func (p *program) killDatabase() {
	p.t.Helper()
	p.endDatabase(syscall.SIGKILL)
}

// endDatabase sends the database's server a signal. The one that was ended before may not have a
// successor yet, so it waits for one.
func (p *program) endDatabase(signal syscall.Signal) {
	p.t.Helper()
	tick, late := time.NewTicker(10*time.Millisecond), time.NewTimer(30*time.Second)
	defer tick.Stop()
	defer late.Stop()
	for {
		err := signalPostmaster(filepath.Join(p.data, "pg", "data", "postmaster.pid"), signal)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-late.C:
			p.t.Fatalf("no database to kill: %v", err)
		}
	}
}

func signalPostmaster(file string, signal syscall.Signal) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return err
	}
	return syscall.Kill(pid, signal)
}

func (p *program) command(args ...string) string {
	p.t.Helper()
	cmd := exec.Command(testkit.Binary(p.t), args...)
	cmd.Env = p.env
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", args[0], err, complaints.String())
	}
	return strings.TrimSpace(string(out))
}

// call asks the JSON API; without an answer the status is 0.
func (p *program) call(method, path string, body any) (status int, answer map[string]any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // a body of this test's own
	}
	req, err := http.NewRequest(method, p.url+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return 0, nil
	}
	return res.StatusCode, answer
}

// made is call for what has to succeed; it gives the id.
func (p *program) made(path string, body any) string {
	p.t.Helper()
	status, answer := p.call("POST", path, body)
	id, ok := answer["id"].(string)
	if status != http.StatusCreated || !ok {
		p.t.Fatalf("POST %s: %d %v", path, status, answer)
	}
	return id
}

// database is the system role's login.
func (p *program) database(ctx context.Context) string {
	p.t.Helper()
	joined, err := cluster.Start(ctx, cluster.Options{Data: p.data, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		p.t.Fatal(err)
	}
	return joined.SystemURL()
}

// query asks the program's database as the system role, for all tenants.
func (p *program) query(ctx context.Context, sql string, into any) {
	p.t.Helper()
	conn, err := pgx.Connect(ctx, p.database(ctx))
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, `set app.platform_admin = 'on'`); err != nil {
		p.t.Fatal(err)
	}
	if err := conn.QueryRow(ctx, sql).Scan(into); err != nil {
		p.t.Fatal(err)
	}
}
