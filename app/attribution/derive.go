package attribution

import (
	"bytes"
	"cmp"
	"context"
	"reflect"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
)

// customer is all that the decisions about one user depend on, read in a handful of statements,
// and the state of the walk through their events.
type customer struct {
	events      []Event
	stored      map[uuid.UUID]storedDecision
	corrections map[uuid.UUID]correction
	touches     []Touch
	own         map[uuid.UUID]bool
	terms       campaigns.History

	binding *Binding
	history map[uuid.UUID][]commissions.Past // by partner, oldest first
}

// derive decides the user's events in their order, from the given one on (nil: from the first),
// and has the ledger follow. Events before it keep their stored decisions, which are facts for
// the later ones. The caller holds the lock on the user.
func (s *Service) derive(ctx context.Context, user string, from *Event, cause commissions.Cause) error {
	c, err := s.load(ctx, user)
	if err != nil {
		return err
	}
	for _, e := range c.events {
		before, decided := c.stored[e.ID]
		if from != nil && decided && order(e, *from) < 0 {
			c.remember(e, before.Decision)
			continue
		}
		d := Decide(c.facts(e))
		reckoning := c.reckon(e, &d, cause)
		if !decided || !same(before.Decision, d) {
			if err := storeDecision(ctx, e.ID, d, s.now()); err != nil {
				return err
			}
		}
		if err := s.commissions.Reconcile(ctx, reckoning); err != nil {
			return err
		}
		c.remember(e, d)
	}
	return nil
}

// order is how the events of a user follow each other.
func order(a, b Event) int {
	return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), bytes.Compare(a.ID[:], b.ID[:]))
}

func (s *Service) load(ctx context.Context, user string) (*customer, error) {
	c := &customer{history: map[uuid.UUID][]commissions.Past{}}
	var err error
	if c.events, err = eventsOf(ctx, user); err != nil {
		return nil, err
	}
	all := make([]uuid.UUID, 0, len(c.events))
	for _, e := range c.events {
		all = append(all, e.ID)
	}
	if c.stored, err = decisionsOf(ctx, all); err != nil {
		return nil, err
	}
	if c.corrections, err = correctionsOf(ctx, user); err != nil {
		return nil, err
	}
	touches, err := s.tracking.Touches(ctx, user)
	if err != nil {
		return nil, err
	}
	var involved []uuid.UUID
	for _, t := range touches {
		c.touches = append(c.touches, touchOf(t))
		involved = append(involved, t.CampaignID)
	}
	if c.own, err = ownPartners(ctx, user); err != nil {
		return nil, err
	}
	c.terms, err = s.campaigns.HistoryOf(ctx, involved)
	return c, err
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
		HoldDays: t.HoldDays, StartsAt: starts, EndsAt: ends,
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
		out = append(out, commissions.Rule{
			ID: r.ID, EventType: r.EventType, Trigger: string(r.Trigger), Percent: r.Kind == campaigns.Percent,
			RatePPM: r.RatePPM, Amount: r.Amount, Currency: r.Currency, DurationMonths: r.DurationMonths,
		})
	}
	return out
}

// reckon computes what the event should bring whom, and notes at the decision why a share
// brings nothing.
func (c *customer) reckon(e Event, d *Decision, cause commissions.Cause) commissions.Reckoning {
	r := commissions.Reckoning{EventID: e.ID, OccurredAt: e.OccurredAt, HoldDays: map[uuid.UUID]int{}, Cause: cause}
	sale := e.sale(c.corrections[e.ID])
	var claims []commissions.Claim
	for _, share := range d.Shares {
		claims = append(claims, commissions.Claim{
			PartnerID: share.PartnerID, CampaignID: share.CampaignID, ClickID: share.ClickID, Weight: share.Weight,
			Rules: c.rulesFor(share, e), History: c.history[share.PartnerID],
		})
		r.HoldDays[share.CampaignID] = c.termsAt(share.CampaignID, e).HoldDays
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

// same reports whether a decision says what the stored one does.
func same(a, b Decision) bool {
	normal := func(d Decision) Decision {
		if len(d.Shares) == 0 {
			d.Shares = nil
		}
		if len(d.Kept) == 0 {
			d.Kept = nil
		}
		if len(d.Dropped) == 0 {
			d.Dropped = nil
		}
		if len(d.Reasons) == 0 {
			d.Reasons = nil
		}
		return d
	}
	return reflect.DeepEqual(normal(a), normal(b))
}
