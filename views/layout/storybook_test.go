package layout_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"

	"github.com/openpartner/openpartner/views/chart"
	"github.com/openpartner/openpartner/views/layout"
	"github.com/openpartner/openpartner/views/ui"
)

// TestStorybook renders every component on the pages on which it usually stands, and checks what
// holds for every page. With STORYBOOK set to a directory the pages stay there, to be looked at.
func TestStorybook(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("STORYBOOK")
	if dir == "" {
		dir = t.TempDir()
	}
	for name, page := range stories() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if err := page.Render(layout.WithChrome(context.Background(), storyChrome(name)), &out); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name+".html"), []byte(out.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			checkPage(t, out.String())
		})
	}
}

func checkPage(t *testing.T, page string) {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	if n := doc.Find("[style], style, script:not([src]), [onclick]").Length(); n != 0 {
		t.Errorf("got %d inline styles or scripts", n)
	}
	if n := doc.Find("h1").Length(); n != 1 {
		t.Errorf("got %d h1, want 1", n)
	}
	seen := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id := s.AttrOr("id", "")
		if seen[id] {
			t.Errorf("id %q stands twice", id)
		}
		seen[id] = true
	})
	for _, attr := range []string{"for", "aria-labelledby", "aria-describedby", "popovertarget"} {
		doc.Find("[" + attr + "]").Each(func(_ int, s *goquery.Selection) {
			for _, id := range strings.Fields(s.AttrOr(attr, "")) {
				if !seen[id] {
					t.Errorf("%s names %q, which does not exist", attr, id)
				}
			}
		})
	}
	doc.Find("input, select, textarea").Each(func(_ int, s *goquery.Selection) {
		id, named := s.AttrOr("id", ""), s.AttrOr("aria-label", "")
		if s.AttrOr("type", "") != "hidden" && named == "" && doc.Find(`label[for="`+id+`"]`).Length() == 0 {
			html, _ := goquery.OuterHtml(s)
			t.Errorf("a control has no label: %s", html)
		}
	})
}

func storyChrome(name string) layout.Chrome {
	item := func(label string, icon ui.IconName, primary bool) layout.NavItem {
		path := strings.ToLower(strings.ReplaceAll(label, " ", "-"))
		return layout.NavItem{Label: label, Href: "/" + path, Icon: icon, Current: path == name, Primary: primary}
	}
	waiting := func(i layout.NavItem, n int) layout.NavItem {
		i.Counter, i.CounterID = n, "nav-"+strings.ToLower(i.Label)
		return i
	}
	c := layout.Chrome{
		TenantName: "Northwind Coffee", UserName: "Ada Lovelace", UserEmail: "ada@northwind.example", Role: "admin", SignOutPath: "/signout",
		UserMenu: []layout.NavItem{{Label: "Sessions", Href: "/sessions", Icon: ui.IconFingerprint}},
		Footer:   []layout.NavItem{{Label: "Program terms", Href: "/terms"}, {Label: "Privacy", Href: "/privacy"}},
		Nav: []layout.NavGroup{
			{Items: []layout.NavItem{item("Overview", ui.IconHouse, true)}},
			{Label: "Program", Items: []layout.NavItem{
				waiting(item("Partners", ui.IconUsers, true), 3), item("Campaigns", ui.IconMegaphone, false), item("Links", ui.IconLink, false), item("Coupons", ui.IconTicket, false),
			}},
			{Label: "Money", Items: []layout.NavItem{
				item("Activity", ui.IconActivity, false), waiting(item("Commissions", ui.IconHandCoins, true), 12), item("Payouts", ui.IconBanknote, false), item("Fraud review", ui.IconShieldAlert, false),
			}},
			{Label: "Insight", Items: []layout.NavItem{item("Reports", ui.IconChartLine, false), item("Audit log", ui.IconScrollText, false)}},
			{Items: []layout.NavItem{item("Settings", ui.IconSettings, false)}},
		},
	}
	if name == "partners" {
		c.Flash = &layout.Flash{Kind: ui.Success, Text: "Grace Hopper is invited. The link works for 7 days."}
	}
	if name == "settings" {
		c.Banner = &layout.Banner{Tone: ui.Warning, Text: "Mail is not set up, so invitations wait.", ActionLabel: "Set up mail", ActionHref: "/mail"}
	}
	return c
}

func stories() map[string]templ.Component {
	return map[string]templ.Component{
		"overview":    layout.Admin("Overview", overviewStory()),
		"partners":    layout.Admin("Partners", partnersStory()),
		"commissions": layout.Admin("Commission", commissionStory()),
		"settings":    layout.Admin("Settings", settingsStory()),
		"links":       layout.Admin("Links", linksStory()),
		"confirm":     layout.Admin("Archive", ui.ConfirmPage(ui.ConfirmProps{Title: "Archive ada-spring?", Text: "Clicks keep working for 30 days and then lead to your home page.", Action: "#", ConfirmLabel: "Archive link", CancelHref: "#", Danger: true})),
		"signin":      layout.Public("Sign in", signInStory()),
		"error":       layout.Public("Not found", layout.Error(404, "There is nothing here", "The address may be old, or the thing was removed.", "01HZY3-7F2C")),
		"bare":        layout.Bare("Statement", with(ui.PageHeader(ui.HeaderProps{Title: "Statement, May 2026"}))),
	}
}

// with renders a component around children; all joins components one after the other.
func with(c templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

func all(c ...templ.Component) templ.Component { return templ.Join(c...) }

func say(s string) templ.Component { return templ.Raw(templ.EscapeString(s)) }

func link(label string, kind ui.Kind, icon ui.IconName) templ.Component {
	return ui.ButtonLink(ui.LinkProps{Label: label, Href: "#", Kind: kind, Icon: icon})
}

func storyTime() time.Time { return time.Date(2026, 5, 12, 14, 3, 22, 0, time.UTC) }

func overviewStory() templ.Component {
	c := chart.Chart{ID: "chart", Title: "Clicks and conversions, last 30 days", Series: []chart.Series{{Name: "Clicks"}, {Name: "Conversions"}}}
	var spark []float64
	for i := range 30 {
		clicks := float64(220 + (i*37)%90 + i*6 - (i%7)*24)
		c.Labels = append(c.Labels, storyTime().AddDate(0, 0, i-29).Format("2 Jan"))
		c.Series[0].Points = append(c.Series[0].Points, chart.Point{Value: clicks})
		c.Series[1].Points = append(c.Series[1].Points, chart.Point{Value: clicks/6 + float64(i%5)*4})
		spark = append(spark, clicks)
	}
	return all(
		with(ui.PageHeader(ui.HeaderProps{Title: "Overview", Subtitle: "13 April to 12 May 2026, compared with the 30 days before"}),
			link("Export", ui.Secondary, ui.IconDownload), link("Invite partner", ui.Primary, ui.IconPlus)),
		with(ui.Stats("Figures of the period"),
			ui.Stat(ui.StatProps{Label: "Clicks", Value: "9,482", Change: "12 %", Trend: ui.Up, Href: "#", Spark: chart.Sparkline(spark)}),
			ui.Stat(ui.StatProps{Label: "Conversions", Value: "1,204", Change: "4 %", Trend: ui.Up, Spark: chart.Sparkline(spark[8:])}),
			ui.Stat(ui.StatProps{Label: "Revenue", Value: "$48,210.50", More: []string{"€6,004.00"}, Change: "3 %", Trend: ui.Down}),
			ui.Stat(ui.StatProps{Label: "Commission", Value: "$7,231.58", More: []string{"€900.60"}, Change: "0 %"})),
		with(ui.Grid(true),
			with(ui.Card(ui.CardProps{Title: "Clicks and conversions"}), chart.Line(c)),
			with(ui.Stack(),
				with(ui.Card(ui.CardProps{Title: "Waiting for you"}), ui.WaitList([]ui.WaitItem{
					{Icon: ui.IconHandCoins, Title: "Commissions to review", Text: "$1,204.00 and €80.00", Href: "#", Count: 12},
					{Icon: ui.IconUsers, Title: "Applications", Text: "The oldest is 3 days old", Href: "#", Count: 3},
				})),
				with(ui.Card(ui.CardProps{Title: "Getting started", Subtitle: "2 of 4 done"}), ui.Checklist([]ui.ChecklistItem{
					{Title: "Create a campaign", Done: true}, {Title: "Invite a partner", Done: true},
					{Title: "Send the first event", Text: "One request from your server per sale.", Href: "#"}, {Title: "Choose how you pay", Href: "#"},
				})))),
		with(ui.Card(ui.CardProps{Title: "Orders by week", Subtitle: "Bars"}), chart.Bar(chart.Chart{
			Title: "Orders by week", Labels: []string{"W 16", "W 17", "W 18", "W 19"}, Height: 180,
			Series: []chart.Series{{Name: "New", Points: []chart.Point{{Value: 120}, {Value: 180}, {Value: 90}, {Value: 210}}}, {Name: "Returning", Points: []chart.Point{{Value: 60}, {Value: 80}, {Value: 70}, {Value: 95}}}},
		})),
	)
}

func partnersStory() templ.Component {
	people := []struct{ name, mail, status, earned string }{
		{"Grace Hopper", "grace@example.com", "invited", "$0.00"}, {"Alan Turing", "alan@example.com", "active", "$1,204.00"},
		{"Katherine Johnson", "katherine@example.com", "active", "$8,410.25"}, {"Edsger Dijkstra", "edsger@example.com", "pending", "$0.00"},
		{"Barbara Liskov", "barbara@example.com", "active", "-$42.00"}, {"Charles Babbage", "charles@example.com", "revoked", "$310.10"},
	}
	var rows []templ.Component
	for i, p := range people {
		rows = append(rows, with(ui.Row("partner-"+p.mail),
			with(ui.Cell(), ui.Checkbox(ui.CheckboxProps{Name: "ids", Value: p.mail, Label: "Choose " + p.name, HideLabel: true, Form: "bulk", Checked: i == 1})),
			with(ui.HeadCell(), ui.TitleLink("#", p.name, p.mail)), with(ui.Cell(), ui.StatusBadge(p.status)),
			with(ui.Cell(), ui.Ago(storyTime().Add(-time.Duration(i*31)*time.Hour), storyTime())),
			with(ui.NumCell(), say("1,204")), with(ui.NumCell(), ui.AmountText(p.earned)),
			with(ui.ActionsCell(), ui.ConfirmLink(ui.LinkProps{Label: "Revoke", Href: "/confirm", Small: true}),
				with(ui.Menu("More for "+p.name), ui.ActionButton(ui.ActionProps{Label: "Send again", Action: "#", Icon: ui.IconSend}), ui.ActionButton(ui.ActionProps{Label: "Delete", Action: "#", Icon: ui.IconTrash2, Kind: ui.Danger})))))
	}
	return all(
		with(ui.PageHeader(ui.HeaderProps{Title: "Partners", Subtitle: "People who recommend you, and what they earned"}),
			link("CSV", ui.Secondary, ui.IconDownload), link("Invite partner", ui.Primary, ui.IconPlus)),
		ui.Tabs("Partners by state", []ui.Tab{{Label: "All", Href: "#", Current: true, Count: "214"}, {Label: "Active", Href: "#", Count: "180"}, {Label: "Pending", Href: "#", Count: "3"}, {Label: "Revoked", Href: "#"}}),
		with(ui.FilterBar(ui.FilterProps{Action: "/partners", Target: "#list", Label: "Search partners", Query: "a", ResetHref: "/partners"}),
			ui.Select(ui.SelectProps{Name: "campaign", Label: "Campaign", HideLabel: true, Placeholder: "All campaigns", Options: []ui.Option{{Value: "1", Label: "Spring"}}})),
		with(ui.Table(ui.TableProps{ID: "list", Caption: "Partners", Columns: []ui.Column{
			{Label: "Choose", HideLabel: true}, {Label: "Partner", SortHref: "#", Sorted: "ascending"}, {Label: "State"}, {Label: "Joined", SortHref: "#"},
			{Label: "Clicks", Numeric: true}, {Label: "Earned", Numeric: true}, {Label: "Actions", HideLabel: true},
		}}), rows...),
		ui.Pager(ui.PagerProps{NextHref: "?cursor=next", FirstHref: "?", Summary: "6 partners on this page"}),
		with(ui.Form(ui.FormProps{ID: "bulk", Action: "#", Label: "Bulk actions", Inline: true}), ui.Submit("Approve 1 partner"), ui.Button(ui.ButtonProps{Label: "Decline", Disabled: true})),
	)
}

func commissionStory() templ.Component {
	return all(
		with(ui.PageHeader(ui.HeaderProps{Title: "$24.00 for Alan Turing", Subtitle: "Order 10482", Badge: ui.StatusBadge("pending"), Crumbs: []ui.Crumb{{Label: "Commissions", Href: "#"}, {Label: "May 2026", Href: "#"}}}),
			link("Reverse", ui.Secondary, ui.IconUndo2), ui.ActionButton(ui.ActionProps{Label: "Approve commission", Action: "#", Kind: ui.Primary, Icon: ui.IconCheck})),
		with(ui.Grid(true),
			with(ui.Card(ui.CardProps{Title: "Why this was earned"}), ui.Trace("Steps of the decision", []ui.TraceStep{
				{Icon: ui.IconMousePointerClick, Title: "Click on alan-spring", Href: "#", Outcome: "Kept", Tone: ui.Success, Text: "The last click before the sale within the window.", Facts: []ui.Fact{{Label: "When", Value: "3 May 2026, 09:12"}, {Label: "Window", Value: "30 days"}, {Label: "Click", Value: "018f…2c"}}},
				{Icon: ui.IconMousePointerClick, Title: "Click on grace-launch", Outcome: "Dropped: outside the window", Tone: ui.Critical, Facts: []ui.Fact{{Label: "When", Value: "1 April 2026, 18:40"}}},
				{Icon: ui.IconFingerprint, Title: "Customer u_481 recognised", Facts: []ui.Fact{{Label: "Identified", Value: "3 May 2026, 09:14"}}},
				{Icon: ui.IconSplit, Title: "Last click, the whole share", Outcome: "1", Tone: ui.Info},
				{Icon: ui.IconPercent, Title: "20 % of $120.00", Outcome: "$24.00", Tone: ui.Accent, Facts: []ui.Fact{{Label: "Rule", Value: "Every sale, version 3"}, {Label: "Rounding", Value: "none"}}},
				{Icon: ui.IconClock, Title: "On hold until 2 June 2026", Outcome: "Pending", Tone: ui.Warning},
			})),
			with(ui.Stack(),
				with(ui.Card(ui.CardProps{Title: "Facts"}), ui.DefinitionList([]ui.Definition{
					{Term: "Partner", Body: ui.Link("#", "Alan Turing")}, {Term: "Event", Body: ui.Mono("order-10482")}, {Term: "When", Body: ui.Time(storyTime())},
					{Term: "Held until", Body: ui.Date(storyTime().AddDate(0, 0, 21))}, {Term: "Payout"},
				})),
				with(ui.Card(ui.CardProps{Title: "Note"}), with(ui.Disclosure("Show the raw event", true), ui.Code("Event", "{\n  \"type\": \"sale\",\n  \"amount\": 12000\n}"))))),
		with(ui.Banner(ui.Info, "This commission waits for its hold."), ui.Link("#", "Change the hold")),
		ui.Banner(ui.Critical, "The payout failed at the bank."), ui.Banner(ui.Success, "Everything is paid."),
		ui.Progress(ui.ProgressProps{ID: "p1", Label: "Deriving again", Done: 420, Total: 1000, Note: "420 of 1,000 events"}),
		ui.Progress(ui.ProgressProps{Label: "Preparing the export"}),
	)
}

func settingsStory() templ.Component {
	return all(
		with(ui.PageHeader(ui.HeaderProps{Title: "Settings", Subtitle: "How your program looks and behaves"})),
		ui.Tabs("Settings", []ui.Tab{{Label: "Program", Href: "#", Current: true}, {Label: "Mail", Href: "#"}, {Label: "Sign-up", Href: "#"}, {Label: "Tracking", Href: "#"}, {Label: "Payouts", Href: "#"}}),
		with(ui.Form(ui.FormProps{ID: "program", Action: "/settings", Wide: true, Error: "Nothing was saved yet: two fields need another look.", HX: ui.HX{Target: ui.ThisTarget}}),
			with(ui.FormSection("Program", "What partners see."),
				ui.Field(ui.FieldProps{Name: "name", Label: "Name", Value: "Northwind Coffee", Required: true, MaxLength: 120}),
				ui.Field(ui.FieldProps{Name: "website", Label: "Website", Type: ui.TypeURL, Value: "northwind", Error: "Write the whole address, starting with https://.", Hint: "Links may lead there."}),
				ui.Field(ui.FieldProps{Name: "slug", Label: "Address", Prefix: "https://openpartner.example/t/", Value: "northwind", ReadOnly: true}),
				ui.Textarea(ui.TextareaProps{Name: "terms", Label: "Terms", Optional: true, Placeholder: "What you promise, and what you expect", Hint: "Markdown is not needed."})),
			with(ui.FormSection("Commission", "What a sale pays unless a campaign says otherwise."),
				with(ui.FormRow(),
					ui.Field(ui.FieldProps{Name: "rate", Label: "Rate", Type: ui.TypePercent, Value: "20"}),
					ui.Field(ui.FieldProps{Name: "cap", Label: "At most", Type: ui.TypeMoney, Currency: "USD", Value: "500.00", Error: "Write an amount below 100.00."}),
					ui.Field(ui.FieldProps{Name: "from", Label: "From", Type: ui.TypeDate, Value: "2026-05-12"})),
				ui.Select(ui.SelectProps{Name: "model", Label: "Who is paid", Value: "last", Options: []ui.Option{{Value: "last", Label: "The last click"}, {Value: "first", Label: "The first click"}}}),
				ui.RadioGroup(ui.GroupProps{Name: "policy", Legend: "New partners", Values: []string{"review"}, Options: []ui.Option{{Value: "auto", Label: "Approve at once", Hint: "They can share links right away."}, {Value: "review", Label: "Ask me first"}}}),
				ui.CheckboxGroup(ui.GroupProps{Name: "campaigns", Legend: "Campaigns they join", Inline: true, Values: []string{"1"}, Options: []ui.Option{{Value: "1", Label: "Spring"}, {Value: "2", Label: "Launch"}}}),
				ui.Checkbox(ui.CheckboxProps{Name: "auto", Label: "Approve commissions by themselves", Hint: "After the hold, without a look from you.", Checked: true}),
				with(ui.FormActions(), ui.Submit("Save program"), link("Cancel", ui.Ghost, "")))),
	)
}

func linksStory() templ.Component {
	return all(
		with(ui.PageHeader(ui.HeaderProps{Title: "Links"}), link("New link", ui.Primary, ui.IconPlus)),
		ui.EmptyState(ui.EmptyProps{Icon: ui.IconLink, Title: "No links yet", Text: "A link sends people to your site and remembers who sent them. Make the first one for a partner.", ActionLabel: "New link", ActionHref: "#", ActionIcon: ui.IconPlus}),
		with(ui.Card(ui.CardProps{Title: "Your link"}), with(ui.Stack(), ui.CopyField("link", "Address", "https://openpartner.example/r/ada-spring"), ui.CopyButton("x", "Copy the code"))),
		with(ui.Card(ui.CardProps{Title: "Recent clicks", Flush: true, Actions: link("All clicks", ui.Ghost, "")}),
			with(ui.Table(ui.TableProps{Caption: "Recent clicks", Compact: true, Columns: []ui.Column{{Label: "When"}, {Label: "Link"}, {Label: "State"}}}),
				with(ui.Row(""), with(ui.Cell(), ui.Time(storyTime())), with(ui.Cell(), ui.Mono("ada-spring")), with(ui.Cell(), ui.Badge(ui.Accent, "New"))))),
		with(ui.Buttons(), ui.Submit("Primary"), ui.Button(ui.ButtonProps{Label: "Secondary"}), ui.Button(ui.ButtonProps{Label: "Danger", Kind: ui.Danger}), ui.Button(ui.ButtonProps{Label: "Ghost", Kind: ui.Ghost}), ui.Button(ui.ButtonProps{Label: "Settings", Icon: ui.IconSettings, IconOnly: true})),
	)
}

func signInStory() templ.Component {
	return with(layout.PublicCard("Sign in", "We send you a link. It works for 10 minutes and only once."),
		with(ui.Form(ui.FormProps{Action: "/signin"}), ui.Field(ui.FieldProps{Name: "email", Label: "E-mail", Type: ui.TypeEmail, Autocomplete: "email", Required: true}),
			with(ui.FormActions(), ui.Submit("Send me a link"))))
}
