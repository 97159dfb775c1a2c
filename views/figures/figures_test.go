package figures_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/app/reports"
	"github.com/openpartner/openpartner/views/figures"
)

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1\u202f000", 1234567: "1\u202f234\u202f567", -100: "-100", -1000: "-1\u202f000",
	} {
		if got := figures.Count(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestCounted(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 clicks", 1: "1 click", 2: "2 clicks"} {
		if got := figures.Counted(n, "click"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRevenue(t *testing.T) {
	t.Parallel()
	f := reports.Figures{Money: []reports.Money{{Currency: "EUR", Revenue: 500}, {Currency: "GBP", Paid: 7}, {Currency: "USD", Revenue: 1999}}}
	if got, want := figures.Revenue(f), []string{"€5.00", "$19.99"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := figures.Revenue(reports.Figures{}); !slices.Equal(got, []string{"–"}) {
		t.Errorf("nothing: got %q", got)
	}
}

func TestCurrency(t *testing.T) {
	t.Parallel()
	day := func(currencies ...string) reports.Moment {
		m := reports.Moment{}
		for _, c := range currencies {
			m.Money = append(m.Money, reports.Money{Currency: c})
		}
		return m
	}
	for name, c := range map[string]struct {
		series []reports.Moment
		want   string
	}{
		"Nothing":      {nil, "USD"},
		"MostDays":     {[]reports.Moment{day("EUR"), day("EUR", "USD")}, "EUR"},
		"TieToDollars": {[]reports.Moment{day("EUR", "USD")}, "USD"},
	} {
		if got := figures.Currency(c.series); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestCharts(t *testing.T) {
	t.Parallel()
	series := []reports.Moment{
		{Start: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), Figures: reports.Figures{Clicks: 3}},
		{Start: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC), Figures: reports.Figures{Money: []reports.Money{{Currency: "JPY", Revenue: 500, Paid: 50}}}},
	}
	traffic, earnings := figures.Traffic(series), figures.Earnings(series, "JPY")
	if diff := cmp.Diff([]string{"1 May", "2 May"}, traffic.Labels); diff != "" {
		t.Error(diff)
	}
	if got := traffic.Series[0].Points[0]; got.Value != 3 || got.Text != "3" {
		t.Errorf("clicks of the first day: %v", got)
	}
	if got := earnings.Series[0].Points[1]; got.Value != 500 || got.Text != "¥500" {
		t.Errorf("revenue of the second day: %v", got)
	}
	if got := earnings.Series[1].Points[1]; got.Text != "¥50" {
		t.Errorf("commission of the second day: %v", got)
	}
}
