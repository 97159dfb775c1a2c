package campaigns

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/paging"
)

// Changed is the fact that a campaign is not as before: its terms or rules, its name, its state.
type Changed struct{ Campaign Campaign }

// Service keeps campaigns.
type Service struct {
	facts *facts.Bus
	now   func() time.Time
}

// NewService makes the service; the bus hears of every Changed.
func NewService(f *facts.Bus, now func() time.Time) *Service { return &Service{facts: f, now: now} }

// Filter narrows a list.
type Filter struct {
	Status string // a Status, or empty for all
}

// Create adds a campaign with its first version, which counts from the beginning of time so
// that events dated before it are judged by it, too.
func (s *Service) Create(ctx context.Context, in Input) (Campaign, error) {
	if err := auth.Require(ctx, "campaigns:write"); err != nil {
		return Campaign{}, err
	}
	c := defaults()
	empty, none := "", []RuleInput{}
	if in.Name == nil {
		in.Name = &empty
	}
	if in.DestinationURL == nil {
		in.DestinationURL = &empty
	}
	if in.Rules == nil {
		in.Rules = &none
	}
	if err := in.apply(&c); err != nil {
		return Campaign{}, err
	}
	now := s.now()
	c.ID, c.CreatedAt = ids.NewAt(now), now
	if err := insertCampaign(ctx, c); err != nil {
		return Campaign{}, err
	}
	if err := insertVersion(ctx, c.ID, c.Terms, nil, now); err != nil {
		return Campaign{}, err
	}
	for i := range c.Rules {
		c.Rules[i].ID, c.Rules[i].CampaignID = ids.NewAt(now), c.ID
		if err := insertRule(ctx, c.Rules[i], nil, now); err != nil {
			return Campaign{}, err
		}
	}
	return c, audit.Record(ctx, audit.Entry{Action: "campaign.created", SubjectKind: "campaign", SubjectID: c.ID})
}

// Update changes what the input names. New terms or rules count from the present full second on
// and never before.
func (s *Service) Update(ctx context.Context, id uuid.UUID, in Input) (Campaign, error) {
	if err := auth.Require(ctx, "campaigns:write"); err != nil {
		return Campaign{}, err
	}
	if err := lockCampaign(ctx, id); err != nil {
		return Campaign{}, err
	}
	before, err := s.Find(ctx, id)
	if err != nil {
		return Campaign{}, err
	}
	after := before
	after.Rules = slices.Clone(before.Rules)
	if err := in.apply(&after); err != nil {
		return Campaign{}, err
	}
	if err := updateCampaign(ctx, after); err != nil {
		return Campaign{}, err
	}
	now := s.now()
	from := now.Truncate(time.Second)
	if after.Terms != before.Terms {
		after.Version = before.Version + 1
		if err := closeVersion(ctx, id, from); err != nil {
			return Campaign{}, err
		}
		if err := insertVersion(ctx, id, after.Terms, &from, now); err != nil {
			return Campaign{}, err
		}
	}
	if in.Rules != nil {
		if after.Rules, err = replaceRules(ctx, id, nil, before.Rules, after.Rules, now); err != nil {
			return Campaign{}, err
		}
	}
	err = audit.Record(ctx, audit.Entry{
		Action: "campaign.updated", SubjectKind: "campaign", SubjectID: id, Detail: map[string]any{"version": after.Version, "status": after.Status},
	})
	if err != nil {
		return Campaign{}, err
	}
	return after, s.facts.Tell(ctx, Changed{Campaign: after})
}

// SetOverride gives one partner rules of their own in a campaign; none takes them away.
func (s *Service) SetOverride(ctx context.Context, partner, campaign uuid.UUID, in []RuleInput) ([]Rule, error) {
	if err := auth.Require(ctx, "campaigns:write"); err != nil {
		return nil, err
	}
	if err := lockCampaign(ctx, campaign); err != nil {
		return nil, err
	}
	fields := fault.Fields{}
	wanted := ReadRules(fields, in)
	if err := fields.Err(); err != nil {
		return nil, err
	}
	current, err := liveRules(ctx, campaign, &partner)
	if err != nil {
		return nil, err
	}
	rules, err := replaceRules(ctx, campaign, &partner, current, wanted, s.now())
	if err != nil {
		return nil, err
	}
	return rules, audit.Record(ctx, audit.Entry{
		Action: "partner.override_set", SubjectKind: "partner", SubjectID: partner,
		Detail: map[string]any{"campaign_id": campaign, "rules": len(rules)},
	})
}

// Override gives the rules that a partner has of their own in a campaign.
func (s *Service) Override(ctx context.Context, partner, campaign uuid.UUID) ([]Rule, error) {
	return liveRules(ctx, campaign, &partner)
}

// replaceRules closes what has changed and opens what is new; a rule that stays the same keeps
// its row, and with it the key of its commissions.
func replaceRules(ctx context.Context, campaign uuid.UUID, partner *uuid.UUID, old, wanted []Rule, now time.Time) ([]Rule, error) {
	from := now.Truncate(time.Second)
	for i := range wanted {
		wanted[i].CampaignID, wanted[i].PartnerID, wanted[i].Position = campaign, partner, i
		if i < len(old) && old[i].sameAs(wanted[i]) {
			wanted[i].ID = old[i].ID
			continue
		}
		wanted[i].ID = ids.NewAt(now)
		if err := insertRule(ctx, wanted[i], &from, now); err != nil {
			return nil, err
		}
	}
	for i, r := range old {
		if i < len(wanted) && wanted[i].ID == r.ID {
			continue
		}
		if err := closeRule(ctx, r.ID, from); err != nil {
			return nil, err
		}
	}
	return wanted, nil
}

// Find gives one campaign with its present terms and rules.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Campaign, error) {
	if err := auth.Require(ctx, "campaigns:read"); err != nil {
		return Campaign{}, err
	}
	found, err := s.load(ctx, listQuery{id: &id, page: paging.First()})
	if err != nil {
		return Campaign{}, err
	}
	if len(found) == 0 {
		return Campaign{}, fault.NotFound("campaign")
	}
	return found[0], nil
}

// List gives the campaigns, newest first.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Campaign], error) {
	if err := auth.Require(ctx, "campaigns:read"); err != nil {
		return paging.Result[Campaign]{}, err
	}
	found, err := s.load(ctx, listQuery{status: f.Status, page: page})
	if err != nil {
		return paging.Result[Campaign]{}, err
	}
	return paging.Cut(found, page, func(c Campaign) paging.Cursor { return paging.Cursor{At: c.CreatedAt, ID: c.ID} }), nil
}

// offered bounds how many campaigns a public page tells of.
const offered = 50

// Offered gives the running ones of these campaigns, or of all when none are named, with what
// they pay: for everybody, since a program advertises with it.
func (s *Service) Offered(ctx context.Context, among []uuid.UUID) ([]Campaign, error) {
	if len(among) == 0 {
		among = nil
	}
	found, err := s.load(ctx, listQuery{status: string(Active), among: among, page: paging.Page{Limit: offered}})
	if err != nil {
		return nil, err
	}
	now := s.now()
	return slices.DeleteFunc(found[:min(len(found), offered)], func(c Campaign) bool { return !c.Running(now) }), nil
}

// load reads campaigns and their rules in two statements, however many there are.
func (s *Service) load(ctx context.Context, q listQuery) ([]Campaign, error) {
	found, err := selectCampaigns(ctx, q)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	all := make([]uuid.UUID, 0, len(found))
	for _, c := range found {
		all = append(all, c.ID)
	}
	rules, err := liveRulesOf(ctx, all)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].Rules = rules[found[i].ID]
	}
	return found, nil
}

// Name is what a campaign is called in a choice.
type Name struct {
	ID   uuid.UUID
	Name string
}

// Names gives all campaigns that are not archived, by name, for choices in forms.
func (s *Service) Names(ctx context.Context) ([]Name, error) {
	names, err := selectNames(ctx)
	if err != nil {
		return nil, fmt.Errorf("list campaign names: %w", err)
	}
	return names, nil
}

// NamesOf gives the names of campaigns, archived ones included.
func (s *Service) NamesOf(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	return namesOf(ctx, ids)
}

// History is all that campaigns ever said: versions and rules, the closed ones included.
type History struct {
	versions map[uuid.UUID][]version
	rules    map[uuid.UUID][]Rule
}

// HistoryOf reads the terms and rules of campaigns over time, in two statements.
func (s *Service) HistoryOf(ctx context.Context, campaigns []uuid.UUID) (History, error) {
	if len(campaigns) == 0 {
		return History{}, nil
	}
	versions, err := allVersions(ctx, campaigns)
	if err != nil {
		return History{}, err
	}
	rules, err := allRules(ctx, campaigns)
	if err != nil {
		return History{}, err
	}
	return History{versions: versions, rules: rules}, nil
}

// TermsAt gives the terms in force at a time, with the dates between which the campaign runs.
func (h History) TermsAt(campaign uuid.UUID, at time.Time) (t Terms, starts, ends *time.Time) {
	for _, v := range h.versions[campaign] {
		if inForce(v.from, v.to, at) {
			return v.terms, v.starts, v.ends
		}
	}
	return Terms{}, nil, nil
}

// NameOf gives a campaign's present name.
func (h History) NameOf(campaign uuid.UUID) string {
	for _, v := range h.versions[campaign] {
		return v.name
	}
	return ""
}

// Rule gives a rule, whether or not it is still in force.
func (h History) Rule(id uuid.UUID) (Rule, bool) {
	for _, rules := range h.rules {
		for _, r := range rules {
			if r.ID == id {
				return r, true
			}
		}
	}
	return Rule{}, false
}

// RulesAt gives the rules in force at a time for a partner: their own if there are any, else
// the campaign's.
func (h History) RulesAt(campaign, partner uuid.UUID, at time.Time) []Rule {
	var own, common []Rule
	for _, r := range h.rules[campaign] {
		switch {
		case !inForce(r.ActiveFrom, r.ActiveTo, at):
		case r.PartnerID == nil:
			common = append(common, r)
		case *r.PartnerID == partner:
			own = append(own, r)
		}
	}
	if len(own) > 0 {
		return own
	}
	return common
}

// inForce reports whether a time lies between from (nil: always) and to (nil: still), to
// excluded.
func inForce(from, to *time.Time, at time.Time) bool {
	return (from == nil || !at.Before(*from)) && (to == nil || at.Before(*to))
}
