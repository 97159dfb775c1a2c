package ui_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"github.com/openpartner/openpartner/views/ui"
)

// html renders a component around the children given.
func html(t *testing.T, c templ.Component, children ...templ.Component) string {
	t.Helper()
	ctx := templ.WithChildren(context.Background(), templ.Join(children...))
	var out strings.Builder
	if err := c.Render(ctx, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func doc(t *testing.T, c templ.Component, children ...templ.Component) *goquery.Document {
	t.Helper()
	d, err := goquery.NewDocumentFromReader(strings.NewReader(html(t, c, children...)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// row puts table rows where a parser keeps them.
func row(t *testing.T, c templ.Component, children ...templ.Component) *goquery.Document {
	t.Helper()
	d, err := goquery.NewDocumentFromReader(strings.NewReader("<table><tbody>" + html(t, c, children...)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// wants checks that every selector finds exactly one element; its name is the fact.
func wants(t *testing.T, d *goquery.Document, selectors map[string]string) {
	t.Helper()
	for name, selector := range selectors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if n := d.Find(selector).Length(); n != 1 {
				out, _ := d.Find("body").Html()
				t.Errorf("got %d of %s, want 1, in %s", n, selector, out)
			}
		})
	}
}

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	})
}

func TestBareURL(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://example.com/": "example.com", "http://example.com/a/b?c": "example.com/a/b?c", "example.com": "example.com", "": "",
	} {
		if got := ui.BareURL(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}
