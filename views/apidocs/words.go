package apidocs

import (
	"strconv"

	"github.com/openpartner/openpartner/views/ui"
)

// scopes leads from each scope to what it opens.
func (p Page) scopes() []ui.Definition {
	var all []ui.Definition
	for _, s := range p.Scopes {
		all = append(all, ui.Definition{Term: s.Name, Body: opens(s.Opens)})
	}
	return all
}

func (e Endpoint) answerTitle() string { return "Answer " + strconv.Itoa(e.Status) }

func (m Member) note() string {
	if m.Required && m.Text == "" {
		return "required"
	}
	return m.Text
}
