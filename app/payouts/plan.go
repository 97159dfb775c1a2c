package payouts

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/money"
)

// CoolDown is how long a new destination waits before money goes there, so that its owner can
// object to what somebody else did in their name.
const CoolDown = 72 * time.Hour

// Reason says why a balance is not paid.
type Reason string

// The reasons.
const (
	BelowThreshold   Reason = "below_threshold"
	ZeroBalance      Reason = "zero_balance"
	NegativeBalance  Reason = "negative_balance" // carried forward
	PartnerRevoked   Reason = "partner_revoked"  // paid only when named
	Excluded         Reason = "excluded"
	NoPayoutAccount  Reason = "no_payout_account"
	CoolingDown      Reason = "cooling_down"
	RailNotAvailable Reason = "rail_not_available"
)

// Balance is what a partner is owed in one currency, with what a plan must know of them.
type Balance struct {
	PartnerID   uuid.UUID
	PartnerName string
	Revoked     bool
	Currency    string
	Amount      int64
	Rows        int // of the ledger

	StripeAccount   *string
	StripeEnabled   bool
	StripeChangedAt *time.Time
}

// Terms are what a program decided about its payouts.
type Terms struct {
	Rail        Rail
	AccountType string           // of those that are opened at Stripe: express or standard
	Thresholds  map[string]int64 // by currency: the least that is paid
}

// Circumstances are what a plan depends on besides the balances.
type Circumstances struct {
	Terms

	StripeAvailable bool
	Named           []uuid.UUID // partners who were asked for; the balances are theirs alone
	Excluded        []uuid.UUID
	Now             time.Time
}

// Planned is a payout as it would be made.
type Planned struct {
	PartnerID   uuid.UUID
	PartnerName string
	Currency    string
	Amount      int64
	Rows        int
	Rail        Rail
	Account     *string // at Stripe, where that is the rail
}

// Money is the amount with its currency.
func (p Planned) Money() money.Amount { return money.Amount{Minor: p.Amount, Currency: p.Currency} }

// Skipped is a balance that is not paid, and why.
type Skipped struct {
	PartnerID   uuid.UUID `json:"partner_id"`
	PartnerName string    `json:"-"`
	Currency    string    `json:"currency"`
	Amount      int64     `json:"amount"`
	Reason      Reason    `json:"reason"`
}

// Money is the amount with its currency.
func (s Skipped) Money() money.Amount { return money.Amount{Minor: s.Amount, Currency: s.Currency} }

// plan says which balances are paid and by which rail, and why the others are not: each of them is
// in one of the two lists, whole. The largest come first, currency by currency.
func plan(balances []Balance, c Circumstances) (pay []Planned, skip []Skipped) {
	for _, b := range slices.SortedFunc(slices.Values(balances), byCurrency) {
		rail, reason := c.judge(b)
		if reason != "" {
			skip = append(skip, Skipped{b.PartnerID, b.PartnerName, b.Currency, b.Amount, reason})
			continue
		}
		one := Planned{PartnerID: b.PartnerID, PartnerName: b.PartnerName, Currency: b.Currency, Amount: b.Amount, Rows: b.Rows, Rail: rail}
		if rail == RailStripe {
			one.Account = b.StripeAccount
		}
		pay = append(pay, one)
	}
	return pay, skip
}

func byCurrency(a, b Balance) int {
	return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.PartnerID.String(), b.PartnerID.String()))
}

// judge gives the rail of one balance, or why it is not paid.
func (c Circumstances) judge(b Balance) (Rail, Reason) {
	switch {
	case slices.Contains(c.Excluded, b.PartnerID):
		return "", Excluded
	case b.Amount < 0:
		return "", NegativeBalance
	case b.Amount == 0:
		return "", ZeroBalance
	case b.Revoked && !slices.Contains(c.Named, b.PartnerID):
		return "", PartnerRevoked
	case b.Amount < c.Thresholds[b.Currency]:
		return "", BelowThreshold
	case c.Rail == RailManual || !stripePays(b.Currency, b.Amount):
		return RailManual, ""
	}
	obstacle := c.obstacle(b)
	if obstacle == "" {
		return RailStripe, ""
	}
	if c.Rail == RailStripe {
		return "", obstacle
	}
	return RailManual, ""
}

// stripePays reports whether an amount may go by Stripe. In currencies of three decimals it only takes
// amounts that end in nought, so a sum of commissions can't be sent as it is; of UGX and ISK it takes
// whole ones alone, though it counts hundredths.
// https://docs.stripe.com/currencies#special-cases
func stripePays(currency string, amount int64) bool {
	digits, known := money.Exponent(currency)
	whole := amount%100 == 0 || (currency != "UGX" && currency != "ISK")
	return known && digits <= 2 && whole
}

// obstacle is why Stripe can't pay a balance; empty when it can.
func (c Circumstances) obstacle(b Balance) Reason {
	switch {
	case !c.StripeAvailable:
		return RailNotAvailable
	case b.StripeAccount == nil || !b.StripeEnabled:
		return NoPayoutAccount
	case b.StripeChangedAt != nil && c.Now.Before(b.StripeChangedAt.Add(CoolDown)):
		return CoolingDown
	default:
		return ""
	}
}
