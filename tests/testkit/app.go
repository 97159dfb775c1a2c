package testkit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

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

// Answer is what a call got back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// JSON reads the body into a value.
func (r Answer) JSON(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), into); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, r.Body)
	}
}

// Call is one request to the JSON API; body may be a string as it is, or a value.
func (a *App) Call(key, method, path string, body any, header ...string) Answer {
	a.t.Helper()
	var text string
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			a.t.Fatal(err)
		}
		text = string(encoded)
	}
	req, err := http.NewRequest(method, a.URL+path, strings.NewReader(text))
	if err != nil {
		a.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if host := req.Header.Get("Host"); host != "" { // which net/http keeps elsewhere
		req.Host = host
	}
	return do(a.t, noRedirect(nil), req)
}

// Visitor is a browser without scripts: it keeps cookies, sends forms and follows nothing.
type Visitor struct {
	HTMX bool // sends what htmx would

	app    *App
	client *http.Client
}

// Visitor opens a new one.
func (a *App) Visitor() *Visitor {
	a.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	return &Visitor{app: a, client: noRedirect(jar)}
}

// Get loads a page.
func (v *Visitor) Get(path string) Answer { return v.send(http.MethodGet, path, nil) }

// Post sends a form as a page of ours would.
func (v *Visitor) Post(path string, form url.Values) Answer {
	return v.send(http.MethodPost, path, form)
}

// Send sends a body of another type than a form's usual one, such as a file.
func (v *Visitor) Send(path, contentType, body string) Answer {
	v.app.t.Helper()
	req, err := http.NewRequest(http.MethodPost, v.app.URL+path, strings.NewReader(body))
	if err != nil {
		v.app.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Content-Type", contentType)
	if v.HTMX {
		req.Header.Set("HX-Request", "true")
	}
	return do(v.app.t, v.client, req)
}

// Cookie is the value of a cookie that the visitor holds.
func (v *Visitor) Cookie(t testing.TB, name string) string {
	t.Helper()
	u, err := url.Parse(v.app.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range v.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	t.Fatalf("no cookie %s", name)
	return ""
}

func (v *Visitor) send(method, path string, form url.Values) Answer {
	v.app.t.Helper()
	req, err := http.NewRequest(method, v.app.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.app.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.HTMX {
		req.Header.Set("HX-Request", "true")
	}
	return do(v.app.t, v.client, req)
}

func noRedirect(jar http.CookieJar) *http.Client {
	return &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func do(t testing.TB, client *http.Client, req *http.Request) Answer {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Body: body.String()}
}

// output collects what a program prints, and lets tests wait for a line.
type output struct {
	mu     sync.Mutex
	text   bytes.Buffer
	more   *sync.Cond
	closed bool
}

func newOutput() *output {
	o := &output{}
	o.more = sync.NewCond(&o.mu)
	return o
}

// Write is part of io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.more.Broadcast()
	return o.text.Write(p)
}

// size is how much there is by now.
func (o *output) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Len()
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.more.Broadcast()
}

// wait gives the first n whole lines after a place with text in them; false when the program
// ended without.
func (o *output) wait(text string, n, since int) (found []string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		found = nil
		lines := bufio.NewScanner(bytes.NewReader(o.text.Bytes()[since:]))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				found = append(found, lines.Text())
			}
			if len(found) == n {
				return found, true
			}
		}
		if o.closed {
			return nil, false
		}
		o.more.Wait()
	}
}

// String gives all of it.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
