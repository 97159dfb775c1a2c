// Package partners owns the people who promote a program, and which campaigns they may promote.
//
// It does not sign them in (signin does) and does not pay them. Invariant: every change of
// status is one of the transitions of next.
package partners

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
)

// Status of a partner.
type Status string

// The states.
const (
	StatusUnverified    Status = "unverified"
	StatusInvited       Status = "invited"
	StatusPendingReview Status = "pending_review"
	StatusActive        Status = "active"
	StatusRevoked       Status = "revoked"
	StatusDeclined      Status = "declined"
)

// Statuses are the states that lists are filtered by.
func Statuses() []Status {
	return []Status{StatusActive, StatusInvited, StatusPendingReview, StatusUnverified, StatusRevoked, StatusDeclined}
}

// verb is what happens to a partner.
type verb string

const (
	enter     verb = "enter" // with an application that needs no review
	apply     verb = "apply"
	accept    verb = "accept"
	approve   verb = "approve"
	decline   verb = "decline"
	revoke    verb = "revoke"
	reinstate verb = "reinstate"
)

// next is the state machine. A verb that does not fit is a conflict that says why.
func next(from Status, v verb) (Status, error) {
	switch v {
	case enter, apply:
		switch {
		case from != StatusUnverified:
			return from, fault.NotFound("application")
		case v == enter:
			return StatusActive, nil
		default:
			return StatusPendingReview, nil
		}
	case accept:
		if from == StatusInvited || from == StatusActive {
			return StatusActive, nil
		}
		return from, fault.NotFound("invitation")
	case approve:
		if from == StatusPendingReview {
			return StatusActive, nil
		}
		return from, fault.Conflict("not_pending", "Only an application that waits for review can be approved.")
	case decline:
		if from == StatusPendingReview {
			return StatusDeclined, nil
		}
		return from, fault.Conflict("not_pending", "Only an application that waits for review can be declined.")
	case revoke:
		if from == StatusRevoked {
			return from, fault.Conflict("already_revoked", "This partner is revoked already.")
		}
		return StatusRevoked, nil
	default:
		if from == StatusRevoked || from == StatusDeclined {
			return StatusActive, nil
		}
		return from, fault.Conflict("not_revoked", "This partner is not revoked.")
	}
}

// Source says how a partner came.
type Source string

// The sources.
const (
	SourceAdmin      Source = "admin"
	SourceSelfSignup Source = "self_signup"
	SourceNetwork    Source = "network"
	SourceImport     Source = "import"
)

// Sources are the ways that lists are filtered by.
func Sources() []Source { return []Source{SourceAdmin, SourceSelfSignup, SourceNetwork, SourceImport} }

// Profile is what a partner says about themselves.
type Profile struct {
	Company   *string           `json:"company,omitempty"`
	Website   *string           `json:"website,omitempty"`
	Country   *string           `json:"country,omitempty"`
	Bio       *string           `json:"bio,omitempty"`
	Platforms []Platform        `json:"platforms,omitempty"`
	Answers   map[string]string `json:"answers,omitempty"`
}

// Platform is a place where a partner has an audience.
type Platform struct {
	Platform  string `json:"platform"`
	URL       string `json:"url"`
	Followers *int64 `json:"followers,omitempty"`
}

// Partner is a person who promotes the program.
type Partner struct {
	ID           uuid.UUID
	Email        string
	Name         string
	Status       Status
	Source       Source
	Profile      Profile
	TermsVersion *string // of the terms that they agreed to
	ActivatedAt  *time.Time
	RevokedAt    *time.Time
	RevokeReason *string
	ErasedAt     *time.Time       // the person is gone, and does not come back
	Network      *NetworkStanding // nil: the Network said nothing of them
	CreatedAt    time.Time
}

// CreateInput is a new partner as it is written.
type CreateInput struct {
	Email       string
	Name        string
	CampaignIDs []uuid.UUID
	SendInvite  bool // false makes the partner active at once, without a mail
	Profile     Profile
}

// UpdateInput changes what is not nil.
type UpdateInput struct {
	Email   *string
	Name    *string
	Profile *Profile
}

const (
	maxCompany  = 200
	maxText     = 2000
	maxPlatform = 80
	maxAnswers  = 20
)

var countryForm = regexp.MustCompile(`^[A-Z]{2}$`)

// Check normalises the profile and names what is wrong with it.
func (p *Profile) Check(fields fault.Fields) {
	line := func(name string, text **string, limit int) {
		if *text == nil {
			return
		}
		trimmed := strings.TrimSpace(**text)
		if trimmed == "" {
			*text = nil
			return
		}
		trimmed = person.Line(fields, "profile."+name, trimmed, limit)
		*text = &trimmed
	}
	line("company", &p.Company, maxCompany)
	line("website", &p.Website, maxText)
	line("country", &p.Country, 2)
	if p.Website != nil && !webAddress(*p.Website) {
		fields.Add("profile.website", "Enter a whole web address, such as https://example.com.")
	}
	if p.Country != nil && !countryForm.MatchString(*p.Country) {
		fields.Add("profile.country", "Give a country as its two-letter code, such as DE.")
	}
	if p.Bio != nil && len([]rune(*p.Bio)) > maxText {
		fields.Add("profile.bio", "This is too long: at most 2000 characters.")
	}
	if len(p.Platforms) > 10 {
		fields.Add("profile.platforms", "At most 10 platforms.")
	}
	for i := range p.Platforms {
		p.Platforms[i].check(fields, "profile.platforms."+strconv.Itoa(i)+".")
	}
	if len(p.Answers) > maxAnswers {
		fields.Add("profile.answers", "At most 20 answers.")
	}
	for key, answer := range p.Answers {
		if len(key) > 80 || len(answer) > maxText {
			fields.Add("profile.answers", "An answer is too long.")
		}
	}
}

func (p *Platform) check(fields fault.Fields, at string) {
	p.Platform = person.Line(fields, at+"platform", p.Platform, maxPlatform)
	if !webAddress(p.URL) {
		fields.Add(at+"url", "Enter a whole web address, such as https://example.com/you.")
	}
	if p.Followers != nil && *p.Followers < 0 {
		fields.Add(at+"followers", "Give a whole number.")
	}
}

func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && len(text) <= maxText
}
