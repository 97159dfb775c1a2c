package coupons

import (
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/coupons"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// ListTarget selects what filters and pages of the list replace.
const ListTarget = "#" + listID

const listID = "coupons"

// RowID is the id of a row of the list.
func RowID(id uuid.UUID) string { return "coupon-" + id.String() }

// IndexPage is the list of coupons.
type IndexPage struct {
	Coupons   []coupons.Coupon
	PartnerID string // whose the list is narrowed to
	Partners  []ui.Option
	Errors    fault.Fields
	MayEdit   bool
	Back      string // this page of the list
	Pager     ui.PagerProps
}

func (p IndexPage) resetHref(u routes.URLs) string {
	if p.PartnerID == "" {
		return ""
	}
	return u.Coupons()
}

// newHref makes a coupon for whom the list is narrowed to.
func (p IndexPage) newHref(u routes.URLs) string { return NewHref(u, p.PartnerID) }

// NewHref leads to the form of a new coupon, for a partner if one is given.
func NewHref(u routes.URLs, partner string) string {
	if partner == "" {
		return u.CouponsNew()
	}
	return u.CouponsNew() + "?partner_id=" + partner
}

// RowProps is one row of the list.
type RowProps struct {
	Coupon  coupons.Coupon
	MayEdit bool
	Back    string
}

// Status says whether the code is in use.
func Status(c coupons.Coupon) string {
	if c.Active {
		return "active"
	}
	return "inactive"
}

// FormPage is a new coupon as it was typed.
type FormPage struct {
	Code, PartnerID, CampaignID string
	Promotion                   string
	Partners, Campaigns         []ui.Option
	Errors                      fault.Fields
}
