package money

import (
	"errors"
	"math/bits"
	"strconv"
	"strings"
)

// MulRatio is base * num / den, rounded half away from zero, through 128 bits. num and den are
// not negative, den is not 0, and the result must fit 63 bits: with num <= den it always does.
func MulRatio(base, num, den int64) int64 {
	if num < 0 || den <= 0 {
		panic("money: a ratio is a non-negative number over a positive one")
	}
	negative := base < 0
	magnitude := uint64(base) //nolint:gosec // the sign is kept apart
	if negative {
		magnitude = -magnitude
	}
	hi, lo := bits.Mul64(magnitude, uint64(num))
	lo, carry := bits.Add64(lo, uint64(den)/2, 0)
	hi += carry
	if hi >= uint64(den) {
		panic("money: the product is out of range")
	}
	quotient, _ := bits.Div64(hi, lo, uint64(den))
	if quotient > 1<<63-1 {
		panic("money: the product is out of range")
	}
	if negative {
		return -int64(quotient)
	}
	return int64(quotient)
}

// Weight is an exact share, in lowest terms.
type Weight struct{ Num, Den int64 }

// NewWeight is num/den in lowest terms.
func NewWeight(num, den int64) Weight {
	g := gcd(num, den)
	return Weight{Num: num / g, Den: den / g}
}

// String writes the weight as a fraction, such as "1/3"; the whole is "1".
func (w Weight) String() string {
	if w.Den == 1 {
		return strconv.FormatInt(w.Num, 10)
	}
	return strconv.FormatInt(w.Num, 10) + "/" + strconv.FormatInt(w.Den, 10)
}

// Add is the exact sum.
func (w Weight) Add(v Weight) Weight {
	if w.Den == 0 {
		return v
	}
	return NewWeight(w.Num*v.Den+v.Num*w.Den, w.Den*v.Den)
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, 1)
}

// Split hands total out by the weights: each part is the whole units of its share, and the
// units left over go to the largest remainders, ties to the earlier. The parts add up to
// total exactly, whatever the weights add up to.
func Split(total int64, weights []Weight) []int64 {
	parts := make([]int64, len(weights))
	if len(weights) == 0 || total == 0 {
		return parts
	}
	// Over a common denominator the weights are whole numbers, and their sum is the divisor.
	den := int64(1)
	for _, w := range weights {
		den = den / gcd(den, w.Den) * w.Den
	}
	var sum int64
	shares := make([]int64, len(weights))
	for i, w := range weights {
		shares[i] = w.Num * (den / w.Den)
		sum += shares[i]
	}
	if sum <= 0 {
		panic("money: weights to split by must add up to more than zero")
	}
	sign, magnitude := int64(1), total
	if total < 0 {
		sign, magnitude = -1, -total
	}
	remainders := make([]uint64, len(weights))
	left := magnitude
	for i, share := range shares {
		hi, lo := bits.Mul64(uint64(magnitude), uint64(share)) //nolint:gosec // neither is negative
		quotient, remainder := bits.Div64(hi, lo, uint64(sum))
		parts[i], remainders[i] = int64(quotient), remainder //nolint:gosec // at most magnitude
		left -= parts[i]
	}
	for ; left > 0; left-- {
		best := 0
		for i := range remainders {
			if remainders[i] > remainders[best] {
				best = i
			}
		}
		parts[best]++
		remainders[best] = 0
	}
	for i := range parts {
		parts[i] *= sign
	}
	return parts
}

// PPM is the whole in parts per million.
const PPM = 1_000_000

// ErrPercent is the answer to text that is no percentage from 0.0001 to 100.
var ErrPercent = errors.New("not a percentage between 0.0001 and 100 with at most four decimals")

// ParsePercent reads a percentage with up to four decimals into parts per million: "12.5" is
// 125000.
func ParsePercent(text string) (int64, error) {
	whole, fraction, dotted := strings.Cut(strings.TrimSpace(text), ".")
	if whole == "" || len(whole) > 3 || len(fraction) > 4 || (dotted && fraction == "") || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, ErrPercent
	}
	ppm, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", 4-len(fraction)), 10, 64)
	if err != nil || ppm < 1 || ppm > PPM {
		return 0, ErrPercent
	}
	return ppm, nil
}

// FormatPercent writes parts per million as a percentage without needless zeros: "12.5".
func FormatPercent(ppm int64) string {
	text := strconv.FormatInt(ppm, 10)
	if len(text) < 5 {
		text = strings.Repeat("0", 5-len(text)) + text
	}
	text = text[:len(text)-4] + "." + text[len(text)-4:]
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
