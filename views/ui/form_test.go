package ui_test

import (
	"testing"

	"github.com/openpartner/openpartner/views/ui"
)

func TestForm_PlainIsOnlyHTML(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.Form(ui.FormProps{Action: "/partners"}), ui.Submit("Invite partner"))
	wants(t, d, map[string]string{
		"SendsByPost":    `form[action="/partners"][method="post"]`,
		"HasItsButton":   `form button[type="submit"].btn-primary`,
		"ServerIsTheOne": `form[novalidate]`,
		"WithoutHtmx":    `form:not([hx-post]):not([hx-target])`,
	})
}

func TestForm_WithHtmx(t *testing.T) {
	t.Parallel()
	t.Run("KeepsActionAndAddsItsOwn", func(t *testing.T) {
		t.Parallel()
		d := doc(t, ui.Form(ui.FormProps{ID: "invite", Action: "/partners", HX: ui.HX{Target: "#list"}}))
		wants(t, d, map[string]string{
			"Both":               `form[action="/partners"][hx-post="/partners"][hx-target="#list"]`,
			"ButtonsRest":        `form[hx-disable="findAll [type=submit]"]`,
			"RefusalStaysInForm": `form[hx-status\:422]`,
		})
	})
	t.Run("ThisTargetNeedsNoRule", func(t *testing.T) {
		t.Parallel()
		d := doc(t, ui.Form(ui.FormProps{Action: "/partners", HX: ui.HX{Target: ui.ThisTarget}}))
		wants(t, d, map[string]string{"Form": `form[hx-target="this"]:not([hx-status\:422])`})
	})
}

func TestForm_ErrorOfTheWholeIsAnAlert(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Form(ui.FormProps{Action: "/x", Error: "Nothing was saved."})), map[string]string{"Alert": `form [role="alert"]`})
}

func TestForm_RefusesAnActionThatRuns(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Form(ui.FormProps{Action: "/x", Method: "delete"})), map[string]string{"MethodIsPost": `form[method="post"]`})
}

func TestFilterBar(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.FilterBar(ui.FilterProps{Action: "/partners", Target: "#list", Query: "ada", Label: "Search partners", ResetHref: "/partners"})),
		map[string]string{
			"IsASearchLandmark":     `form[role="search"][aria-label="Search partners"]`,
			"IsAGet":                `form[method="get"][action="/partners"]`,
			"KeepsTheAddress":       `form[hx-get="/partners"][hx-push-url="true"]`,
			"TakesOnlyTheList":      `form[hx-target="#list"][hx-select="#list"]`,
			"KeepsTheQuery":         `input[type="search"][name="q"][value="ada"]`,
			"SearchIsLabelled":      `input[aria-label="Search partners"]`,
			"WorksWithoutScript":    `button[type="submit"].no-script`,
			"FiltersCanBeCleared":   `#list-reset a[href="/partners"]`,
			"ClearComesWithTheList": `form[hx-select-oob="#list-reset"]`,
			"NothingNeedsEvaluated": `form[hx-trigger="input delay:300ms, submit"]`,
		})
}

func TestActionButton_IsAFormOfItsOwn(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.ActionButton(ui.ActionProps{Label: "Approve", Action: "/p/1/approval", HX: ui.HX{Target: "#row-1"}}), ui.Hidden("note", "x"))
	wants(t, d, map[string]string{"Form": `form[method="post"][action="/p/1/approval"][hx-post="/p/1/approval"] button[type="submit"]`, "Extra": `input[name="note"]`})
}

func TestFormSection_HasItsHeading(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.FormSection("Mail", "How we send."), text("<p id=x></p>"))
	wants(t, d, map[string]string{"Heading": "section h2", "Body": "section #x"})
}

func TestButton(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Button(ui.ButtonProps{
		Label: "Delete link", Kind: ui.Danger, Icon: ui.IconTrash2, IconOnly: true, Name: "do", Value: "delete", Form: "f", Disabled: true,
	})), map[string]string{
		"IconAloneKeepsItsWords": `button[title="Delete link"] .sr-only`,
		"IconIsDecoration":       `button svg[aria-hidden="true"]`,
		"SaysWhichWasPressed":    `button[name="do"][value="delete"]`,
		"BelongsToItsForm":       `button[form="f"]`,
		"CanRest":                `button[disabled]`,
		"LooksDangerous":         `button.btn-danger`,
	})
}

func TestButtonLink(t *testing.T) {
	t.Parallel()
	t.Run("IsALink", func(t *testing.T) {
		t.Parallel()
		wants(t, doc(t, ui.ButtonLink(ui.LinkProps{Label: "New", Href: "/new", HX: ui.HX{Target: "#main"}})),
			map[string]string{"Link": `a.btn[href="/new"][hx-get="/new"]`})
	})
	t.Run("NeverRunsAScript", func(t *testing.T) {
		t.Parallel()
		if got := doc(t, ui.ButtonLink(ui.LinkProps{Label: "x", Href: "javascript:alert(1)"})).Find("a").AttrOr("href", ""); got == "javascript:alert(1)" {
			t.Error("the address got through")
		}
	})
}

func TestCopy(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.CopyField("link", "Your link", "https://a.example/r/ada")), map[string]string{
		"FieldIsLabelled":       `label[for="link"]`,
		"FieldCanBeSelected":    `input#link[readonly]`,
		"ButtonCarriesTheValue": `button[type="button"][data-copy="https://a.example/r/ada"]`,
	})
	wants(t, doc(t, ui.CopyButton("v", "Copy key")), map[string]string{"Button": `button.copy[data-copy="v"]`})
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	p := ui.ConfirmProps{
		Title: "Revoke Ada?", Text: "Her links stop paying.", Action: "/p/1/revocation", ConfirmLabel: "Revoke partner",
		CancelHref: "/p/1", Danger: true, HX: ui.HX{Target: "#row-1"},
	}
	t.Run("Dialog", func(t *testing.T) {
		t.Parallel()
		wants(t, doc(t, ui.ConfirmDialog(p)), map[string]string{
			"IsNamed":       `dialog[aria-labelledby="dialog-title"] #dialog-title`,
			"IsDescribed":   `dialog[aria-describedby="dialog-text"] #dialog-text`,
			"OpensByScript": `dialog[data-open]:not([open])`,
			"Posts":         `dialog form[method="post"][action="/p/1/revocation"][hx-target="#row-1"]`,
			"NamesTheDeed":  `button.btn-danger[type="submit"]`,
			"CanBeLeft":     `button[type="button"][data-close]`,
		})
	})
	t.Run("Page", func(t *testing.T) {
		t.Parallel()
		wants(t, doc(t, ui.ConfirmPage(p)), map[string]string{
			"HasAHeading": `h1`, "Posts": `form[method="post"][action="/p/1/revocation"]`, "CanBeLeft": `a[href="/p/1"]`,
		})
	})
	t.Run("Link", func(t *testing.T) {
		t.Parallel()
		wants(t, doc(t, ui.ConfirmLink(ui.LinkProps{Label: "Revoke", Href: "/p/1/revocation"})), map[string]string{
			"OpensADialogOrThePage": `a[href="/p/1/revocation"][hx-get="/p/1/revocation"][hx-target="#dialog"][hx-swap="innerHTML"]`,
		})
	})
}

func TestEnterSubmit_IsNoStopOnTheWay(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.EnterSubmit()), map[string]string{"Button": `button[type="submit"][tabindex="-1"][aria-hidden="true"]:not([name])`})
}

func TestLive(t *testing.T) {
	t.Parallel()
	d := doc(t, ui.Live(ui.LiveProps{ID: "sum", URL: "/sum", Form: "order"}), ui.Muted("12"))
	wants(t, d, map[string]string{
		"IsReadOut":          `#sum[aria-live="polite"] .muted`,
		"AsksWhileTyping":    `#sum[hx-post="/sum"][hx-trigger="input delay:300ms from:#order"]`,
		"KeepsItself":        `#sum[hx-target="this"][hx-swap="innerHTML"]`,
		"OnlyTheLatestStays": `#sum[hx-sync="this:replace"]`,
	})
}
