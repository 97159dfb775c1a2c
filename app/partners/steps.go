package partners

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
)

// KindTold is the job kind of Told.
const KindTold = "partners.told"

// Told is the order to tell a partner by mail what has become of them. It is left out when
// they are something else by then.
type Told struct {
	PartnerID  uuid.UUID `json:"partner_id"`
	News       News      `json:"news"`
	WithReason bool      `json:"with_reason,omitempty"`
}

// News is what happened to a partner.
type News string

// The news that partners get by mail.
const (
	NewsApproved   News = "approved"
	NewsDeclined   News = "declined"
	NewsRevoked    News = "revoked"
	NewsReinstated News = "reinstated"
)

// Holds reports whether the news are still true of somebody with this status.
func (n News) Holds(s Status) bool {
	switch n {
	case NewsDeclined:
		return s == StatusDeclined
	case NewsRevoked:
		return s == StatusRevoked
	default:
		return s == StatusActive
	}
}

func (s *Service) tellThem(ctx context.Context, t Told) error {
	return outbox.Add(ctx, outbox.Job{Kind: KindTold, Key: "partner:" + t.PartnerID.String(), Args: t})
}

// Accept notes that a partner opened their invitation. Only signin calls it, with a link that
// was mailed to them.
func (s *Service) Accept(ctx context.Context, id uuid.UUID) (Partner, error) {
	return s.move(ctx, id, accept, "partner.activated", nil)
}

// Approve lets an applicant in and into these campaigns. When an admin has not chosen them
// they are those of the sign-up form.
func (s *Service) Approve(ctx context.Context, id uuid.UUID, campaigns []uuid.UUID, chosen bool) (Partner, error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return Partner{}, err
	}
	p, err := s.move(ctx, id, approve, "partner.approved", nil)
	if err != nil {
		return Partner{}, err
	}
	source := grantBySignup
	if chosen {
		source = grantByAdmin
	}
	if err := s.grant(ctx, id, campaigns, source); err != nil {
		return Partner{}, err
	}
	return p, s.tellThem(ctx, Told{PartnerID: id, News: NewsApproved})
}

// Ending is why a partner has to go. The reason is kept with them.
type Ending struct {
	Reason string
	Tell   bool // of a revocation: mail it to them; of a refusal, whose mail goes out anyway: with the reason
}

// Decline turns an applicant down, and says so to them.
func (s *Service) Decline(ctx context.Context, id uuid.UUID, e Ending) (Partner, error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return Partner{}, err
	}
	p, err := s.move(ctx, id, decline, "partner.declined", &e.Reason)
	if err != nil {
		return Partner{}, err
	}
	return p, s.tellThem(ctx, Told{PartnerID: id, News: NewsDeclined, WithReason: e.Tell})
}

// Revoke ends a partner's participation: their sessions end in this transaction and new clicks
// on their links no longer count.
func (s *Service) Revoke(ctx context.Context, id uuid.UUID, e Ending) (Partner, error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return Partner{}, err
	}
	p, err := s.move(ctx, id, revoke, "partner.revoked", &e.Reason)
	if err != nil {
		return Partner{}, err
	}
	if err := auth.EndPartnerSessions(ctx, id, s.now()); err != nil {
		return Partner{}, err
	}
	if !e.Tell {
		return p, nil
	}
	return p, s.tellThem(ctx, Told{PartnerID: id, News: NewsRevoked, WithReason: true})
}

// Reinstate takes a revocation or a refusal back, and says so to them.
func (s *Service) Reinstate(ctx context.Context, id uuid.UUID) (Partner, error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return Partner{}, err
	}
	before, err := findPartner(ctx, id, true)
	if err != nil {
		return Partner{}, err
	}
	p, err := s.move(ctx, id, reinstate, "partner.reinstated", nil)
	if err != nil {
		return Partner{}, err
	}
	news := NewsReinstated
	if before.Status == StatusDeclined {
		news = NewsApproved // to them it is the first word of it
	}
	return p, s.tellThem(ctx, Told{PartnerID: id, News: news})
}

// move takes a partner through the state machine.
func (s *Service) move(ctx context.Context, id uuid.UUID, v verb, action string, reason *string) (Partner, error) {
	p, err := findPartner(ctx, id, true)
	if err != nil {
		return Partner{}, err
	}
	if p.ErasedAt != nil {
		return Partner{}, errErased()
	}
	before := p.Status
	if p.Status, err = next(p.Status, v); err != nil {
		return Partner{}, err
	}
	if p.Status == before {
		return p, nil
	}
	now := s.now()
	p.RevokedAt, p.RevokeReason = nil, nil
	switch p.Status {
	case StatusActive:
		if p.ActivatedAt == nil {
			p.ActivatedAt = &now
		}
	case StatusRevoked, StatusDeclined:
		p.RevokedAt = &now
		if reason != nil && strings.TrimSpace(*reason) != "" {
			if len([]rune(*reason)) > 1000 {
				return Partner{}, fault.InvalidField("reason", "This is too long: at most 1000 characters.")
			}
			p.RevokeReason = reason
		}
	}
	if err := updateStatus(ctx, p); err != nil {
		return Partner{}, err
	}
	return p, s.tell(ctx, action, before, p)
}
