package static_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/static"
)

func get(t *testing.T, path, encoding string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPath_CarriesTheHashOfTheContent(t *testing.T) {
	t.Parallel()
	if got := static.Path(static.AppCSS); !regexp.MustCompile(`^/static/[0-9a-f]{16}/css/app\.css$`).MatchString(got) {
		t.Errorf("got %q", got)
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	app := static.Path(static.AppCSS)

	t.Run("IsCachedForEver", func(t *testing.T) {
		t.Parallel()
		if got := get(t, app, "").Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("PackedAndPlainAreTheSame", func(t *testing.T) {
		t.Parallel()
		packed, err := gzip.NewReader(get(t, app, "br, gzip;q=0.8").Body)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(body(t, packed), body(t, get(t, app, "identity").Body)) {
			t.Error("the two encodings differ")
		}
	})
	t.Run("RespectsARefusalOfGzip", func(t *testing.T) {
		t.Parallel()
		if got := get(t, app, "gzip;q=0").Header.Get("Content-Encoding"); got != "" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("JoinsTheSheetsInOrder", func(t *testing.T) {
		t.Parallel()
		css := string(body(t, get(t, app, "").Body))
		if !strings.HasPrefix(css, "/* The order of the layers") || !strings.Contains(css, "@layer print {") {
			t.Error("the sheets are not all there, tokens first")
		}
	})
	for name, path := range map[string]string{
		"Unhashed":    "/static/css/app.css",
		"WrongHash":   "/static/0000000000000000/css/app.css",
		"UnknownFile": strings.Replace(app, "app.css", "other.css", 1),
		"Directory":   strings.TrimSuffix(app, "app.css"),
		"Traversal":   strings.Replace(app, "css/app.css", "../static.go", 1),
	} {
		t.Run(name+"Is404", func(t *testing.T) {
			t.Parallel()
			if got := get(t, path, "").StatusCode; got != http.StatusNotFound {
				t.Errorf("got %d", got)
			}
		})
	}
	t.Run("OnlyReads", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		static.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, app, nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("got %d", w.Code)
		}
	})
}

func TestSDK(t *testing.T) {
	t.Parallel()
	ask := func(header, value string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, static.SDKPath, nil)
		r.Header.Set(header, value)
		w := httptest.NewRecorder()
		static.SDK().ServeHTTP(w, r)
		return w.Result()
	}
	t.Run("IsBelow2kBCompressed", func(t *testing.T) {
		t.Parallel()
		if n := len(body(t, ask("Accept-Encoding", "gzip").Body)); n > 2048 {
			t.Errorf("got %d bytes", n)
		}
	})
	t.Run("IsWhatThePackageHolds", func(t *testing.T) {
		t.Parallel()
		source, err := os.ReadFile("../sdk/openpartner.js")
		if err != nil || !bytes.Equal(body(t, ask("Accept-Encoding", "identity").Body), source) {
			t.Errorf("static/js/sdk.js is not sdk/openpartner.js (%v): copy it", err)
		}
	})
	t.Run("IsAskedForAgain", func(t *testing.T) {
		t.Parallel()
		tag := ask("Accept", "*/*").Header.Get("ETag")
		if got := ask("If-None-Match", tag).StatusCode; got != http.StatusNotModified {
			t.Errorf("got %d", got)
		}
	})
}

func TestVendored_HtmxIsTheFileThatTheReadmeNames(t *testing.T) {
	t.Parallel()
	file, err := static.FS.ReadFile("js/htmx.min.js")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := static.FS.ReadFile("js/README.md")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum384(file)
	if want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); !bytes.Contains(readme, []byte(want)) {
		t.Errorf("js/README.md does not name %s", want)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	t.Run("AllAssetsOfAPageAreBelow40kB", func(t *testing.T) {
		t.Parallel()
		sum := 0
		for _, name := range []string{static.AppCSS, "js/htmx.min.js", "js/app.js", "img/icon.svg"} {
			sum += len(body(t, get(t, static.Path(name), "gzip").Body))
		}
		t.Logf("%d bytes compressed", sum)
		if sum > 40_000 {
			t.Errorf("got %d bytes compressed", sum)
		}
	})
	t.Run("AppJSStaysUnder200Lines", func(t *testing.T) {
		t.Parallel()
		js, err := static.FS.ReadFile("js/app.js")
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(js, []byte("\n")); n >= 200 {
			t.Errorf("got %d lines", n)
		}
	})
}
