package attribution

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
)

// customer is all that the decisions about one user depend on, and the state of the walk through
// their events.
type customer struct {
	user        string
	events      []Event // in the order in which they are decided
	stored      map[uuid.UUID]storedDecision
	corrections map[uuid.UUID]correction
	touches     []Touch
	promoters   []promoter // whose clicks they are, and others'
	campaigns   campaigns.History
	terms       terms // those of the campaigns, unless a simulation asks for others

	own     map[uuid.UUID]bool // partners who are this customer themselves
	revoked map[uuid.UUID]bool
	binding *Binding
	history map[uuid.UUID][]commissions.Past // by partner, oldest first
}

// terms answer what campaigns said at a time; a simulation puts other answers in their place.
type terms interface {
	TermsAt(campaign uuid.UUID, at time.Time) (t campaigns.Terms, starts, ends *time.Time)
	RulesAt(campaign, partner uuid.UUID, at time.Time) []campaigns.Rule
}

// load reads customers in a handful of statements, however many they are.
func (s *Service) load(ctx context.Context, users []string) (map[string]*customer, error) {
	out := map[string]*customer{}
	for _, user := range users {
		out[user] = &customer{user: user, stored: map[uuid.UUID]storedDecision{}}
	}
	events, err := storiesOf(ctx, users)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		c := out[e.UserID]
		c.events = append(c.events, e.Event)
		if e.decided() {
			c.stored[e.ID] = e.decision
		}
	}
	touches, err := s.tracking.Touches(ctx, users)
	if err != nil {
		return nil, err
	}
	var partners, involved []uuid.UUID
	for user, list := range touches {
		for _, t := range list {
			out[user].touches = append(out[user].touches, touchOf(t))
			partners, involved = append(partners, t.PartnerID), append(involved, t.CampaignID)
		}
	}
	people, err := partnersAmong(ctx, distinct(partners))
	if err != nil {
		return nil, err
	}
	history, err := s.campaigns.HistoryOf(ctx, distinct(involved))
	if err != nil {
		return nil, err
	}
	for _, c := range out {
		c.campaigns, c.terms, c.promoters = history, history, people
	}
	return out, nil
}

func distinct(in []uuid.UUID) []uuid.UUID {
	slices.SortFunc(in, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(in)
}

// know notes which of the partners are the customer themselves, by the addresses that their
// events tell, and which were revoked.
func (c *customer) know() {
	c.own, c.revoked = map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	hashes := map[string]bool{}
	for _, e := range c.events {
		if e.EmailHash != nil {
			hashes[*e.EmailHash] = true
		}
	}
	for _, p := range c.promoters {
		c.own[p.ID] = hashes[p.EmailHash]
		c.revoked[p.ID] = p.Revoked
	}
}

// add puts a new event into the order.
func (c *customer) add(e Event) {
	c.events = append(c.events, e)
	slices.SortFunc(c.events, order)
}

// order is how the events of a user follow each other.
func order(a, b Event) int {
	return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), bytes.Compare(a.ID[:], b.ID[:]))
}

// verdict is what an event comes to: the decision, what it was before, and what the ledger should
// say.
type verdict struct {
	event     Event
	before    storedDecision
	decided   bool // before is set
	decision  Decision
	reckoning commissions.Reckoning
}

// walk decides the events in their order, from the given one on (nil: from the first). Events
// before it keep their stored decisions, which are facts for the later ones.
func (c *customer) walk(from *Event, visit func(verdict)) {
	c.begin()
	for _, e := range c.events {
		before, decided := c.stored[e.ID]
		if from != nil && decided && order(e, *from) < 0 {
			c.remember(e, before.Decision)
			continue
		}
		d := Decide(c.facts(e))
		reckoning := c.reckon(e, &d)
		reckoning.Fresh = !decided
		visit(verdict{e, before, decided, d, reckoning})
		c.remember(e, d)
	}
}

// begin puts the walk before the first event.
func (c *customer) begin() {
	c.know()
	c.corrections = corrections(c.events)
	c.binding, c.history = nil, map[uuid.UUID][]commissions.Past{}
}

// facts collects what the decision about one event depends on.
func (c *customer) facts(e Event) Facts {
	f := Facts{
		OccurredAt: e.OccurredAt, RecordedAt: e.CreatedAt, Corrective: corrective(e.Type), Touches: c.touches,
		Terms: map[uuid.UUID]Terms{}, Own: c.own,
	}
	for _, t := range c.touches {
		if _, known := f.Terms[t.CampaignID]; !known {
			f.Terms[t.CampaignID] = c.termsAt(t.CampaignID, e)
		}
	}
	if c.binding != nil {
		b := *c.binding
		b.Over = c.ranOut(b.Decision.Shares, e)
		f.Binding = &b
	}
	return f
}

func (c *customer) termsAt(campaign uuid.UUID, e Event) Terms {
	t, starts, ends := c.terms.TermsAt(campaign, e.OccurredAt)
	return Terms{
		Version: t.Version, Model: t.AttributionModel, WindowDays: t.WindowDays, CustomerLock: t.CustomerLock,
		HoldDays: t.HoldDays, AutoApprove: t.AutoApprove, StartsAt: starts, EndsAt: ends,
	}
}

// ranOut reports whether every rule of every bound partner has a duration and all are over.
func (c *customer) ranOut(shares []Share, e Event) bool {
	for _, share := range shares {
		for _, r := range c.rulesFor(share, e) {
			if !r.RanOut(e.OccurredAt, c.history[share.PartnerID]) {
				return false
			}
		}
	}
	return true
}

func (c *customer) rulesFor(share Share, e Event) []commissions.Rule {
	var out []commissions.Rule
	for _, r := range c.terms.RulesAt(share.CampaignID, share.PartnerID, e.OccurredAt) {
		out = append(out, ruleOf(r))
	}
	return out
}

func ruleOf(r campaigns.Rule) commissions.Rule {
	return commissions.Rule{
		ID: r.ID, EventType: r.EventType, Trigger: string(r.Trigger), Percent: r.Kind == campaigns.Percent,
		RatePPM: r.RatePPM, Amount: r.Amount, Currency: r.Currency, DurationMonths: r.DurationMonths,
	}
}

// reckon computes what the event should bring whom, and notes at the decision why a share
// brings nothing.
func (c *customer) reckon(e Event, d *Decision) commissions.Reckoning {
	correction := c.corrections[e.ID]
	r := commissions.Reckoning{
		EventID: e.ID, OccurredAt: e.OccurredAt, Terms: map[uuid.UUID]commissions.Terms{}, Revoked: c.revoked, Disputed: correction.disputed,
	}
	sale := e.sale(correction)
	var claims []commissions.Claim
	for _, share := range d.Shares {
		claims = append(claims, commissions.Claim{
			PartnerID: share.PartnerID, CampaignID: share.CampaignID, ClickID: share.ClickID, Weight: share.Weight,
			Rules: c.rulesFor(share, e), History: c.history[share.PartnerID],
		})
		t := c.termsAt(share.CampaignID, e)
		r.Terms[share.CampaignID] = commissions.Terms{HoldDays: t.HoldDays, AutoApprove: t.AutoApprove}
	}
	if !d.NotRunning {
		r.Targets = commissions.Targets(sale, claims)
	}
	d.Reasons = nil
	for _, claim := range claims {
		reason := commissions.ReasonCampaignNotRunning
		if !d.NotRunning {
			reason = commissions.Why(sale, claim, r.Targets)
		}
		if reason != "" {
			if d.Reasons == nil {
				d.Reasons = map[uuid.UUID]commissions.Reason{}
			}
			d.Reasons[claim.PartnerID] = reason
		}
	}
	return r
}

// remember makes a decided event a fact for the later ones.
func (c *customer) remember(e Event, d Decision) {
	if d.Status != StatusAttributed {
		return
	}
	if d.Binds() && (c.binding == nil || c.ranOut(c.binding.Decision.Shares, e)) {
		c.binding = &Binding{EventID: e.ID, Decision: d, Lock: c.termsAt(d.CampaignID, e).CustomerLock}
	}
	for _, share := range d.Shares {
		c.history[share.PartnerID] = append(c.history[share.PartnerID], commissions.Past{OccurredAt: e.OccurredAt, Type: e.Type, Amount: e.Amount})
	}
}

// selfReferrals are the clicks that no flag marks yet although they came through the customer's
// own partner account.
func (c *customer) selfReferrals() (out []uuid.UUID) {
	for _, t := range c.touches {
		if c.own[t.PartnerID] && t.Flag == "" && !t.Reviewed {
			out = append(out, t.ClickID)
		}
	}
	return out
}
