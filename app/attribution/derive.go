package attribution

import (
	"context"
	"reflect"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/rollup"
	"github.com/openpartner/openpartner/app/tracking"
)

// task is a customer whose events have to be decided anew.
type task struct {
	customer *customer
	from     *Event                          // nil: from the first
	cause    commissions.Cause               // why the ledger may change
	causes   map[uuid.UUID]commissions.Cause // for single events: those that were corrected
}

// derive decides and has the ledger and the figures of the day follow, for any number of
// customers in a few statements. The caller holds the locks on the users. It gives each visited
// event's outcome.
func (s *Service) derive(ctx context.Context, tasks []task) (map[uuid.UUID]Outcome, error) {
	now := s.now()
	out := map[uuid.UUID]Outcome{}
	var reckonings []commissions.Reckoning
	var changed []verdict
	var sheet rollup.Sheet
	for _, t := range tasks {
		t.customer.walk(t.from, func(v verdict) {
			v.reckoning.Cause = t.cause
			if cause, corrected := t.causes[v.event.ID]; corrected {
				v.reckoning.Cause = cause
			}
			reckonings = append(reckonings, v.reckoning)
			at := v.before.at
			if !v.decided || !same(v.before.Decision, v.decision) {
				changed, at = append(changed, v), now
			}
			t.customer.tally(&sheet, v)
			out[v.event.ID] = Outcome{Event: v.event, Decision: v.decision, DecidedAt: at}
		})
	}
	if err := storeDecisions(ctx, changed, now); err != nil {
		return nil, err
	}
	live, err := s.commissions.Reconcile(ctx, reckonings, &sheet)
	if err != nil {
		return nil, err
	}
	for id, o := range out {
		o.Commissions = live[id]
		out[id] = o
	}
	if err := sheet.Write(ctx); err != nil {
		return nil, err
	}
	if err := s.announce(ctx, changed, out); err != nil {
		return nil, err
	}
	return out, s.flagSelfReferrals(ctx, tasks)
}

// announce lets others follow events that were not attributed before.
func (s *Service) announce(ctx context.Context, changed []verdict, outcomes map[uuid.UUID]Outcome) error {
	var f Attributed
	for _, v := range changed {
		before := v.decided && v.before.Status == StatusAttributed
		if v.decision.Status == StatusAttributed && !before {
			f.Outcomes = append(f.Outcomes, outcomes[v.event.ID])
		}
	}
	if len(f.Outcomes) == 0 {
		return nil
	}
	return s.facts.Tell(ctx, f)
}

// flagSelfReferrals marks clicks through the customer's own partner account for review. Others
// who were tied to such a click are decided anew, later: their locks are not ours to take.
func (s *Service) flagSelfReferrals(ctx context.Context, tasks []task) error {
	for _, t := range tasks {
		clicks := t.customer.selfReferrals()
		if len(clicks) == 0 {
			continue
		}
		if err := s.tracking.FlagAutomatically(ctx, clicks, tracking.FlagSelfReferral); err != nil {
			return err
		}
		for _, click := range clicks {
			users, err := s.tracking.UsersOf(ctx, click)
			if err != nil {
				return err
			}
			for _, user := range users {
				if user == t.customer.user {
					continue
				}
				if _, err := rederiveLater(ctx, user, commissions.CauseFraud); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// tally replaces what the event brought to the figures of its day by what it brings now. Its
// refunds count on their own days.
func (c *customer) tally(s *rollup.Sheet, v verdict) {
	refunds := c.corrections[v.event.ID].refunds
	if v.decided {
		var earlier []Event
		for _, r := range refunds {
			if _, counted := c.stored[r.ID]; counted {
				earlier = append(earlier, r)
			}
		}
		count(s, v.event, v.before.Decision, earlier, -1)
	}
	count(s, v.event, v.decision, refunds, 1)
}

// count adds an attributed event to the figures, or takes it out.
func count(s *rollup.Sheet, e Event, d Decision, refunds []Event, sign int64) {
	if d.Status != StatusAttributed {
		return
	}
	deed := rollup.Deed{At: e.OccurredAt}
	if e.Amount != nil && e.Currency != nil {
		deed.Amount, deed.Currency = e.Amount, *e.Currency
	}
	for _, share := range d.Shares {
		deed.Shares = append(deed.Shares, rollup.Share{PartnerID: share.PartnerID, CampaignID: share.CampaignID, Weight: share.Weight})
	}
	for _, r := range refunds {
		deed.Refunds = append(deed.Refunds, rollup.Refund{At: r.OccurredAt, Amount: value(r.Amount)})
	}
	s.Count(deed, sign)
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
