package attribution

import (
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/money"
)

// Illustration is what one rule would pay a partner who alone led to a sale; nil is nothing.
type Illustration struct {
	First *commissions.Target // for the customer's first event of this type
	Later *commissions.Target // for one soon after it
}

// Illustrate computes what rules, saved or not, pay for a sale, in the order of the rules.
func Illustrate(rules []campaigns.Rule, sale commissions.Sale) []Illustration {
	claim := commissions.Claim{Weight: money.Weight{Num: 1, Den: 1}}
	for i, r := range rules {
		rule := ruleOf(r)
		rule.ID = numbered(i)
		claim.Rules = append(claim.Rules, rule)
	}
	first := commissions.Targets(sale, []commissions.Claim{claim})
	claim.History = []commissions.Past{{OccurredAt: sale.OccurredAt.Add(-time.Hour), Type: sale.Type, Amount: sale.Amount}}
	later := commissions.Targets(sale, []commissions.Claim{claim})
	out := make([]Illustration, len(rules))
	for i := range rules {
		out[i] = Illustration{First: ofRule(first, numbered(i)), Later: ofRule(later, numbered(i))}
	}
	return out
}

// numbered tells rules apart that have no id yet.
func numbered(i int) uuid.UUID { return uuid.UUID{14: byte(i >> 8), 15: byte(i)} } //nolint:gosec // a position

func ofRule(targets []commissions.Target, rule uuid.UUID) *commissions.Target {
	for i := range targets {
		if targets[i].RuleID == rule {
			return &targets[i]
		}
	}
	return nil
}
