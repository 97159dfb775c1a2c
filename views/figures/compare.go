package figures

import (
	"math"
	"strconv"
	"time"

	"github.com/openpartner/openpartner/views/ui"
)

// Periods are the lengths that reports offer, in days.
func Periods() []int { return []int{7, 30, 90} }

// Bounds are the periods to compare: the last days, and as many before them.
func Bounds(now time.Time, days int) (from, to, before time.Time) {
	to = now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	from = to.AddDate(0, 0, -days)
	return from, to, from.AddDate(0, 0, -days)
}

// Change says how much more or less it is than before; nothing where there is nothing to compare
// with.
func Change(now, before int64) (text string, t ui.Trend) {
	if before <= 0 {
		return "", ui.Flat
	}
	percent := int64(math.Round(float64(now-before) / float64(before) * 100))
	switch {
	case percent > 0:
		return Count(percent) + " %", ui.Up
	case percent < 0:
		return Count(-percent) + " %", ui.Down
	default:
		return "0 %", ui.Flat
	}
}

// Stat is a figure with its change; note says what it is compared with.
func Stat(label, value string, now, before int64, note string) ui.StatProps {
	s := ui.StatProps{Label: label, Value: value}
	if s.Change, s.Trend = Change(now, before); s.Change != "" {
		s.Note = note
	}
	return s
}

// Percent writes a part of a whole with one decimal, but nothing and all of it without; a dash
// where there is no whole.
func Percent(part, whole int64) string {
	if whole <= 0 {
		return "–"
	}
	percent := float64(part) / float64(whole) * 100
	switch {
	case part == 0:
		return "0 %"
	case part == whole:
		return "100 %"
	case percent < 0.1:
		return "< 0.1 %"
	default:
		return strconv.FormatFloat(percent, 'f', 1, 64) + " %"
	}
}
