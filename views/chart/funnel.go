package chart

import "math"

// Step is one step of a Funnel; Text and Rate are its values for people.
type Step struct {
	Name  string
	Hint  string // Who is counted.
	Value int64
	Text  string // "1 234"
	Rate  string // "12.5 % of clicks"; empty for the first.
}

// leastShare keeps a step of a few people visible beside one of thousands.
const leastShare = 0.004

// share is the width of a step as a part of the first.
func share(steps []Step, i int) string {
	if i < 0 || i >= len(steps) || steps[i].Value <= 0 || steps[0].Value <= 0 {
		return percent(0)
	}
	return percent(width * math.Min(math.Max(float64(steps[i].Value)/float64(steps[0].Value), leastShare), 1))
}
