package ui_test

import (
	"testing"

	"github.com/openpartner/openpartner/views/ui"
)

func TestField(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Field(ui.FieldProps{
		Name: "email", Label: "E-mail", Type: ui.TypeEmail, Value: "a@b", Hint: "Where the link goes.",
		Error: "That is not an address.", Required: true, Autocomplete: "email", MaxLength: 254,
	})), map[string]string{
		"LabelPointsToInput":        `label[for="field-email"]`,
		"ErrorComesBeforeHint":      `input#field-email[aria-describedby="field-email-error field-email-hint"]`,
		"InputIsMarkedInvalid":      `input[aria-invalid="true"]`,
		"FirstWrongFieldHasFocus":   `input[autofocus]`,
		"ErrorHasItsID":             `#field-email-error`,
		"HintHasItsID":              `#field-email-hint`,
		"RequiredIsSaid":            `input[required]`,
		"LengthIsLimited":           `input[maxlength="254"]`,
		"BrowserMayFillItIn":        `input[autocomplete="email"]`,
		"ValueStays":                `input[value="a@b"]`,
		"TypeChoosesTheRightKeypad": `input[type="email"]`,
	})
}

func TestField_WithoutTextsHasNoDanglingReference(t *testing.T) {
	t.Parallel()
	if doc(t, ui.Field(ui.FieldProps{Name: "name", Label: "Name"})).Find("[aria-describedby], [aria-invalid]").Length() != 0 {
		t.Error("there is a reference to a text that does not exist")
	}
}

func TestField_MoneyIsTextWithItsCurrency(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.Field(ui.FieldProps{Name: "amount", Label: "Amount", Type: ui.TypeMoney, Currency: "USD", Value: "19.99"}))
	if d.Find(`input[type="text"][inputmode="decimal"]`).Length() != 1 || d.Find(".input-affix").Text() != "USD" {
		t.Error("the keyboard or the currency is missing")
	}
}

func TestField_PercentShowsItsSign(t *testing.T) {
	t.Parallel()
	if got := doc(t, ui.Field(ui.FieldProps{Name: "rate", Label: "Rate", Type: ui.TypePercent})).Find(".input-affix").Text(); got != "%" {
		t.Errorf("got %q", got)
	}
}

func TestField_PasswordIsNeverSentBack(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.Field(ui.FieldProps{Name: "password", Label: "Password", Type: ui.TypePassword, Value: "hunter2"}))
	if _, has := d.Find("input").Attr("value"); has {
		t.Error("the value is in the page")
	}
}

func TestField_HiddenLabelIsStillThere(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.Field(ui.FieldProps{Name: "q", Label: "Search", HideLabel: true}))
	wants(t, d, map[string]string{"Label": `label.sr-only[for="field-q"]`})
}

func TestField_IndexedNamesGiveUsableIDs(t *testing.T) {
	t.Parallel()
	if got := ui.FieldID("rules[0].rate"); got != "field-rules-0--rate" {
		t.Errorf("got %q", got)
	}
}

func TestField_LivePreviewAsksByGet(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.Field(ui.FieldProps{
		Name: "rate", Label: "Rate", Live: "/preview", HX: ui.HX{Target: "#example", Trigger: "input delay:300ms", Include: "closest form"},
	}))
	wants(t, d, map[string]string{"Attributes": `input[hx-get="/preview"][hx-target="#example"][hx-include="closest form"]`})
}

func TestSelect(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Select(ui.SelectProps{
		Name: "model", Label: "Model", Value: "last", Hint: "Who is paid.", Placeholder: "Choose",
		Options: []ui.Option{{Value: "first", Label: "First click"}, {Value: "last", Label: "Last click"}},
	})), map[string]string{
		"LabelPointsToSelect": `label[for="field-model"]`,
		"HintIsTied":          `select#field-model[aria-describedby="field-model-hint"]`,
		"ValueIsSelected":     `option[value="last"][selected]`,
		"PlaceholderIsEmpty":  `option[value=""]:not([selected])`,
	})
}

func TestTextarea(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.Textarea(ui.TextareaProps{Name: "note", Label: "Note", Value: "a\n<b>", Error: "Too long."}))
	wants(t, d, map[string]string{
		"LabelPointsToIt": `label[for="field-note"]`,
		"ErrorIsTied":     `textarea#field-note[aria-describedby="field-note-error"][aria-invalid="true"]`,
	})
	if got := d.Find("textarea").Text(); got != "a\n<b>" {
		t.Errorf("got %q", got)
	}
}

func TestCheckbox(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Checkbox(ui.CheckboxProps{Name: "ids", Value: "42", Label: "Choose Ada", Checked: true, Form: "bulk", HideLabel: true})),
		map[string]string{
			"LabelPointsToIt":       `label.sr-only[for="field-ids-42"]`,
			"BelongsToItsForm":      `input#field-ids-42[form="bulk"]`,
			"IsChecked":             `input[type="checkbox"][value="42"][checked]`,
			"HasNoBrokenReferences": `input:not([aria-describedby])`,
		})
}

func TestRadioGroup(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.RadioGroup(ui.GroupProps{
		Name: "policy", Legend: "New partners", Values: []string{"review"}, Error: "Choose one.",
		Options: []ui.Option{{Value: "auto", Label: "Approve at once"}, {Value: "review", Label: "Ask me", Hint: "You decide."}},
	})), map[string]string{
		"LegendNamesTheGroup": `fieldset > legend`,
		"ErrorIsTied":         `fieldset[aria-describedby="field-policy-error"]`,
		"ChoiceIsChecked":     `input[type="radio"][value="review"][checked]`,
		"EachHasItsLabel":     `label[for="field-policy-1"]`,
		"HintIsTiedToItsOne":  `input[aria-describedby="field-policy-1-hint"]`,
	})
}

func TestCheckboxGroup_KeepsAllChosen(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.CheckboxGroup(ui.GroupProps{
		Name: "ids", Legend: "Campaigns", Values: []string{"a", "c"},
		Options: []ui.Option{{Value: "a", Label: "A"}, {Value: "b", Label: "B"}, {Value: "c", Label: "C"}},
	}))
	if got := d.Find("input[checked]").Length(); got != 2 {
		t.Errorf("got %d", got)
	}
}

func TestHidden_IsNotSeen(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Hidden("next", "/admin?a=1&b=2")), map[string]string{"Input": `input[type="hidden"][value="/admin?a=1&b=2"]`})
}
