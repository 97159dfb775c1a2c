package partners

import (
	"fmt"
	"strconv"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/views/ui"
)

// ImportPage is a list as it was typed or chosen, and what would become of its rows.
type ImportPage struct {
	Text   string
	Invite bool
	Rows   []partners.ImportRow
	Errors fault.Fields
}

func (p ImportPage) access() []string { return []string{strconv.FormatBool(p.Invite)} }

func (p ImportPage) count(of partners.Outcome) int {
	n := 0
	for _, r := range p.Rows {
		if r.Outcome == of {
			n++
		}
	}
	return n
}

// sum says in a sentence what would happen.
func (p ImportPage) sum() string {
	return fmt.Sprintf("%s would be added, %d known already, %d with something to correct. Nothing is written yet.",
		people(p.count(partners.ImportWaits)), p.count(partners.ImportKnown), p.count(partners.ImportRefused))
}

func people(n int) string {
	if n == 1 {
		return "1 partner"
	}
	return strconv.Itoa(n) + " partners"
}

func (p ImportPage) order() string {
	verb := "Add "
	if p.Invite {
		verb = "Invite "
	}
	return verb + people(p.count(partners.ImportWaits))
}

// ImportedPage is a list that was ordered, and how far it is.
type ImportedPage struct {
	Import   partners.Import
	Count    map[partners.Outcome]int
	NotAdded []partners.ImportRow // the first of them
	Going    bool
}

func (p ImportedPage) progress() ui.ProgressProps {
	done := p.Import.Total - p.Count[partners.ImportWaits]
	return ui.ProgressProps{Label: fmt.Sprintf("%d of %d rows", done, p.Import.Total), Done: done, Total: p.Import.Total}
}

func (p ImportedPage) sum() (ui.Tone, string) {
	text := fmt.Sprintf("%s added, %d known before, %d refused.",
		people(p.Count[partners.ImportAdded]), p.Count[partners.ImportKnown], p.Count[partners.ImportRefused])
	if waiting := p.Count[partners.ImportWaits]; waiting > 0 {
		return ui.Critical, text + fmt.Sprintf(" %d rows were left when it broke off. Import the list once more: what is there is left out.", waiting)
	}
	return ui.Success, text
}

func (p ImportedPage) untold() string {
	if more := p.Count[partners.ImportKnown] + p.Count[partners.ImportRefused] - len(p.NotAdded); more > 0 {
		return fmt.Sprintf("and %d more, which are in the file", more)
	}
	return ""
}

// fate says what becomes of a row.
func fate(r partners.ImportRow) (tone ui.Tone, word, why string) {
	switch r.Outcome {
	case partners.ImportWaits:
		return ui.Success, "New", ""
	case partners.ImportAdded:
		return ui.Success, "Added", ""
	case partners.ImportKnown:
		return ui.Neutral, "Known", "There is a partner with this address already."
	default:
		return ui.Critical, "Refused", text(r.Reason)
	}
}
