package jobs

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/backlog"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/hold"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

const (
	listID   = "jobs"
	regionID = "job"
)

// ListTarget selects what filters and pages of the list replace.
const ListTarget = "#" + listID

// IndexPage is the list of jobs, what was given up, and what the clock asks for.
type IndexPage struct {
	Filter  backlog.Filter
	Jobs    []outbox.Row
	Dead    []outbox.DeadKind
	Hold    hold.State
	Periods []backlog.Period // none where the console shows them
	Errors  fault.Fields
	MayEdit bool
	Now     time.Time
	Pager   ui.PagerProps
}

func (p IndexPage) state() string {
	if p.Filter.State == "" {
		return string(backlog.Open)
	}
	return string(p.Filter.State)
}

func (p IndexPage) filtered() bool { return p.Filter != backlog.Filter{} }

func (p IndexPage) filters(u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: u.Jobs(), Target: ListTarget, NoSearch: true, Label: "Filter jobs"}
	if p.filtered() || len(p.Errors) > 0 {
		f.ResetHref = u.Jobs()
	}
	return f
}

func states() []ui.Option {
	labels := map[backlog.State]string{
		backlog.Open: "Open", backlog.Waiting: "Waiting", backlog.Running: "Running", backlog.Dead: "Failed for good",
		backlog.Done: "Done", backlog.Cancelled: "Discarded",
	}
	var out []ui.Option
	for _, s := range backlog.States() {
		out = append(out, ui.Option{Value: string(s), Label: labels[s]})
	}
	return out
}

// standing is the state of a job in a word.
func standing(j outbox.Row) (ui.Tone, string) {
	switch backlog.State(j.Status) {
	case backlog.Waiting:
		if j.LastError != nil && j.Attempts > 0 {
			return ui.Warning, "Tries again"
		}
		return ui.Neutral, "Waiting"
	case backlog.Running:
		return ui.Info, "Running"
	case backlog.Dead:
		return ui.Critical, "Failed for good"
	case backlog.Cancelled:
		return ui.Neutral, "Discarded"
	default:
		return ui.Success, "Done"
	}
}

func tries(j outbox.Row) string {
	return strconv.Itoa(j.Attempts) + " of " + strconv.Itoa(j.MaxAttempts)
}

// when is the moment that matters now: of the next try, or of the end.
func when(j outbox.Row) (label string, at time.Time) {
	switch {
	case j.FinishedAt != nil:
		return "Ended", *j.FinishedAt
	case backlog.State(j.Status) == backlog.Waiting:
		return "Next try", j.RunAt
	default:
		return "Was due", j.RunAt
	}
}

func cause(j outbox.Row) string {
	if j.LastError == nil {
		return ""
	}
	return *j.LastError
}

// short keeps the rows of the list low; the job's own page has the rest.
func short(text string) string {
	const most = 120
	if letters := []rune(text); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return text
}

func retriable(j outbox.Row) bool {
	return backlog.State(j.Status) == backlog.Dead || (backlog.State(j.Status) == backlog.Waiting && j.LastError != nil)
}

func discardable(j outbox.Row) bool {
	return backlog.State(j.Status) == backlog.Dead || backlog.State(j.Status) == backlog.Waiting
}

// ShowPage is one job.
type ShowPage struct {
	Job     outbox.Row
	MayEdit bool
	Now     time.Time
}

// live reports whether something may happen any moment.
func (p ShowPage) live() bool {
	state := backlog.State(p.Job.Status)
	return state == backlog.Running || (state == backlog.Waiting && !p.Job.RunAt.After(p.Now))
}

func (p ShowPage) facts(u routes.URLs) []ui.Definition {
	label, at := when(p.Job)
	facts := []ui.Definition{
		{Term: "Kind", Body: ui.Mono(p.Job.Kind)}, {Term: "Tries", Text: tries(p.Job)}, {Term: "Ordered", Body: ui.Time(p.Job.CreatedAt)}, {Term: label, Body: ui.Time(at)},
	}
	if more := result(u, p.Job); more != nil {
		facts = append(facts, ui.Definition{Term: "Result", Body: more})
	}
	return facts
}

// result leads to the page of what the job works on, if that has one.
func result(u routes.URLs, j outbox.Row) templ.Component {
	var order partners.ImportOrder
	if j.Kind != partners.KindImport || json.Unmarshal(j.Args, &order) != nil || order.ImportID == uuid.Nil {
		return nil
	}
	return ui.Link(u.PartnerImportShow(order.ImportID), "The import")
}

func (p ShowPage) progress() (ui.ProgressProps, bool) {
	counted := p.Job.Counted()
	props := ui.ProgressProps{
		Label: strconv.FormatInt(counted.Done, 10) + " of " + strconv.FormatInt(counted.Total, 10), Done: int(counted.Done), Total: int(counted.Total),
	}
	return props, counted.Total > 1
}

// pretty sets JSON in lines.
func pretty(raw json.RawMessage) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return string(raw)
	}
	return out.String()
}

// PlatformPage is what the operator's staff see: the clock, and which programs need help.
type PlatformPage struct {
	Hold    hold.State
	Periods []backlog.Period
	Piles   []outbox.Pile
	Now     time.Time
}

func (p PlatformPage) dead() int {
	n := 0
	for _, pile := range p.Piles {
		n += pile.Dead
	}
	return n
}

func (p PlatformPage) sum() string {
	if n := p.dead(); n != 1 {
		return strconv.Itoa(n) + " jobs failed for good."
	}
	return "1 job failed for good."
}

// heldWhy stands before the moment when money was held back.
func heldWhy(h hold.State) string {
	if h.Reason == "" {
		return "Since "
	}
	return h.Reason + " · "
}
