package edge_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/tests/testkit"
)

const formType = "application/x-www-form-urlencoded"

func TestMain(m *testing.M) { testkit.Main(m) }

// No page of another site gets anything done: it is refused before anybody asks who is signed
// in, what they may do, or whether the thing exists.
func TestProgram_CrossSite(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	unsafe := 0
	for _, r := range testkit.Routes(t) {
		if r.Safe() || r.Auth == "key" || r.Auth == "signature" || strings.HasPrefix(r.Path, "/api/") {
			continue
		}
		unsafe++
		path := r.Fill(func(string) string { return uuid.NewString() })
		for name, header := range map[string][]string{
			"CrossSite":        {"Sec-Fetch-Site", "cross-site"},
			"SiblingSubdomain": {"Sec-Fetch-Site", "same-site"},
			"ForeignOrigin":    {"Origin", "https://evil.example"},
			"NullOrigin":       {"Origin", "null"},
			"CookieAndNeither": {"Cookie", "op_session=x"},
		} {
			got := a.Call("", r.Method, path, "", append(header, "Content-Type", formType)...)
			if got.Status != http.StatusForbidden {
				t.Errorf("%s, %s: got %d", r, name, got.Status)
			}
		}
	}
	if unsafe == 0 {
		t.Fatal("no unsafe page route")
	}
	if got := a.Call("", http.MethodPost, "/signin", "email=ada%40example.com", "Origin", a.URL, "Content-Type", formType); got.Status != http.StatusSeeOther {
		t.Errorf("our own page: got %d", got.Status)
	}
}

func TestProgram_Requests(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	key := a.Key()
	large := strings.Repeat("a", 1<<20)

	t.Run("TooLarge", func(t *testing.T) {
		t.Parallel()
		if got := a.Call("", http.MethodPost, "/signin", "email="+large, "Sec-Fetch-Site", "same-origin", "Content-Type", formType); got.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("form: got %d", got.Status)
		}
		if got := a.Call(key, http.MethodPost, "/api/v1/campaigns", `{"name": "`+large+`"}`); got.Status != http.StatusRequestEntityTooLarge || !strings.Contains(got.Body, `"too_large"`) {
			t.Errorf("JSON: got %d %s", got.Status, got.Body)
		}
	})
	t.Run("TooLargeWithoutLength", func(t *testing.T) {
		t.Parallel()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+"/signin", io.MultiReader(strings.NewReader("email="), strings.NewReader(large)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", formType)
		if got := status(t, req); got != http.StatusRequestEntityTooLarge {
			t.Errorf("got %d", got)
		}
	})
	t.Run("WrongMethod", func(t *testing.T) {
		t.Parallel()
		for path, want := range map[string][]string{"/signin": {"GET", "POST"}, "/api/v1/campaigns": {"GET", "POST"}} {
			got := a.Call(key, http.MethodDelete, path, nil)
			allow := got.Header.Get("Allow")
			if got.Status != http.StatusMethodNotAllowed || !strings.Contains(allow, want[0]) || !strings.Contains(allow, want[1]) {
				t.Errorf("%s: got %d, Allow %q", path, got.Status, allow)
			}
		}
	})
	t.Run("Compressed", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/signin", "/api/v1/campaigns"} {
			if got := a.Call(key, http.MethodPost, path, "{}", "Content-Encoding", "gzip", "Sec-Fetch-Site", "same-origin"); got.Status != http.StatusUnsupportedMediaType {
				t.Errorf("%s: got %d", path, got.Status)
			}
		}
	})
	t.Run("UnknownPath", func(t *testing.T) {
		t.Parallel()
		if got := a.Call(key, http.MethodGet, "/api/v1/nothing", nil); got.Status != http.StatusNotFound || !strings.Contains(got.Body, `"not_found"`) {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
		if got := a.Visitor().Get("/nothing"); got.Status != http.StatusNotFound || !strings.Contains(got.Body, "<h1") {
			t.Errorf("got %d", got.Status)
		}
	})
}

// A forged Host gets nowhere in multi tenancy; probes come by address.
func TestProgram_Host(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t, "OPENPARTNER_TENANCY=multi")
	ours := strings.TrimPrefix(a.URL, "http://")
	for _, c := range []struct {
		host, path string
		want       int
	}{
		{ours, "/t/default/signin", http.StatusOK},
		{"evil.example", "/t/default/signin", http.StatusMisdirectedRequest},
		{"evil.example", "/t/default/api/v1/whoami", http.StatusMisdirectedRequest},
		{"evil.example", "/nothing", http.StatusMisdirectedRequest},
		{"10.1.2.3:8080", "/healthz", http.StatusOK},
		{"10.1.2.3:8080", "/readyz", http.StatusOK},
	} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, a.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		if got := status(t, req); got != c.want {
			t.Errorf("%s on %s: got %d, want %d", c.path, c.host, got, c.want)
		}
	}
}

func status(t *testing.T, req *http.Request) int {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}
