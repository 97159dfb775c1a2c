// Package money counts in whole minor units of a named currency.
//
// It owns exponents, rounding, splitting and how amounts are written. Floats do not occur, and
// amounts of different currencies are never added. Invariant: the parts of a split add up to
// the whole, to the last minor unit.
package money

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// Max is the largest amount: the largest whole number that every JSON reader keeps exact.
const Max = 1<<53 - 1

// Amount is a sum in minor units (cents for USD, yen for JPY) of an ISO 4217 currency.
type Amount struct {
	Minor    int64
	Currency string
}

// ErrCurrency is the answer to text that is no currency code we know.
var ErrCurrency = errors.New("not an ISO 4217 currency code")

// ErrAmount is the answer to text that is no amount of its currency.
var ErrAmount = errors.New("not an amount")

// Exponent is how many decimals a currency has as its payment processors count it: 0 for JPY, 2
// for USD and UGX, 3 for KWD.
func Exponent(code string) (digits int, ok bool) {
	switch code {
	case "UGX", "ISK":
		// ISO says 0, but Stripe takes them in hundredths:
		// https://docs.stripe.com/currencies#special-cases
		return 2, true
	case "XXX", "XTS":
		return 0, false
	}
	d, ok := currency.GetDigits(code)
	return int(d), ok
}

// Valid reports whether code is an upper-case ISO 4217 currency that we know.
func Valid(code string) bool {
	_, ok := Exponent(code)
	return ok
}

// Codes lists the currencies that forms offer: all we know.
func Codes() []string {
	var out []string
	for _, code := range currency.GetCurrencyCodes() {
		if Valid(code) {
			out = append(out, code)
		}
	}
	return out
}

// ParseDecimal reads an amount as people write it, such as "1,234.50": at most as many decimals
// as the currency has, commas only between groups of three digits.
func ParseDecimal(text, code string) (Amount, error) {
	digits, ok := Exponent(code)
	if !ok {
		return Amount{}, ErrCurrency
	}
	text = strings.TrimSpace(text)
	whole, fraction, _ := strings.Cut(text, ".")
	whole, negative := strings.CutPrefix(whole, "-")
	whole, ok = ungroup(whole)
	if !ok || len(fraction) > digits || (fraction == "" && strings.HasSuffix(text, ".")) {
		return Amount{}, ErrAmount
	}
	minor, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", digits-len(fraction)), 10, 63)
	if err != nil || minor > Max {
		return Amount{}, ErrAmount
	}
	a := Amount{Minor: int64(minor), Currency: code} //nolint:gosec // at most Max
	if negative {
		a.Minor = -a.Minor
	}
	return a, nil
}

// ungroup takes the commas out of 1,234,567.
func ungroup(whole string) (string, bool) {
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if g == "" || strings.Trim(g, "0123456789") != "" || (i > 0 && len(g) != 3) || (i == 0 && len(groups) > 1 && len(g) > 3) {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

// Decimal writes the amount without its currency, such as "-1234.50".
func (a Amount) Decimal() string {
	digits, _ := Exponent(a.Currency)
	sign, minor := "", a.Minor
	if minor < 0 {
		sign = "-"
	}
	text := strings.TrimPrefix(strconv.FormatInt(minor, 10), "-")
	if digits == 0 {
		return sign + text
	}
	if len(text) <= digits {
		text = strings.Repeat("0", digits-len(text)+1) + text
	}
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:]
}

// Format writes the amount for people, always with its currency: "$1,234.50", "¥500",
// "KWD 1.500".
func (a Amount) Format() string {
	digits, ok := Exponent(a.Currency)
	parsed, err := currency.NewAmount(a.Decimal(), a.Currency)
	if !ok || err != nil {
		return a.Decimal() + " " + a.Currency
	}
	f := currency.NewFormatter(currency.NewLocale("en-US"))
	f.MinDigits, f.MaxDigits = uint8(digits), uint8(digits) //nolint:gosec // 0..4
	return strings.ReplaceAll(f.Format(parsed), "\u00a0", " ")
}

// String is Format.
func (a Amount) String() string { return a.Format() }

// Add adds an amount of the same currency.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("add %s to %s: amounts of different currencies are never added", b.Currency, a.Currency)
	}
	sum := a.Minor + b.Minor
	if (sum > a.Minor) != (b.Minor > 0) && b.Minor != 0 {
		return Amount{}, errors.New("the sum is out of range")
	}
	return Amount{Minor: sum, Currency: a.Currency}, nil
}
