package ledger

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// bulkID is the form that the checkboxes of the list belong to.
const bulkID = "bulk"

// All is the value of the parameter "selected" with which the list comes ticked.
const All = "all"

// choosable reports whether a row of the list can be part of a bulk action.
func (p RowProps) choosable() bool {
	return p.MayEdit && slices.Contains([]commissions.Status{commissions.Pending, commissions.Held, commissions.Approved}, p.Commission.Status)
}

func (p IndexPage) columns() []ui.Column {
	columns := []ui.Column{
		{Label: "Date"}, {Label: "Partner"}, {Label: "Campaign"}, {Label: "Kind"}, {Label: "Amount", Numeric: true}, {Label: "State"},
		{Label: "Hold ends"}, {Label: "Actions", HideLabel: true},
	}
	if !p.MayEdit {
		return columns
	}
	return append([]ui.Column{{Label: "Tick", HideLabel: true}}, columns...)
}

func (p RowProps) tickLabel() string {
	return "Tick " + p.Commission.Money().Format() + " for " + p.Commission.PartnerName
}

// choosable reports whether any row of the list can be chosen.
func (p IndexPage) choosable() bool {
	return slices.ContainsFunc(p.Rows, func(c commissions.Commission) bool { return p.row(c).choosable() })
}

// selectHref is this page of the list with all rows ticked, or with none.
func (p IndexPage) selectHref() string {
	u, err := url.Parse(p.Back)
	if err != nil {
		return p.Back
	}
	q := u.Query()
	if p.Selected {
		q.Del("selected")
	} else {
		q.Set("selected", All)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func (p IndexPage) selectLabel() string {
	if p.Selected {
		return "Select none"
	}
	return "Select all on this page"
}

// BulkPage is one thing to do with many commissions.
type BulkPage struct {
	Action commissions.Action
	Chosen []commissions.Commission
	Force  bool
	Note   string
	Errors fault.Fields
	Back   string // the list
	Now    time.Time
}

func (p BulkPage) approves() bool { return p.Action == commissions.ActionApprove }

// ready are those that the action can be done with as they are.
func (p BulkPage) ready() []commissions.Commission {
	return p.only(func(c commissions.Commission) bool { return p.fits(c) && !p.early(c) })
}

// onHold are those that can only be approved by skipping the hold.
func (p BulkPage) onHold() []commissions.Commission {
	return p.only(func(c commissions.Commission) bool { return p.fits(c) && p.early(c) })
}

// left are those that stay as they are.
func (p BulkPage) left() []commissions.Commission {
	return p.only(func(c commissions.Commission) bool { return !p.fits(c) })
}

func (p BulkPage) fits(c commissions.Commission) bool {
	open := c.Status == commissions.Pending || c.Status == commissions.Held
	return open || (!p.approves() && c.Status == commissions.Approved)
}

func (p BulkPage) early(c commissions.Commission) bool { return p.approves() && !c.Matured(p.Now) }

func (p BulkPage) only(fits func(commissions.Commission) bool) []commissions.Commission {
	return slices.DeleteFunc(slices.Clone(p.Chosen), func(c commissions.Commission) bool { return !fits(c) })
}

// sums adds amounts up, each currency by itself: "$30.00 and €5.00".
func sums(rows []commissions.Commission) string {
	var all []money.Amount
	for _, c := range rows {
		i := slices.IndexFunc(all, func(a money.Amount) bool { return a.Currency == c.Currency })
		if i < 0 {
			all, i = append(all, money.Amount{Currency: c.Currency}), len(all)
		}
		all[i].Minor += c.Amount
	}
	words := make([]string, len(all))
	for i, a := range all {
		words[i] = a.Format()
	}
	slices.Sort(words)
	return list(words)
}

// Question asks before the action, with what it is about.
func (p BulkPage) Question(u routes.URLs) ui.ConfirmProps {
	q := ui.ConfirmProps{
		Title: "Approve " + count(len(p.Chosen), "commission") + "?", Text: "They go into the next payout.",
		ConfirmLabel: "Approve " + count(len(p.Chosen), "commission"),
		Action:       u.CommissionsBulk(), CancelHref: p.Back, HX: ui.HX{Target: ui.ThisTarget},
	}
	if len(p.onHold()) > 0 {
		q.ConfirmLabel = "Approve commissions" // how many depends on what is ticked
	}
	if !p.approves() {
		q.Title, q.ConfirmLabel, q.Danger = "Reverse "+count(len(p.Chosen), "commission")+"?", "Reverse "+count(len(p.Chosen), "commission"), true
		q.Text = "They are not paid, and no later event or rule brings them back. This can't be undone."
	}
	return q
}

// lines say how many of what are concerned.
func (p BulkPage) lines() []ui.Definition {
	var out []ui.Definition
	for _, part := range []struct {
		term string
		rows []commissions.Commission
	}{{p.verb(), p.ready()}, {"On hold", p.onHold()}, {"Stay as they are", p.left()}} {
		if len(part.rows) > 0 {
			out = append(out, ui.Definition{Term: part.term, Text: count(len(part.rows), "commission") + ", " + sums(part.rows)})
		}
	}
	return out
}

func (p BulkPage) verb() string {
	if p.approves() {
		return "To approve"
	}
	return "To reverse"
}

func (p BulkPage) forceLabel() string {
	return "Approve the " + strconv.Itoa(len(p.onHold())) + " on hold, too"
}

// OutcomePage is what became of a bulk action.
type OutcomePage struct {
	BulkPage

	Done   []commissions.Commission
	Failed []Failure
}

// Failure is one commission with which it could not be done, and why.
type Failure struct {
	ID         uuid.UUID
	Commission commissions.Commission
	Reason     string
}

// Notice says what was done in one sentence.
func (p OutcomePage) Notice() string {
	did := " reversed: "
	if p.approves() {
		did = " approved: "
	}
	if len(p.Done) == 0 {
		return "Nothing was changed."
	}
	return count(len(p.Done), "commission") + did + sums(p.Done) + "."
}

func (p OutcomePage) tone() ui.Tone {
	if len(p.Done) == 0 {
		return ui.Warning
	}
	return ui.Success
}

// AdjustPage is an amount that is given or taken by hand, as it was typed.
type AdjustPage struct {
	PartnerID, Kind, Amount, Currency, Note string
	Partners                                []ui.Option
	Errors                                  fault.Fields
	CancelHref                              string
}

func adjustKinds() []ui.Option {
	return []ui.Option{
		{Value: string(commissions.Bonus), Label: "Bonus", Hint: "A reward that no event stands behind."},
		{Value: string(commissions.Adjustment), Label: "Adjustment", Hint: "Puts something right; below zero it is taken from the next payout."},
	}
}
