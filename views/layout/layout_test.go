package layout_test

import (
	"context"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"github.com/openpartner/openpartner/views/layout"
	"github.com/openpartner/openpartner/views/ui"
)

func render(t *testing.T, c templ.Component, chrome *layout.Chrome) *goquery.Document {
	t.Helper()
	ctx := context.Background()
	if chrome != nil {
		ctx = layout.WithChrome(ctx, *chrome)
	}
	var out strings.Builder
	if err := c.Render(ctx, &out); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func chrome() *layout.Chrome {
	return &layout.Chrome{
		TenantName: "Acme", UserName: "Ada Lovelace", UserEmail: "ada@example.com", Role: "admin", SignOutPath: "/signout",
		AccentCSS: "/brand.css",
		Flash:     &layout.Flash{Kind: ui.Success, Text: "Partner approved."},
		Nav: []layout.NavGroup{
			{Items: []layout.NavItem{{Label: "Overview", Href: "/admin", Icon: ui.IconHouse, Current: true, Primary: true}}},
			{Label: "Money", Items: []layout.NavItem{{Label: "Commissions", Href: "/admin/commissions", Icon: ui.IconCoins, Counter: 3, CounterID: "nav-commissions"}}},
		},
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	doc := render(t, layout.Admin("Partners", templ.Raw("<p id=body>Body</p>")), chrome())
	for name, selector := range map[string]string{
		"SkipLinkLeadsToMain":      `a.skip-link[href="#main"]`,
		"MainHoldsTheBody":         `main#main #body`,
		"NavigationIsNamed":        `nav[aria-label="Main"]`,
		"CurrentPageIsMarked":      `nav[aria-label="Main"] a[aria-current="page"][href="/admin"]`,
		"CounterHasItsID":          `#nav-commissions`,
		"DrawerWorksWithoutScript": `.sidebar[popover]#sidebar`,
		"DrawerHasItsButton":       `.topbar button[popovertarget="sidebar"]`,
		"PhoneHasABottomBar":       `nav[aria-label="Quick"] a[href="/admin"]`,
		"SignOutIsAPost":           `form[action="/signout"][method="post"] button[type="submit"]`,
		"MessagesAreLive":          `[aria-live="polite"] #flash .toast`,
		"DialogsHaveTheirPlace":    `#dialog`,
		"BrandColoursAreLoaded":    `head link[href="/brand.css"]`,
		"HtmxIsConfigured":         `head meta[name="htmx-config"]`,
		"LanguageIsSaid":           `html[lang="en"]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if doc.Find(selector).Length() != 1 {
				t.Errorf("got %d of %s, want 1", doc.Find(selector).Length(), selector)
			}
		})
	}
	t.Run("TitleNamesPageAndTenant", func(t *testing.T) {
		t.Parallel()
		if got := doc.Find("title").Text(); got != "Partners · Acme" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("NothingInline", func(t *testing.T) {
		t.Parallel()
		if n := doc.Find("[style], style, script:not([src])").Length(); n != 0 {
			t.Errorf("got %d inline styles or scripts", n)
		}
	})
}

func TestShells_WorkWithoutChrome(t *testing.T) {
	t.Parallel()
	body := layout.Error(404, "Page not found", "There is nothing here.", "req-1")
	for name, c := range map[string]templ.Component{
		"Admin": layout.Admin("", body), "Public": layout.Public("", body), "Bare": layout.Bare("", body),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := render(t, c, nil)
			if got := doc.Find("main h1").Text(); got != "Page not found" {
				t.Errorf("got %q", got)
			}
			if got := doc.Find("title").Text(); got != "OpenPartner" {
				t.Errorf("got title %q", got)
			}
		})
	}
}

func TestErrorFragment_ReplacesTheFlashAndNamesTheRequest(t *testing.T) {
	t.Parallel()
	doc := render(t, layout.ErrorFragment("That did not work.", "req-7"), nil)
	if got := doc.Find("#flash .toast-critical").Text(); !strings.Contains(got, "req-7") {
		t.Errorf("got %q", got)
	}
}

func TestBrandCSS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"Colour":    {"#E8590C", ":root{--brand:#e8590c}\n"},
		"Empty":     {"", ":root{}\n"},
		"Injection": {"#fff}body{display:none", ":root{}\n"},
		"Short":     {"#fff", ":root{}\n"},
		"Newline":   {"#e8590c\n", ":root{}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := layout.BrandCSS(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
