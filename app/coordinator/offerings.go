package coordinator

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/protocol"
)

// Offerings gives a page of those of the vendor that asks, newest first.
func (s *Service) Offerings(ctx context.Context, page paging.Page) (paging.Result[protocol.Offering], error) {
	vendor, err := vendorOf(ctx)
	if err != nil {
		return paging.Result[protocol.Offering]{}, err
	}
	found, err := offeringsOf(ctx, vendor, page)
	out := paging.Result[protocol.Offering]{Items: make([]protocol.Offering, 0, len(found.Items)), Next: found.Next}
	for _, o := range found.Items {
		out.Items = append(out.Items, o.told())
	}
	return out, err
}

// Offer adds an offering.
func (s *Service) Offer(ctx context.Context, d protocol.OfferingDraft) (protocol.Offering, error) {
	vendor, err := vendorOf(ctx)
	if err != nil {
		return protocol.Offering{}, err
	}
	now := s.now()
	o, err := Offering{ID: ids.NewAt(now), VendorID: vendor, CookieWindowDays: 30, Categories: []string{}, CreatedAt: now, UpdatedAt: now}.Change(d)
	if err != nil {
		return protocol.Offering{}, err
	}
	return o.told(), insertOffering(ctx, o)
}

// Reoffer changes an offering; absent fields stay.
func (s *Service) Reoffer(ctx context.Context, id uuid.UUID, d protocol.OfferingDraft) (protocol.Offering, error) {
	o, err := s.own(ctx, id)
	if err != nil {
		return protocol.Offering{}, err
	}
	if o, err = o.Change(d); err != nil {
		return protocol.Offering{}, err
	}
	o.UpdatedAt = s.now()
	return o.told(), updateOffering(ctx, o)
}

// Withdraw takes an offering back for good. Requests that wait for an answer end with it.
func (s *Service) Withdraw(ctx context.Context, id uuid.UUID) error {
	o, err := s.own(ctx, id)
	if err != nil {
		return err
	}
	return deleteOffering(ctx, o.ID, s.now())
}

// own gives an offering of the vendor that asks, locked. Another's is as absent as none.
func (s *Service) own(ctx context.Context, id uuid.UUID) (Offering, error) {
	vendor, err := vendorOf(ctx)
	if err != nil {
		return Offering{}, err
	}
	o, err := findOffering(ctx, id, true)
	if err == nil && o.VendorID != vendor {
		return Offering{}, fault.NotFound("offering")
	}
	return o, err
}

// Directory gives a page of what everybody may see: published, by vendors that take part.
func (s *Service) Directory(ctx context.Context, f Filter, page paging.Page) (paging.Result[Offering], error) {
	return shownOfferings(ctx, f, page)
}

// Categories are those that are in use, the most common first.
func (s *Service) Categories(ctx context.Context) ([]string, error) { return usedCategories(ctx) }

// Shown gives an offering that everybody may see.
func (s *Service) Shown(ctx context.Context, id uuid.UUID) (Offering, error) {
	return findShown(ctx, id)
}
