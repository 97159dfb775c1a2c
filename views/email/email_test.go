package email

import (
	"context"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

func sample() Props {
	return Props{
		Brand: "Acme", Accent: "#E8590C", Title: "Sign in to Acme", Preheader: "Your link works for 10 minutes.",
		ButtonText: "Sign in", ButtonURL: "https://acme.example/auth/verify?token=a&b=c", Reason: "You get this because someone asked to sign in.",
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	html, err := Render(context.Background(), Layout(sample(), Paragraphs("Use the button within 10 minutes.")))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("ButtonIsStyledAndLeadsThere", func(t *testing.T) {
		t.Parallel()
		button := doc.Find("a[data-button]")
		if got := button.AttrOr("href", ""); got != sample().ButtonURL {
			t.Errorf("got %q", got)
		}
		if got := button.AttrOr("style", ""); !strings.Contains(got, "background-color:#e8590c") {
			t.Errorf("got style %q", got)
		}
	})
	t.Run("OnlyOneButton", func(t *testing.T) {
		t.Parallel()
		if got := doc.Find("a[data-button]").Length(); got != 1 {
			t.Errorf("got %d", got)
		}
	})
	t.Run("LoadsNothing", func(t *testing.T) {
		t.Parallel()
		if doc.Find("img, script, link, iframe").Length() != 0 || strings.Contains(html, "url(") {
			t.Error("the mail loads something")
		}
	})
	t.Run("SaysWhyItCame", func(t *testing.T) {
		t.Parallel()
		if !strings.Contains(doc.Text(), sample().Reason) {
			t.Error("the reason is missing")
		}
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	got, err := Text(context.Background(), Layout(sample(), Paragraphs("Use the button\nwithin 10 minutes.")))
	if err != nil {
		t.Fatal(err)
	}
	want := "Acme\n\nSign in to Acme\n\nUse the button within 10 minutes.\n\n" +
		"Sign in:\nhttps://acme.example/auth/verify?token=a&b=c\n\nYou get this because someone asked to sign in.\n"
	if got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestText_ListsFacts(t *testing.T) {
	t.Parallel()
	got, err := Text(context.Background(), Facts([]Fact{{"Amount", "$12.00"}, {"Date", "12 May 2026"}}))
	if err != nil {
		t.Fatal(err)
	}
	if want := "Amount: $12.00\n\nDate: 12 May 2026\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLayout_EscapesWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	p := sample()
	p.Brand, p.Accent = `<img src=x onerror=alert(1)>`, `red}</style><script>alert(1)</script>`
	html, err := Render(context.Background(), Layout(p, P("<b>x</b>")))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(html))
	if err != nil {
		t.Fatal(err)
	}
	if doc.Find("img, script, b").Length() != 0 {
		t.Errorf("something got through: %s", html)
	}
}

func TestInk_ReadsOnEveryColour(t *testing.T) {
	t.Parallel()
	for _, color := range []string{"#000000", "#ffffff", "#ffd43b", "#3b5bdb", "#777777", "#e8590c", "#00ff00"} {
		a, b := luminance(color), luminance(ink(color))
		if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
			t.Errorf("%s on %s has a contrast of %.2f", ink(color), color, ratio)
		}
	}
}
