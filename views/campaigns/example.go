package campaigns

import (
	"errors"
	"strconv"
	"strings"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
)

// usual is the currency that forms begin with.
const usual = "USD"

// Sample is the sale of an example as it was typed. Without an amount it is an event without
// money, such as a sign-up.
type Sample struct{ Amount, Currency, Type string }

// SampleFor is a sale that rules are about.
func SampleFor(rules []campaigns.Rule) Sample {
	s := Sample{Currency: usual}
	for _, r := range rules {
		if s.Type == "" {
			s.Type = r.EventType
		}
		if r.Kind == campaigns.Fixed {
			s.Currency = r.Currency
		}
	}
	if s.Type == "" {
		s.Type = "purchase"
	}
	s.Amount = money.Amount{Minor: 100_00, Currency: s.Currency}.Decimal()
	return s
}

// sale reads the sample, or says in a sentence why it can't be read.
func (s Sample) sale() (sale commissions.Sale, problem string) {
	sale = commissions.Sale{Type: s.Type, Currency: s.Currency}
	if s.Amount == "" {
		return sale, ""
	}
	amount, err := money.ParseDecimal(s.Amount, s.Currency)
	switch {
	case errors.Is(err, money.ErrCurrency):
		return sale, "Give the currency of the sample sale as its three-letter code, such as USD."
	case err != nil || amount.Minor <= 0:
		return sale, "Write the amount of the sample sale as a number above zero, such as 100.00."
	}
	sale.Amount = &amount.Minor
	return sale, ""
}

// Example says line by line what a sale would pay.
type Example struct {
	Problem string // why there is nothing to show
	Noun    string // what the sale is called
	Lines   []ExampleLine
	First   []string // what all rules pay together, by currency
	Later   []string
}

// ExampleLine is what one rule pays, with the arithmetic.
type ExampleLine struct {
	Number  int
	Words   string
	Problem string // why the rule can't be read yet
	First   string
	Later   string
}

// NewExample computes what rules pay for a sample, by the same arithmetic as for real sales.
// Rules that something is wrong with are left out, and say what.
func NewExample(rules []campaigns.Rule, wrong fault.Fields, sample Sample) Example {
	sale, problem := sample.sale()
	e := Example{Problem: problem, Noun: eventWords(sample.Type, "event")}
	if problem != "" {
		return e
	}
	var sound []campaigns.Rule
	for i, r := range rules {
		line := ExampleLine{Number: i + 1, Problem: problemOf(wrong, i)}
		if line.Problem == "" {
			line.Words = RuleWords(r)
			sound = append(sound, r)
		}
		e.Lines = append(e.Lines, line)
	}
	paid := attribution.Illustrate(sound, sale)
	var first, later []*commissions.Target
	for i, n := 0, 0; i < len(e.Lines); i++ {
		if e.Lines[i].Problem != "" {
			continue
		}
		e.Lines[i].First = arithmetic(sound[n], sale, paid[n].First, false)
		e.Lines[i].Later = arithmetic(sound[n], sale, paid[n].Later, true)
		first, later = append(first, paid[n].First), append(later, paid[n].Later)
		n++
	}
	e.First, e.Later = sums(first), sums(later)
	return e
}

// problemOf is the first thing that is wrong with a rule, in the order of its inputs.
func problemOf(wrong fault.Fields, i int) string {
	for _, name := range []string{"kind", "rate", "amount", "currency", "trigger", "event_type", "duration_months"} {
		if sentence := wrong[field(i, name)]; sentence != "" {
			return sentence
		}
	}
	return ""
}

// arithmetic writes out how an amount comes about: "20 % of $100.00 = $20.00".
func arithmetic(r campaigns.Rule, s commissions.Sale, t *commissions.Target, later bool) string {
	if t == nil {
		return "Nothing: " + whyNothing(r, s, later)
	}
	amount := money.Amount{Minor: t.Amount, Currency: t.Currency}.Format()
	if t.RatePPM > 0 && t.BaseAmount != nil {
		base := money.Amount{Minor: *t.BaseAmount, Currency: t.BaseCurrency}.Format()
		amount = money.FormatPercent(t.RatePPM) + " % of " + base + " = " + amount
	} else {
		amount += ", a fixed amount"
	}
	if later && r.DurationMonths > 0 {
		amount += ", for " + count(r.DurationMonths, "month") + " from the first"
	}
	return amount
}

func whyNothing(r campaigns.Rule, s commissions.Sale, later bool) string {
	switch {
	case r.EventType != "" && r.EventType != s.Type:
		return "it is for " + eventWords(r.EventType, "") + " only"
	case r.Kind == campaigns.Percent && s.Amount == nil:
		return "there is no amount to share"
	case later:
		return "it is for the first only"
	default:
		return "it is for all but the first"
	}
}

// sums adds what is paid up, currency by currency.
func sums(targets []*commissions.Target) []string {
	totals := map[string]int64{}
	var order []string
	for _, t := range targets {
		if t == nil {
			continue
		}
		if _, known := totals[t.Currency]; !known {
			order = append(order, t.Currency)
		}
		totals[t.Currency] += t.Amount
	}
	var out []string
	for _, currency := range order {
		out = append(out, money.Amount{Minor: totals[currency], Currency: currency}.Format())
	}
	return out
}

func together(sums []string) string {
	if len(sums) == 0 {
		return "Nothing"
	}
	return strings.Join(sums, " + ")
}

func (l ExampleLine) title() string { return "Rule " + strconv.Itoa(l.Number) }
