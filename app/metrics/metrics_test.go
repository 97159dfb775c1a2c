package metrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/metrics"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/tests/testkit"
)

func scrape(m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	discard := slog.New(slog.DiscardHandler)

	t.Run("CountsRequestsAndJobs", func(t *testing.T) {
		t.Parallel()
		m := metrics.New(metrics.Options{Version: "v1", Pools: map[string]*db.Pool{"app": d.App}, Measure: func(context.Context) (outbox.Depth, error) {
			return outbox.Depth{Dead: 3, Oldest: 90 * time.Second}, nil
		}, Held: func(context.Context) (bool, error) { return true, nil }, Inbox: func(context.Context) (metrics.Inbox, error) { return metrics.Inbox{Waiting: 3}, nil },
			Payouts: func(context.Context) (map[string]int, error) { return map[string]int{"needs_review": 2}, nil }, Clicks: func() metrics.Clicks { return metrics.Clicks{Stored: 7, Batches: 2, Depth: 5} }, Log: discard})
		m.Request("GET", "/r/:key", 302, 3*time.Millisecond)
		m.Request("GET", "/r/:key", 302, 3*time.Millisecond)
		m.Request("BREW", "", 404, time.Millisecond)
		m.Job("retention", "done", time.Second)
		got := scrape(m)
		for _, want := range []string{
			`openpartner_http_request_duration_seconds_count{method="GET",route="/r/:key",status="302"} 2`,
			`openpartner_http_request_duration_seconds_count{method="other",route="none",status="404"} 1`,
			`openpartner_job_duration_seconds_count{kind="retention",result="done"} 1`,
			`version="v1"`, `openpartner_outbox_jobs{state="dead"} 3`, `openpartner_outbox_oldest_seconds 90`, `openpartner_money_hold 1`, `openpartner_payouts_open{state="needs_review"} 2`,
			`openpartner_clicks_total{result="stored"} 7`, `openpartner_click_batches_total 2`, `openpartner_click_spool_depth 5`,
			`openpartner_db_connections_max{pool="app"} 4`, "go_goroutines", "process_resident_memory_bytes",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %s in:\n%s", want, got)
			}
		}
	})

	// What the dashboard and the alert rules in the documents ask for is what there is.
	t.Run("AreThoseOfTheDocuments", func(t *testing.T) {
		t.Parallel()
		m := metrics.New(metrics.Options{Version: "v1", Pools: map[string]*db.Pool{"app": d.App}, Measure: func(context.Context) (outbox.Depth, error) {
			return outbox.Depth{}, nil
		}, Held: func(context.Context) (bool, error) { return false, nil }, Inbox: func(context.Context) (metrics.Inbox, error) { return metrics.Inbox{}, nil },
			Payouts: func(context.Context) (map[string]int, error) { return map[string]int{"pending": 0}, nil }, Clicks: func() metrics.Clicks { return metrics.Clicks{} }, Log: discard})
		m.Request("GET", "/", 200, time.Millisecond)
		m.Job("retention", "done", time.Second)
		there := regexp.MustCompile(`(?m)^(openpartner_\w+)`).FindAllString(scrape(m), -1)
		for _, name := range []string{"dashboard.json", "alerts.yml"} {
			text, err := os.ReadFile("../../docs/monitoring/" + name)
			if err != nil {
				t.Fatal(err)
			}
			asked := regexp.MustCompile(`\bopenpartner_\w+`).FindAllString(string(text), -1)
			for _, metric := range asked {
				if !slices.Contains(there, metric) {
					t.Errorf("%s asks for %s, which nobody counts", name, metric)
				}
			}
			if len(asked) < 10 {
				t.Errorf("%s asks for %d metrics", name, len(asked))
			}
			if strings.HasSuffix(name, ".json") && !json.Valid(text) {
				t.Errorf("%s is no JSON", name)
			}
		}
	})

	t.Run("LeavesTheOutboxOutWhileTheDatabaseIsAway", func(t *testing.T) {
		t.Parallel()
		got := scrape(metrics.New(metrics.Options{Version: "v1", Log: discard, Measure: func(context.Context) (outbox.Depth, error) {
			return outbox.Depth{}, errors.New("away")
		}}))
		if strings.Contains(got, "openpartner_outbox") || !strings.Contains(got, "openpartner_build_info") {
			t.Errorf("got:\n%s", got)
		}
	})
}

func TestMetrics_MayRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		token, peer, authorization, forwarded string
		want                                  bool
	}{
		"FromThisMachine":      {peer: "127.0.0.1:4000", want: true},
		"FromThisMachineBy6":   {peer: "[::1]:4000", want: true},
		"ThroughALocalProxy":   {peer: "127.0.0.1:4000", forwarded: "203.0.113.9"},
		"FromElsewhere":        {peer: "203.0.113.9:4000"},
		"TokenShown":           {token: "t0ken", peer: "203.0.113.9:4000", authorization: "Bearer t0ken", want: true},
		"TokenThroughAProxy":   {token: "t0ken", peer: "127.0.0.1:4000", authorization: "Bearer t0ken", forwarded: "203.0.113.9", want: true},
		"TokenWrong":           {token: "t0ken", peer: "127.0.0.1:4000", authorization: "Bearer t0ke"},
		"TokenMissing":         {token: "t0ken", peer: "127.0.0.1:4000"},
		"TokenWithoutItsWord":  {token: "t0ken", peer: "127.0.0.1:4000", authorization: "t0ken"},
		"EmptyTokenIsNoSecret": {peer: "203.0.113.9:4000", authorization: "Bearer "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.RemoteAddr = tt.peer
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			if tt.forwarded != "" {
				r.Header.Set("X-Forwarded-For", tt.forwarded)
			}
			if got := metrics.New(metrics.Options{Token: tt.token, Log: slog.New(slog.DiscardHandler)}).MayRead(r); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
