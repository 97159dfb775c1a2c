// Package chart draws figures over time as SVG on the server: lines, bars and sparklines.
//
// It owns the geometry and the drawing, not the figures. Every chart comes with the same values as
// a table, so nothing is told by the picture alone. Invariants: no style attribute and no script;
// all numbers are finite, also for empty series and for zeros only.
package chart

import (
	"math"
	"strconv"
	"strings"
)

// Point is one value of one moment; Text is the value for people, such as "$19.99".
type Point struct {
	Value float64
	Text  string
}

// Series is one line or one colour of bars; it has as many points as the chart has labels.
type Series struct {
	Name   string
	Points []Point
}

// Chart is a set of series over the same moments.
type Chart struct {
	ID     string
	Title  string   // What is shown, for the name of the picture and the caption of the table.
	Labels []string // Of the moments, short: "12 May".
	Series []Series // At most four, which is how many colours there are.
	Height int      // Of the drawing in pixels, 240 by default; the width is that of its place.
	// Axis writes a value of the axis; whole numbers by default.
	Axis func(value float64) string
}

// Across, the drawing is measured in thousandths of its width, so that it fits every screen while
// texts keep their size; down, it is measured in pixels.
const (
	width     = 1000.0
	padTop    = 10
	padBottom = 24
	maxSeries = 4
	gridLines = 4
	// A label needs about this share of a wide drawing; a narrow one shows every second.
	labelWidth = 90.0
	barShare   = 0.68
	sparkPad   = 1.0
)

func (c Chart) height() int {
	if c.Height <= 0 {
		return 240
	}
	return c.Height
}

// plotHeight is the height between the labels below and the edge above.
func (c Chart) plotHeight() int { return c.height() - padTop - padBottom }

func (c Chart) series() []Series { return c.Series[:min(len(c.Series), maxSeries)] }

// at gives the point of series s at moment i; a missing one is zero.
func (s Series) at(i int) Point {
	if i >= len(s.Points) {
		return Point{}
	}
	return s.Points[i]
}

// bounds gives the lowest and highest tick: zero is always inside, and they are never equal.
func (c Chart) bounds() (low, high float64) {
	for _, s := range c.series() {
		for i := range c.Labels {
			v := finite(s.at(i).Value)
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	step := niceStep(high-low, gridLines)
	return math.Floor(low/step) * step, math.Max(math.Ceil(high/step)*step, math.Floor(low/step)*step+step)
}

// niceStep gives 1, 2 or 5 times a power of ten, so that n steps cover span.
func niceStep(span float64, n int) float64 {
	if span <= 0 {
		return 1
	}
	raw := span / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 5} {
		if raw <= f*power*(1+1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// Tick is one line of the grid.
type Tick struct {
	Y    string
	Text string
}

func (c Chart) ticks() []Tick {
	low, high := c.bounds()
	step := niceStep(high-low, gridLines)
	var out []Tick
	for v := low; v <= high+step/2; v += step {
		out = append(out, Tick{Y: num(padTop + c.y(v)), Text: c.axis(v)})
	}
	return out
}

func (c Chart) axis(v float64) string {
	if c.Axis != nil {
		return c.Axis(v)
	}
	return compact(v)
}

// compact writes 12500 as 12.5k; axis texts have little room.
func compact(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e6:
		return trim(v/1e6) + "M"
	case a >= 1e3:
		return trim(v/1e3) + "k"
	default:
		return trim(v)
	}
}

func trim(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100+0, 'f', -1, 64)
}

// y is the distance of a value from the top of the plot.
func (c Chart) y(v float64) float64 {
	low, high := c.bounds()
	return (high - finite(v)) / (high - low) * float64(c.plotHeight())
}

// slot is the width that belongs to one moment.
func (c Chart) slot() float64 { return width / float64(max(len(c.Labels), 1)) }

// x is the middle of the slot of moment i.
func (c Chart) x(i int) float64 { return c.slot() * (float64(i) + 0.5) }

// linePath draws a series from moment to moment.
func (c Chart) linePath(s Series) string {
	var d strings.Builder
	for i := range c.Labels {
		d.WriteString(letter(i) + num(c.x(i)) + " " + num(c.y(s.at(i).Value)))
	}
	return d.String()
}

// areaPath closes a line down to zero.
func (c Chart) areaPath(s Series) string {
	if len(c.Labels) == 0 {
		return ""
	}
	zero := num(c.y(0))
	return c.linePath(s) + "L" + num(c.x(len(c.Labels)-1)) + " " + zero + "L" + num(c.x(0)) + " " + zero + "Z"
}

// Rect is a rectangle with its numbers written for SVG; X and W are shares of the width.
type Rect struct{ X, Y, W, H string }

// bar gives the bar of series s at moment i; the bars of one moment stand side by side.
func (c Chart) bar(s, i int) Rect {
	all := c.slot() * barShare
	w := all / float64(len(c.series()))
	v := c.series()[s].at(i).Value
	top, bottom := math.Min(c.y(v), c.y(0)), math.Max(c.y(v), c.y(0))
	return Rect{
		X: percent(c.x(i) - all/2 + w*float64(s)), Y: num(padTop + top),
		W: percent(w * 0.94), H: num(bottom - top),
	}
}

// hit is the whole column of a moment, so that a finger finds it.
func (c Chart) hit(i int) Rect {
	return Rect{X: percent(c.x(i) - c.slot()/2), Y: num(padTop), W: percent(c.slot()), H: num(float64(c.plotHeight()))}
}

// every is the distance between labelled moments.
func (c Chart) every() int { return max(int(math.Ceil(labelWidth/c.slot())), 1) }

// labelled reports whether there is room for the label of moment i; the last one always has it.
func (c Chart) labelled(i int) bool { return (len(c.Labels)-1-i)%c.every() == 0 }

// minor reports whether the label of moment i gives way on a narrow screen.
func (c Chart) minor(i int) bool {
	return len(c.Labels) > 6 && (len(c.Labels)-1-i)/c.every()%2 == 1
}

// anchor keeps the last label inside the drawing.
func (c Chart) anchor(i int) string {
	if i == len(c.Labels)-1 && c.slot() < labelWidth {
		return "end"
	}
	return "middle"
}

func (c Chart) labelX(i int) string {
	if c.anchor(i) == "end" {
		return "100%"
	}
	return percent(c.x(i))
}

// readout tells all values of moment i.
func (c Chart) readout(i int) string {
	parts := make([]string, 0, maxSeries)
	for _, s := range c.series() {
		parts = append(parts, s.at(i).text()+" "+strings.ToLower(s.Name))
	}
	return strings.Join(parts, " · ")
}

func (p Point) text() string {
	if p.Text != "" {
		return p.Text
	}
	return trim(finite(p.Value))
}

// sparkPath draws values into a box of 100 by 28, the lowest and the highest touching its edges.
func sparkPath(values []float64) string {
	const w, h = 100.0, 28.0
	if len(values) < 2 {
		return "M0 " + num(h-sparkPad) + "L" + num(w) + " " + num(h-sparkPad)
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = math.Min(low, finite(v)), math.Max(high, finite(v))
	}
	span := high - low
	var d strings.Builder
	for i, v := range values {
		y := h - sparkPad
		if span > 0 {
			y -= (finite(v) - low) / span * (h - 2*sparkPad)
		}
		d.WriteString(letter(i) + num(w*float64(i)/float64(len(values)-1)) + " " + num(y))
	}
	return d.String()
}

func letter(i int) string {
	if i == 0 {
		return "M"
	}
	return "L"
}

// finite keeps NaN and infinities, which no browser can draw, out of the picture.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// num writes a coordinate with at most one decimal.
func num(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10+0, 'f', -1, 64)
}

// percent writes a coordinate across as a share of the width.
func percent(v float64) string {
	return strconv.FormatFloat(math.Round(v*100/width*1000)/1000+0, 'f', -1, 64) + "%"
}
