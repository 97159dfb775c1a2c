package testkit

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Answer is what a call got back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// JSON reads the body into a value.
func (r Answer) JSON(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), into); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, r.Body)
	}
}

// Call is one request to the JSON API; body may be a string as it is, or a value.
func (a *App) Call(key, method, path string, body any, header ...string) Answer {
	a.t.Helper()
	var text string
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			a.t.Fatal(err)
		}
		text = string(encoded)
	}
	req, err := http.NewRequest(method, a.URL+path, strings.NewReader(text))
	if err != nil {
		a.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if host := req.Header.Get("Host"); host != "" { // which net/http keeps elsewhere
		req.Host = host
	}
	return do(a.t, noRedirect(nil), req)
}

// Visitor is a browser without scripts: it keeps cookies, sends forms and follows nothing.
type Visitor struct {
	HTMX bool // sends what htmx would

	app    *App
	client *http.Client
}

// Visitor opens a new one.
func (a *App) Visitor() *Visitor {
	a.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		a.t.Fatal(err)
	}
	return &Visitor{app: a, client: noRedirect(jar)}
}

// Get loads a page.
func (v *Visitor) Get(path string) Answer { return v.send(http.MethodGet, path, nil) }

// Post sends a form as a page of ours would.
func (v *Visitor) Post(path string, form url.Values) Answer {
	return v.send(http.MethodPost, path, form)
}

// Send sends a body of another type than a form's usual one, such as a file.
func (v *Visitor) Send(path, contentType, body string) Answer {
	v.app.t.Helper()
	req, err := http.NewRequest(http.MethodPost, v.app.URL+path, strings.NewReader(body))
	if err != nil {
		v.app.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Content-Type", contentType)
	if v.HTMX {
		req.Header.Set("HX-Request", "true")
	}
	return do(v.app.t, v.client, req)
}

// Cookie is the value of a cookie that the visitor holds.
func (v *Visitor) Cookie(t testing.TB, name string) string {
	t.Helper()
	u, err := url.Parse(v.app.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range v.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	t.Fatalf("no cookie %s", name)
	return ""
}

func (v *Visitor) send(method, path string, form url.Values) Answer {
	v.app.t.Helper()
	req, err := http.NewRequest(method, v.app.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.app.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.HTMX {
		req.Header.Set("HX-Request", "true")
	}
	return do(v.app.t, v.client, req)
}

func noRedirect(jar http.CookieJar) *http.Client {
	return &http.Client{
		Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func do(t testing.TB, client *http.Client, req *http.Request) Answer {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Body: body.String()}
}
