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
