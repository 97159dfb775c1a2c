// Package tracking owns visits through links and which user of the merchant each belongs to.
//
// It records facts and judges nothing but flags; who earns is attribution's business.
// Invariant: a click's id is its cref, and a row never changes but for its flag and review.
package tracking

import (
	"time"

	"github.com/google/uuid"
)

// Flag says why a click does not count.
type Flag string

// The flags. An empty one is a click that counts.
const (
	FlagVelocity     Flag = "velocity"
	FlagBot          Flag = "bot"
	FlagRevoked      Flag = "revoked"
	FlagManual       Flag = "manual"
	FlagSelfReferral Flag = "self_referral"
)

// Flags are all of them, those that ask for a person's judgement first.
func Flags() []Flag {
	return append(Suspicions(), FlagBot, FlagRevoked, FlagManual)
}

// Suspicions are the flags that a person should look at: a machine guessed. The others are
// plain facts.
func Suspicions() []Flag { return []Flag{FlagVelocity, FlagSelfReferral} }

// Click is one visit through a link.
type Click struct {
	ID             uuid.UUID
	LinkID         *uuid.UUID
	LinkKey        string
	PartnerID      uuid.UUID
	PartnerName    string
	CampaignID     uuid.UUID
	CampaignName   string
	DestinationURL string
	IPHash         *string
	UserAgent      *string
	Referer        *string
	UTM            map[string]string
	SubIDs         map[string]string
	Flag           Flag
	ReviewedAt     *time.Time // by a person, who decided whether the click counts
	ReviewedBy     *uuid.UUID
	OccurredAt     time.Time
	CreatedAt      time.Time
}

// Target is what a link leads to, and whether a visit counts.
type Target struct {
	LinkID          uuid.UUID
	PartnerID       uuid.UUID
	PartnerStatus   string
	CampaignID      uuid.UUID
	DestinationURL  string // the link's own, else the campaign's
	CampaignURL     string
	DeepLinkDomains []string
	Archived        bool
	CampaignStatus  string
	StartsAt        *time.Time
	EndsAt          *time.Time
	Velocity        Velocity
}

// Counts reports whether a visit through the link is recorded: not for archived links, nor
// while the campaign does not run.
func (t Target) Counts(now time.Time) bool {
	running := t.CampaignStatus == "active" &&
		(t.StartsAt == nil || !now.Before(*t.StartsAt)) && (t.EndsAt == nil || now.Before(*t.EndsAt))
	return !t.Archived && running
}

// Revoked reports whether the partner may no longer earn from new visits.
func (t Target) Revoked() bool {
	return t.PartnerStatus == "revoked" || t.PartnerStatus == "declined"
}

// Identity ties a click to a user of the merchant.
type Identity struct {
	ID         uuid.UUID
	ClickID    uuid.UUID
	UserID     string
	Verified   bool // told by the merchant's server, or signed by it
	OccurredAt time.Time
	CreatedAt  time.Time
}
