package figures_test

import (
	"testing"
	"time"

	"github.com/openpartner/openpartner/views/figures"
	"github.com/openpartner/openpartner/views/ui"
)

func TestChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, before int64
		text        string
		trend       ui.Trend
	}{
		{0, 0, "", ui.Flat}, {5, 0, "", ui.Flat}, {5, -5, "", ui.Flat}, {5, 5, "0 %", ui.Flat}, {1001, 1000, "0 %", ui.Flat},
		{112, 100, "12 %", ui.Up}, {1300, 100, "1\u202f200 %", ui.Up}, {0, 3, "100 %", ui.Down}, {-50, 100, "150 %", ui.Down},
	} {
		if text, trend := figures.Change(c.now, c.before); text != c.text || trend != c.trend {
			t.Errorf("%d after %d: got %q, %v", c.now, c.before, text, trend)
		}
	}
}

func TestStat_SaysWhatItIsComparedWithOnlyWhereItIs(t *testing.T) {
	t.Parallel()
	if s := figures.Stat("Clicks", "5", 5, 0, "against before"); s.Note != "" || s.Change != "" {
		t.Errorf("got %+v", s)
	}
	if s := figures.Stat("Clicks", "5", 5, 10, "against before"); s.Note != "against before" || s.Change != "50 %" {
		t.Errorf("got %+v", s)
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		part, whole int64
		want        string
	}{
		{0, 0, "–"}, {0, 7, "0 %"}, {7, 7, "100 %"}, {1, 8, "12.5 %"}, {1, 10, "10.0 %"}, {2, 3, "66.7 %"}, {1, 1_000_000, "< 0.1 %"}, {999_999, 1_000_000, "100.0 %"},
	} {
		if got := figures.Percent(c.part, c.whole); got != c.want {
			t.Errorf("%d of %d: got %q, want %q", c.part, c.whole, got, c.want)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	late := time.Date(2026, 3, 15, 1, 0, 0, 0, time.FixedZone("", 2*3600)) // still the 14th in UTC
	from, to, before := figures.Bounds(late, 7)
	if !from.Equal(day(8)) || !to.Equal(day(15)) || !before.Equal(day(1)) {
		t.Errorf("got %s to %s, before %s", from, to, before)
	}
}
