package email

import (
	"crypto/sha256"
	"encoding/base64"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// Whoever adds a mail shows it to the program, too.
func TestExamples_AreAllMails(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	mails, shown := map[string]bool{}, map[string]bool{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is || f.Recv != nil {
				continue
			}
			if f.Type.Results != nil && len(f.Type.Results.List) == 1 {
				if result, is := f.Type.Results.List[0].Type.(*ast.Ident); is && result.Name == "Message" && f.Name.IsExported() {
					mails[f.Name.Name] = true
				}
			}
			if f.Name.Name == "Examples" {
				ast.Inspect(f.Body, func(n ast.Node) bool {
					if call, is := n.(*ast.CallExpr); is {
						if name, is := call.Fun.(*ast.Ident); is {
							shown[name.Name] = true
						}
					}
					return true
				})
			}
		}
	}
	if len(mails) < 4 {
		t.Fatalf("only %v", mails)
	}
	for name := range mails {
		if !shown[name] && !strings.HasPrefix(name, "Network") { // those are not in a program's name
			t.Errorf("Examples does not show %s", name)
		}
	}
}

// A preview needs no style but the one that its policy names by its hash.
func TestMessage_Preview(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, e := range Examples(Brand{Name: "Acme", Accent: "#e8590c"}, "https://acme.example/") {
		html, hash, err := e.Message.Preview(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
		if err != nil {
			t.Fatal(err)
		}
		styles := doc.Find("style")
		sum := sha256.Sum256([]byte(styles.Text()))
		if styles.Length() != 1 || hash != base64.StdEncoding.EncodeToString(sum[:]) || doc.Find("[style], script, link, img").Length() > 0 {
			t.Errorf("%s: %d styles, hash %s", e.Name, styles.Length(), hash)
		}
		if names[e.Name] || e.Label == "" || e.Message.Props.Reason == "" || !strings.Contains(doc.Text(), "Acme") {
			t.Errorf("%s: %+v", e.Name, e)
		}
		names[e.Name] = true
	}
}
