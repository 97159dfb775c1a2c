package overview

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/chart"
	"github.com/openpartner/openpartner/views/ui"
)

// Page is all that the overview shows.
type Page struct {
	Days    int // of the period, today included
	Now     reports.Figures
	Before  reports.Figures // of as many days before
	Series  []reports.Moment
	Top     []reports.PartnerFigures
	Waiting int
	Start   reports.Start
}

// Periods are the lengths that can be chosen, in days.
func Periods() []int { return []int{7, 30, 90} }

func (p Page) subtitle() string { return "The last " + strconv.Itoa(p.Days) + " days, today included." }

func (p Page) periods(path string) []ui.Tab {
	var tabs []ui.Tab
	for _, days := range Periods() {
		text := strconv.Itoa(days)
		tabs = append(tabs, ui.Tab{Label: text + " days", Href: path + "?days=" + text, Current: days == p.Days})
	}
	return tabs
}

func (p Page) steps(u routes.URLs) []ui.ChecklistItem {
	s := p.Start
	return []ui.ChecklistItem{
		{Title: "Make a campaign", Text: "What is promoted, and what partners earn.", Href: u.CampaignsNew(), Done: s.Campaign},
		{Title: "Add a partner", Text: "Somebody who promotes it; try it with yourself.", Href: u.PartnersNew(), Done: s.Partner},
		{Title: "Make a link", Text: "A partner's way to your shop.", Href: u.LinksNew(), Done: s.Link},
		{Title: "Make an API key", Text: "For your shop's server.", Href: u.APIKeysNew(), Done: s.Key},
		{Title: "See the first click", Text: "Open the link.", Href: u.ActivityClicks(), Done: s.Click},
		{Title: "Report the first event", Text: "A sign-up or a sale, by one call.", Href: u.APIDocs(), Done: s.Event},
	}
}

func (p Page) stats() []ui.StatProps {
	currency := p.currency()
	now, before := p.Now.In(currency), p.Before.In(currency)
	return []ui.StatProps{
		p.count("Clicks", p.Now.Clicks, p.Before.Clicks),
		p.count("Conversions", p.Now.Conversions, p.Before.Conversions),
		p.money("Revenue", currency, now.Revenue, before.Revenue, func(m reports.Money) int64 { return m.Revenue }),
		p.money("Commission", currency, now.Commission(), before.Commission(), reports.Money.Commission),
	}
}

func (p Page) count(label string, now, before int64) ui.StatProps {
	s := ui.StatProps{Label: label, Value: grouped(now)}
	s.Change, s.Trend, s.Note = p.change(now, before)
	return s
}

// money shows the main currency large and the others below; they are never added.
func (p Page) money(label, currency string, now, before int64, of func(reports.Money) int64) ui.StatProps {
	s := ui.StatProps{Label: label, Value: money.Amount{Minor: now, Currency: currency}.Format()}
	s.Change, s.Trend, s.Note = p.change(now, before)
	for _, m := range p.Now.Money {
		if m.Currency != currency && of(m) != 0 {
			s.More = append(s.More, money.Amount{Minor: of(m), Currency: m.Currency}.Format())
		}
	}
	return s
}

// change says how much more or less it is than before; nothing where there is nothing to
// compare with.
func (p Page) change(now, before int64) (text string, t ui.Trend, note string) {
	if before <= 0 {
		return "", ui.Flat, ""
	}
	percent := int64(math.Round(float64(now-before) / float64(before) * 100))
	note = "against the " + strconv.Itoa(p.Days) + " days before"
	switch {
	case percent > 0:
		return strconv.FormatInt(percent, 10) + " %", ui.Up, note
	case percent < 0:
		return strconv.FormatInt(-percent, 10) + " %", ui.Down, note
	default:
		return "0 %", ui.Flat, note
	}
}

// currency is the one with the most revenue by count of days, or the first there is.
func (p Page) currency() string {
	seen := map[string]int{}
	for _, m := range p.Series {
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

func (p Page) labels() []string {
	labels := make([]string, len(p.Series))
	for i, m := range p.Series {
		labels[i] = m.Start.Format("2 Jan")
	}
	return labels
}

func (p Page) series(name string, value func(reports.Figures) (float64, string)) chart.Series {
	s := chart.Series{Name: name}
	for _, m := range p.Series {
		v, text := value(m.Figures)
		s.Points = append(s.Points, chart.Point{Value: v, Text: text})
	}
	return s
}

func (p Page) traffic() chart.Chart {
	count := func(of func(reports.Figures) int64) func(reports.Figures) (float64, string) {
		return func(f reports.Figures) (float64, string) { return float64(of(f)), grouped(of(f)) }
	}
	return chart.Chart{
		ID: "traffic", Title: "Clicks and conversions by day", Labels: p.labels(),
		Series: []chart.Series{
			p.series("Clicks", count(func(f reports.Figures) int64 { return f.Clicks })),
			p.series("Conversions", count(func(f reports.Figures) int64 { return f.Conversions })),
		},
	}
}

func (p Page) revenueTitle() string { return "Revenue and commission in " + p.currency() }

func (p Page) revenue() chart.Chart {
	currency := p.currency()
	amount := func(of func(reports.Money) int64) func(reports.Figures) (float64, string) {
		return func(f reports.Figures) (float64, string) {
			a := money.Amount{Minor: of(f.In(currency)), Currency: currency}
			v, _ := strconv.ParseFloat(a.Decimal(), 64) // for the height of a bar only
			return v, a.Format()
		}
	}
	return chart.Chart{
		ID: "revenue", Title: "Revenue and commission by day", Labels: p.labels(),
		Series: []chart.Series{
			p.series("Revenue", amount(func(m reports.Money) int64 { return m.Revenue })),
			p.series("Commission", amount(reports.Money.Commission)),
		},
	}
}

// revenues lists what came in, currency by currency.
func revenues(f reports.Figures) string {
	var out []string
	for _, m := range f.Money {
		if m.Revenue != 0 {
			out = append(out, money.Amount{Minor: m.Revenue, Currency: m.Currency}.Format())
		}
	}
	if len(out) == 0 {
		return "–"
	}
	return strings.Join(out, ", ")
}

// grouped writes a count with a space between thousands: 12 345.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// Bounds are the periods to compare: the last days, and as many before them.
func Bounds(now time.Time, days int) (from, to, before time.Time) {
	to = now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	from = to.AddDate(0, 0, -days)
	return from, to, from.AddDate(0, 0, -days)
}
