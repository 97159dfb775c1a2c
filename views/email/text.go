package email

import (
	"context"
	"fmt"
	"strings"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Text gives the plain text of the same mail: a paragraph per block, links with their address.
func Text(ctx context.Context, c templ.Component) (string, error) {
	source, err := render(ctx, c)
	if err != nil {
		return "", err
	}
	doc, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return "", fmt.Errorf("read a mail: %w", err)
	}
	var w writer
	w.walk(doc)
	w.flush()
	return strings.Join(w.blocks, "\n\n") + "\n", nil
}

// writer collects blocks of text; line is the block under way.
type writer struct {
	blocks []string
	line   strings.Builder
}

func (w *writer) flush() {
	if text := tidy(w.line.String()); text != "" {
		w.blocks = append(w.blocks, text)
	}
	w.line.Reset()
}

// tidy folds spaces but keeps the line breaks that were asked for.
func tidy(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func (w *writer) walk(n *html.Node) {
	switch {
	case n.Type == html.TextNode:
		w.line.WriteString(strings.ReplaceAll(n.Data, "\n", " "))
		return
	case skipped(n):
		return
	case n.DataAtom == atom.Br:
		w.line.WriteByte('\n')
		return
	}
	if block(n) {
		w.flush()
	}
	if n.DataAtom == atom.Li {
		w.line.WriteString("- ")
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		w.walk(child)
	}
	if n.DataAtom == atom.A {
		w.address(n)
	}
	if n.DataAtom == atom.Dt {
		w.line.WriteString(": ")
	}
	if block(n) {
		w.flush()
	}
}

// address writes where a link leads, unless its text already says it.
func (w *writer) address(n *html.Node) {
	href := attr(n, "href")
	if href == "" || (n.FirstChild != nil && n.FirstChild.Data == href) {
		return
	}
	if attr(n, "data-button") != "" {
		w.line.WriteString(":\n" + href)
		return
	}
	w.line.WriteString(" (" + href + ")")
}

// skipped are the parts that only the HTML needs.
func skipped(n *html.Node) bool {
	return n.DataAtom == atom.Head || n.DataAtom == atom.Style || attr(n, "data-html-only") != ""
}

func block(n *html.Node) bool {
	switch n.DataAtom {
	case atom.P, atom.H1, atom.H2, atom.Li, atom.Div, atom.Td, atom.Pre:
		return true
	default:
		return false
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
