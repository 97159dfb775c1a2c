// Package figures writes the figures of reports for people: counts, amounts and charts.
//
// It adds nothing up (reports does) and draws nothing (chart does). Invariant: amounts of
// different currencies are listed, never added.
package figures

import (
	"slices"
	"strconv"

	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/views/chart"
)

// Count writes a count with a space between thousands: 12 345.
func Count(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// Amounts writes what of gives in each currency, zeros left out.
func Amounts(f reports.Figures, of func(reports.Money) int64) []string {
	var out []string
	for _, m := range f.Money {
		if of(m) != 0 {
			out = append(out, money.Amount{Minor: of(m), Currency: m.Currency}.Format())
		}
	}
	return out
}

// Counted is a number of things, such as "1 click" or "1 204 clicks".
func Counted(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Count(n) + " " + noun
}

// Revenue lists what came in, currency by currency; a dash when nothing did.
func Revenue(f reports.Figures) []string {
	out := Amounts(f, func(m reports.Money) int64 { return m.Revenue })
	if len(out) == 0 {
		return []string{"–"}
	}
	return out
}

// Currency is the one in which something happened on most days, or USD before anything did.
func Currency(series []reports.Moment) string {
	seen := map[string]int{}
	for _, m := range series {
		for _, one := range m.Money {
			seen[one.Currency]++
		}
	}
	best := "USD"
	for _, currency := range sortedKeys(seen) {
		if seen[currency] > seen[best] {
			best = currency
		}
	}
	return best
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Traffic is the chart of clicks and conversions by day.
func Traffic(series []reports.Moment) chart.Chart {
	count := func(of func(reports.Figures) int64) func(reports.Figures) chart.Point {
		return func(f reports.Figures) chart.Point { return chart.Point{Value: float64(of(f)), Text: Count(of(f))} }
	}
	return chart.Chart{
		ID: "traffic", Title: "Clicks and conversions by day", Labels: labels(series),
		Series: []chart.Series{
			line("Clicks", series, count(func(f reports.Figures) int64 { return f.Clicks })),
			line("Conversions", series, count(func(f reports.Figures) int64 { return f.Conversions })),
		},
	}
}

// Earnings is the chart of revenue and commission in one currency by day.
func Earnings(series []reports.Moment, currency string) chart.Chart {
	amount := func(of func(reports.Money) int64) func(reports.Figures) chart.Point {
		return func(f reports.Figures) chart.Point {
			a := money.Amount{Minor: of(f.In(currency)), Currency: currency}
			v, _ := strconv.ParseFloat(a.Decimal(), 64) // for the height of a bar only
			return chart.Point{Value: v, Text: a.Format()}
		}
	}
	return chart.Chart{
		ID: "revenue", Title: "Revenue and commission by day", Labels: labels(series),
		Series: []chart.Series{
			line("Revenue", series, amount(func(m reports.Money) int64 { return m.Revenue })),
			line("Commission", series, amount(reports.Money.Commission)),
		},
	}
}

func labels(series []reports.Moment) []string {
	out := make([]string, len(series))
	for i, m := range series {
		out[i] = m.Start.Format("2 Jan")
	}
	return out
}

func line(name string, series []reports.Moment, point func(reports.Figures) chart.Point) chart.Series {
	s := chart.Series{Name: name}
	for _, m := range series {
		s.Points = append(s.Points, point(m.Figures))
	}
	return s
}
