package signin

import (
	"context"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
)

// MintEmail makes the link by which a partner shows that a new address is theirs.
func (s *Service) MintEmail(ctx context.Context, in partners.EmailWanted) (Invitation, error) {
	p, err := s.partners.Find(ctx, in.PartnerID)
	if err != nil {
		return Invitation{}, err
	}
	if p.Status != partners.StatusActive || p.Email == in.Email {
		return Invitation{}, fault.NotFound("partner")
	}
	return s.mint(ctx, auth.MagicLink{Purpose: auth.PurposePartnerEmail, PrincipalKind: auth.Partner, PrincipalID: p.ID, Email: in.Email}, p.Name)
}

// PeekEmail looks at the link of a new address without using it.
func (s *Service) PeekEmail(ctx context.Context, token string) (auth.MagicLink, error) {
	return confirmation(s.links.Peek(ctx, token))
}

// ConfirmEmail uses the link of a new address up, and gives the partner that address. Nobody is
// signed in by it: who reads the new address need not be who asked.
func (s *Service) ConfirmEmail(ctx context.Context, token string) error {
	link, err := confirmation(s.links.Consume(ctx, token))
	if err != nil {
		return err
	}
	ctx = auth.With(ctx, auth.Principal{Kind: auth.Partner, ID: link.PrincipalID, PartnerID: link.PrincipalID})
	ctx = audit.With(ctx, audit.Actor{Kind: string(auth.Partner), ID: link.PrincipalID})
	_, err = s.partners.ChangeEmail(ctx, link.PrincipalID, link.Email)
	if fault.Is(err, fault.KindNotFound) {
		return auth.ErrLinkSpent.Because(err)
	}
	return err
}

// confirmation refuses links that are for anything else.
func confirmation(link auth.MagicLink, err error) (auth.MagicLink, error) {
	if err == nil && link.Purpose != auth.PurposePartnerEmail {
		return auth.MagicLink{}, auth.ErrLinkSpent
	}
	return link, err
}

// NoticeTo is whom the notice of a change of address goes to: the partner, at the old address.
func (s *Service) NoticeTo(ctx context.Context, in partners.EmailNotice) (Invitation, error) {
	p, err := s.partners.Find(ctx, in.PartnerID)
	if err != nil {
		return Invitation{}, err
	}
	return Invitation{Kind: auth.Partner, ID: p.ID, Name: p.Name, Email: in.To}, nil
}
