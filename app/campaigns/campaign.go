// Package campaigns owns what is promoted and on which terms: destinations, attribution
// settings and commission rules, all versioned in time.
//
// It does not decide who earns; attribution reads the terms that were in force when an event
// happened. Invariant: an edit never changes the terms of the past.
package campaigns

import (
	"time"

	"github.com/google/uuid"
)

// Status of a campaign. That one has ended follows from its dates.
type Status string

// The states.
const (
	Active   Status = "active"
	Paused   Status = "paused"
	Archived Status = "archived"
)

// Statuses are the states that a person chooses.
func Statuses() []Status { return []Status{Active, Paused, Archived} }

// Model says who earns from an event that several partners led to.
type Model string

// The attribution models.
const (
	LastClick  Model = "last_click"
	FirstClick Model = "first_click"
	Linear     Model = "linear"
	Position   Model = "position"
)

// Models are the attribution models, the usual one first.
func Models() []Model { return []Model{LastClick, FirstClick, Linear, Position} }

// Campaign is a destination with the terms and rules that are in force now.
type Campaign struct {
	ID              uuid.UUID
	Name            string
	DestinationURL  string
	DeepLinkDomains []string
	Status          Status
	StartsAt        *time.Time
	EndsAt          *time.Time
	CreatedAt       time.Time
	Terms
	Rules []Rule
}

// Terms are the settings of one version of a campaign.
type Terms struct {
	Version          int
	AttributionModel Model
	WindowDays       int // clicks older than this don't count
	CustomerLock     bool
	HoldDays         int // until a commission may be approved
	AutoApprove      bool
}

// State is the status, or upcoming or ended when the dates say so.
func (c Campaign) State(now time.Time) string {
	switch {
	case c.Status != Active:
		return string(c.Status)
	case c.StartsAt != nil && now.Before(*c.StartsAt):
		return "upcoming"
	case c.EndsAt != nil && !now.Before(*c.EndsAt):
		return "ended"
	default:
		return string(Active)
	}
}

// Running reports whether new clicks count.
func (c Campaign) Running(now time.Time) bool { return c.State(now) == string(Active) }

// Trigger says which events of a customer a rule pays for.
type Trigger string

// The triggers.
const (
	Every      Trigger = "every"
	First      Trigger = "first"
	Subsequent Trigger = "subsequent"
)

// RuleKind says how a rule computes.
type RuleKind string

// The kinds of rules.
const (
	Percent RuleKind = "percent"
	Fixed   RuleKind = "fixed"
)

// Rule is one row of what a campaign pays, in force from ActiveFrom to ActiveTo.
type Rule struct {
	ID             uuid.UUID
	CampaignID     uuid.UUID
	PartnerID      *uuid.UUID // an override for this partner
	Position       int
	EventType      string // empty: any
	Trigger        Trigger
	Kind           RuleKind
	RatePPM        int64  // of a percent rule, in parts per million
	Amount         int64  // of a fixed rule, in minor units
	Currency       string // of a fixed rule
	DurationMonths int    // 0: for ever
	ActiveFrom     *time.Time
	ActiveTo       *time.Time
}

// sameAs reports whether two rules pay the same.
func (r Rule) sameAs(o Rule) bool {
	return r.EventType == o.EventType && r.Trigger == o.Trigger && r.Kind == o.Kind && r.RatePPM == o.RatePPM &&
		r.Amount == o.Amount && r.Currency == o.Currency && r.DurationMonths == o.DurationMonths
}
