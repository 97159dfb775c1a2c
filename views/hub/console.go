package hub

import (
	"time"

	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/views/ui"
)

const vendorsID = "vendors"

// VendorsPage lists the programs that joined.
type VendorsPage struct {
	Vendors []coordinator.Standing
	Query   string
	Now     time.Time
	Pager   ui.PagerProps
}

func (p VendorsPage) filters() ui.FilterProps {
	f := ui.FilterProps{Action: urls().Vendors(), Target: "#" + vendorsID, Query: p.Query, Label: "Search vendors"}
	if p.Query != "" {
		f.ResetHref = urls().Vendors()
	}
	return f
}

// VendorPage is one of them.
type VendorPage struct {
	Vendor    coordinator.Standing
	Offerings []coordinator.Offering
	MayEdit   bool
	Now       time.Time
	Pager     ui.PagerProps
}

func (p VendorPage) facts() []ui.Definition {
	v := p.Vendor
	facts := []ui.Definition{
		{Term: "API", Body: ui.Mono(v.InstanceURL)}, {Term: "Contact", Text: v.ContactEmail}, {Term: "Partners", Text: number(int64(v.Partners))},
		{Term: "Offerings that are published", Text: number(int64(v.Offerings))}, {Term: "Requests that wait", Text: number(int64(v.Requests))},
		{Term: "Signed up", Body: ui.Ago(v.CreatedAt, p.Now)},
	}
	if v.SeenAt != nil {
		facts = append(facts, ui.Definition{Term: "Last heartbeat", Body: ui.Ago(*v.SeenAt, p.Now)}, ui.Definition{Term: "Version", Text: v.Version})
	}
	if v.Suspended() {
		facts = append(facts, ui.Definition{Term: "Suspended", Body: ui.Ago(*v.SuspendedAt, p.Now)}, ui.Definition{Term: "Reason", Text: v.SuspendedReason})
	}
	return facts
}

// StatusQuestion asks before a vendor is suspended or let back.
func StatusQuestion(v coordinator.Standing) ui.ConfirmProps {
	q := ui.ConfirmProps{
		Title: "Suspend " + v.DisplayName + "?", Text: "Its offerings vanish and its token opens nothing, from this moment on. Nothing is lost; you can let it back.",
		Action: urls().VendorStatus(v.ID), ConfirmLabel: "Suspend the vendor", CancelHref: urls().Vendor(v.ID), Danger: true,
	}
	if v.Suspended() {
		q.Title, q.Text, q.ConfirmLabel, q.Danger = "Let "+v.DisplayName+" back?", "Its offerings can be found again, and its token works.", "Let the vendor back", false
	}
	return q
}

// OfferingsPage lists what all vendors offer.
type OfferingsPage struct {
	Offerings []coordinator.Offering
	MayEdit   bool
	Now       time.Time
	Pager     ui.PagerProps
}

func offeringState(o coordinator.Offering) (ui.Tone, string) {
	switch {
	case o.WithheldAt != nil:
		return ui.Critical, "Withheld"
	case o.Published:
		return ui.Success, "Published"
	default:
		return ui.Neutral, "Draft"
	}
}

// WithholdQuestion asks before an offering is taken out of the directory or let back in.
func WithholdQuestion(o coordinator.Offering) ui.ConfirmProps {
	q := ui.ConfirmProps{
		Title: "Withhold “" + o.Title + "”?", Text: "Nobody finds it any more, whatever " + o.VendorName + " does. Partnerships that came of it go on.",
		Action: urls().Withhold(o.ID), ConfirmLabel: "Withhold the offering", CancelHref: urls().ConsoleOfferings(), Danger: true,
	}
	if o.WithheldAt != nil {
		q.Title, q.Text, q.ConfirmLabel, q.Danger = "Let “"+o.Title+"” back in?", "It was withheld for this: "+o.WithheldReason, "Let the offering back in", false
	}
	return q
}

// CreatorsPage lists the people who confirmed their address.
type CreatorsPage struct {
	Creators []coordinator.Creator
	Now      time.Time
	Pager    ui.PagerProps
}
