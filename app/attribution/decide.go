package attribution

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/money"
)

// grace is how much later than the event a click may be: clocks of merchants differ.
const grace = 5 * time.Minute

// Status says how an event was decided.
type Status string

// The statuses; the first that fits is the event's.
const (
	StatusRecorded      Status = "recorded"       // corrects another event and earns nothing itself
	StatusUnknownUser   Status = "unknown_user"   // no click was ever linked to this user
	StatusFlagged       Status = "flagged"        // every touch was dropped for a flag
	StatusSelfReferral  Status = "self_referral"  // every touch came from the customer's own partner account
	StatusNoTouch       Status = "no_touch"       // the clicks all came after the event
	StatusOutsideWindow Status = "outside_window" // the clicks were all too old
	StatusAttributed    Status = "attributed"
)

// DropReason says why a touch did not count.
type DropReason string

// The reasons.
const (
	DropFlagged       DropReason = "flagged"
	DropRevoked       DropReason = "revoked"
	DropSelfReferral  DropReason = "self_referral"
	DropOutsideWindow DropReason = "outside_window"
	DropAfterEvent    DropReason = "after_event"
)

// Touch is a click that was stitched to the event's user.
type Touch struct {
	ClickID    uuid.UUID
	PartnerID  uuid.UUID
	CampaignID uuid.UUID
	OccurredAt time.Time // of the click
	Flag       string
	Reviewed   bool      // a person has judged the click: automatic flags never return
	Verified   bool      // the stitch was told by the merchant's server
	StitchedAt time.Time // when the stitch was recorded
	IdentityID uuid.UUID // of the stitch
}

// Terms are what a campaign said at the event's time.
type Terms struct {
	Version      int
	Model        campaigns.Model
	WindowDays   int
	CustomerLock bool
	HoldDays     int
	AutoApprove  bool
	StartsAt     *time.Time
	EndsAt       *time.Time
}

// Binding is the earlier event that fixed who earns from this customer.
type Binding struct {
	EventID  uuid.UUID
	Decision Decision
	Lock     bool // customer_lock in the binding's campaign version
	Over     bool // every rule of every bound partner has run out
}

// Facts are all that a decision depends on.
type Facts struct {
	OccurredAt time.Time
	RecordedAt time.Time
	Corrective bool
	Touches    []Touch
	Terms      map[uuid.UUID]Terms // by campaign
	Own        map[uuid.UUID]bool  // partners who are this customer themselves
	Binding    *Binding
}

// Share is one partner's part of an event.
type Share struct {
	PartnerID  uuid.UUID    `json:"partner_id"`
	ClickID    uuid.UUID    `json:"click_id"`
	CampaignID uuid.UUID    `json:"campaign_id"`
	Weight     money.Weight `json:"-"`
}

// Drop is a touch that did not count, and why.
type Drop struct {
	ClickID   uuid.UUID  `json:"click_id"`
	PartnerID uuid.UUID  `json:"partner_id"`
	Reason    DropReason `json:"reason"`
}

// Decision says who earns from an event, and why.
type Decision struct {
	Status     Status
	CampaignID uuid.UUID // the deciding campaign; zero when nothing was attributed
	Version    int
	Model      campaigns.Model
	Locked     bool      // by the customer's binding
	BindingID  uuid.UUID // the binding event of a locked decision
	NotRunning bool      // the deciding campaign did not run: attributed, pays nothing, binds nobody
	Shares     []Share   // in the order of the partners' first touches
	Kept       []uuid.UUID
	Dropped    []Drop
	// Reasons say why a partner's share earned nothing; commissions fill them in.
	Reasons map[uuid.UUID]commissions.Reason
}

// Binds reports whether the decision fixes who earns from this customer.
func (d Decision) Binds() bool {
	return d.Status == StatusAttributed && !d.Locked && !d.NotRunning
}

// Decide is the attribution rule. It asks nothing but its facts, so the same facts always give
// the same decision.
func Decide(f Facts) Decision {
	if f.Corrective {
		return Decision{Status: StatusRecorded}
	}
	if b := f.Binding; b != nil && b.Lock && !b.Over {
		d := b.Decision
		d.Locked, d.BindingID, d.Kept, d.Dropped = true, b.EventID, nil, nil
		return d
	}
	kept, dropped := f.sift()
	if len(kept) == 0 {
		return Decision{Status: f.emptyStatus(dropped), Dropped: dropped}
	}
	slices.SortFunc(kept, func(a, b Touch) int {
		return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), bytes.Compare(a.ClickID[:], b.ClickID[:]))
	})
	last := kept[len(kept)-1]
	terms := f.Terms[last.CampaignID]
	d := Decision{
		Status: StatusAttributed, CampaignID: last.CampaignID, Version: terms.Version, Model: terms.Model,
		NotRunning: !terms.running(f.OccurredAt), Shares: share(kept, terms.Model), Dropped: dropped,
	}
	for _, t := range kept {
		d.Kept = append(d.Kept, t.ClickID)
	}
	return d
}

func (t Terms) running(at time.Time) bool {
	return (t.StartsAt == nil || !at.Before(*t.StartsAt)) && (t.EndsAt == nil || at.Before(*t.EndsAt))
}

// sift keeps the touches that count. What the merchant said counts always, and so does what a
// browser said before the event was recorded. What a browser says afterwards, when money may
// already be another's, counts only when nothing else does, and then only the first that fits.
func (f Facts) sift() (kept []Touch, dropped []Drop) {
	var late []Touch
	judge := func(t Touch) bool {
		reason := f.drop(t)
		if reason == "" {
			kept = append(kept, t)
			return true
		}
		dropped = append(dropped, Drop{ClickID: t.ClickID, PartnerID: t.PartnerID, Reason: reason})
		return false
	}
	for _, t := range f.Touches {
		if t.Verified || !t.StitchedAt.After(f.RecordedAt) {
			judge(t)
		} else {
			late = append(late, t)
		}
	}
	if len(kept) > 0 {
		return kept, dropped
	}
	slices.SortStableFunc(late, func(a, b Touch) int { return a.StitchedAt.Compare(b.StitchedAt) })
	for _, t := range late {
		if judge(t) {
			break
		}
	}
	return kept, dropped
}

// drop is why a touch does not count, or empty.
func (f Facts) drop(t Touch) DropReason {
	age := f.OccurredAt.Sub(t.OccurredAt)
	window := time.Duration(f.Terms[t.CampaignID].WindowDays) * 24 * time.Hour
	switch {
	case t.Flag == "self_referral" || f.ownVisit(t):
		return DropSelfReferral
	case t.Flag == "revoked":
		return DropRevoked
	case t.Flag != "":
		return DropFlagged
	case age < -grace:
		return DropAfterEvent
	case age > window:
		return DropOutsideWindow
	default:
		return ""
	}
}

// ownVisit reports whether the customer came through their own partner account; what a person
// has reviewed is not judged again.
func (f Facts) ownVisit(t Touch) bool { return f.Own[t.PartnerID] && !t.Reviewed }

// emptyStatus is the status of an event without a touch that counts.
func (f Facts) emptyStatus(dropped []Drop) Status {
	if len(f.Touches) == 0 {
		return StatusUnknownUser
	}
	count := map[DropReason]int{}
	for _, d := range dropped {
		count[d.Reason]++
	}
	switch {
	case count[DropSelfReferral] == len(dropped):
		return StatusSelfReferral
	case count[DropSelfReferral]+count[DropRevoked]+count[DropFlagged] == len(dropped):
		return StatusFlagged
	case count[DropOutsideWindow] == 0:
		return StatusNoTouch
	default:
		return StatusOutsideWindow
	}
}

// share weighs partners, not clicks: repeating clicks buys nothing. Touches come in time order.
func share(touches []Touch, model campaigns.Model) []Share {
	order := []uuid.UUID{}
	represent := map[uuid.UUID]Touch{}
	for _, t := range touches {
		_, seen := represent[t.PartnerID]
		if !seen {
			order = append(order, t.PartnerID)
		}
		if !seen || model != campaigns.FirstClick {
			represent[t.PartnerID] = t
		}
	}
	first, last := touches[0].PartnerID, touches[len(touches)-1].PartnerID
	var out []Share
	for _, p := range order {
		w := weigh(model, p, first, last, int64(len(order)))
		if w.Num == 0 {
			continue
		}
		t := represent[p]
		out = append(out, Share{PartnerID: p, ClickID: t.ClickID, CampaignID: t.CampaignID, Weight: w})
	}
	return out
}

// weigh is a partner's share among k distinct ones.
func weigh(model campaigns.Model, p, first, last uuid.UUID, k int64) money.Weight {
	all, none := money.Weight{Num: 1, Den: 1}, money.Weight{Den: 1}
	only := func(winner uuid.UUID) money.Weight {
		if p == winner {
			return all
		}
		return none
	}
	switch model {
	case campaigns.FirstClick:
		return only(first)
	case campaigns.Linear:
		return money.NewWeight(1, k)
	case campaigns.Position:
		return weighPosition(p, first, last, k)
	default:
		return only(last)
	}
}

// weighPosition gives two fifths each to who began and who closed, and one fifth to those
// between; who did both gets four fifths.
func weighPosition(p, first, last uuid.UUID, k int64) money.Weight {
	ends := p == first || p == last
	switch {
	case k == 1:
		return money.Weight{Num: 1, Den: 1}
	case first == last && ends:
		return money.NewWeight(4, 5)
	case first == last:
		return money.NewWeight(1, 5*(k-1))
	case k == 2:
		return money.NewWeight(1, 2)
	case ends:
		return money.NewWeight(2, 5)
	default:
		return money.NewWeight(1, 5*(k-2))
	}
}
