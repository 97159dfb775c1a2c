package settings

import (
	"strings"

	"github.com/openpartner/openpartner/app/backlog"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/portability"
	"github.com/openpartner/openpartner/views/figures"
	"github.com/openpartner/openpartner/views/ui"
)

// ImportPage asks for a file, and lists the last ones.
type ImportPage struct {
	Error   string // what is wrong with the file
	Earlier []portability.Import
}

// ImportedPage tells how far a file is and what became of it.
type ImportedPage struct {
	Import portability.Import
	Job    outbox.Row // zero when it is over for long
	Order  portability.ImportOrder
	Result portability.Imported
}

func (p ImportedPage) going() bool {
	state := backlog.State(p.Job.Status)
	return state == backlog.Waiting || state == backlog.Running
}

func (p ImportedPage) done() bool { return backlog.State(p.Job.Status) == backlog.Done }

func (p ImportedPage) title() string { return "Import of " + p.Import.Name }

func (p ImportedPage) progress() ui.ProgressProps {
	total, settled, _ := p.Result.Counts()
	props := ui.ProgressProps{Label: figures.Count(settled) + " of " + figures.Count(total) + " rows", Done: int(settled), Total: int(total)}
	switch {
	case total == 0:
		props.Label = "Waiting for its turn"
	case settled == total && !p.Order.DryRun:
		props.Label, props.Done, props.Total = "All rows are there. Figures are computed anew.", 0, 0
	case p.Order.DryRun:
		props.Note = "Nothing is changed yet: this only looks at what would happen."
	}
	return props
}

// verdict sums up what became of the rows.
func (p ImportedPage) verdict() (ui.Tone, string) {
	var added, known int64
	for _, t := range p.Result.Tables {
		added, known = added+t.Added, known+t.Known
	}
	_, _, refused := p.Result.Counts()
	would := ""
	if p.Order.DryRun {
		would = "would be "
	}
	text := count(added, "row") + " " + would + "added, " + figures.Count(known) + " here already, " + figures.Count(refused) + " " + would + "refused."
	switch {
	case p.Order.DryRun:
		return ui.Info, "Nothing has been changed yet. " + text
	case refused > 0:
		return ui.Warning, text
	default:
		return ui.Success, text
	}
}

func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return figures.Count(n) + " " + what + "s"
}

// would is how the outcomes of a dry run are called.
func (p ImportedPage) would(outcome string) string {
	if p.Order.DryRun {
		return "Would be " + strings.ToLower(outcome)
	}
	return outcome
}

// untold says how many refused rows are in the file alone.
func (p ImportedPage) untold() string {
	if _, _, refused := p.Result.Counts(); refused > int64(len(p.Result.Refused)) {
		return "and " + figures.Count(refused-int64(len(p.Result.Refused))) + " more, which are in the file"
	}
	return ""
}
