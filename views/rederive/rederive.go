package rederive

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/views/ui"
)

// FormPage is an order as it was typed.
type FormPage struct {
	UserID, CampaignID, From, To string
	Campaigns                    []ui.Option
	Errors                       fault.Fields
}

// JobPage is such an order, how far it is, and what it found.
type JobPage struct {
	Job       outbox.Row
	Order     attribution.Rederive
	Result    attribution.Rederived
	Partners  map[uuid.UUID]string // names of those in the result
	Campaigns map[uuid.UUID]string
	MayEdit   bool
}

// Read reads what the job was told and what it found so far.
func Read(job outbox.Row) (JobPage, error) {
	p := JobPage{Job: job}
	if err := json.Unmarshal(job.Args, &p.Order); err != nil {
		return p, fmt.Errorf("read the order of a job: %w", err)
	}
	if len(job.Result) > 0 {
		if err := json.Unmarshal(job.Result, &p.Result); err != nil {
			return p, fmt.Errorf("read the result of a job: %w", err)
		}
	}
	return p, nil
}

// Title names the job.
func (p JobPage) Title() string {
	if p.Order.DryRun {
		return "What deriving again would change"
	}
	return "Deriving again"
}

// going reports whether the job is not over.
func (p JobPage) going() bool { return p.Job.Status == "pending" || p.Job.Status == "running" }

func (p JobPage) done() bool { return p.Job.Status == "done" }

// applicable reports whether the dry run found something to order for real.
func (p JobPage) applicable() bool {
	return p.MayEdit && p.done() && p.Order.DryRun && p.Result.Changed > 0
}

func (p JobPage) progress() ui.ProgressProps {
	out := ui.ProgressProps{Label: "Waiting for its turn"}
	counted := p.Job.Counted()
	if len(p.Job.Result) > 0 {
		out.Label, out.Done, out.Total = fmt.Sprintf("%d of %d customers", counted.Done, counted.Total), int(counted.Done), int(counted.Total)
	}
	return out
}

// scope says whose events are meant.
func (p JobPage) scope() []ui.Definition {
	whose := "All customers"
	switch {
	case p.Order.UserID != "":
		whose = "Customer " + p.Order.UserID
	case p.Order.CampaignID != nil:
		whose = "Customers who clicked in " + p.Campaigns[*p.Order.CampaignID]
	}
	out := []ui.Definition{{Term: "Whose events", Text: whose}}
	if p.Order.From != nil || p.Order.To != nil {
		out = append(out, ui.Definition{Term: "With an event", Text: between(p.Order.From, p.Order.To)})
	}
	return append(out, ui.Definition{Term: "Ordered", Body: ui.Time(p.Job.CreatedAt)})
}

func between(from, to *time.Time) string {
	const day = "2 Jan 2006"
	switch {
	case to == nil:
		return "since " + from.UTC().Format(day)
	case from == nil:
		return "until " + to.Add(-1).UTC().Format(day)
	default:
		return from.UTC().Format(day) + " to " + to.Add(-1).UTC().Format(day)
	}
}

// verdict says the result in a sentence.
func (p JobPage) verdict() (tone ui.Tone, text string) {
	n := p.Result.Changed
	switch {
	case n == 0:
		return ui.Success, "The ledger says what the rules say. Nothing has to change."
	case p.Order.DryRun && n == 1:
		return ui.Info, "1 amount would change. Nothing is written yet."
	case p.Order.DryRun:
		return ui.Info, fmt.Sprintf("%d amounts would change. Nothing is written yet.", n)
	case n == 1:
		return ui.Success, "1 amount was changed."
	default:
		return ui.Success, fmt.Sprintf("%d amounts were changed.", n)
	}
}

// untold says how many lines are not listed; empty for none.
func (p JobPage) untold() string {
	if more := p.Result.Changed - len(p.Result.Differences); more > 0 {
		return fmt.Sprintf("and %d more", more)
	}
	return ""
}

// hidden are the inputs that order the same for real.
func (p JobPage) hidden() [][2]string {
	out := [][2]string{{"apply", "true"}, {"user_id", p.Order.UserID}}
	if p.Order.CampaignID != nil {
		out = append(out, [2]string{"campaign_id", p.Order.CampaignID.String()})
	}
	if p.Order.From != nil {
		out = append(out, [2]string{"from", p.Order.From.UTC().Format(time.DateOnly)})
	}
	if p.Order.To != nil {
		out = append(out, [2]string{"to", p.Order.To.Add(-1).UTC().Format(time.DateOnly)})
	}
	return out
}

func amount(d commissions.Difference, minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: d.Currency}
}

func (p JobPage) wouldBe() string {
	if p.Order.DryRun {
		return "Would be"
	}
	return "Is"
}
