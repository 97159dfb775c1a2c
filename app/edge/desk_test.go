package edge_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

// desk is a small program over the edge: one table of notes, and a route for every promise.
type desk struct {
	*testkit.Database

	t        *testing.T
	edge     *edge.Edge
	router   *echo.Echo
	manager  *scs.SessionManager
	sessions *auth.Sessions
	held     chan struct{} // a request to /held says that it is in its handler
	release  chan struct{} // and waits for this
}

// notes can't hold a text twice, which the database only notices at the commit.
const notes = `
	create table notes (
		tenant_id uuid not null default platform.current_tenant(),
		text      text not null,
		constraint notes_once unique (tenant_id, text) deferrable initially deferred);
	alter table notes enable row level security;
	alter table notes force row level security;
	create policy tenant_isolation on notes to openpartner_app, openpartner_system
		using (tenant_id = (select platform.current_tenant())) with check (tenant_id = (select platform.current_tenant()));
	grant select, insert on notes to openpartner_app, openpartner_system`

func open(t *testing.T, change ...func(*edge.Options)) *desk {
	t.Helper()
	d := &desk{Database: testkit.DB(t), t: t, router: echo.New(), held: make(chan struct{}), release: make(chan struct{})}
	d.AsOwner(t, notes)
	d.manager = auth.NewSessionManager(time.Now)
	d.sessions = auth.NewSessions(d.manager, time.Now)
	o := edge.Options{
		App: d.App, System: d.System, Tenants: tenancy.NewResolver(d.System, time.Now),
		Limiter: limits.New(d.App), Log: slog.New(slog.DiscardHandler), Now: time.Now, PublicURL: "http://example.com",
	}
	for _, c := range change {
		c(&o)
	}
	d.edge = edge.New(o)
	keeper := &edge.Keeper{Sessions: d.manager, Cookie: edge.PeopleCookie, Pool: d.App}
	surface := edge.Surface{Keeper: keeper, Fail: fail, Authenticate: func(c echo.Context, ctx context.Context) (context.Context, auth.Principal, error) {
		ctx, err := d.edge.LoadSession(c, ctx, keeper)
		return ctx, auth.Principal{Kind: auth.Nobody}, err
	}}
	d.router.HTTPErrorHandler = func(err error, c echo.Context) { _ = fail(c, err) }
	d.edge.Install(d.router)
	d.edge.Serve(d.router, surface, d.routes())
	return d
}

func fail(c echo.Context, err error) error {
	if he, ok := errors.AsType[*echo.HTTPError](err); ok {
		return c.String(he.Code, "failed")
	}
	return c.String(http.StatusInternalServerError, "failed")
}

func (d *desk) routes() []edge.Route {
	pinned := func(method, path string, h echo.HandlerFunc) edge.Route {
		return edge.Route{Method: method, Path: path, Group: edge.Pinned, Auth: edge.Public, Handle: h}
	}
	return []edge.Route{
		pinned(http.MethodPost, "/saved", d.saved),
		pinned(http.MethodPost, "/twice", d.twice),
		pinned(http.MethodPost, "/refused", d.refused),
		pinned(http.MethodPost, "/broken", d.broken),
		pinned(http.MethodPost, "/swallowed", d.swallowed),
		pinned(http.MethodPost, "/panic", d.panics),
		pinned(http.MethodPost, "/slow", d.slow),
		pinned(http.MethodPost, "/held", d.holds),
		pinned(http.MethodGet, "/written", d.written),
		pinned(http.MethodGet, "/written-silently", d.writtenSilently),
		pinned(http.MethodGet, "/notice", d.notice),
		pinned(http.MethodGet, "/pin", d.pin),
		{Method: http.MethodGet, Path: "/streamed", Group: edge.Detached, Auth: edge.Public, Handle: d.streamed},
	}
}

func write(c echo.Context, text string) error {
	_, err := db.Tx(c.Request().Context()).NewRaw(`insert into notes (text) values (?)`, text).Exec(c.Request().Context())
	return err
}

// saved writes a note and leaves a notice in the session.
func (d *desk) saved(c echo.Context) error {
	d.sessions.SetFlash(c.Request().Context(), "success", "saved")
	if err := write(c, c.QueryParam("text")); err != nil {
		return err
	}
	return c.String(http.StatusCreated, "saved")
}

// twice seems to go well until the commit.
func (d *desk) twice(c echo.Context) error {
	d.sessions.SetFlash(c.Request().Context(), "success", "saved")
	if err := errors.Join(write(c, "twice"), write(c, "twice")); err != nil {
		return err
	}
	return c.String(http.StatusCreated, "saved")
}

func (d *desk) refused(c echo.Context) error {
	d.sessions.SetFlash(c.Request().Context(), "success", "saved")
	if err := write(c, "refused"); err != nil {
		return err
	}
	return c.String(http.StatusUnprocessableEntity, "please correct")
}

func (d *desk) broken(c echo.Context) error {
	return errors.Join(write(c, "broken"), errors.New("the handler failed"))
}

// swallowed makes the mistake of not looking at an error of the database.
func (d *desk) swallowed(c echo.Context) error {
	_ = write(c, "swallowed")
	_, _ = db.Tx(c.Request().Context()).NewRaw(`select 1/0`).Exec(c.Request().Context())
	return c.String(http.StatusOK, "saved")
}

func (d *desk) panics(c echo.Context) error {
	if err := write(c, "panic"); err != nil {
		return err
	}
	panic("a programmer's mistake")
}

// slow asks the database for more than anybody waits for.
func (d *desk) slow(c echo.Context) error {
	_, err := db.Tx(c.Request().Context()).NewRaw(`select pg_sleep(3600)`).Exec(c.Request().Context())
	return errors.Join(write(c, "slow"), err)
}

// holds changes the session and takes its time.
func (d *desk) holds(c echo.Context) error {
	d.held <- struct{}{}
	<-d.release
	d.sessions.SetFlash(c.Request().Context(), "success", "late")
	return c.String(http.StatusOK, "held")
}

func (d *desk) written(c echo.Context) error {
	if err := write(c, "written"); err != nil {
		return err
	}
	return c.String(http.StatusOK, "written")
}

func (d *desk) writtenSilently(c echo.Context) error {
	_ = write(c, "written")
	return c.String(http.StatusOK, "written")
}

// notice shows the session's notice, once.
func (d *desk) notice(c echo.Context) error {
	return c.String(http.StatusOK, d.sessions.PopFlash(c.Request().Context()))
}

// pin says which tenant the transaction is pinned to.
func (d *desk) pin(c echo.Context) error {
	var pinned string
	if err := db.Tx(c.Request().Context()).NewRaw(`select current_setting('app.tenant_id', true)`).Scan(c.Request().Context(), &pinned); err != nil {
		return err
	}
	return c.String(http.StatusOK, pinned)
}

// count is how many notes have that text, as another connection sees it.
func (d *desk) count(text string) int {
	d.t.Helper()
	var n int
	err := tenancy.Read(context.Background(), d.System, testkit.Tenant(), func(ctx context.Context) error {
		return db.Tx(ctx).NewRaw(`select count(*) from notes where text = ?`, text).Scan(ctx, &n)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// answer is what came back for one request.
type answer struct {
	status int
	header http.Header
	body   string
}

// send is one request without a browser around it.
func (d *desk) send(method, target string, header ...string) answer {
	d.t.Helper()
	rec := httptest.NewRecorder()
	d.router.ServeHTTP(rec, request(method, target, header...))
	return answer{rec.Code, rec.Header(), rec.Body.String()}
}

func request(method, target string, header ...string) *http.Request {
	req := httptest.NewRequest(method, target, nil)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return req
}

// browser keeps the session's cookie between requests.
type browser struct {
	t      *testing.T
	url    string
	client *http.Client
}

// browse serves the desk and opens a browser on it.
func (d *desk) browse() *browser {
	d.t.Helper()
	server := httptest.NewServer(d.router)
	d.t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return &browser{d.t, server.URL, &http.Client{Jar: jar, Timeout: time.Minute}}
}

// do sends a request and gives status and body. It may be called by many goroutines.
func (b *browser) do(method, path string) answer {
	req, err := http.NewRequest(method, b.url+path, nil)
	if err != nil {
		b.t.Error(err)
		return answer{}
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Error(err)
		return answer{}
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		b.t.Error(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

// defaultTenant is how the pin to the default tenant reads.
func defaultTenant() string { return tenancy.DefaultID().String() }

// cookies are the names of the cookies that an answer sets.
func (a answer) cookies() string { return strings.Join(a.header.Values("Set-Cookie"), "; ") }
