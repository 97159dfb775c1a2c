package attribution

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tracking"
)

// Story is an outcome with all that explains it: how each of the user's clicks was judged and
// how each amount came about. The figures are computed anew by the rules that wrote the ledger,
// so that the explanation can't drift away from the money.
type Story struct {
	Outcome
	Customer    string // stands for the user where the merchant's id is nobody's business
	Campaign    string // name of the deciding campaign
	Touches     []ToldTouch
	MoreTouches int // clicks of the user that are not told
	Shares      []ToldShare
	Former      []ToldShare // of partners with rows but without a share: a later decision took it
	Binding     *Event      // the event that fixed who earns, of a locked decision
	Follow      int         // later events that this one decides
	Corrects    *Event      // the event that this one takes back
	Corrections []Event     // what takes this one back
}

// Verdict is what became of a touch.
type Verdict string

// The verdicts.
const (
	VerdictKept    Verdict = "kept"
	VerdictDropped Verdict = "dropped"
	VerdictLocked  Verdict = "locked"  // not asked: the customer's binding decides
	VerdictUnheard Verdict = "unheard" // not asked: a browser said so later, and others count
)

// ToldTouch is a click of the user and how it was judged.
type ToldTouch struct {
	Click      tracking.Click
	IdentityID uuid.UUID
	Verified   bool
	StitchedAt time.Time
	Verdict    Verdict
	Reason     DropReason // of a dropped one
	WindowDays int        // of its campaign, when the event happened
}

// ToldShare is one partner's part with what came of it.
type ToldShare struct {
	Share
	Partner  string
	Campaign string // whose rules pay
	Click    tracking.Click
	Keys     []ToldKey
	Reason   commissions.Reason // why it brings nothing
}

// ToldKey is what one rule gives the partner, and the ledger rows that add up to it.
type ToldKey struct {
	Rule campaigns.Rule
	Due  *commissions.Target // nil when the rules give nothing any more
	Rows []commissions.Commission
}

// Pinned reports whether a person rejected the key, so that the rules leave it alone.
func (k ToldKey) Pinned() bool {
	return slices.ContainsFunc(k.Rows, func(c commissions.Commission) bool { return value(c.ReversedReason) == "rejected" })
}

// toldTouches bounds how many clicks are told; those that earn always are.
const toldTouches = 40

// Story gives one event with its explanation.
func (s *Service) Story(ctx context.Context, id uuid.UUID) (Story, error) {
	if err := auth.Require(ctx, "events:read"); err != nil {
		return Story{}, err
	}
	return s.tell(ctx, id)
}

// Explain tells the story behind a commission to whoever may see that commission. A partner is
// told their own part.
func (s *Service) Explain(ctx context.Context, c commissions.Commission) (Story, error) {
	if err := auth.RequireOwn(ctx, "commissions:read", c.PartnerID); err != nil {
		return Story{}, err
	}
	if c.EventID == nil {
		return Story{}, fault.NotFound("event")
	}
	story, err := s.tell(ctx, *c.EventID)
	if own := auth.From(ctx).PartnerID; own != uuid.Nil {
		story = story.For(own)
	}
	return story, err
}

func (s *Service) tell(ctx context.Context, event uuid.UUID) (Story, error) {
	o, err := s.outcome(ctx, event)
	if err != nil {
		return Story{}, err
	}
	e := o.Event
	customers, err := s.load(ctx, []string{e.UserID})
	if err != nil {
		return Story{}, err
	}
	c := customers[e.UserID]
	story := Story{Outcome: o, Campaign: c.campaigns.NameOf(o.Decision.CampaignID)}
	c.relate(&story)
	if corrective(e.Type) {
		return story, nil
	}
	touches := c.judged(e, o.Decision)
	told := choose(touches, o.Decision)
	story.MoreTouches = len(touches) - len(told)
	var clicks []uuid.UUID
	for _, t := range told {
		clicks = append(clicks, t.Click.ID)
	}
	known, err := s.tracking.ClicksByID(ctx, clicks)
	if err != nil {
		return Story{}, err
	}
	for _, t := range told {
		t.Click = known[t.Click.ID]
		story.Touches = append(story.Touches, t)
	}
	c.tellShares(&story, known)
	return story, nil
}

// relate names the other events that this one has to do with.
func (c *customer) relate(story *Story) {
	for _, e := range c.events {
		switch {
		case e.ID == story.Decision.BindingID:
			story.Binding = &e
		case story.Event.ReversesEventID != nil && e.ID == *story.Event.ReversesEventID:
			story.Corrects = &e
		case e.ReversesEventID != nil && *e.ReversesEventID == story.Event.ID:
			story.Corrections = append(story.Corrections, e)
		}
		if c.stored[e.ID].BindingID == story.Event.ID {
			story.Follow++
		}
	}
}

// judged lists the user's touches in time order with what became of each.
func (c *customer) judged(e Event, d Decision) []ToldTouch {
	dropped := map[uuid.UUID]DropReason{}
	for _, drop := range d.Dropped {
		dropped[drop.ClickID] = drop.Reason
	}
	var out []ToldTouch
	for _, t := range c.touches {
		told := ToldTouch{
			Click: tracking.Click{ID: t.ClickID}, IdentityID: t.IdentityID, Verified: t.Verified, StitchedAt: t.StitchedAt,
			Verdict: VerdictUnheard, WindowDays: c.termsAt(t.CampaignID, e).WindowDays,
		}
		switch {
		case d.Locked:
			told.Verdict = VerdictLocked
		case dropped[t.ClickID] != "":
			told.Verdict, told.Reason = VerdictDropped, dropped[t.ClickID]
		case slices.Contains(d.Kept, t.ClickID):
			told.Verdict = VerdictKept
		}
		out = append(out, told)
	}
	return out
}

// choose takes the touches that earn and the latest of the others.
func choose(touches []ToldTouch, d Decision) []ToldTouch {
	spare := max(0, toldTouches-len(d.Shares))
	var out []ToldTouch
	for _, t := range slices.Backward(touches) {
		earns := slices.ContainsFunc(d.Shares, func(s Share) bool { return s.ClickID == t.Click.ID })
		if !earns {
			spare--
		}
		if earns || spare >= 0 {
			out = append(out, t)
		}
	}
	slices.Reverse(out)
	return out
}

// tellShares computes what is due and puts the ledger's rows beside it.
func (c *customer) tellShares(story *Story, clicks map[uuid.UUID]tracking.Click) {
	e, d := story.Event, story.Decision
	c.begin()
	for _, earlier := range c.events {
		if stored, decided := c.stored[earlier.ID]; decided && order(earlier, e) < 0 {
			c.remember(earlier, stored.Decision)
		}
	}
	due := c.reckon(e, &d).Targets
	told := map[uuid.UUID]bool{}
	for _, share := range d.Shares {
		click := clicks[share.ClickID]
		t := ToldShare{
			Share: share, Partner: click.PartnerName, Campaign: c.campaigns.NameOf(share.CampaignID), Click: click,
			Keys: c.keys(share.PartnerID, due, story.Commissions),
		}
		_, t.Reason = story.OfShare(share)
		told[share.PartnerID] = true
		story.Shares = append(story.Shares, t)
	}
	for _, row := range story.Commissions {
		if told[row.PartnerID] {
			continue
		}
		told[row.PartnerID] = true
		story.Former = append(story.Former, ToldShare{
			Share: Share{PartnerID: row.PartnerID}, Partner: row.PartnerName, Campaign: value(row.CampaignName),
			Keys: c.keys(row.PartnerID, nil, story.Commissions),
		})
	}
}

// keys sorts what is due to a partner, and their rows, by campaign and rule.
func (c *customer) keys(partner uuid.UUID, due []commissions.Target, rows []commissions.Commission) []ToldKey {
	type key struct{ campaign, rule uuid.UUID }
	var out []ToldKey
	at := map[key]int{}
	find := func(k key) *ToldKey {
		i, known := at[k]
		if !known {
			i = len(out)
			at[k] = i
			rule, _ := c.campaigns.Rule(k.rule)
			out = append(out, ToldKey{Rule: rule})
		}
		return &out[i]
	}
	for _, t := range due {
		if t.PartnerID == partner && t.Amount != 0 {
			find(key{t.CampaignID, t.RuleID}).Due = &t
		}
	}
	for _, row := range rows {
		if row.PartnerID == partner {
			k := find(key{value(row.CampaignID), value(row.RuleID)})
			k.Rows = append(k.Rows, row)
		}
	}
	return out
}

// For gives the part of the story that is one partner's: their own clicks, share and rows, and
// of the customer nothing by which the merchant knows them.
func (s Story) For(partner uuid.UUID) Story {
	out := Story{
		Outcome: Outcome{Event: s.Event.anonymous(), DecidedAt: s.DecidedAt}, Campaign: s.Campaign, Follow: s.Follow,
	}
	d := s.Decision
	out.Decision = Decision{
		Status: d.Status, CampaignID: d.CampaignID, Version: d.Version, Model: d.Model, Locked: d.Locked, BindingID: d.BindingID,
		NotRunning: d.NotRunning,
	}
	for _, t := range s.Touches {
		if t.Click.PartnerID == partner {
			out.Touches = append(out.Touches, t)
		}
	}
	if len(out.Touches) > 0 {
		id := out.Touches[0].IdentityID.String()
		out.Customer = id[len(id)-6:]
	}
	of := func(t ToldShare) bool { return t.PartnerID != partner }
	out.Shares = slices.DeleteFunc(slices.Clone(s.Shares), of)
	out.Former = slices.DeleteFunc(slices.Clone(s.Former), of)
	for _, c := range s.Commissions {
		if c.PartnerID == partner {
			out.Commissions = append(out.Commissions, c)
		}
	}
	if s.Binding != nil {
		binding := s.Binding.anonymous()
		out.Binding = &binding
	}
	for _, e := range s.Corrections {
		out.Corrections = append(out.Corrections, e.anonymous())
	}
	return out
}

// anonymous is what happened and when, without whom it happened to.
func (e Event) anonymous() Event {
	return Event{ID: e.ID, Type: e.Type, Amount: e.Amount, Currency: e.Currency, OccurredAt: e.OccurredAt, ReversesEventID: e.ReversesEventID}
}
