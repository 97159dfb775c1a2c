package reports

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
)

// Order is the figure that partners are ordered by, largest first.
type Order string

// The orders. Money is compared in one currency.
const (
	ByConversions Order = "conversions"
	ByClicks      Order = "clicks"
	ByLeads       Order = "leads"
	ByRevenue     Order = "revenue"
	ByCommission  Order = "commission"
)

// Orders are all of them, in the order of the columns of the report.
func Orders() []Order { return []Order{ByClicks, ByLeads, ByConversions, ByRevenue, ByCommission} }

// Ranking says how partners are ordered, and from where on they are listed.
type Ranking struct {
	By       Order  // by conversions when empty
	Currency string // of revenue and commission
	After    *paging.Rank
	Limit    int
}

// TopPartners gives the partners who brought in most, by conversions and then by clicks.
func (s *Service) TopPartners(ctx context.Context, f Filter, n int) ([]PartnerFigures, error) {
	top, err := s.Partners(ctx, f, Ranking{Limit: n})
	return top.Items, err
}

// Partners lists those with whom something happened in the time, page by page.
func (s *Service) Partners(ctx context.Context, f Filter, by Ranking) (paging.Result[PartnerFigures], error) {
	if err := auth.Require(ctx, scope); err != nil {
		return paging.Result[PartnerFigures]{}, err
	}
	r, err := s.span(f)
	if err != nil {
		return paging.Result[PartnerFigures]{}, err
	}
	rows, err := rankedPartners(ctx, r, by)
	if err != nil {
		return paging.Result[PartnerFigures]{}, err
	}
	return cut(merge(rows), by.Limit), nil
}

// FiguresOf gives the figures of some partners, to compare a page of the report with another time.
// Those with whom nothing happened are not among them.
func (s *Service) FiguresOf(ctx context.Context, f Filter, partners []uuid.UUID) (map[uuid.UUID]Figures, error) {
	if err := auth.Require(ctx, scope); err != nil {
		return nil, err
	}
	r, err := s.span(f)
	if err != nil {
		return nil, err
	}
	out := map[uuid.UUID]Figures{}
	if len(partners) == 0 {
		return out, nil
	}
	rows, err := figuresByPartner(ctx, r, partners)
	if err != nil {
		return nil, err
	}
	for _, one := range rows {
		sum := out[one.PartnerID]
		sum.add(one.figures())
		out[one.PartnerID] = sum
	}
	return out, nil
}

// cut is paging.Cut for a list that is ordered by figures.
func cut(found []PartnerFigures, limit int) paging.Result[PartnerFigures] {
	if len(found) <= limit {
		return paging.Result[PartnerFigures]{Items: found}
	}
	last := found[limit-1]
	next := paging.Rank{Figures: [2]int64{last.rank, last.Clicks}, ID: last.PartnerID}
	return paging.Result[PartnerFigures]{Items: found[:limit], Next: next.String()}
}

// ParseOrder reads the name of an order; the empty one is the default.
func ParseOrder(text string) (Order, error) {
	if text == "" {
		return ByConversions, nil
	}
	for _, o := range Orders() {
		if text == string(o) {
			return o, nil
		}
	}
	return "", fault.InvalidField("sort", "Choose a column of the report.")
}
