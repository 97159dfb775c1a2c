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
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
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
	now         func() time.Time
}

// NewService makes the service.
func NewService(t *tracking.Service, c *campaigns.Service, m *commissions.Service, sig SignatureFunc, now func() time.Time) *Service {
	return &Service{tracking: t, campaigns: c, commissions: m, signature: sig, now: now}
}

// Record stores an event, decides who earns from it and has the ledger follow. The same
// external id gives the first result again; with other content it is a conflict.
func (s *Service) Record(ctx context.Context, in EventInput) (Outcome, error) {
	if err := auth.Require(ctx, "events:write"); err != nil {
		return Outcome{}, err
	}
	now := s.now()
	sentTime := in.OccurredAt != nil
	if err := in.check(now); err != nil {
		return Outcome{}, err
	}
	if in.Source == "" {
		in.Source = "api"
	}
	// Everything of one user happens in turn.
	if err := lockUser(ctx, in.UserID); err != nil {
		return Outcome{}, err
	}
	hash := in.hash(sentTime)
	if in.ExternalID != nil {
		earlier, err := findByExternalID(ctx, in.Source, *in.ExternalID)
		if err == nil {
			return s.replay(ctx, earlier, hash)
		}
		if !fault.Is(err, fault.KindNotFound) {
			return Outcome{}, err
		}
	}
	e := Event{
		ID: ids.NewAt(now), UserID: in.UserID, Type: in.Type, Amount: in.Amount, Currency: in.Currency, ExternalID: in.ExternalID,
		Source: in.Source, RequestHash: hash, Metadata: in.Metadata, OccurredAt: *in.OccurredAt, CreatedAt: now,
	}
	if in.Email != nil {
		sum := hashEmail(*in.Email)
		e.EmailHash = &sum
	}
	original, err := s.correct(ctx, in, &e)
	if err != nil {
		return Outcome{}, err
	}
	if err := s.stitchTrusted(ctx, in); err != nil {
		return Outcome{}, err
	}
	if stored, err := insertEvent(ctx, e); err != nil {
		return Outcome{}, err
	} else if !stored { // another user's event took the external id meanwhile
		earlier, err := findByExternalID(ctx, in.Source, *in.ExternalID)
		if err != nil {
			return Outcome{}, err
		}
		return s.replay(ctx, earlier, hash)
	}
	if err := s.derive(ctx, in.UserID, startOf(e, original, in), causeOf(e)); err != nil {
		return Outcome{}, err
	}
	return s.outcome(ctx, e)
}

// startOf is the event from which the user has to be decided anew: a correction changes its
// original, a new stitch may change everything.
func startOf(e Event, original *Event, in EventInput) *Event {
	switch {
	case in.Cref != nil || in.Email != nil:
		return nil
	case original != nil:
		return original
	default:
		return &e
	}
}

func causeOf(e Event) commissions.Cause {
	switch e.Type {
	case TypeRefund:
		return commissions.CauseRefund
	case TypeDispute, TypeDisputeLost, TypeDisputeWon:
		return commissions.CauseDispute
	default:
		return commissions.CauseSuperseded
	}
}

func (s *Service) replay(ctx context.Context, earlier Event, hash string) (Outcome, error) {
	if earlier.RequestHash != hash {
		return Outcome{}, fault.Conflict("idempotency_mismatch", "Another event was sent under this external_id before.").
			WithField("external_id", "Another event was sent under this external_id before.")
	}
	out, err := s.outcome(ctx, earlier)
	out.Replayed = true
	return out, err
}

// stitchTrusted ties the event's own click to its user: whoever may write events says so.
func (s *Service) stitchTrusted(ctx context.Context, in EventInput) error {
	if in.Cref == nil {
		return nil
	}
	_, err := s.tracking.Stitch(ctx, *in.Cref, in.UserID, true, *in.OccurredAt)
	if fault.Is(err, fault.KindNotFound) {
		return fault.InvalidField("cref", "There is no such click.")
	}
	return err
}

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

// inline is how many events are decided anew at once; more become a job.
const inline = 50

// KindRederive is the job kind of Rederive.
const KindRederive = "attribution.rederive"

// Rederive is the order to decide all events of a user anew.
type Rederive struct {
	UserID string `json:"user_id"`
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
	if err := lockUser(ctx, in.UserID); err != nil {
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
	n, err := countEvents(ctx, in.UserID)
	if err != nil {
		return Identified{}, err
	}
	if n > inline {
		job, err := outbox.AddID(ctx, outbox.Job{Kind: KindRederive, Key: "user:" + in.UserID, Args: Rederive{UserID: in.UserID}})
		out.JobID = &job
		return out, err
	}
	out.RederivedEvents = &n
	return out, s.derive(ctx, in.UserID, nil, commissions.CauseSuperseded)
}

// Rederive decides all events of a user anew.
func (s *Service) Rederive(ctx context.Context, in Rederive) error {
	if err := lockUser(ctx, in.UserID); err != nil {
		return err
	}
	return s.derive(ctx, in.UserID, nil, commissions.CauseSuperseded)
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
	e, err := findEvent(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	return s.outcome(ctx, e)
}

func (s *Service) outcome(ctx context.Context, e Event) (Outcome, error) {
	decisions, err := decisionsOf(ctx, []uuid.UUID{e.ID})
	if err != nil {
		return Outcome{}, err
	}
	rows, err := s.commissions.OfEvent(ctx, e.ID)
	if err != nil {
		return Outcome{}, err
	}
	d := decisions[e.ID]
	return Outcome{Event: e, Decision: d.Decision, DecidedAt: d.at, Commissions: rows}, nil
}
