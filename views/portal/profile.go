package portal

import (
	"maps"
	"slices"

	"github.com/openpartner/openpartner/app/partners"
	partnersview "github.com/openpartner/openpartner/views/partners"
	"github.com/openpartner/openpartner/views/ui"
)

// ProfilePage is what a partner says about themselves, and what was typed into its form.
type ProfilePage struct {
	partnersview.EditPage

	Partner partners.Partner // as it is stored
}

func (p ProfilePage) wrong(name string) string { return p.Errors[partnersview.ProfileField(name)] }

// rows are the platforms, with one to fill in where there are none or one was asked for.
func (p ProfilePage) rows() []partnersview.PlatformRow {
	n := min(max(len(p.Platforms), p.Rows, 1), partnersview.MaxPlatforms)
	return append(p.Platforms[:len(p.Platforms):len(p.Platforms)], make([]partnersview.PlatformRow, max(n-len(p.Platforms), 0))...)
}

func (p ProfilePage) more() bool { return len(p.rows()) < partnersview.MaxPlatforms }

// answers are what was answered to the sign-up form.
func (p ProfilePage) answers() []ui.Definition {
	var out []ui.Definition
	for _, question := range slices.Sorted(maps.Keys(p.Partner.Profile.Answers)) {
		out = append(out, ui.Definition{Term: question, Text: p.Partner.Profile.Answers[question]})
	}
	return out
}

// EmailPage is the form of a new address and what was typed into it.
type EmailPage struct {
	Current, Email, Error string
}
