package chart

import (
	"context"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"pgregory.net/rapid"
)

func render(t *testing.T, c templ.Component) *goquery.Document {
	t.Helper()
	var out strings.Builder
	if err := c.Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func sample() Chart {
	return Chart{
		Title: "Clicks and conversions", Labels: []string{"1 May", "2 May", "3 May"},
		Series: []Series{
			{Name: "Clicks", Points: []Point{{Value: 10}, {Value: 40}, {Value: 25}}},
			{Name: "Revenue", Points: []Point{{Value: 1, Text: "$1.00"}, {Value: 2, Text: "$2.00"}, {Value: 0, Text: "$0.00"}}},
		},
	}
}

func TestNiceStep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ span, want float64 }{
		{0, 1}, {-3, 1}, {4, 1}, {5, 2}, {10, 5}, {39, 10}, {100, 50}, {0.3, 0.1}, {1234, 500},
	} {
		if got := niceStep(c.span, 4); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("niceStep(%v) = %v, want %v", c.span, got, c.want)
		}
	}
}

func TestCompact(t *testing.T) {
	t.Parallel()
	for in, want := range map[float64]string{0: "0", 950: "950", 1500: "1.5k", 2_000_000: "2M", -1200: "-1.2k", 0.25: "0.25"} {
		if got := compact(in); got != want {
			t.Errorf("compact(%v) = %q, want %q", in, got, want)
		}
	}
}

func TestChart_EverythingLiesInsideTheBox(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "moments")
		values := rapid.SliceOfN(rapid.Float64Range(-1e9, 1e9), n, n).Draw(t, "values")
		c := Chart{Labels: make([]string, n), Series: []Series{{Name: "A"}}}
		for _, v := range values {
			c.Series[0].Points = append(c.Series[0].Points, Point{Value: v})
		}
		for i, v := range values {
			if x, y := c.x(i), c.y(v); x < 0 || x > width || y < -0.01 || y > float64(c.plotHeight())+0.01 {
				t.Fatalf("point %d lies at %v %v", i, x, y)
			}
		}
		if got := len(c.ticks()); got < 2 || got > 12 {
			t.Fatalf("got %d ticks", got)
		}
	})
}

func TestChart_OddValuesStayDrawable(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]float64{
		"None": nil, "One": {3}, "Zeros": {0, 0}, "NaN": {math.NaN(), 1}, "Infinite": {math.Inf(1), math.Inf(-1)}, "Negative": {-5, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Chart{Title: "T", Labels: make([]string, len(values)), Series: []Series{{Name: "A"}}}
			for _, v := range values {
				c.Series[0].Points = append(c.Series[0].Points, Point{Value: v})
			}
			for _, component := range []templ.Component{Line(c), Bar(c), Sparkline(values)} {
				html, err := render(t, component).Html()
				if err != nil {
					t.Fatal(err)
				}
				if regexp.MustCompile(`NaN|Inf`).MatchString(html) {
					t.Errorf("a number is not finite: %s", html)
				}
			}
		})
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	doc := render(t, Line(sample()))
	t.Run("TableSaysTheSame", func(t *testing.T) {
		t.Parallel()
		if got := doc.Find("table tbody tr").Eq(1).Find("td").Eq(1).Text(); got != "$2.00" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("PictureIsNamed", func(t *testing.T) {
		t.Parallel()
		if got := doc.Find(`svg[role="img"]`).AttrOr("aria-label", ""); !strings.HasPrefix(got, "Clicks and conversions") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("PointsCarryTheirValues", func(t *testing.T) {
		t.Parallel()
		if got := doc.Find(".chart-point").First().AttrOr("data-values", ""); got != "10 clicks · $1.00 revenue" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("NothingInline", func(t *testing.T) {
		t.Parallel()
		if doc.Find("[style]").Length() != 0 {
			t.Error("there is an inline style")
		}
	})
}

func TestBar_DrawsOneBarPerValue(t *testing.T) {
	t.Parallel()
	if got := render(t, Bar(sample())).Find(".chart-bar").Length(); got != 6 {
		t.Errorf("got %d, want 6", got)
	}
}

func TestFunnel(t *testing.T) {
	t.Parallel()
	doc := render(t, Funnel("From click to sale", []Step{
		{Name: "Clicks", Value: 100_000, Text: "100 000"}, {Name: "Identified", Value: 25_000, Text: "25 000", Rate: "25 % of clicks"},
		{Name: "Paid", Value: 1, Text: "1"}, {Name: "Again", Value: 0, Text: "0"},
	}))
	for i, want := range []string{"100%", "25%", "0.4%", "0%"} {
		step := doc.Find(".funnel-step").Eq(i)
		if got := step.Find(".chart-bar").AttrOr("width", ""); got != want {
			t.Errorf("step %d: got a bar of %s, want %s", i, got, want)
		}
	}
	if got := doc.Find(".funnel-lost").Eq(1).AttrOr("width", ""); got != "100%" {
		t.Errorf("what was lost begins at %s", got)
	}
	if got := strings.Join(strings.Fields(doc.Find("table tbody tr").Eq(1).Text()), " "); got != "Identified 25 000 25 % of clicks" {
		t.Errorf("the table says %q", got)
	}
	if doc.Find("[style], script").Length() != 0 {
		t.Error("style or script of its own")
	}
}

func TestFunnel_OfNothing(t *testing.T) {
	t.Parallel()
	doc := render(t, Funnel("Empty", []Step{{Name: "Clicks"}, {Name: "Paid", Value: 3}}))
	if got := doc.Find(".chart-bar").Eq(1).AttrOr("width", ""); got != "0%" {
		t.Errorf("got %s", got)
	}
}
