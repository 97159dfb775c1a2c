package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenancy"
)

// drain is how long requests under way may take after the server was asked to stop.
const drain = 20 * time.Second

// collectAt makes the collector wait until the heap is four times what is in use. What is in use
// is some 10 MB, and at Go's own setting a fifth fewer clicks get through.
const collectAt = 300

// serve runs the product until ctx ends.
//
// Start: database, schema, roles, services, click recorder, workers, listener, ready. Stop, in
// reverse: not ready, no new requests, workers give back what they hold, the recorder writes
// what waits, pools close, PostgreSQL stops.
func serve(ctx context.Context, p program, args []string) (err error) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	only := flags.String("only", "", "web or jobs: run just this part")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *only != "" && *only != "web" && *only != "jobs" {
		return fmt.Errorf("--only=%s: choose web or jobs", *only)
	}
	began := time.Now()
	if os.Getenv("GOGC") == "" { //nolint:forbidigo // Go's own variable, which only the runtime reads
		debug.SetGCPercent(collectAt)
	}
	d, err := openDatabase(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	a, err := wire(p, d)
	if err != nil {
		return err
	}
	defer d.supervise(ctx)()
	if err := a.announce(ctx, p); err != nil {
		return err
	}
	a.listener.Start()
	defer a.listener.Stop()
	if *only != "jobs" {
		a.gate.Recorder.Start()
		defer a.gate.Recorder.Stop()
	}
	if *only != "web" {
		a.worker.Start()
		defer a.worker.Stop()
	}
	if *only == "jobs" {
		p.log.Info("running jobs only", "ms", time.Since(began).Milliseconds())
		<-ctx.Done()
		return nil
	}
	return listen(ctx, p, began, a.router)
}

// supervise looks after an embedded server until it is told to stop.
func (d *database) supervise(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	if d.cluster != nil {
		go d.cluster.Supervise(ctx)
	}
	return stop
}

// listen serves HTTP until ctx ends and then waits for the requests under way.
func listen(ctx context.Context, p program, began time.Time, router func(ready func() bool) *echo.Echo) error {
	var ready atomic.Bool
	in := newGuests()
	server := &http.Server{
		Handler: in.last(router(ready.Load)), ConnState: in.note, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", p.cfg.Listen, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	ready.Store(true)
	p.log.Info("ready", "url", p.cfg.PublicURL, "listen", listener.Addr().String(), "version", version, "ms", time.Since(began).Milliseconds())
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	ready.Store(false)
	p.log.Info("stopping")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	_ = listener.Close() // nobody new comes in
	in.farewell(stopping)
	if err := server.Shutdown(stopping); err != nil {
		p.log.Warn("some requests did not end in time", "error", err)
		_ = server.Close()
	}
	return nil
}

// announce prints the way in while there is no admin yet.
func (a *application) announce(ctx context.Context, p program) error {
	if p.cfg.Multi() {
		return nil
	}
	var open bool
	tenant := tenancy.Tenant{ID: tenancy.DefaultID(), Slug: tenancy.DefaultSlug}
	err := tenancy.Read(ctx, a.database.app, tenant, func(ctx context.Context) (err error) {
		open, err = a.services.install.Open(ctx)
		return err
	})
	if err != nil || !open {
		return err
	}
	u := routes.New(p.cfg.PublicURL, "")
	_, err = fmt.Fprintf(p.stdout, "\nSet up your program here:\n\n  %s?code=%s\n\nSet-up code: %s\n\n", u.Absolute(u.Install()), a.setupCode, a.setupCode)
	return err
}
