package ledger

import (
	"math/big"
	"strings"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/views/ui"
)

// working is one key's arithmetic, written out.
type working struct {
	commissions.Target
	rule campaigns.Rule
}

func workingOf(k attribution.ToldKey) working { return working{Target: *k.Due, rule: k.Rule} }

func (w working) amount(minor int64) string {
	return money.Amount{Minor: minor, Currency: w.Currency}.Format()
}

// sum is the whole calculation: "20 % of $49.99 × 1 = $10.00".
func (w working) sum() string {
	parts := []string{w.amount(w.Whole) + " fixed"}
	if w.RatePPM != 0 {
		base := money.Amount{Minor: value(w.BaseAmount), Currency: w.BaseCurrency}
		parts[0] = money.FormatPercent(w.RatePPM) + " % of " + base.Format()
	}
	if w.Remaining != w.Paid {
		parts = append(parts, money.NewWeight(w.Remaining, w.Paid).String())
	}
	parts = append(parts, w.Weight.String())
	return strings.Join(parts, " × ") + " = " + w.amount(w.Amount)
}

// facts are what the calculation does not say by itself.
func (w working) facts() []ui.Fact {
	var out []ui.Fact
	if w.Remaining != w.Paid {
		base := func(minor int64) string { return money.Amount{Minor: minor, Currency: w.BaseCurrency}.Format() }
		if w.BaseAmount != nil {
			out = append(out, ui.Fact{Label: "Left after refunds", Value: base(w.Remaining) + " of " + base(w.Paid)})
		}
		out = append(out, ui.Fact{Label: "Before", Value: w.amount(w.Whole)}, ui.Fact{Label: "Stays", Value: w.amount(w.Stays)})
	}
	return append(out, ui.Fact{Label: "Rounding", Value: w.rounding()})
}

// rounding says what the exact result was, and what keeps split parts together.
func (w working) rounding() string {
	exact := w.exact()
	if exact.Cmp(new(big.Rat).SetInt64(w.Amount)) == 0 {
		return "none"
	}
	text := "from " + w.unrounded(exact)
	if w.Weight != w.Weights {
		text += ", all shares add up to " + w.amount(w.Pool)
	}
	return text
}

// exact is the result without any rounding, in minor units.
func (w working) exact() *big.Rat {
	whole := new(big.Rat).SetInt64(w.Whole)
	if w.RatePPM != 0 {
		whole.Mul(new(big.Rat).SetInt64(value(w.BaseAmount)), big.NewRat(w.RatePPM, money.PPM))
	}
	whole.Mul(whole, big.NewRat(w.Remaining, w.Paid))
	return whole.Mul(whole, big.NewRat(w.Weight.Num, w.Weight.Den))
}

// furtherDigits is how much more precise than its currency an unrounded amount is shown.
const furtherDigits = 4

// unrounded writes an amount with decimals that its currency does not have: "$9.998".
func (w working) unrounded(minor *big.Rat) string {
	digits, _ := money.Exponent(w.Currency)
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	major := new(big.Rat).Quo(minor, new(big.Rat).SetInt(unit))
	text := strings.TrimSuffix(strings.TrimRight(major.FloatString(digits+furtherDigits), "0"), ".")
	if shown, ok := new(big.Rat).SetString(text); !ok || shown.Cmp(major) != 0 {
		text += "…"
	}
	zero := money.Amount{Currency: w.Currency}
	return strings.Replace(zero.Format(), zero.Decimal(), text, 1)
}
