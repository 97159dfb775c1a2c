package tracking

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestVelocity_Exceeded(t *testing.T) {
	t.Parallel()
	v := Velocity{Clicks: 3, Seconds: 10}
	at := func(seconds ...int) (out []time.Time) {
		for _, s := range seconds {
			out = append(out, time.Unix(int64(s), 0))
		}
		return out
	}
	for _, c := range []struct {
		name   string
		others []time.Time
		want   bool
	}{
		{"Alone", nil, false},
		{"TwoBefore", at(98, 99), false},
		{"ThreeBefore", at(97, 98, 99), true},
		{"OneHasLeft", at(90, 98, 99), false},
		{"JustWithin", at(91, 98, 99), true},
		{"ThreeAfter", at(101, 102, 103), true},
		{"ThirdAfterTooFar", at(101, 102, 110), false},
		{"AroundWithinOneWindow", at(95, 101, 104), true},
		{"AroundButNoWindowHoldsThem", at(91, 95, 102), false},
		{"SameMoment", at(100, 100, 100), true},
	} {
		if got := v.exceeded(c.others, time.Unix(100, 0)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// In whatever order visits arrive, no window ever holds more that count than allowed; and a
// visit is flagged only if some window around it is full.
func TestVelocity_Property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := Velocity{Clicks: rapid.IntRange(1, 4).Draw(t, "clicks"), Seconds: rapid.IntRange(1, 20).Draw(t, "seconds")}
		seconds := rapid.SliceOfN(rapid.Int64Range(0, 60), 1, 40).Draw(t, "visits")
		var seen, counted []time.Time
		for _, s := range seconds {
			at := time.Unix(s, 0)
			if !v.exceeded(seen, at) {
				counted = append(counted, at)
			} else if most(seen, at, v.window()) < v.Clicks {
				t.Fatalf("%v was flagged, but no window around it is full: %v", at, seen)
			}
			seen = append(seen, at)
			slices.SortFunc(seen, time.Time.Compare)
		}
		slices.SortFunc(counted, time.Time.Compare)
		for i, from := range counted {
			n := 0
			for _, at := range counted[i:] {
				if at.Sub(from) < v.window() {
					n++
				}
			}
			if n > v.Clicks {
				t.Fatalf("%d visits count within one window from %v", n, from)
			}
		}
	})
}

// most is how many visits some window of that length holds that also holds at.
func most(seen []time.Time, at time.Time, window time.Duration) (most int) {
	for _, from := range append([]time.Time{at}, seen...) {
		n := 0
		for _, s := range seen {
			if d := s.Sub(from); d >= 0 && d < window {
				n++
			}
		}
		if d := at.Sub(from); d >= 0 && d < window {
			most = max(most, n)
		}
	}
	return most
}
