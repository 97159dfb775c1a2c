package settings

import (
	"maps"
	"slices"
	"strings"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/views/ui"
)

// PayoutsPage is the form of payouts, as it was typed.
type PayoutsPage struct {
	Rail, Cadence, AccountType string
	Thresholds                 string // a line for each currency
	StripeAvailable            bool
	Errors                     fault.Fields
}

// PayoutsOf is the form of what is kept.
func PayoutsOf(p settings.Payouts) PayoutsPage {
	var lines []string
	for _, code := range slices.Sorted(maps.Keys(p.Thresholds)) {
		lines = append(lines, code+" "+money.Amount{Minor: p.Thresholds[code], Currency: code}.Decimal())
	}
	return PayoutsPage{Rail: p.Rail, Cadence: p.Cadence, AccountType: p.AccountType, Thresholds: strings.Join(lines, "\n")}
}

func railChoices() []ui.Option {
	return []ui.Option{
		{Value: "auto", Label: "By Stripe where that can be, and else by hand", Hint: "Partners who have not set up an account at Stripe are paid by hand."},
		{Value: "stripe_connect", Label: "By Stripe alone", Hint: "Partners without an account at Stripe wait. Currencies of three decimals are still paid by hand."},
		{Value: "manual", Label: "By hand", Hint: "You transfer the money yourself, with a file for your bank, and say when it is paid."},
	}
}

func cadenceChoices() []ui.Option {
	return []ui.Option{
		{Value: "manual", Label: "When an admin starts a run"},
		{Value: "weekly", Label: "Every Monday"},
		{Value: "biweekly", Label: "Every second Monday", Hint: "In even weeks of the year."},
		{Value: "monthly", Label: "On the first of each month"},
	}
}

func accountChoices() []ui.Option {
	return []ui.Option{
		{Value: "express", Label: "Express", Hint: "Stripe shows partners a small dashboard of their own."},
		{Value: "standard", Label: "Standard", Hint: "Partners use a full Stripe account."},
	}
}

// stripeTrouble warns who chose a rail that is not there; empty where all is well.
func (p PayoutsPage) stripeTrouble() string {
	if p.StripeAvailable || p.Rail != "stripe_connect" {
		return ""
	}
	return "Payouts by Stripe are not set up, so no run can be started. Set Stripe up, or choose another way."
}
