package network

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/protocol"
)

// Joined is the fact that a creator of the Network is in: their link works.
type Joined struct {
	RequestID string
	Partner   partners.Partner
	Link      links.Link
}

// Provision makes a partner of the creator whose request an admin approved, at the hub's call. The
// same request gives the same partner, whatever was made of it before.
func (s *Service) Provision(ctx context.Context, email, name, ref string) (p partners.Partner, added bool, err error) {
	request, ok := strings.CutPrefix(ref, protocol.ExternalRefPrefix)
	if !ok || !auth.From(ctx).FromNetwork() {
		return p, false, fault.InvalidField("external_ref", "Only the Network gives one.")
	}
	a, err := findApproval(ctx, request)
	if fault.Is(err, fault.KindNotFound) {
		return p, false, fault.InvalidField("external_ref", "No admin has approved this request.")
	}
	if err != nil {
		return p, false, err
	}
	if p, added, err = s.Partners.Welcome(ctx, email, name, a.CampaignID); err != nil {
		return p, false, err
	}
	address := strings.ToLower(strings.TrimSpace(email))
	if a.CreatorEmail != nil && *a.CreatorEmail != address {
		return p, false, fault.InvalidField("email", "This request is another person's.")
	}
	a.CreatorEmail, a.PartnerID = &address, &p.ID
	return p, added, updateApproval(ctx, a)
}

// ProvisionLink makes the creator's link for the campaign that was approved, at the hub's call. A
// repeat gives the link that there is.
func (s *Service) ProvisionLink(ctx context.Context, partner uuid.UUID, in links.Input) (l links.Link, added bool, err error) {
	all, err := approvalsOf(ctx, partner, in.CampaignID)
	if err != nil {
		return l, false, err
	}
	if len(all) == 0 {
		return l, false, fault.NotFound("partner")
	}
	for _, a := range all {
		if a.LinkID != nil {
			l, err := s.Links.Find(auth.With(ctx, auth.SystemPrincipal("network")), *a.LinkID)
			return l, false, err
		}
	}
	a := all[0]
	in.DestinationURL = nil
	if l, err = s.Links.Create(ctx, partner, in); err != nil {
		return l, false, err
	}
	p, err := s.Partners.Find(auth.With(ctx, auth.SystemPrincipal("network")), partner)
	if err != nil {
		return l, false, err
	}
	a.LinkID, a.Status = &l.ID, protocol.RequestApproved
	if err := updateApproval(ctx, a); err != nil {
		return l, false, err
	}
	return l, true, s.Facts.Tell(ctx, Joined{RequestID: a.RequestID, Partner: p, Link: l})
}

// May refuses the hub what belongs to a partner whom it has nothing to do with. Everybody else passes:
// their rights are asked elsewhere.
func (s *Service) May(ctx context.Context, partner uuid.UUID) error {
	if !auth.From(ctx).FromNetwork() {
		return nil
	}
	approved, err := approvedPartner(ctx, partner)
	if err != nil || approved {
		return err
	}
	known, err := s.Partners.OnNetwork(ctx, partner)
	if err != nil {
		return err
	}
	if !known {
		return fault.NotFound("partner")
	}
	return nil
}
