// Package static owns the style sheets, scripts and images that every page loads.
//
// They are embedded and served under a hash of their content, so a browser keeps them for ever
// and never shows an old style sheet beside a new page. It does not own the browser SDK's stable
// address nor a tenant's colours. Invariant: an address that names another hash is a 404, so what
// is cached under an address is always what that address says.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// FS holds the files as they stand in the repository: css, js and img.
//
//go:embed css js img
var FS embed.FS

// Prefix is where Handler expects to be mounted.
const Prefix = "/static/"

// AppCSS is the one style sheet of the application; it is the files of sheets() joined in order.
const AppCSS = "css/app.css"

// sheets names the parts of AppCSS, in the order of their layers.
func sheets() []string {
	return []string{"tokens", "base", "layout", "components", "pages", "print"}
}

type asset struct {
	hash, contentType string
	plain, gzipped    []byte // gzipped is nil where compression gains nothing.
}

// bundle is a pure function of FS, so computing it once is not state.
//
//nolint:gochecknoglobals // a memo of the embedded files.
var bundle = sync.OnceValue(build)

// Path gives the address of a file, such as /static/3f2a…/css/app.css. It panics for a name that
// does not exist, because the names are constants of the program.
func Path(name string) string {
	a, ok := bundle()[name]
	if !ok {
		panic("static: no file " + name)
	}
	return Prefix + a.hash + "/" + name
}

// Handler serves the files below Prefix; the address decides everything, so answers never expire.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
			return
		}
		hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
		a, ok := bundle()[name]
		if !ok || hash != a.hash {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		serve(w, r, a)
	})
}

// SDKPath is the stable address of the browser SDK, which merchants write into their pages.
const SDKPath = "/sdk/v1.js"

// SDK serves the browser SDK. Its address never changes, so browsers ask again after an hour and
// are told by its hash when nothing changed.
func SDK() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := bundle()["js/sdk.js"]
		tag := `"` + a.hash + `"`
		w.Header().Set("Cache-Control", "public, max-age=3600")
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		serve(w, r, a)
	})
}

func serve(w http.ResponseWriter, r *http.Request, a asset) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	body := a.plain
	if a.gzipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			body = a.gzipped
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	// A failed write means the browser went away; there is nobody left to tell.
	_, _ = w.Write(body)
}

// acceptsGzip reads Accept-Encoding far enough to respect a refusal by q=0.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q=")
		if !found {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}

func build() map[string]asset {
	files := map[string]asset{}
	err := fs.WalkDir(FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := FS.ReadFile(name)
		if err != nil {
			return err
		}
		files[name] = newAsset(name, content)
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("static: read the embedded files: %v", err))
	}
	var app bytes.Buffer
	for _, sheet := range sheets() {
		app.Write(files["css/"+sheet+".css"].plain)
		app.WriteByte('\n')
	}
	files[AppCSS] = newAsset(AppCSS, app.Bytes())
	return files
}

func newAsset(name string, content []byte) asset {
	sum := sha256.Sum256(content)
	a := asset{
		hash:        hex.EncodeToString(sum[:8]),
		contentType: contentType(name),
		plain:       content,
	}
	if packed := compress(content); len(packed) < len(content)*9/10 {
		a.gzipped = packed
	}
	return a
}

// contentType does not ask the machine's MIME table: the same binary must answer alike everywhere.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	default:
		return "text/plain; charset=utf-8"
	}
}

func compress(content []byte) []byte {
	var out bytes.Buffer
	// The level is a constant and a buffer never fails, so neither call can.
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = w.Write(content)
	_ = w.Close()
	return out.Bytes()
}
