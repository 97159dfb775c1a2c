package ledger

import (
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// ListTarget selects what filters and pages of the list replace.
const ListTarget = "#" + listID

const listID = "commissions"

// RowID is the id of a row of the list.
func RowID(id uuid.UUID) string { return "commission-" + id.String() }

// IndexPage is the review queue.
type IndexPage struct {
	Rows                                    []commissions.Commission
	Status, PartnerID, CampaignID, From, To string // what the list is narrowed to
	Partners, Campaigns                     []ui.Option
	Errors                                  fault.Fields
	Now                                     time.Time
	MayEdit                                 bool
	Back                                    string // this page of the list
	Selected                                bool   // all rows come ticked
	Pager                                   ui.PagerProps
}

// Ready is the choice of the filter for what waits for an admin.
const Ready = "ready"

func statuses() []ui.Option {
	out := []ui.Option{{Value: Ready, Label: "Ready to approve"}}
	for _, s := range commissions.Statuses() {
		out = append(out, ui.Option{Value: string(s), Label: ui.StatusLabel(string(s))})
	}
	return out
}

func (p IndexPage) narrowed() bool {
	return p.Status+p.PartnerID+p.CampaignID+p.From+p.To != ""
}

func (p IndexPage) resetHref(u routes.URLs) string {
	if !p.narrowed() {
		return ""
	}
	return u.Commissions()
}

// RowProps is one row of the list.
type RowProps struct {
	Commission commissions.Commission
	Now        time.Time
	MayEdit    bool
	Back       string
	Selected   bool
}

func (p IndexPage) row(c commissions.Commission) RowProps {
	return RowProps{Commission: c, Now: p.Now, MayEdit: p.MayEdit, Back: p.Back, Selected: p.Selected}
}

// approvable reports whether one press of a button may approve it.
func (p RowProps) approvable() bool {
	c := p.Commission
	return p.MayEdit && c.Matured(p.Now) && (c.Status == commissions.Pending || c.Status == commissions.Held)
}

// ShowPage is one commission with all that explains it.
type ShowPage struct {
	Commission commissions.Commission
	Story      *attribution.Story // nil for a bonus, which no event stands behind
	History    []audit.Past
	Now        time.Time
	MayEdit    bool
}

func (p ShowPage) title() string {
	return p.Commission.Money().Format() + " for " + p.Commission.PartnerName
}

func (p ShowPage) telling() Telling {
	return Telling{Story: *p.Story, Focus: p.Commission.ID, Now: p.Now}
}

func (p ShowPage) open() bool {
	return p.Commission.Status == commissions.Pending || p.Commission.Status == commissions.Held
}

func (p ShowPage) reversible() bool {
	return p.open() || (p.Commission.Status == commissions.Approved && p.Commission.PayoutID == nil)
}

// siblings are the other rows of the same partner, campaign and rule.
func (p ShowPage) siblings() []commissions.Commission {
	var out []commissions.Commission
	if p.Story == nil {
		return nil
	}
	for _, c := range p.Story.Commissions {
		same := c.PartnerID == p.Commission.PartnerID && value(c.CampaignID) == value(p.Commission.CampaignID) && value(c.RuleID) == value(p.Commission.RuleID)
		if same && c.ID != p.Commission.ID {
			out = append(out, c)
		}
	}
	return out
}

func (p ShowPage) facts(u routes.URLs) []ui.Definition {
	c := p.Commission
	out := []ui.Definition{
		{Term: "Partner", Body: ui.Link(u.PartnerShow(c.PartnerID), c.PartnerName)},
		{Term: "Kind", Text: ui.StatusLabel(string(c.Kind))},
	}
	if c.CampaignID != nil {
		out = append(out, ui.Definition{Term: "Campaign", Body: ui.Link(u.CampaignShow(*c.CampaignID), value(c.CampaignName))})
	}
	if p.Story != nil {
		e := p.Story.Event
		out = append(out, ui.Definition{Term: "Event", Body: ui.Link(u.EventShow(e.ID), EventTitle(e))})
	}
	if c.PayoutID != nil {
		out = append(out, ui.Definition{Term: "Payout", Body: ui.Link(u.PayoutShow(*c.PayoutID), payoutWords(c))})
	}
	out = append(out, figures(c)...)
	if c.Note != nil {
		out = append(out, ui.Definition{Term: "Note", Text: *c.Note})
	}
	return append(out, ui.Definition{Term: "Id", Body: ui.Mono(c.ID.String())})
}

// figures are the numbers on the row itself.
func figures(c commissions.Commission) []ui.Definition {
	var out []ui.Definition
	if c.BaseAmount != nil {
		base := money.Amount{Minor: *c.BaseAmount, Currency: value(c.BaseCurrency)}
		out = append(out, ui.Definition{Term: "Base", Text: base.Format()})
	}
	if c.RatePPM != nil {
		out = append(out, ui.Definition{Term: "Rate", Text: money.FormatPercent(*c.RatePPM) + " %"})
	} else if c.RuleID != nil {
		out = append(out, ui.Definition{Term: "Rate", Text: "Fixed amount"})
	}
	if c.WeightNum != nil {
		out = append(out, ui.Definition{Term: "Share", Text: c.Weight().String()})
	}
	return out
}

// history is what the row went through.
func (p ShowPage) history() []ui.TraceStep {
	c := p.Commission
	steps := []ui.TraceStep{{
		Icon: ui.IconCoins, Title: "Written into the ledger", Facts: []ui.Fact{{Label: "On", At: c.CreatedAt}},
	}}
	if c.MaturesAt.After(c.CreatedAt) {
		hold := ui.TraceStep{Icon: ui.IconClock, Title: "On hold until " + day(c.MaturesAt)}
		switch {
		case c.Matured(p.Now):
			hold.Outcome, hold.Tone = "Over", ui.Success
		case p.open():
			hold.Outcome, hold.Tone = "Running", ui.Warning
		}
		steps = append(steps, hold)
	}
	steps = append(steps, p.approval()...)
	switch c.Status {
	case commissions.Held:
		steps = append(steps, ui.TraceStep{Icon: ui.IconPause, Title: Stands(c, p.Now), Tone: ui.Warning})
	case commissions.Paid:
		steps = append(steps, ui.TraceStep{Icon: ui.IconBanknote, Title: "Paid", Tone: ui.Success, Facts: []ui.Fact{{Label: "On", At: value(c.PaidAt)}}})
	case commissions.Reversed:
		step := ui.TraceStep{Icon: ui.IconUndo2, Title: Stands(c, p.Now), Tone: ui.Critical, Text: value(c.Note)}
		step.Facts = p.by("commission.reversed")
		steps = append(steps, step)
	case commissions.Approved:
		if c.PayoutID != nil {
			steps = append(steps, ui.TraceStep{Icon: ui.IconBanknote, Title: "In a payout", Text: "It is as good as paid: what changes from now on is a line of its own.", Current: true})
		}
	case commissions.Pending:
	}
	return steps
}

func payoutWords(c commissions.Commission) string {
	if c.Status == commissions.Paid {
		return "That paid it"
	}
	return "That is to pay it"
}

func (p ShowPage) approval() []ui.TraceStep {
	c := p.Commission
	if c.ApprovedAt == nil {
		return nil
	}
	step := ui.TraceStep{Icon: ui.IconCheck, Title: "Approved", Tone: ui.Success, Facts: p.by("commission.approved")}
	if len(step.Facts) == 0 {
		step.Facts = []ui.Fact{{Label: "On", At: *c.ApprovedAt}}
		step.Text = "By itself."
		if c.Amount < 0 {
			step.Text = "By itself: it takes back what was approved before."
		}
	}
	if c.Status != commissions.Reversed {
		if c.Note != nil {
			step.Text = *c.Note
		}
	}
	return []ui.TraceStep{step}
}

// by says who did something last, and when.
func (p ShowPage) by(action string) []ui.Fact {
	for _, past := range p.History {
		if past.Action == action {
			who := past.ActorName
			if who == "" {
				who = ui.StatusLabel(past.ActorKind)
			}
			return []ui.Fact{{Label: "By", Value: who}, {Label: "On", At: past.CreatedAt}}
		}
	}
	return nil
}

// NoteForm is the input of a reason.
type NoteForm struct{ Label, Value, Error string }

const maxNote = 1000

// EarlyWords say what approving before the hold is over means.
func EarlyWords(c commissions.Commission) string {
	return "It is on hold until " + day(c.MaturesAt) + ". Approving it now skips the hold: it goes into the next payout, even if the customer sends the goods back. Your reason is kept with it."
}
