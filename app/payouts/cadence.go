package payouts

import "time"

// Cadence is how often the clock plans payouts.
type Cadence string

// The cadences.
const (
	Weekly   Cadence = "weekly"   // on Mondays
	Biweekly Cadence = "biweekly" // on the Mondays of even weeks
	Monthly  Cadence = "monthly"  // on the first
	ByHand   Cadence = "manual"
)

// Due is the beginning of the latest period, a midnight in UTC; false where the clock plans nothing,
// or the cadence was chosen after it.
func (c Cadence) Due(since, now time.Time) (period time.Time, due bool) {
	now = now.UTC()
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	switch c {
	case Weekly, Biweekly:
		day = day.AddDate(0, 0, -int(day.Weekday()+6)%7)
		for c == Biweekly && odd(day) {
			day = day.AddDate(0, 0, -7)
		}
	case Monthly:
		day = day.AddDate(0, 0, 1-day.Day())
	default:
		return time.Time{}, false
	}
	return day, !day.Before(since)
}

// odd reports whether the week of a day, by ISO 8601, has an odd number.
func odd(day time.Time) bool {
	_, week := day.ISOWeek()
	return week%2 == 1
}
