package access_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// spent sends requests until one is refused, and gives how many went through. The buckets refill
// while it works, so that a few more than the limit may pass.
func spent(t *testing.T, limit int, ask func(i int) testkit.Answer) int {
	t.Helper()
	for i := range 2 * limit {
		got := ask(i)
		if got.Status != http.StatusTooManyRequests {
			continue
		}
		if wait, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 60 {
			t.Errorf("Retry-After: %q", got.Header.Get("Retry-After"))
		}
		return i
	}
	t.Fatalf("%d requests went through", 2*limit)
	return 0
}

// A key has a bucket of 600 requests that refills evenly over a minute. How full it is is set in the
// database, by the time at which it will be full again.
func TestLimits_OfAKey(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	keys := []string{a.Key(), a.Key()}
	number := func(got testkit.Answer, header string) int {
		n, err := strconv.Atoi(got.Header.Get(header))
		if err != nil {
			t.Errorf("%s: %q", header, got.Header.Get(header))
		}
		return n
	}
	ask := func(key string) testkit.Answer { return a.Call(key, "GET", "/api/v1/whoami", nil) }

	got := ask(keys[0])
	if number(got, "RateLimit-Limit") != 600 || number(got, "RateLimit-Remaining") != 599 {
		t.Fatalf("the first of 600: %d, %v", got.Status, got.Header)
	}
	for _, c := range []struct {
		name, full   string // and when the bucket is full again
		status       int
		left, atMost int // a slow machine finds more refilled
	}{
		{"Half", "30 seconds", 200, 299, 450},
		{"AlmostAll", "59 seconds", 200, 9, 150},
		{"All", "70 seconds", 429, 0, 0}, // as if 700 had been let through: one a moment later may pass
	} {
		a.DB.AsOwner(t, `update platform.rate_limits set tat = clock_timestamp() + $1::interval where key like 'api:%'`, c.full)
		got := ask(keys[0])
		if left := number(got, "RateLimit-Remaining"); got.Status != c.status || left < c.left || left > c.atMost {
			t.Errorf("%s: %d, %d left", c.name, got.Status, left)
		}
		if wait := 0; c.status == 429 {
			if wait = number(got, "Retry-After"); wait < 1 || wait > 11 || number(got, "RateLimit-Limit") != 600 || number(got, "RateLimit-Reset") > 70 {
				t.Errorf("%s: wait %d, %v", c.name, wait, got.Header)
			}
		}
	}
	if got := ask(keys[1]); got.Status != 200 || number(got, "RateLimit-Remaining") != 599 {
		t.Errorf("another key: %d", got.Status)
	}
}

// One address gets three mails in ten minutes, however often and from wherever it is asked for, and
// whoever asks can't tell.
func TestLimits_OfMails(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	a.Admin()
	asked := func() testkit.Answer { return form(a, "/signin", url.Values{"email": {ada}}) }
	first := asked()
	for range 4 {
		if got := asked(); got.Status != first.Status || got.Body != first.Body || got.Header.Get("Location") != first.Header.Get("Location") {
			t.Errorf("told apart: %d, %d", first.Status, got.Status)
		}
	}
	a.AwaitAll("sign-in mail left out", 2)
	a.MailedToken("/auth/verify", 3)
	t.Run("TheNextWhenTimeHasPassed", func(t *testing.T) {
		a.DB.AsOwner(t, `update platform.rate_limits set tat = tat - interval '200 seconds' where key like 'mail:%'`)
		asked()
		a.MailedToken("/auth/verify", 4)
		asked()
		a.AwaitAll("sign-in mail left out", 3)
	})
}

// Replicas share every limit, and a restart gives nothing back: two programs on one database take
// the requests in turn, and a third that starts later refuses from the beginning.
func TestLimits_AreShared(t *testing.T) {
	t.Parallel()
	first := testkit.Start(t)
	second := first.Replica(nil)
	apps := []*testkit.App{first, second}
	key := first.Key("events:write")
	for name, c := range map[string]struct {
		limit int
		ask   func(a *testkit.App) testkit.Answer
	}{
		"Install":  {5, func(a *testkit.App) testkit.Answer { return form(a, "/install", url.Values{}) }},
		"SignIn":   {10, func(a *testkit.App) testkit.Answer { return form(a, "/signin", url.Values{"email": {"nobody"}}) }},
		"Verify":   {30, func(a *testkit.App) testkit.Answer { return form(a, "/auth/verify", url.Values{"token": {"x"}}) }},
		"Identify": {120, func(a *testkit.App) testkit.Answer { return a.Call("", "POST", "/api/v1/identify", object{}) }},
		"Batch": {30, func(a *testkit.App) testkit.Answer {
			return a.Call(key, "POST", "/api/v1/events/batch", object{"events": []object{}})
		}},
		"Strangers": {600, func(a *testkit.App) testkit.Answer { return a.Call("op_live_nonsense", "GET", "/api/v1/whoami", nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			n := spent(t, c.limit, func(i int) testkit.Answer { return c.ask(apps[i%2]) })
			if n < c.limit || n > c.limit+c.limit/2 {
				t.Errorf("%d went through, want %d", n, c.limit)
			}
		})
	}
	third := first.Replica(nil)
	if got := form(third, "/install", url.Values{}); got.Status != http.StatusTooManyRequests {
		t.Errorf("a program that started later: %d", got.Status)
	}
	if got := third.Call(key, "GET", "/api/v1/whoami", nil); got.Status != http.StatusOK || got.Header.Get("RateLimit-Remaining") == "" {
		t.Errorf("a valid key of the same address: %d", got.Status)
	}
}
