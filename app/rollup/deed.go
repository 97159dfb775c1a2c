package rollup

import (
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/money"
)

// Deed is an attributed event as the figures see it.
type Deed struct {
	At       time.Time
	Amount   *int64 // nil for a lead
	Currency string // empty for a lead
	Shares   []Share
	Refunds  []Refund // of a sale, in the order in which they took back
}

// Share is a partner's part of it.
type Share struct {
	PartnerID, CampaignID uuid.UUID
	Weight                money.Weight
}

// Refund takes back on its own day, and at most what is left of the sale.
type Refund struct {
	At     time.Time
	Amount int64
}

// Count adds a deed to the figures, or takes it out by the sign -1. It counts once at each
// level: for every partner who has a share, for every campaign, and for the program.
func (s *Sheet) Count(d Deed, sign int64) {
	one, left := Figures{Leads: sign}, int64(0)
	if d.Amount != nil {
		one, left = Figures{Conversions: sign, Revenue: sign * *d.Amount}, *d.Amount
	}
	s.spread(d, d.At, one)
	for _, r := range d.Refunds {
		taken := min(left, r.Amount)
		left -= taken
		if taken > 0 {
			s.spread(d, r.At, Figures{Revenue: -sign * taken})
		}
	}
}

// spread notes figures of a deed for the program, its campaigns and its partners; revenue is
// split by the weights, counts are not.
func (s *Sheet) spread(d Deed, at time.Time, f Figures) {
	weights := make([]money.Weight, len(d.Shares))
	for i, share := range d.Shares {
		weights[i] = share.Weight
	}
	parts := money.Split(f.Revenue, weights)
	byCampaign := map[uuid.UUID]int64{}
	for i, share := range d.Shares {
		part := f
		part.Revenue = parts[i]
		byCampaign[share.CampaignID] += parts[i]
		s.Add(Key{Day: at, PartnerID: share.PartnerID, CampaignID: share.CampaignID, Currency: d.Currency}, part)
	}
	for campaign, revenue := range byCampaign {
		part := f
		part.Revenue = revenue
		s.Add(Key{Day: at, CampaignID: campaign, Currency: d.Currency}, part)
	}
	s.Add(Key{Day: at, Currency: d.Currency}, f)
}
