package attribution

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/person"
	"github.com/openpartner/openpartner/app/tracking"
)

// SignatureFunc gives the secret that signs user ids, and whether unsigned calls are refused.
type SignatureFunc func(ctx context.Context) (secret string, required bool, err error)

// Service records events and decides who earns from them.
type Service struct {
	tracking    *tracking.Service
	campaigns   *campaigns.Service
	commissions *commissions.Service
	signature   SignatureFunc
	facts       *facts.Bus
	now         func() time.Time
}

// NewService makes the service; the bus hears of every event that is Attributed.
func NewService(
	t *tracking.Service, c *campaigns.Service, m *commissions.Service, sig SignatureFunc, f *facts.Bus, now func() time.Time,
) *Service {
	return &Service{tracking: t, campaigns: c, commissions: m, signature: sig, facts: f, now: now}
}

// Attributed is the fact that partners are now known to have brought events about.
type Attributed struct{ Outcomes []Outcome }

// IdentifyInput says that a click belongs to a user.
type IdentifyInput struct {
	Cref      uuid.UUID
	UserID    string
	Signature string // lower-case hex HMAC-SHA256 of the user id
}

// Identified is what became of it.
type Identified struct {
	FirstStitch     bool
	Verified        bool
	RederivedEvents *int // nil when a job does it
	JobID           *uuid.UUID
}

// Identify ties a click to a user of the merchant and decides the user's events anew. A server
// with a key is believed; a browser is believed when it shows the merchant's signature, and
// else only as long as nobody who is has spoken for this user.
func (s *Service) Identify(ctx context.Context, in IdentifyInput) (Identified, error) {
	fields := fault.Fields{}
	in.UserID = person.Line(fields, "user_id", in.UserID, maxUserID)
	if err := fields.Err(); err != nil {
		return Identified{}, err
	}
	verified, err := s.trusted(ctx, in)
	if err != nil {
		return Identified{}, err
	}
	if err := lockUsers(ctx, []string{in.UserID}); err != nil {
		return Identified{}, err
	}
	if _, err := s.tracking.Exists(ctx, in.Cref); err != nil {
		return Identified{}, err
	}
	none := 0
	if !verified {
		known, err := s.tracking.Verified(ctx, in.UserID)
		if err != nil {
			return Identified{}, err
		}
		if known {
			return Identified{Verified: true, RederivedEvents: &none}, nil
		}
	}
	fresh, err := s.tracking.Stitch(ctx, in.Cref, in.UserID, verified, s.now())
	if err != nil || !fresh {
		return Identified{Verified: verified, RederivedEvents: &none}, err
	}
	out := Identified{FirstStitch: true, Verified: verified}
	out.RederivedEvents, out.JobID, err = s.rederiveUsers(ctx, []string{in.UserID}, commissions.CauseSuperseded)
	return out, err
}

// trusted reports whether the statement is the merchant's own.
func (s *Service) trusted(ctx context.Context, in IdentifyInput) (bool, error) {
	if auth.From(ctx).Kind != auth.Nobody {
		return true, auth.Require(ctx, "events:write")
	}
	secret, required, err := s.signature(ctx)
	if err != nil {
		return false, err
	}
	switch {
	case in.Signature == "" && required:
		return false, fault.Forbidden("signature_required", "This program asks for a signature of the user id.")
	case in.Signature == "":
		return false, nil
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(in.UserID))
	if secret == "" || !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(in.Signature)) {
		return false, fault.Forbidden("signature_invalid", "The signature does not fit the user id.")
	}
	return true, nil
}

// Filter narrows a list of events.
type Filter struct {
	UserID   string
	Users    []string // any of them
	Type     string
	From, To *time.Time // by occurred_at; To is exclusive
}

// Listed is an event with its decision's status.
type Listed struct {
	Event
	Status Status
}

// List gives events, the latest first.
func (s *Service) List(ctx context.Context, f Filter, page paging.Page) (paging.Result[Listed], error) {
	if err := auth.Require(ctx, "events:read"); err != nil {
		return paging.Result[Listed]{}, err
	}
	rows, err := listEvents(ctx, f, page)
	if err != nil {
		return paging.Result[Listed]{}, err
	}
	return paging.Cut(rows, page, func(l Listed) paging.Cursor { return paging.Cursor{At: l.OccurredAt, ID: l.ID} }), nil
}

// Find gives one event with its decision and commissions.
func (s *Service) Find(ctx context.Context, id uuid.UUID) (Outcome, error) {
	if err := auth.Require(ctx, "events:read"); err != nil {
		return Outcome{}, err
	}
	return s.outcome(ctx, id)
}

func (s *Service) outcome(ctx context.Context, event uuid.UUID) (Outcome, error) {
	found, err := storyOf(ctx, event)
	if err != nil {
		return Outcome{}, err
	}
	rows, err := s.commissions.OfEvent(ctx, event)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{Event: found.Event, Decision: found.decision.Decision, DecidedAt: found.decision.at, Commissions: rows}, nil
}
