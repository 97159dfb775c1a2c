package campaigns

import (
	"slices"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/views/ui"
)

// SimulationPage asks what other terms of a campaign would have paid, and answers.
type SimulationPage struct {
	Campaign campaigns.Campaign
	Form     FormPage // rules and model as they were typed
	From     string   // the first day whose events are looked at
	MayEdit  bool
	Result   *SimulationResult // nil until asked
}

// SimulationResult is what was earned beside what would have been.
type SimulationResult struct {
	Rows   []attribution.Simulated
	Totals []attribution.Simulated // by currency
	Names  map[uuid.UUID]string    // of the partners
}

// NewSimulation begins with the terms of today.
func NewSimulation(c campaigns.Campaign) SimulationPage {
	return SimulationPage{Campaign: c, Form: EditForm(c)}
}

// unchanged reports whether nobody would have earned more or less.
func (r SimulationResult) unchanged() bool {
	return !slices.ContainsFunc(r.Rows, func(s attribution.Simulated) bool { return s.Was != s.WouldBe })
}

// verdict says the result in a sentence.
func (r SimulationResult) verdict() (tone ui.Tone, text string) {
	switch {
	case len(r.Rows) == 0:
		return ui.Info, "Nothing was earned in this time, and nothing would have been."
	case r.unchanged():
		return ui.Success, "No difference: these terms would have paid exactly what was paid."
	default:
		var words []string
		for _, t := range r.Totals {
			if t.WouldBe != t.Was {
				words = append(words, moreOrLess(t))
			}
		}
		if len(words) == 0 {
			return ui.Info, "Altogether the same, but others would have earned it."
		}
		return ui.Info, "These terms would have paid " + joined(words) + "."
	}
}

func moreOrLess(s attribution.Simulated) string {
	if s.WouldBe > s.Was {
		return inCurrency(s.WouldBe-s.Was, s) + " more"
	}
	return inCurrency(s.Was-s.WouldBe, s) + " less"
}

func inCurrency(minor int64, s attribution.Simulated) string {
	return money.Amount{Minor: minor, Currency: s.Currency}.Format()
}

// difference is signed, so that more and less are told apart at a glance.
func difference(s attribution.Simulated) string {
	text := inCurrency(s.WouldBe-s.Was, s)
	if s.WouldBe > s.Was {
		return "+" + text
	}
	return text
}

func modelChoices() []ui.Option {
	options := models()
	for i := range options {
		options[i].Hint = ""
	}
	return options
}
