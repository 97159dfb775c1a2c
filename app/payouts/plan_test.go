package payouts

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func TestPlan(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	account, rested, fresh := "acct_1", now.Add(-CoolDown), now.Add(-CoolDown+time.Second)
	ready := func(b Balance) Balance {
		b.StripeAccount, b.StripeEnabled, b.StripeChangedAt = &account, true, &rested
		return b
	}
	zoe := uuid.New()
	owed := func(amount int64, currency string) Balance {
		return Balance{PartnerID: zoe, Currency: currency, Amount: amount, Rows: 1}
	}
	revoked := owed(9000, "USD")
	revoked.Revoked = true
	cooling := ready(owed(9000, "USD"))
	cooling.StripeChangedAt = &fresh
	halfway := ready(owed(9000, "USD"))
	halfway.StripeEnabled = false
	with := func(rail Rail, change func(*Circumstances)) Circumstances {
		c := Circumstances{Terms: Terms{Rail: rail, Thresholds: map[string]int64{"USD": 5000}}, StripeAvailable: true, Now: now}
		if change != nil {
			change(&c)
		}
		return c
	}
	for name, c := range map[string]struct {
		balance Balance
		in      Circumstances
		rail    Rail
		reason  Reason
	}{
		"AtTheThreshold":           {owed(5000, "USD"), with(RailManual, nil), RailManual, ""},
		"BelowIt":                  {owed(4999, "USD"), with(RailManual, nil), "", BelowThreshold},
		"NoThreshold":              {owed(1, "JPY"), with(RailManual, nil), RailManual, ""},
		"Nothing":                  {owed(0, "USD"), with(RailManual, nil), "", ZeroBalance},
		"Owing":                    {owed(-1, "USD"), with(RailManual, nil), "", NegativeBalance},
		"Revoked":                  {revoked, with(RailManual, nil), "", PartnerRevoked},
		"RevokedAndNamed":          {revoked, with(RailManual, func(c *Circumstances) { c.Named = []uuid.UUID{zoe} }), RailManual, ""},
		"Excluded":                 {owed(9000, "USD"), with(RailManual, func(c *Circumstances) { c.Excluded = []uuid.UUID{zoe} }), "", Excluded},
		"NamedAndExcluded":         {owed(9000, "USD"), with(RailManual, func(c *Circumstances) { c.Named, c.Excluded = []uuid.UUID{zoe}, []uuid.UUID{zoe} }), "", Excluded},
		"AutoReady":                {ready(owed(9000, "USD")), with(RailAuto, nil), RailStripe, ""},
		"AutoWithoutAccount":       {owed(9000, "USD"), with(RailAuto, nil), RailManual, ""},
		"AutoCooling":              {cooling, with(RailAuto, nil), RailManual, ""},
		"AutoUnavailable":          {ready(owed(9000, "USD")), with(RailAuto, func(c *Circumstances) { c.StripeAvailable = false }), RailManual, ""},
		"ManualThoughReady":        {ready(owed(9000, "USD")), with(RailManual, nil), RailManual, ""},
		"StripeReady":              {ready(owed(9000, "USD")), with(RailStripe, nil), RailStripe, ""},
		"StripeWithoutAccount":     {owed(9000, "USD"), with(RailStripe, nil), "", NoPayoutAccount},
		"StripeNotEnabled":         {halfway, with(RailStripe, nil), "", NoPayoutAccount},
		"StripeCooling":            {cooling, with(RailStripe, nil), "", CoolingDown},
		"StripeUnavailable":        {ready(owed(9000, "USD")), with(RailStripe, func(c *Circumstances) { c.StripeAvailable = false }), "", RailNotAvailable},
		"ThreeDecimalsGoByHand":    {ready(owed(9000, "KWD")), with(RailStripe, nil), RailManual, ""},
		"NoDecimalsGoByStripe":     {ready(owed(9000, "JPY")), with(RailStripe, nil), RailStripe, ""},
		"UGXGoesByStripe":          {ready(owed(9000, "UGX")), with(RailAuto, nil), RailStripe, ""},
		"BelowThresholdBeforeRail": {owed(100, "USD"), with(RailStripe, nil), "", BelowThreshold},
	} {
		pay, skip := plan([]Balance{c.balance}, c.in)
		var rail Rail
		var reason Reason
		for _, p := range pay {
			rail = p.Rail
		}
		for _, s := range skip {
			reason = s.Reason
		}
		if len(pay)+len(skip) != 1 || rail != c.rail || reason != c.reason {
			t.Errorf("%s: got %q and %q, want %q and %q", name, rail, reason, c.rail, c.reason)
		}
	}
}

// Whatever is owed to whom: each balance is paid whole or left out whole, and nothing is paid that
// the rules keep back.
func TestPlan_KeepsEveryBalanceWhole(t *testing.T) {
	t.Parallel()
	people := []uuid.UUID{uuid.New(), uuid.New(), uuid.New(), uuid.New()}
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfDistinct(rapid.SampledFrom(people), rapid.ID)
		c := Circumstances{
			Terms: Terms{
				Rail:       rapid.SampledFrom([]Rail{RailAuto, RailStripe, RailManual}).Draw(t, "rail"),
				Thresholds: rapid.MapOf(rapid.SampledFrom([]string{"USD", "JPY", "KWD"}), rapid.Int64Range(0, 5000)).Draw(t, "thresholds"),
			},
			StripeAvailable: rapid.Bool().Draw(t, "available"), Now: now, Named: some.Draw(t, "named"), Excluded: some.Draw(t, "excluded"),
		}
		var balances []Balance
		for _, p := range people {
			for _, currency := range []string{"USD", "JPY", "KWD"} {
				b := Balance{PartnerID: p, Currency: currency, Amount: rapid.Int64Range(-3000, 9000).Draw(t, "amount"), Revoked: rapid.Bool().Draw(t, "revoked")}
				if rapid.Bool().Draw(t, "account") {
					account, at := "acct", now.Add(-time.Duration(rapid.Int64Range(0, 200).Draw(t, "hours"))*time.Hour)
					b.StripeAccount, b.StripeEnabled, b.StripeChangedAt = &account, rapid.Bool().Draw(t, "enabled"), &at
				}
				balances = append(balances, b)
			}
		}
		pay, skip := plan(balances, c)
		if len(pay)+len(skip) != len(balances) {
			t.Fatalf("%d balances, %d paid and %d left out", len(balances), len(pay), len(skip))
		}
		of := func(partner uuid.UUID, currency string) Balance {
			return balances[slices.IndexFunc(balances, func(b Balance) bool { return b.PartnerID == partner && b.Currency == currency })]
		}
		for _, p := range pay {
			b := of(p.PartnerID, p.Currency)
			switch {
			case p.Amount != b.Amount || p.Amount <= 0 || p.Amount < c.Thresholds[p.Currency]:
				t.Fatalf("paid %d of %d %s", p.Amount, b.Amount, p.Currency)
			case slices.Contains(c.Excluded, p.PartnerID), b.Revoked && !slices.Contains(c.Named, p.PartnerID):
				t.Fatal("paid somebody who was to be left out")
			case p.Rail == RailStripe && (c.Rail == RailManual || p.Currency == "KWD" || !c.StripeAvailable || !b.StripeEnabled || now.Sub(*b.StripeChangedAt) < CoolDown):
				t.Fatal("paid by Stripe what can't be")
			case p.Rail == RailManual && c.Rail == RailStripe && p.Currency != "KWD":
				t.Fatal("paid by hand what Stripe was chosen for")
			}
		}
		for _, s := range skip {
			if b := of(s.PartnerID, s.Currency); s.Amount != b.Amount || s.Reason == "" {
				t.Fatalf("left out %d of %d without a word: %q", s.Amount, b.Amount, s.Reason)
			}
		}
	})
}

func TestCadence_Due(t *testing.T) {
	t.Parallel()
	day := func(text string) time.Time {
		at, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, c := range map[string]struct {
		cadence    Cadence
		since, now string
		want       string
	}{
		"OnAMonday":             {Weekly, "2026-01-01 00:00", "2026-11-23 00:05", "2026-11-23"},
		"LaterThatWeek":         {Weekly, "2026-01-01 00:00", "2026-11-29 23:59", "2026-11-23"},
		"EvenWeek":              {Biweekly, "2026-01-01 00:00", "2026-11-26 12:00", "2026-11-23"}, // week 48
		"OddWeek":               {Biweekly, "2026-01-01 00:00", "2026-12-01 12:00", "2026-11-23"},
		"FirstWeekOfAYear":      {Biweekly, "2026-01-01 00:00", "2027-01-05 12:00", "2026-12-21"}, // after weeks 52, 53 and 1
		"OnTheFirst":            {Monthly, "2026-01-01 00:00", "2026-11-01 00:05", "2026-11-01"},
		"LaterThatMonth":        {Monthly, "2026-01-01 00:00", "2026-11-30 12:00", "2026-11-01"},
		"ByHand":                {ByHand, "2026-01-01 00:00", "2026-11-30 12:00", ""},
		"ChosenMidweek":         {Weekly, "2026-11-25 10:00", "2026-11-26 00:05", ""},
		"ChosenMidweekThenNext": {Weekly, "2026-11-25 10:00", "2026-11-30 00:05", "2026-11-30"},
	} {
		got, due := c.cadence.Due(day(c.since), day(c.now))
		text := ""
		if due {
			text = got.Format(time.DateOnly)
		}
		if text != c.want {
			t.Errorf("%s: got %q, want %q", name, text, c.want)
		}
	}
}
