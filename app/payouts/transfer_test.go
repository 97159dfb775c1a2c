package payouts

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/pay"
)

func noonOf() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func sent() Payout {
	to, from := "acct_to", "acct_from"
	posted := noonOf()
	return Payout{
		ID: uuid.MustParse("01900000-0000-7000-8000-000000000001"), PartnerID: uuid.MustParse("01900000-0000-7000-8000-0000000000aa"), Currency: "USD", Amount: 500,
		Rail: RailStripe, Status: Processing, DestinationAccount: &to, PayingAccount: &from, PostedAt: &posted, Attempts: 1, CreatedAt: noonOf(),
	}
}

func transferOf(p Payout, change func(t *pay.Transfer)) pay.Transfer {
	t := pay.Transfer{ID: "tr_1", Amount: p.Amount, Currency: p.Currency, Destination: *p.DestinationAccount, Group: p.group(), Created: noonOf()}
	if change != nil {
		change(&t)
	}
	return t
}

func TestChoose(t *testing.T) {
	t.Parallel()
	first, again := sent(), sent()
	again.Generation = 1
	good := transferOf(first, nil)
	second := transferOf(first, func(t *pay.Transfer) { t.ID = "tr_2" })
	reversed := transferOf(first, func(t *pay.Transfer) { t.Reversed = 500 })
	for name, c := range map[string]struct {
		payout Payout
		found  []pay.Transfer
		want   string // the transfer, or why a person has to look
	}{
		"one":                              {first, []pay.Transfer{good}, "tr_1"},
		"none":                             {first, nil, reviewNotFound},
		"two":                              {first, []pay.Transfer{good, second}, reviewSeveral},
		"one that was reversed":            {first, []pay.Transfer{reversed}, reviewReversed},
		"a part of it was reversed":        {first, []pay.Transfer{transferOf(first, func(t *pay.Transfer) { t.Reversed = 1 })}, reviewReversed},
		"another amount":                   {first, []pay.Transfer{transferOf(first, func(t *pay.Transfer) { t.Amount = 501 })}, reviewDiffers},
		"another currency":                 {first, []pay.Transfer{transferOf(first, func(t *pay.Transfer) { t.Currency = "EUR" })}, reviewDiffers},
		"to somebody else":                 {first, []pay.Transfer{transferOf(first, func(t *pay.Transfer) { t.Destination = "acct_x" })}, reviewDiffers},
		"of another group":                 {first, []pay.Transfer{transferOf(first, func(t *pay.Transfer) { t.Group = "x" })}, reviewDiffers},
		"again, after one was taken back":  {again, []pay.Transfer{reversed, second}, "tr_2"},
		"again, and nothing but that":      {again, []pay.Transfer{reversed}, reviewNotFound},
		"again, while the first one stood": {again, []pay.Transfer{good, second}, reviewSeveral},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := slices.Clone(c.found)
			got, review := c.payout.choose(found)
			if review == "" {
				review = got.ID
			}
			if review != c.want {
				t.Errorf("got %s, want %s", review, c.want)
			}
			if !slices.Equal(found, c.found) {
				t.Error("it changed what was found")
			}
		})
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	p := sent()
	if got := p.key(); got != "payout_01900000-0000-7000-8000-000000000001" {
		t.Error(got)
	}
	p.Generation = 2
	if got := p.key(); got != "payout_01900000-0000-7000-8000-000000000001_g2" {
		t.Error(got)
	}
	for after, want := range map[time.Duration][2]bool{ // may call, nothing is left that may be carried out
		0: {true, false}, 23*time.Hour - time.Second: {true, false}, 23 * time.Hour: {false, false}, 24*time.Hour - time.Second: {false, false}, 24 * time.Hour: {false, true},
	} {
		if got := [2]bool{p.callable(noonOf().Add(after)), p.settledAtStripe(noonOf().Add(after))}; got != want {
			t.Errorf("after %s: %v", after, got)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	now := noonOf().Add(3 * time.Hour)
	with := func(change func(p *Payout)) Payout {
		p := sent()
		change(&p)
		return p
	}
	id := "tr_1"
	paid := with(func(p *Payout) { p.Status, p.StripeTransferID, p.CompletedAt = Paid, &id, &now })
	failed := with(func(p *Payout) { p.Status, p.CompletedAt = Failed, &now })
	good := transferOf(paid, nil)
	for name, c := range map[string]struct {
		payouts   []Payout
		transfers []pay.Transfer
		want      []DifferenceKind
	}{
		"they agree":                     {[]Payout{paid}, []pay.Transfer{good}, nil},
		"reversed after it was paid":     {[]Payout{paid}, []pay.Transfer{transferOf(paid, func(t *pay.Transfer) { t.Reversed = 500 })}, []DifferenceKind{DifferenceReversed}},
		"another amount":                 {[]Payout{paid}, []pay.Transfer{transferOf(paid, func(t *pay.Transfer) { t.Amount = 5 })}, []DifferenceKind{DifferenceDiffers}},
		"paid without a transfer":        {[]Payout{paid}, nil, []DifferenceKind{DifferenceMissing}},
		"paid twice":                     {[]Payout{paid}, []pay.Transfer{good, transferOf(paid, func(t *pay.Transfer) { t.ID = "tr_2" })}, []DifferenceKind{DifferenceUnpaid}},
		"paid although it failed":        {[]Payout{failed}, []pay.Transfer{good}, []DifferenceKind{DifferenceUnpaid}},
		"failed, and reversed at Stripe": {[]Payout{failed}, []pay.Transfer{transferOf(paid, func(t *pay.Transfer) { t.Reversed = 500 })}, nil},
		"nobody knows this payout":       {nil, []pay.Transfer{good}, []DifferenceKind{DifferenceUnknown}},
		"another program's":              {nil, []pay.Transfer{transferOf(paid, func(t *pay.Transfer) { t.Group = "order 17" })}, nil},
		"on its way for long":            {[]Payout{sent()}, []pay.Transfer{good}, []DifferenceKind{DifferenceOpen}},
		"in review":                      {[]Payout{with(func(p *Payout) { p.Status = NeedsReview })}, nil, []DifferenceKind{DifferenceReview}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []DifferenceKind
			for _, d := range compare(c.payouts, c.transfers, noonOf().Add(-time.Hour), now) {
				got = append(got, d.Kind)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
