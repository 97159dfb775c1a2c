package money_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openpartner/openpartner/app/money"
)

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	cases := []struct {
		text, currency string
		minor          int64
		ok             bool
	}{
		{"19.99", "USD", 1999, true},
		{"1,234,567.5", "USD", 123456750, true},
		{" 5 ", "JPY", 5, true},
		{"1.234", "KWD", 1234, true},
		{"7", "UGX", 700, true},
		{"7", "ISK", 700, true},
		{"-3.10", "EUR", -310, true},
		{"90071992547409.91", "USD", money.Max, true},
		{"90071992547409.92", "USD", 0, false},
		{"1.5", "JPY", 0, false},
		{"1.999", "USD", 0, false},
		{"1,23", "USD", 0, false},
		{"1.", "USD", 0, false},
		{".5", "USD", 0, false},
		{"", "USD", 0, false},
		{"+1", "USD", 0, false},
		{"1e3", "USD", 0, false},
		{"1", "usd", 0, false},
		{"1", "XXX", 0, false},
	}
	for _, c := range cases {
		t.Run(c.text+c.currency, func(t *testing.T) {
			t.Parallel()
			got, err := money.ParseDecimal(c.text, c.currency)
			if (err == nil) != c.ok || (c.ok && got.Minor != c.minor) {
				t.Errorf("got %d, %v", got.Minor, err)
			}
		})
	}
}

func TestAmount_Format(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]money.Amount{
		"$1,234.50": {Minor: 123450, Currency: "USD"},
		"-$0.05":    {Minor: -5, Currency: "USD"},
		"¥500":      {Minor: 500, Currency: "JPY"},
		"KWD 1.500": {Minor: 1500, Currency: "KWD"},
		"€10.00":    {Minor: 1000, Currency: "EUR"},
		"UGX 7.00":  {Minor: 700, Currency: "UGX"},
	} {
		if got := a.Format(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAmount_Decimal_ReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := money.Amount{
			Minor:    rapid.Int64Range(-money.Max, money.Max).Draw(t, "minor"),
			Currency: rapid.SampledFrom(money.Codes()).Draw(t, "currency"),
		}
		got, err := money.ParseDecimal(a.Decimal(), a.Currency)
		if err != nil || got != a {
			t.Fatalf("%q read back as %+v, %v; want %+v", a.Decimal(), got, err, a)
		}
	})
}

func TestMulRatio(t *testing.T) {
	t.Parallel()
	cases := []struct{ base, num, den, want int64 }{
		{10000, 200000, money.PPM, 2000},
		{1, 500000, money.PPM, 1}, // half away from zero
		{-1, 500000, money.PPM, -1},
		{1, 499999, money.PPM, 0},
		{money.Max, money.PPM, money.PPM, money.Max},
		{money.Max, money.Max, money.Max, money.Max},
		{0, 1, 3, 0},
	}
	for _, c := range cases {
		if got := money.MulRatio(c.base, c.num, c.den); got != c.want {
			t.Errorf("%d * %d / %d = %d, want %d", c.base, c.num, c.den, got, c.want)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	third := money.Weight{Num: 1, Den: 3}
	cases := []struct {
		name    string
		total   int64
		weights []money.Weight
		want    []int64
	}{
		{"TieToTheEarlier", 1000, []money.Weight{third, third, third}, []int64{334, 333, 333}},
		{"LargestRemainder", 100, []money.Weight{{2, 5}, {1, 5}, {2, 5}}, []int64{40, 20, 40}},
		{"Negative", -1000, []money.Weight{third, third, third}, []int64{-334, -333, -333}},
		{"PartOfTheWhole", 10, []money.Weight{third, third}, []int64{5, 5}},
		{"Nothing", 0, []money.Weight{third}, []int64{0}},
		{"NoWeights", 10, nil, []int64{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, money.Split(c.total, c.weights)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplit_PartsAddUpToTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(-money.Max, money.Max).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) money.Weight {
			den := rapid.Int64Range(1, 60).Draw(t, "den")
			return money.NewWeight(rapid.Int64Range(1, den).Draw(t, "num"), den)
		}), 1, 12).Draw(t, "weights")
		var sum int64
		for _, part := range money.Split(total, weights) {
			sum += part
		}
		if sum != total {
			t.Fatalf("parts of %d add up to %d", total, sum)
		}
	})
}

func TestPercent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"20": 200000, "12.5": 125000, "0.0001": 1, "100": 1000000, "7.25": 72500} {
		got, err := money.ParsePercent(text)
		if err != nil || got != want || money.FormatPercent(got) != text {
			t.Errorf("%s: got %d, %v, written %s", text, got, err, money.FormatPercent(got))
		}
	}
	for _, text := range []string{"", "0", "100.0001", "-1", "1.23456", "12.", ".5", "1,5", "ten", "1e1"} {
		if _, err := money.ParsePercent(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
