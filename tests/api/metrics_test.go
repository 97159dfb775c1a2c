package api_test

import (
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

func TestMetrics(t *testing.T) {
	t.Parallel()

	t.Run("CountsByPatternAndNamesNobody", func(t *testing.T) {
		t.Parallel()
		p := startNew(t)
		_, partner, link := p.sell()
		p.click(link)
		p.Call("", "GET", "/nowhere/at-all", nil)
		got := p.Call("", "GET", "/metrics", nil)
		if got.Status != 200 {
			t.Fatalf("got %d\n%s", got.Status, got.Body)
		}
		for _, want := range []string{
			`openpartner_http_request_duration_seconds_count{method="GET",route="/r/:key",status="302"} 1`,
			`route="/api/v1/partners/:id/links",status="201"} 1`, `openpartner_outbox_jobs{state="pending"}`,
		} {
			if !strings.Contains(got.Body, want) {
				t.Errorf("no %s", want)
			}
		}
		for _, secret := range []string{partner, `"zoe`, "nowhere", "default"} {
			if strings.Contains(got.Body, secret) {
				t.Errorf("%s is in a label", secret)
			}
		}
	})

	t.Run("HiddenFromWhoMayNotRead", func(t *testing.T) {
		t.Parallel()
		open, closed := start(t), testkit.Start(t, "METRICS_TOKEN=t0ken")
		for _, got := range []testkit.Answer{
			open.Call("", "GET", "/metrics", nil, "X-Forwarded-For", "127.0.0.1"),
			closed.Call("", "GET", "/metrics", nil),
		} {
			if got.Status != 404 || strings.Contains(got.Body, "openpartner_") {
				t.Errorf("got %d\n%s", got.Status, got.Body)
			}
		}
		if got := closed.Call("t0ken", "GET", "/metrics", nil); got.Status != 200 {
			t.Errorf("with the token: %d", got.Status)
		}
	})
}
