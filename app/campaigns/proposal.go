package campaigns

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
)

// Proposal is what a campaign might say, for a simulation: rules or model, or both.
type Proposal struct {
	CampaignID uuid.UUID
	Rules      []Rule // nil: as they were
	Model      Model  // empty: as it was
}

// Propose checks proposed terms like an edit would, and stores nothing.
func (s *Service) Propose(ctx context.Context, campaign uuid.UUID, rules *[]RuleInput, model *Model) (Proposal, error) {
	c, err := s.Find(ctx, campaign)
	if err != nil {
		return Proposal{}, err
	}
	before := c.Rules
	if err := (Input{Rules: rules, AttributionModel: model}).apply(&c); err != nil {
		return Proposal{}, err
	}
	p := Proposal{CampaignID: campaign}
	if model != nil {
		p.Model = *model
	}
	if rules == nil {
		return p, nil
	}
	for i, r := range c.Rules {
		r.CampaignID, r.ID = campaign, ids.NewAt(s.now())
		if i < len(before) && before[i].sameAs(r) {
			r.ID = before[i].ID // the same promise keeps its line
		}
		p.Rules = append(p.Rules, r)
	}
	if p.Rules == nil {
		return Proposal{}, fault.InvalidField("rules", "A campaign needs at least one rule.")
	}
	return p, nil
}

// HasOverride reports whether a partner has rules of their own at a time.
func (h History) HasOverride(campaign, partner uuid.UUID, at time.Time) bool {
	return slices.ContainsFunc(h.rules[campaign], func(r Rule) bool {
		return r.PartnerID != nil && *r.PartnerID == partner && inForce(r.ActiveFrom, r.ActiveTo, at)
	})
}
