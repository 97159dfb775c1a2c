package ui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/views/ui"
)

func TestTable(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Table(ui.TableProps{
		ID: "partners", Caption: "Partners", BodyID: "rows",
		Columns: []ui.Column{{Label: "Name", SortHref: "?sort=name", Sorted: "ascending"}, {Label: "Earned", Numeric: true}, {Label: "Actions", HideLabel: true}},
	}), text(`<tr id="r1"><th scope="row">Ada</th></tr>`)), map[string]string{
		"HasACaption":          `table > caption`,
		"HeadsHaveAScope":      `thead th[scope="col"].num`,
		"OrderIsSaid":          `th[aria-sort="ascending"] a[href="?sort=name"]`,
		"HiddenHeadKeepsWords": `th .sr-only:contains("Actions")`,
		"ScrollsByKeyboard":    `#partners[tabindex="0"][role="region"][aria-label="Partners"]`,
		"RowsAreChildren":      `tbody#rows > tr#r1`,
	})
}

func TestRow_IsATargetForSwaps(t *testing.T) {
	t.Parallel()
	wants(t, row(t, ui.Row("row-1"), ui.NumCell()), map[string]string{"Row": `tr#row-1 > td.num`})
	wants(t, row(t, ui.Row(""), ui.HeadCell(), ui.Cell(), ui.ActionsCell()), map[string]string{
		"RowWithoutID": `tr:not([id])`, "HeadOfTheRow": `th[scope="row"]`, "Buttons": `td.row-actions .buttons`,
	})
}

func TestPager(t *testing.T) {
	t.Parallel()
	t.Run("LeadsOn", func(t *testing.T) {
		t.Parallel()
		wants(t, doc(t, ui.Pager(ui.PagerProps{NextHref: "?cursor=x", FirstHref: "?", Target: "#list"})), map[string]string{
			"IsNamed": `nav[aria-label="Pages"]`, "Next": `a[href="?cursor=x"][hx-push-url="true"]`, "First": `a[href="?"]`,
		})
	})
	t.Run("IsAbsentOnTheOnlyPage", func(t *testing.T) {
		t.Parallel()
		if got := html(t, ui.Pager(ui.PagerProps{})); got != "" {
			t.Errorf("got %q", got)
		}
	})
}

func TestFlash(t *testing.T) {
	t.Parallel()
	t.Run("StandsThereEmpty", func(t *testing.T) {
		t.Parallel()
		wants(t, doc(t, ui.Flash(ui.FlashMessage{})), map[string]string{"Place": `#flash:not(:has(.toast))`})
	})
	t.Run("OOBReplacesIt", func(t *testing.T) {
		t.Parallel()
		wants(t, doc(t, ui.FlashOOB(ui.FlashMessage{Kind: ui.Success, Text: "Saved."})), map[string]string{
			"Swap": `#flash[hx-swap-oob="true"] .toast-success`, "CanBeClosed": `button[data-dismiss]`,
		})
	})
	t.Run("ReadsTheWordOfTheSession", func(t *testing.T) {
		t.Parallel()
		if ui.FlashKind("error") != ui.Critical || ui.FlashKind("success") != ui.Success || ui.FlashKind("") != ui.Info {
			t.Error("a word has another tone")
		}
	})
}

func TestCounter(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.NavCounterOOB("nav-partners", 3)), map[string]string{"Swap": `#nav-partners[hx-swap-oob="true"]:contains("3 waiting")`})
	wants(t, doc(t, ui.Counter("nav-partners", 0)), map[string]string{"NothingWaits": `#nav-partners[hidden]`})
}

func TestBanner_OnlyCriticalInterrupts(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Banner(ui.Critical, "Down.")), map[string]string{"Alert": `[role="alert"]`})
	wants(t, doc(t, ui.Banner(ui.Info, "New."), ui.Link("/x", "See")), map[string]string{"Calm": `.banner:not([role])`, "WhatToDo": `.banner a`})
}

func TestEmptyState_SaysWhatToDoFirst(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.EmptyState(ui.EmptyProps{Icon: ui.IconUsers, Title: "No partners yet", Text: "Invite one.", ActionLabel: "Invite", ActionHref: "/new"})),
		map[string]string{"Heading": "h2", "Action": `a.btn-primary[href="/new"]`})
}

func TestProgress(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Progress(ui.ProgressProps{Label: "Import", Done: 25, Total: 100})), map[string]string{
		"Known": `progress[value="25"][max="100"][aria-label="Import"]`, "Share": `:contains("25 %").num`,
	})
	wants(t, doc(t, ui.Progress(ui.ProgressProps{Label: "Import"})), map[string]string{"Unknown": `progress:not([value])`})
}

func TestStat_DirectionIsInWords(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Stat(ui.StatProps{Label: "Clicks", Value: "1,204", Change: "12 %", Trend: ui.Up, More: []string{"€ 4.00"}, Href: "/clicks"})),
		map[string]string{"Up": `.change-good .sr-only:contains("up")`, "More": `.stat-more`, "LeadsThere": `a[href="/clicks"]`})
	wants(t, doc(t, ui.Stat(ui.StatProps{Label: "Refunds", Value: "3", Change: "2 %", Trend: ui.Up, Bad: true})),
		map[string]string{"MoreIsBadNews": `.change-bad`})
	wants(t, doc(t, ui.Stat(ui.StatProps{Label: "Revenue", Value: "3", Change: "2 %", Trend: ui.Down})),
		map[string]string{"LessIsBadNews": `.change-bad .sr-only:contains("down")`})
}

func TestCard_HasItsHeading(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Card(ui.CardProps{ID: "c", Title: "Rules", Actions: ui.Link("/x", "Edit")}), text("<i></i>")),
		map[string]string{"Heading": "section#c h2", "Actions": "header a", "Body": ".card-body i"})
}

func TestNavigation(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Tabs("Partner", []ui.Tab{{Label: "Links", Href: "/a", Current: true}, {Label: "Payouts", Href: "/b", Count: "3"}})),
		map[string]string{"TabsAreNamed": `nav[aria-label="Partner"]`, "CurrentTab": `a[aria-current="page"][href="/a"]`})
	wants(t, doc(t, ui.PageHeader(ui.HeaderProps{Title: "Ada", Crumbs: []ui.Crumb{{Label: "Partners", Href: "/p"}}}), ui.Submit("Go")),
		map[string]string{"OneHeading": "h1", "WayBack": `nav[aria-label="Breadcrumb"] a[href="/p"]`, "Actions": ".page-actions button"})
	wants(t, doc(t, ui.DrawerButton("sidebar", "Menu")), map[string]string{"Drawer": `button[type="button"][popovertarget="sidebar"]`})
	wants(t, doc(t, ui.SignOut("/signout")), map[string]string{"SignOut": `form[method="post"][action="/signout"] button[type="submit"]`})
}

func TestTrace(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Trace("Why this was paid", []ui.TraceStep{
		{Title: "Click", Href: "/c/1", Outcome: "Kept", Tone: ui.Success, Facts: []ui.Fact{{Label: "Window", Value: "30 days"}}},
		{Title: "Click", Outcome: "Dropped", Tone: ui.Critical},
	})), map[string]string{
		"IsAnOrderedList": `ol[aria-label="Why this was paid"]`,
		"FactsAreTerms":   `ol li:first-child dl dt:contains("Window")`,
		"OutcomeIsWords":  `li:last-child .badge-critical:contains("Dropped")`,
		"LeadsToTheThing": `a[href="/c/1"]`,
	})
}

func TestSmallPieces(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.DefinitionList([]ui.Definition{{Term: "Key", Body: ui.Mono("ada")}, {Term: "Note"}})),
		map[string]string{"TermsAndTheirs": `dl dd code`, "EmptyIsADash": `dd:contains("–")`})
	wants(t, doc(t, ui.Disclosure("More", false), text("<i></i>")), map[string]string{"NeedsNoScript": `details:not([open]) > summary`})
	wants(t, doc(t, ui.Menu("More actions"), ui.Submit("x")), map[string]string{"MenuIsNamed": `details > summary[title="More actions"] .sr-only`})
	wants(t, doc(t, ui.Code("Track a click", "curl a")), map[string]string{"CodeScrolls": `pre[tabindex="0"] code`, "CodeCopies": `[data-copy="curl a"]`})
	wants(t, doc(t, ui.Checklist([]ui.ChecklistItem{{Title: "Campaign", Done: true}, {Title: "Invite", Href: "/i"}})),
		map[string]string{"DoneIsWords": `li.done .sr-only`, "NextIsALink": `li a[href="/i"]`})
	wants(t, doc(t, ui.WaitList([]ui.WaitItem{{Icon: ui.IconUsers, Title: "Applications", Href: "/p", Count: 2}})),
		map[string]string{"Waits": `a[href="/p"] .counter:contains("2")`})
}

type amount string

func (a amount) Format() string { return string(a) }

func TestText(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 12, 14, 3, 22, 0, time.UTC)
	wants(t, doc(t, ui.Time(at)), map[string]string{
		"ExactOnHover": `time[datetime="2026-05-12T14:03:22Z"][title="12 May 2026, 14:03:22 UTC"]:contains("12 May 2026, 14:03")`,
	})
	wants(t, doc(t, ui.Date(at)), map[string]string{"DayIsTheSameEverywhere": `time[datetime="2026-05-12"]:not([data-time])`})
	wants(t, doc(t, ui.Amount(amount("-$4.00"))), map[string]string{"NegativeIsMarked": `.amount-negative`})
	wants(t, doc(t, ui.AmountText("$4.00")), map[string]string{"PositiveIsNot": `.amount:not(.amount-negative)`})
	if strings.Contains(html(t, ui.Time(time.Time{})), "0001") {
		t.Error("no moment is shown as the year one")
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 12, 14, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		10 * time.Second: "just now", 5 * time.Minute: "5 min ago", 3 * time.Hour: "3 h ago", 30 * time.Hour: "yesterday",
		72 * time.Hour: "3 days ago", 60 * 24 * time.Hour: "13 Mar 2026",
	} {
		if got := doc(t, ui.Ago(now.Add(-ago), now)).Find("time").Text(); got != want {
			t.Errorf("%v ago: got %q, want %q", ago, got, want)
		}
	}
}

func TestStatusBadge_SaysTheStateInWords(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.StatusBadge("needs_review")), map[string]string{"Words": `.badge-warning:contains("Needs review")`})
	wants(t, doc(t, ui.StatusBadge("something_new")), map[string]string{"UnknownIsNeutral": `.badge:contains("Something new")`})
}

func TestIcon_IsDecoration(t *testing.T) {
	t.Parallel()
	wants(t, doc(t, ui.Icon(ui.IconUsers)), map[string]string{"Hidden": `svg[aria-hidden="true"][focusable="false"] path:first-child`})
}
