package portal

import (
	"time"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ledger"
	"github.com/openpartner/openpartner/views/ui"
)

// CommissionsTarget selects what filters and pages of the list replace.
const CommissionsTarget = "#" + commissionsID

const commissionsID = "commissions"

// CommissionsPage is what a partner earned, row by row.
type CommissionsPage struct {
	Rows                         []commissions.Commission
	Status, CampaignID, From, To string // what the list is narrowed to
	Campaigns                    []ui.Option
	Errors                       fault.Fields
	Now                          time.Time
	Pager                        ui.PagerProps
}

func (p CommissionsPage) narrowed() bool { return p.Status+p.CampaignID+p.From+p.To != "" }

func (p CommissionsPage) filters(u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: u.PortalCommissions(), Target: CommissionsTarget, Label: "Filter commissions", NoSearch: true}
	if p.narrowed() {
		f.ResetHref = u.PortalCommissions()
	}
	return f
}

func statuses() []ui.Option {
	var out []ui.Option
	for _, s := range commissions.Statuses() {
		out = append(out, ui.Option{Value: string(s), Label: ui.StatusLabel(string(s))})
	}
	return out
}

// CommissionPage is one commission of a partner with their part of its story.
type CommissionPage struct {
	Commission commissions.Commission
	Story      *attribution.Story // nil for a bonus
	Now        time.Time
}

func (p CommissionPage) telling() ledger.Telling {
	return ledger.Telling{Story: *p.Story, Focus: p.Commission.ID, Partner: true, Now: p.Now}
}

// given is why the program gave or took something by hand. What is noted on such a row is meant
// for its partner; notes about rows that were decided on are not.
func (p CommissionPage) given() string {
	if p.Commission.Note == nil || p.Commission.Status == commissions.Reversed {
		return "No sale stands behind it."
	}
	return *p.Commission.Note
}

func (p CommissionPage) facts() []ui.Definition {
	out := []ui.Definition{{Term: "Campaign", Text: campaign(p.Commission)}, {Term: "Kind", Text: ui.StatusLabel(string(p.Commission.Kind))}}
	if p.Story == nil {
		return out
	}
	out = append(out, ui.Definition{Term: "Event", Text: ledger.EventTitle(p.Story.Event)}, ui.Definition{Term: "Happened", Body: ui.Time(p.Story.Event.OccurredAt)})
	if p.Story.Customer != "" {
		out = append(out, ui.Definition{Term: "Customer", Body: ui.Mono("…" + p.Story.Customer)})
	}
	return out
}

// way is how the commission gets to its partner: what is behind it, and what comes next.
func (p CommissionPage) way() []ui.TraceStep {
	c := p.Commission
	steps := []ui.TraceStep{{Icon: ui.IconCoins, Title: "Written down for you", Facts: []ui.Fact{{Label: "On", At: c.CreatedAt}}}}
	if c.Status == commissions.Reversed {
		return append(steps, ui.TraceStep{
			Icon: ui.IconUndo2, Title: ledger.Stands(c, p.Now), Tone: ui.Critical, Text: "It is not paid. Where something is left to earn, another line stands for it.", Current: true,
		})
	}
	steps = append(steps, p.hold()...)
	switch {
	case c.Status == commissions.Held:
		steps = append(steps, ui.TraceStep{Icon: ui.IconPause, Title: ledger.Stands(c, p.Now), Tone: ui.Warning, Text: "As soon as that is settled it goes on, or is taken back.", Current: true})
	case c.ApprovedAt != nil:
		steps = append(steps, ui.TraceStep{Icon: ui.IconCheck, Title: "Approved", Tone: ui.Success, Facts: []ui.Fact{{Label: "On", At: *c.ApprovedAt}}})
	default:
		steps = append(steps, ui.TraceStep{Icon: ui.IconCheck, Title: "Approval", Text: "The program approves it once the hold is over.", Current: c.Matured(p.Now)})
	}
	return append(steps, p.payment())
}

// hold leaves time for returns; there may be none.
func (p CommissionPage) hold() []ui.TraceStep {
	c := p.Commission
	if !c.MaturesAt.After(c.OccurredAt) {
		return nil
	}
	step := ui.TraceStep{Icon: ui.IconClock, Title: "On hold until " + day(c.MaturesAt), Text: "A sale can still be returned until then."}
	switch {
	case c.Matured(p.Now):
		step.Outcome, step.Tone, step.Text = "Over", ui.Success, ""
	case c.Status == commissions.Pending:
		step.Outcome, step.Tone, step.Current = "Running", ui.Warning, true
	}
	return []ui.TraceStep{step}
}

func (p CommissionPage) payment() ui.TraceStep {
	c := p.Commission
	switch {
	case c.Status == commissions.Paid && c.PaidAt != nil:
		return ui.TraceStep{Icon: ui.IconBanknote, Title: "Paid", Tone: ui.Success, Facts: []ui.Fact{{Label: "On", At: *c.PaidAt}}}
	case c.PayoutID != nil:
		return ui.TraceStep{Icon: ui.IconBanknote, Title: "In a payout", Text: "It is on its way.", Current: true}
	case c.Status == commissions.Approved && c.Amount < 0:
		return ui.TraceStep{Icon: ui.IconBanknote, Title: "Set off against the next payout", Current: true}
	case c.Status == commissions.Approved:
		return ui.TraceStep{Icon: ui.IconBanknote, Title: "In the next payout", Current: true}
	default:
		return ui.TraceStep{Icon: ui.IconBanknote, Title: "Payout", Text: "Then it goes into the next payout."}
	}
}

func campaign(m commissions.Commission) string {
	if m.CampaignName == nil {
		return "–"
	}
	return *m.CampaignName
}
