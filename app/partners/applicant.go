package partners

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
)

// Applicant is somebody who has filled in the sign-up form.
type Applicant struct {
	Email        string
	Name         string
	Profile      Profile
	TermsVersion *string
}

// Apply keeps an application until its address is confirmed, and a later one in place of it.
// Somebody who is more than an unconfirmed address already stays as they are, whatever a
// stranger types in. Only signup calls it, which has checked the form.
func (s *Service) Apply(ctx context.Context, a Applicant) error {
	now := s.now()
	p := Partner{
		ID: ids.NewAt(now), Email: a.Email, Name: a.Name, Status: StatusUnverified, Source: SourceSelfSignup,
		Profile: a.Profile, TermsVersion: a.TermsVersion, CreatedAt: now,
	}
	found, err := findPartnerByEmail(ctx, a.Email, true)
	switch {
	case fault.Is(err, fault.KindNotFound):
		if err := db.Run(ctx, func(ctx context.Context) error { return insertPartner(ctx, p) }); err != nil {
			return err
		}
		return s.tell(ctx, "partner.signed_up", "", p)
	case err != nil || found.Status != StatusUnverified:
		return err
	default:
		p.ID = found.ID
		return replacePartner(ctx, p)
	}
}

// Confirm notes that an applicant has shown that the address is theirs: they are in, with these
// campaigns, or wait for review. Only signup calls it, with a link that was mailed to them.
func (s *Service) Confirm(ctx context.Context, id uuid.UUID, in bool, campaigns []uuid.UUID) (Partner, error) {
	if !in {
		return s.move(ctx, id, apply, "partner.applied", nil)
	}
	p, err := s.move(ctx, id, enter, "partner.activated", nil)
	if err != nil {
		return Partner{}, err
	}
	return p, s.grant(ctx, id, campaigns, grantBySignup)
}
