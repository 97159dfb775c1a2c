package payouts

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// ListTarget selects what filters and pages of the list replace.
const ListTarget = "#" + listID

const listID = "payouts"

// RowsTarget selects the rows of a payout, which its pages replace.
const RowsTarget = "#" + rowsID

const rowsID = "rows"

// IndexPage is the list of payouts, and what the next ones are made of.
type IndexPage struct {
	Payable                 []payouts.Payable
	Rows                    []payouts.Payout
	Status, Rail, PartnerID string // what the list is narrowed to
	Partners                []ui.Option
	Errors                  fault.Fields
	MayEdit                 bool
	Pager                   ui.PagerProps
}

func (p IndexPage) narrowed() bool { return p.Status+p.Rail+p.PartnerID != "" }

func (p IndexPage) resetHref(u routes.URLs) string {
	if !p.narrowed() {
		return ""
	}
	return u.Payouts()
}

// payable are the figures of what could be paid now, currency by currency.
func (p IndexPage) payable() []ui.StatProps {
	var out []ui.StatProps
	for _, one := range p.Payable {
		note := "Owed by " + count(one.Partners, "partner") + "."
		if one.Amount >= 0 {
			note = "Owed to " + count(one.Partners, "partner") + "."
		}
		out = append(out, ui.StatProps{Label: "Payable now", Value: money.Amount{Minor: one.Amount, Currency: one.Currency}.Format(), Note: note})
	}
	return out
}

func statuses() []ui.Option {
	var out []ui.Option
	for _, s := range payouts.Statuses() {
		out = append(out, ui.Option{Value: string(s), Label: ui.StatusLabel(string(s))})
	}
	return out
}

func rails() []ui.Option {
	return []ui.Option{{Value: string(payouts.RailManual), Label: RailWords(payouts.RailManual)}, {Value: string(payouts.RailStripe), Label: RailWords(payouts.RailStripe)}}
}

// RailWords say by which way money goes.
func RailWords(r payouts.Rail) string {
	switch r {
	case payouts.RailStripe:
		return "Stripe"
	case payouts.RailManual:
		return "By hand"
	default:
		return "By Stripe where that can be, and else by hand"
	}
}

// count says how many there are of something.
func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return strconv.Itoa(n) + " " + of + "s"
}

func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

// stands says in a sentence where a payout stands.
func stands(p payouts.Payout) string {
	switch p.Status {
	case payouts.Pending:
		if p.Rail == payouts.RailManual {
			return "Waits until somebody has paid it and says so."
		}
		return "Is sent to Stripe in a moment."
	case payouts.Processing:
		return "Was sent to Stripe, and is not confirmed yet."
	case payouts.NeedsReview:
		return "Nobody knows whether the money went. Look at Stripe."
	case payouts.Paid:
		return "Paid on " + day(*p.CompletedAt) + "."
	case payouts.Failed:
		return "Was refused. Its commissions are free for the next run."
	default:
		return "Cancelled. Its commissions are free for the next run."
	}
}

// ShowPage is one payout with its rows and its story.
type ShowPage struct {
	Payout  payouts.Payout
	Rows    []commissions.Commission
	Details payouts.Details // of the partner, for who pays by hand
	History []audit.Past
	Now     time.Time
	MayEdit bool
	Pager   ui.PagerProps
}

func (p ShowPage) byHand() bool { return p.Payout.Rail == payouts.RailManual }

func (p ShowPage) open() bool { return p.Payout.Status == payouts.Pending }

// resting is a sentence about details that must not be used yet; empty when they may.
func (p ShowPage) resting() string {
	from := p.Details.UsableFrom(p.Now)
	if from.IsZero() {
		return ""
	}
	return "The bank details were changed on " + day(*p.Details.ChangedAt) + ". They can be used from " + from.UTC().Format("2 Jan 2006, 15:04") + " UTC, so that the partner can object if it was not them."
}

func (p ShowPage) facts(u routes.URLs) []ui.Definition {
	o := p.Payout
	out := []ui.Definition{
		{Term: "Partner", Body: ui.Link(u.PartnerShow(o.PartnerID), o.PartnerName)},
		{Term: "Way", Text: RailWords(o.Rail)},
		{Term: "Run", Body: ui.Link(u.PayoutRunShow(o.RunID), "Of "+day(o.CreatedAt))},
	}
	for _, fact := range []struct {
		term string
		text *string
	}{
		{"Reference", o.Reference}, {"Goes to", o.DestinationAccount}, {"Paid from", o.PayingAccount}, {"Transfer", o.StripeTransferID}, {"Code", o.FailureCode},
	} {
		if fact.text != nil {
			out = append(out, ui.Definition{Term: fact.term, Text: *fact.text})
		}
	}
	if o.Attempts > 0 {
		out = append(out, ui.Definition{Term: "Tries", Text: strconv.Itoa(o.Attempts)})
	}
	return append(out, ui.Definition{Term: "Id", Body: ui.Mono(o.ID.String())})
}

// history is what the payout went through.
func (p ShowPage) history() []ui.TraceStep {
	o := p.Payout
	steps := []ui.TraceStep{{Icon: ui.IconListChecks, Title: "Planned", Text: "Its commissions are frozen since.", Facts: []ui.Fact{{Label: "On", At: o.CreatedAt}}}}
	if o.PostedAt != nil {
		steps = append(steps, ui.TraceStep{Icon: ui.IconSend, Title: "Sent to Stripe", Facts: []ui.Fact{{Label: "On", At: *o.PostedAt}}})
	}
	end := func(icon ui.IconName, title string, tone ui.Tone, action string) ui.TraceStep {
		return ui.TraceStep{Icon: icon, Title: title, Tone: tone, Facts: append(p.by(action), ui.Fact{Label: "On", At: *o.CompletedAt})}
	}
	switch o.Status {
	case payouts.Paid:
		steps = append(steps, end(ui.IconBanknote, "Paid", ui.Success, "payout.marked_paid"))
	case payouts.Cancelled:
		steps = append(steps, end(ui.IconBan, "Cancelled", ui.Critical, "payout.cancelled"))
	case payouts.Failed:
		failed := end(ui.IconCircleX, "Refused", ui.Critical, "")
		failed.Text = said(o.LastError)
		steps = append(steps, failed)
	case payouts.NeedsReview:
		steps = append(steps, ui.TraceStep{Icon: ui.IconCircleHelp, Title: "Needs a look", Text: said(o.LastError), Tone: ui.Warning, Current: true})
	case payouts.Processing:
		steps = append(steps, ui.TraceStep{Icon: ui.IconClock, Title: "Waits for Stripe", Text: said(o.LastError), Current: true})
	case payouts.Pending:
		steps = append(steps, ui.TraceStep{Icon: ui.IconClock, Title: stands(o), Current: true})
	}
	return steps
}

// by says who did something last.
func (p ShowPage) by(action string) []ui.Fact {
	for _, past := range p.History {
		if past.Action == action {
			who := past.ActorName
			if who == "" {
				who = ui.StatusLabel(past.ActorKind)
			}
			return []ui.Fact{{Label: "By", Value: who}}
		}
	}
	return nil
}

func said(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// PaymentForm is what was typed about how a payout was paid.
type PaymentForm struct {
	Reference, PaidAt string
	Errors            fault.Fields
}

// RunPage is one run with its payouts.
type RunPage struct {
	Run      payouts.Run
	Progress payouts.Progress
	Rows     []payouts.Payout
	ByHand   int // payouts that still wait for somebody
	Started  string
	MayEdit  bool
	Pager    ui.PagerProps
}

// going reports whether it goes on by itself.
func (p RunPage) going() bool {
	return p.Progress[payouts.Processing] > 0 || p.Progress[payouts.Pending] > p.ByHand
}

func (p RunPage) progress() ui.ProgressProps {
	return ui.ProgressProps{
		ID: "run-progress", Label: "Paid, refused or cancelled", Done: p.Progress.Over(), Total: p.Progress.Total(),
		Note: strconv.Itoa(p.Progress.Over()) + " of " + strconv.Itoa(p.Progress.Total()),
	}
}

// Title names a run by its day.
func (p RunPage) Title() string { return "Payout run of " + day(p.Run.CreatedAt) }

func (p RunPage) subtitle() string {
	if p.Run.Period != nil {
		return "Planned by the clock."
	}
	if p.Started != "" {
		return "Started by " + p.Started + "."
	}
	return ""
}

func (p RunPage) facts() []ui.Definition {
	return []ui.Definition{{Term: "Together", Text: together(p.Run.Sums())}, {Term: "Approved up to", Body: ui.Time(p.Run.CutOff)}, {Term: "Id", Body: ui.Mono(p.Run.ID.String())}}
}

// together lists amounts of several currencies, which are never added.
func together(sums []money.Amount) string {
	words := make([]string, len(sums))
	for i, s := range sums {
		words[i] = s.Format()
	}
	if len(words) > 1 {
		last := len(words) - 1
		words = append(words[:last-1], words[last-1]+" and "+words[last])
	}
	return strings.Join(words, ", ")
}

// ReasonWords say why a balance is not paid.
func ReasonWords(r payouts.Reason) string {
	switch r {
	case payouts.BelowThreshold:
		return "Below the threshold"
	case payouts.ZeroBalance:
		return "Nothing is left after what was taken back"
	case payouts.NegativeBalance:
		return "More was taken back than earned; it is carried forward"
	case payouts.PartnerRevoked:
		return "No partner any more; paid only when named"
	case payouts.Excluded:
		return "Left out by you"
	case payouts.NoPayoutAccount:
		return "No payout account at Stripe that is ready"
	case payouts.CoolingDown:
		return "The payout account was changed less than 72 hours ago"
	case payouts.RailNotAvailable:
		return "Payouts by Stripe are not set up"
	default:
		return ui.StatusLabel(string(r))
	}
}

// PreviewPage is the form of a run with what it would do.
type PreviewPage struct {
	Currency, CutOff string
	Currencies       []ui.Option
	Partners         []uuid.UUID // who were asked for; none: all
	Excluded         []uuid.UUID
	Plan             payouts.Plan
	Rail             payouts.Rail
	Errors           fault.Fields
	Trouble          string // why no plan can be made at all
}

// Summary says whom a plan pays and how much.
func Summary(pay []payouts.Planned) string {
	people, run := map[uuid.UUID]bool{}, payouts.Run{Totals: map[string]int64{}}
	for _, p := range pay {
		people[p.PartnerID] = true
		run.Totals[p.Currency] += p.Amount
	}
	return count(len(people), "partner") + " " + together(run.Sums())
}

// leftOut are the partners whom the person left out, to be taken in again.
func (p PreviewPage) leftOut() []ui.Option {
	var out []ui.Option
	for _, s := range p.Plan.Skipped {
		if s.Reason == payouts.Excluded && !slices.ContainsFunc(out, func(o ui.Option) bool { return o.Value == s.PartnerID.String() }) {
			out = append(out, ui.Option{Value: s.PartnerID.String(), Label: s.PartnerName})
		}
	}
	return out
}

func (p PreviewPage) leftOutIDs() []string {
	var out []string
	for _, o := range p.leftOut() {
		out = append(out, o.Value)
	}
	return out
}

// notPaid are the balances that the rules leave out.
func (p PreviewPage) notPaid() []payouts.Skipped {
	return slices.DeleteFunc(slices.Clone(p.Plan.Skipped), func(s payouts.Skipped) bool { return s.Reason == payouts.Excluded })
}

// named is the form for a partner alone, whatever their state.
func named(u routes.URLs, id uuid.UUID) string {
	return u.PayoutRunsNew() + "?partner_id=" + id.String()
}

// cutOffForm is how the question carries the moment that its plan was made for.
const cutOffForm = time.RFC3339Nano

func lines(text string) []string { return strings.Split(text, "\n") }
