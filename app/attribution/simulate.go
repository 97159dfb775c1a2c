package attribution

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
)

// Simulation asks what other terms of a campaign would have paid. What is nil stays as it was.
type Simulation struct {
	CampaignID uuid.UUID
	Rules      *[]campaigns.RuleInput
	Model      *campaigns.Model
	From, To   *time.Time // of the events; To is exclusive; without them all
}

// Simulated is what a partner earned in one currency, and what they would have.
type Simulated struct {
	PartnerID uuid.UUID
	Currency  string
	Was       int64
	WouldBe   int64
}

// Simulate decides the past events of the campaign's customers by the proposed terms, beside what
// the ledger says, and writes nothing. With the terms as they are the two are the same, unless
// facts changed that nobody has derived yet.
func (s *Service) Simulate(ctx context.Context, in Simulation) ([]Simulated, error) {
	if err := auth.Require(ctx, "campaigns:read"); err != nil {
		return nil, err
	}
	if in.From != nil && in.To != nil && !in.From.Before(*in.To) {
		return nil, fault.InvalidField("to", "The end must come after the beginning.")
	}
	proposed, err := s.campaigns.Propose(ctx, in.CampaignID, in.Rules, in.Model)
	if err != nil {
		return nil, err
	}
	sums := map[Simulated]Simulated{}
	wanted := func(e Event) bool {
		return (in.From == nil || !e.OccurredAt.Before(*in.From)) && (in.To == nil || e.OccurredAt.Before(*in.To))
	}
	for after := ""; ; {
		users, err := nextUsers(ctx, Rederive{CampaignID: &in.CampaignID}, after, usersAtOnce)
		if err != nil || len(users) == 0 {
			return sorted(sums), err
		}
		after = users[len(users)-1]
		customers, err := s.load(ctx, users)
		if err != nil {
			return nil, err
		}
		for _, c := range customers {
			c.terms = proposal{History: c.campaigns, Proposal: proposed, from: in.From}
		}
		compared, err := s.compare(ctx, customers, wanted)
		if err != nil {
			return nil, err
		}
		add(sums, compared)
	}
}

// add sums the lines up by partner and currency.
func add(sums map[Simulated]Simulated, lines []commissions.Difference) {
	for _, d := range lines {
		k := Simulated{PartnerID: d.PartnerID, Currency: d.Currency}
		sum := sums[k]
		sum.PartnerID, sum.Currency = d.PartnerID, d.Currency
		sum.Was += d.Was
		sum.WouldBe += d.WouldBe
		sums[k] = sum
	}
}

// Totals sums what was simulated up by currency; amounts of different currencies are never added.
func Totals(all []Simulated) []Simulated {
	var out []Simulated
	for _, one := range all {
		i := slices.IndexFunc(out, func(sum Simulated) bool { return sum.Currency == one.Currency })
		if i < 0 {
			i = len(out)
			out = append(out, Simulated{Currency: one.Currency})
		}
		out[i].Was += one.Was
		out[i].WouldBe += one.WouldBe
	}
	slices.SortFunc(out, func(a, b Simulated) int { return cmp.Compare(a.Currency, b.Currency) })
	return out
}

func sorted(sums map[Simulated]Simulated) []Simulated {
	out := make([]Simulated, 0, len(sums))
	for _, s := range sums {
		if s.Was != 0 || s.WouldBe != 0 {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Simulated) int {
		return cmp.Or(cmp.Compare(b.WouldBe, a.WouldBe), bytes.Compare(a.PartnerID[:], b.PartnerID[:]), cmp.Compare(a.Currency, b.Currency))
	})
	return out
}

// proposal is a campaign's history with other terms in their place, from a time on. A partner's
// own rules stay.
type proposal struct {
	campaigns.History
	campaigns.Proposal
	from *time.Time
}

func (p proposal) applies(campaign uuid.UUID, at time.Time) bool {
	return campaign == p.CampaignID && (p.from == nil || !at.Before(*p.from))
}

// TermsAt is part of terms.
func (p proposal) TermsAt(campaign uuid.UUID, at time.Time) (t campaigns.Terms, starts, ends *time.Time) {
	t, starts, ends = p.History.TermsAt(campaign, at)
	if p.applies(campaign, at) && p.Model != "" {
		t.AttributionModel = p.Model
	}
	return t, starts, ends
}

// RulesAt is part of terms.
func (p proposal) RulesAt(campaign, partner uuid.UUID, at time.Time) []campaigns.Rule {
	if !p.applies(campaign, at) || p.Rules == nil || p.History.HasOverride(campaign, partner, at) {
		return p.History.RulesAt(campaign, partner, at)
	}
	return p.Rules
}
