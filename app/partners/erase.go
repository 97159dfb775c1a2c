package partners

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
)

// erasedName is how somebody is called of whom nothing is known any more.
const erasedName = "Erased partner"

// erasedAddress is where no mail can ever go; each partner has their own, as addresses are unique.
func erasedAddress(id uuid.UUID) string { return "erased-" + id.String() + "@erased.invalid" }

// errErased is the answer to whatever would make an erased partner a person again.
func errErased() error {
	return fault.Conflict("erased", "This person was erased. Add them as a new partner.")
}

// Erase takes the person away and leaves the owner of money and clicks: name, address, profile,
// bank details, sessions, links in mails and keys go, in this transaction, and so does what jobs and the audit
// log say about them. It can't be undone. A repeat is a no-op.
func (s *Service) Erase(ctx context.Context, id uuid.UUID) (Partner, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Partner{}, err
	}
	p, err := findPartner(ctx, id, true)
	if err != nil || p.ErasedAt != nil {
		return p, err
	}
	before, email, name := p.Status, p.Email, p.Name
	now := s.now()
	p.Name, p.Email, p.Profile, p.ErasedAt = erasedName, erasedAddress(id), Profile{}, &now
	p.Status, p.RevokeReason = StatusRevoked, nil
	if p.RevokedAt == nil {
		p.RevokedAt = &now
	}
	if err := erasePartner(ctx, p); err != nil {
		return Partner{}, err
	}
	if err := eraseFromLists(ctx, id, email); err != nil {
		return Partner{}, err
	}
	if err := forgetPayoutAccount(ctx, id); err != nil {
		return Partner{}, err
	}
	if err := auth.ErasePartner(ctx, id, now); err != nil {
		return Partner{}, err
	}
	if err := outbox.EraseAddress(ctx, email); err != nil {
		return Partner{}, err
	}
	if err := audit.ErasePartner(ctx, id, email, name); err != nil {
		return Partner{}, err
	}
	return p, s.tell(ctx, "partner.erased", before, p)
}
