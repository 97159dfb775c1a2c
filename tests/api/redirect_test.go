package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

const visitorAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

func TestRedirect(t *testing.T) {
	t.Parallel()
	p := start(t)
	_, _, key := p.sell()
	visit := func(method, path string, header ...string) testkit.Answer {
		return p.Call("", method, path, nil, append([]string{"User-Agent", visitorAgent}, header...)...)
	}
	seen := visit("GET", "/r/"+key+"?utm_source=mail&sub1=a")
	location := seen.Header.Get("Location")
	_, cref, _ := strings.Cut(location, "cref=")
	if seen.Status != http.StatusFound || location != "https://shop.example.com/?utm_source=mail&sub1=a&cref="+cref || seen.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d to %s, %v", seen.Status, location, seen.Header)
	}
	if got, want := seen.Header.Get("Set-Cookie"), "op_cref="+cref+"; Path=/; Max-Age=7776000; SameSite=Lax"; got != want {
		t.Errorf("got cookie %q, want %q", got, want)
	}
	p.want(200, "POST", "/identify", object{"cref": cref, "user_id": "u1"})
	for name, peek := range map[string]testkit.Answer{
		"HEAD":        visit("HEAD", "/r/"+key),
		"Sec-Purpose": visit("GET", "/r/"+key, "Sec-Purpose", "prefetch;prerender"),
		"Purpose":     visit("GET", "/r/"+key, "Purpose", "prefetch"),
	} {
		if peek.Status != http.StatusFound || peek.Header.Get("Location") != "https://shop.example.com/" || peek.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: got %d, %v", name, peek.Status, peek.Header)
		}
	}
	if got := visit("GET", "/r/nobody"); got.Status != http.StatusNotFound {
		t.Errorf("unknown key: %d", got.Status)
	}
}

func TestRedirect_TooMany(t *testing.T) {
	t.Parallel()
	p := startNew(t)
	_, _, key := p.sell()
	var got testkit.Answer
	for range 301 {
		got = p.Call("", "HEAD", "/r/"+key, nil)
	}
	if got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
		t.Errorf("visit 301: %d, %v", got.Status, got.Header)
	}
}
