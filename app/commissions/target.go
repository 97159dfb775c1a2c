package commissions

import (
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/money"
)

// Rule is a commission rule as the arithmetic needs it.
type Rule struct {
	ID             uuid.UUID
	EventType      string // empty: any
	Trigger        string // every, first, subsequent
	Percent        bool
	RatePPM        int64
	Amount         int64
	Currency       string // of a fixed rule
	DurationMonths int    // 0: for ever
}

// Matches reports whether a rule is about events of this kind at all. A percentage of nothing
// is no match.
func (r Rule) Matches(eventType string, amount *int64) bool {
	if r.EventType != "" && r.EventType != eventType {
		return false
	}
	return !r.Percent || (amount != nil && *amount > 0)
}

// Past is an earlier event of the same customer that was attributed to a partner.
type Past struct {
	OccurredAt time.Time
	Type       string
	Amount     *int64
}

// RanOut reports whether a rule's duration is over at a time, counted from the first event of
// this partner that matched it. Without such an event it has not begun.
func (r Rule) RanOut(at time.Time, history []Past) bool {
	if r.DurationMonths == 0 {
		return false
	}
	for _, p := range history {
		if r.Matches(p.Type, p.Amount) {
			return !at.Before(AddMonths(p.OccurredAt, r.DurationMonths))
		}
	}
	return false
}

// AddMonths moves a time by calendar months and clamps the day: 31 January and one month is
// 28 February.
func AddMonths(t time.Time, n int) time.Time {
	t = t.UTC()
	firstOfMonth := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	lastDay := firstOfMonth.AddDate(0, 1, -1).Day()
	return firstOfMonth.AddDate(0, 0, min(t.Day(), lastDay)-1)
}

// Reason says why a share earned nothing.
type Reason string

// The reasons.
const (
	ReasonNoRule             Reason = "no_rule"
	ReasonZero               Reason = "zero"
	ReasonCampaignNotRunning Reason = "campaign_not_running"
	ReasonDurationOver       Reason = "duration_over"
)

// Sale is the event that is paid for.
type Sale struct {
	Type       string
	OccurredAt time.Time
	Amount     *int64 // minor units; nil for events without money
	Currency   string
	Refunded   int64 // refunded or lost in a dispute, in the sale's currency
	Withdrawn  bool  // a refund of an event without an amount, or a lost dispute
}

// remaining is what of the sale stayed: remaining/paid is the part that is paid for.
func (s Sale) remaining() (remaining, paid int64) {
	if s.Amount == nil || *s.Amount == 0 {
		if s.Withdrawn || s.Refunded > 0 {
			return 0, 1
		}
		return 1, 1
	}
	if s.Withdrawn {
		return 0, *s.Amount
	}
	return max(0, *s.Amount-s.Refunded), *s.Amount
}

// Claim is one partner's share of the sale with the rules in force for them.
type Claim struct {
	PartnerID  uuid.UUID
	CampaignID uuid.UUID
	ClickID    uuid.UUID
	Weight     money.Weight
	Rules      []Rule
	History    []Past // this customer's earlier events of this partner, oldest first
}

// pays reports whether a rule pays this sale to the partner.
func (c Claim) pays(r Rule, s Sale) bool {
	if !r.Matches(s.Type, s.Amount) {
		return false
	}
	earlier := false
	for _, p := range c.History {
		earlier = earlier || p.Type == s.Type
	}
	if (r.Trigger == "first" && earlier) || (r.Trigger == "subsequent" && !earlier) {
		return false
	}
	return !r.RanOut(s.OccurredAt, c.History)
}

// Target is what a key (event, partner, campaign, rule) should amount to.
type Target struct {
	PartnerID    uuid.UUID
	CampaignID   uuid.UUID
	ClickID      uuid.UUID
	RuleID       uuid.UUID
	BaseAmount   *int64
	BaseCurrency string
	RatePPM      int64 // 0 for a fixed rule
	Weight       money.Weight
	Amount       int64
	Currency     string
	Working
}

// Working is how a rule came to its amounts, for explanations.
type Working struct {
	Whole     int64        // what the rule gives for the sale as it was paid
	Remaining int64        // what of Paid was neither refunded nor lost in a dispute
	Paid      int64        // 1 for a sale without an amount
	Stays     int64        // what of Whole is left for the remaining part
	Weights   money.Weight // of all partners whom the rule pays, together
	Pool      int64        // what these partners share
}

// Targets computes what each partner should have from a sale. Every rule is split among the
// partners that it pays, so that the parts add up to the rule's whole to the last minor unit;
// the share of a partner whose rule does not pay goes to nobody.
func Targets(s Sale, claims []Claim) []Target {
	var order []Rule
	payees := map[uuid.UUID][]int{}
	for i, c := range claims {
		for _, r := range c.Rules {
			if !c.pays(r, s) {
				continue
			}
			if payees[r.ID] == nil {
				order = append(order, r)
			}
			payees[r.ID] = append(payees[r.ID], i)
		}
	}
	var out []Target
	for _, r := range order {
		out = append(out, s.split(r, claims, payees[r.ID])...)
	}
	return out
}

func (s Sale) split(r Rule, claims []Claim, payees []int) []Target {
	whole, currency := r.Amount, r.Currency
	if r.Percent {
		whole, currency = money.MulRatio(*s.Amount, r.RatePPM, money.PPM), s.Currency
	}
	remaining, paid := s.remaining()
	stays := money.MulRatio(whole, remaining, paid)
	var sum money.Weight
	weights := make([]money.Weight, 0, len(payees))
	for _, i := range payees {
		weights = append(weights, claims[i].Weight)
		sum = sum.Add(claims[i].Weight)
	}
	pool := money.MulRatio(stays, sum.Num, sum.Den)
	parts := money.Split(pool, weights)
	working := Working{Whole: whole, Remaining: remaining, Paid: paid, Stays: stays, Weights: sum, Pool: pool}
	var out []Target
	for n, i := range payees {
		c := claims[i]
		t := Target{
			PartnerID: c.PartnerID, CampaignID: c.CampaignID, ClickID: c.ClickID, RuleID: r.ID, BaseAmount: s.Amount,
			BaseCurrency: s.Currency, Weight: c.Weight, Amount: parts[n], Currency: currency, Working: working,
		}
		if r.Percent {
			t.RatePPM = r.RatePPM
		}
		out = append(out, t)
	}
	return out
}

// Why says why a claim earns nothing from a sale; empty when it earns.
func Why(s Sale, c Claim, targets []Target) Reason {
	paid := false
	for _, t := range targets {
		if t.PartnerID == c.PartnerID {
			if t.Amount != 0 {
				return ""
			}
			paid = true
		}
	}
	if paid {
		return ReasonZero
	}
	for _, r := range c.Rules {
		if r.Matches(s.Type, s.Amount) && r.RanOut(s.OccurredAt, c.History) {
			return ReasonDurationOver
		}
	}
	return ReasonNoRule
}
