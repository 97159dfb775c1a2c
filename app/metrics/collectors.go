package metrics

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// gauge and counter make a metric that is read when it is asked for.
func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}

func counter(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
}

// poolCollector shows how busy a pool of connections is.
type poolCollector struct {
	pool                              *pgxpool.Pool
	connections, most, acquires, wait *prometheus.Desc
}

func newPoolCollector(name string, pool *pgxpool.Pool) *poolCollector {
	label := prometheus.Labels{"pool": name}
	return &poolCollector{
		pool:        pool,
		connections: prometheus.NewDesc("openpartner_db_connections", "Connections of the pool by state.", []string{"state"}, label),
		most:        prometheus.NewDesc("openpartner_db_connections_max", "How many connections the pool may have.", nil, label),
		acquires:    prometheus.NewDesc("openpartner_db_acquires_total", "Connections taken from the pool, by whether one was free.", []string{"found"}, label),
		wait:        prometheus.NewDesc("openpartner_db_acquire_seconds_total", "Time spent waiting for connections.", nil, label),
	}
}

// Describe is part of prometheus.Collector.
func (c *poolCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.connections, c.most, c.acquires, c.wait} {
		out <- d
	}
}

// Collect is part of prometheus.Collector.
func (c *poolCollector) Collect(out chan<- prometheus.Metric) {
	s := c.pool.Stat()
	out <- gauge(c.connections, float64(s.AcquiredConns()), "used")
	out <- gauge(c.connections, float64(s.IdleConns()), "idle")
	out <- gauge(c.most, float64(s.MaxConns()))
	out <- counter(c.acquires, float64(s.AcquireCount()-s.EmptyAcquireCount()), "free")
	out <- counter(c.acquires, float64(s.EmptyAcquireCount()), "busy")
	out <- counter(c.wait, s.AcquireDuration().Seconds())
}

// scrapePatience is how long a scrape waits for the database before it goes on without.
const scrapePatience = 2 * time.Second

// outboxCollector shows how much waits to be done. While the database is away its metrics are
// absent, and those of the process are there all the same.
type outboxCollector struct {
	measure      MeasureFunc
	log          *slog.Logger
	jobs, oldest *prometheus.Desc
}

func newOutboxCollector(measure MeasureFunc, log *slog.Logger) *outboxCollector {
	return &outboxCollector{
		measure: measure, log: log,
		jobs:   prometheus.NewDesc("openpartner_outbox_jobs", "Jobs that are not over, by state; dead ones were given up.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("openpartner_outbox_oldest_seconds", "How long the oldest due job has been waiting.", nil, nil),
	}
}

// Describe is part of prometheus.Collector.
func (c *outboxCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.jobs
	out <- c.oldest
}

// Collect is part of prometheus.Collector.
func (c *outboxCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	d, err := c.measure(ctx)
	if err != nil {
		c.log.Warn("the outbox is left out of the metrics", "error", err)
		return
	}
	out <- gauge(c.jobs, float64(d.Pending), "pending")
	out <- gauge(c.jobs, float64(d.Running), "running")
	out <- gauge(c.jobs, float64(d.Dead), "dead")
	out <- gauge(c.oldest, d.Oldest.Seconds())
}

// inboxCollector shows how far the events of Stripe's are; absent while the database is away.
type inboxCollector struct {
	count          func(ctx context.Context) (Inbox, error)
	log            *slog.Logger
	events, oldest *prometheus.Desc
}

func newInboxCollector(count func(ctx context.Context) (Inbox, error), log *slog.Logger) *inboxCollector {
	return &inboxCollector{
		count: count, log: log,
		events: prometheus.NewDesc("openpartner_stripe_events", "Events of Stripe's that are not over, by state; failed ones need somebody.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("openpartner_stripe_waiting_oldest_seconds", "How long the oldest event of Stripe's has been waiting.", nil, nil),
	}
}

// Describe is part of prometheus.Collector.
func (c *inboxCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.events
	out <- c.oldest
}

// Collect is part of prometheus.Collector.
func (c *inboxCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	n, err := c.count(ctx)
	if err != nil {
		c.log.Warn("Stripe's inbox is left out of the metrics", "error", err)
		return
	}
	out <- gauge(c.events, float64(n.Received), "received")
	out <- gauge(c.events, float64(n.Waiting), "waiting")
	out <- gauge(c.events, float64(n.Failed), "failed")
	out <- gauge(c.oldest, n.Oldest.Seconds())
}

// payoutCollector shows the payouts that are not over; absent while the database is away.
type payoutCollector struct {
	count func(ctx context.Context) (map[string]int, error)
	log   *slog.Logger
	desc  *prometheus.Desc
}

func newPayoutCollector(count func(ctx context.Context) (map[string]int, error), log *slog.Logger) *payoutCollector {
	const help = "Payouts that are not over, by state; those in needs_review need somebody."
	return &payoutCollector{count, log, prometheus.NewDesc("openpartner_payouts_open", help, []string{"state"}, nil)}
}

// Describe is part of prometheus.Collector.
func (c *payoutCollector) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect is part of prometheus.Collector.
func (c *payoutCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	counts, err := c.count(ctx)
	if err != nil {
		c.log.Warn("payouts are left out of the metrics", "error", err)
		return
	}
	for state, n := range counts {
		out <- gauge(c.desc, float64(n), state)
	}
}

// holdCollector shows whether money is held back; absent while the database is away.
type holdCollector struct {
	held func(ctx context.Context) (bool, error)
	log  *slog.Logger
	desc *prometheus.Desc
}

func newHoldCollector(held func(ctx context.Context) (bool, error), log *slog.Logger) *holdCollector {
	return &holdCollector{held, log, prometheus.NewDesc("openpartner_money_hold", "1 while money is held back, and else 0.", nil, nil)}
}

// Describe is part of prometheus.Collector.
func (c *holdCollector) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect is part of prometheus.Collector.
func (c *holdCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	on, err := c.held(ctx)
	switch {
	case err != nil:
		c.log.Warn("the hold is left out of the metrics", "error", err)
	case on:
		out <- gauge(c.desc, 1)
	default:
		out <- gauge(c.desc, 0)
	}
}

// clickCollector shows how clicks get into the database, and what waits on the disk while it is
// away.
type clickCollector struct {
	count                  func() Clicks
	clicks, batches, depth *prometheus.Desc
}

func newClickCollector(count func() Clicks) *clickCollector {
	return &clickCollector{
		count:   count,
		clicks:  prometheus.NewDesc("openpartner_clicks_total", "Clicks by what became of them; those that were spooled are replayed later.", []string{"result"}, nil),
		batches: prometheus.NewDesc("openpartner_click_batches_total", "Transactions in which clicks were stored.", nil, nil),
		depth:   prometheus.NewDesc("openpartner_click_spool_depth", "Clicks on the disk that the database does not have yet.", nil, nil),
	}
}

// Describe is part of prometheus.Collector.
func (c *clickCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.clicks, c.batches, c.depth} {
		out <- d
	}
}

// Collect is part of prometheus.Collector.
func (c *clickCollector) Collect(out chan<- prometheus.Metric) {
	n := c.count()
	out <- counter(c.clicks, float64(n.Stored), "stored")
	out <- counter(c.clicks, float64(n.Spooled), "spooled")
	out <- counter(c.clicks, float64(n.Replayed), "replayed")
	out <- counter(c.clicks, float64(n.Refused), "refused")
	out <- counter(c.batches, float64(n.Batches))
	out <- gauge(c.depth, float64(n.Depth))
}
