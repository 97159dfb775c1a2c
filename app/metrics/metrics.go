// Package metrics counts what the process does and shows it to Prometheus.
//
// It owns a registry of its own and the names of all metrics; those who do the work call
// Request and Job. Invariant: no label holds anything that strangers or tenants choose, so the
// number of series is bounded by the program.
package metrics

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/outbox"
)

// MeasureFunc says how much waits in the outbox, over all tenants.
type MeasureFunc func(ctx context.Context) (outbox.Depth, error)

// Clicks are what has become of clicks since the start, and how many wait in the spool.
type Clicks struct{ Stored, Batches, Spooled, Replayed, Refused, Depth int64 }

// Inbox is how many of Stripe's events are not over, and how long the oldest has been waiting.
type Inbox struct {
	Received, Waiting, Failed int
	Oldest                    time.Duration
}

// Options are what Metrics are made of.
type Options struct {
	Version string
	Token   string // what a scraper has to show; empty: only scrapers on this machine
	Pools   map[string]*db.Pool
	Measure MeasureFunc
	Held    func(ctx context.Context) (bool, error) // whether money is held back
	Inbox   func(ctx context.Context) (Inbox, error)
	Payouts func(ctx context.Context) (map[string]int, error) // that are not over, by state
	Clicks  func() Clicks
	Log     *slog.Logger
}

// Metrics are the counts of one process.
type Metrics struct {
	token    string
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	jobs     *prometheus.HistogramVec
	repaired prometheus.Counter
	handler  http.Handler
}

// New makes the metrics. Without pools, as for listing routes, they leave the database out.
func New(o Options) *Metrics {
	m := &Metrics{
		token: o.Token, registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "openpartner_http_request_duration_seconds", Help: "Requests by the pattern of their route.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"method", "route", "status"}),
		jobs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "openpartner_job_duration_seconds", Help: "Attempts at jobs by kind and how they ended.",
			Buckets: []float64{.005, .025, .1, .5, 1, 5, 15, 60, 300},
		}, []string{"kind", "result"}),
		repaired: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "openpartner_figures_repaired_total", Help: "Daily sums that were not what the facts say, and were repaired.",
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "openpartner_build_info", Help: "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": o.Version, "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.jobs, m.repaired, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for name, pool := range o.Pools {
		if pool != nil {
			m.registry.MustRegister(newPoolCollector(name, pool.Native()))
		}
	}
	if o.Measure != nil {
		m.registry.MustRegister(newOutboxCollector(o.Measure, o.Log))
	}
	if o.Held != nil {
		m.registry.MustRegister(newHoldCollector(o.Held, o.Log))
	}
	if o.Inbox != nil {
		m.registry.MustRegister(newInboxCollector(o.Inbox, o.Log))
	}
	if o.Payouts != nil {
		m.registry.MustRegister(newPayoutCollector(o.Payouts, o.Log))
	}
	if o.Clicks != nil {
		m.registry.MustRegister(newClickCollector(o.Clicks))
	}
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn)})
	return m
}

// Request counts one answered request. The route is its pattern, empty when none matched.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "other" // strangers may invent methods
	}
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Job counts one attempt at a job.
func (m *Metrics) Job(kind, result string, took time.Duration) {
	m.jobs.WithLabelValues(kind, result).Observe(took.Seconds())
}

// Repaired counts sums that were wrong.
func (m *Metrics) Repaired(n int) { m.repaired.Add(float64(n)) }

// MayRead reports whether a request may see the metrics: it shows the token or, when there is
// none, comes from this machine and not through a proxy on it.
func (m *Metrics) MayRead(r *http.Request) bool {
	if m.token != "" {
		shown, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		return bearer && subtle.ConstantTimeCompare([]byte(shown), []byte(m.token)) == 1
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback() && len(r.Header.Values("X-Forwarded-For")) == 0
}

// ServeHTTP shows the metrics to whoever MayRead let through.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler.ServeHTTP(w, r) }
