package ledger

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// Telling is a story told to somebody.
type Telling struct {
	Story   attribution.Story
	Focus   uuid.UUID // the commission that the page is about, if it is about one
	Partner bool      // told to a partner: the story is their part, and links lead within the portal
	Now     time.Time
}

// Steps are the story in the order in which things were decided: the clicks, the lock, the
// model, each share with its arithmetic, and what came later.
func (t Telling) Steps(u routes.URLs) []ui.TraceStep {
	var steps []ui.TraceStep
	for _, touch := range t.Story.Touches {
		steps = append(steps, t.touch(u, touch))
	}
	if t.Story.MoreTouches > 0 {
		steps = append(steps, ui.TraceStep{
			Icon: ui.IconEllipsis, Title: count(t.Story.MoreTouches, "older click") + " of this user",
			Text: "Judged by the same rules; too many to list.",
		})
	}
	if len(t.Story.Touches) > 0 {
		steps = append(steps, t.customer(u))
	}
	if t.Story.Decision.Locked {
		steps = append(steps, t.lock(u))
	}
	if t.Story.Decision.Status == attribution.StatusAttributed {
		steps = append(steps, t.model(u))
	}
	for _, share := range t.Story.Shares {
		steps = append(steps, t.share(u, share)...)
	}
	for _, former := range t.Story.Former {
		steps = append(steps, t.former(u, former)...)
	}
	return append(steps, t.aftermath(u)...)
}

func (t Telling) touch(u routes.URLs, touch attribution.ToldTouch) ui.TraceStep {
	c := touch.Click
	step := ui.TraceStep{Icon: ui.IconMousePointerClick, Title: "Click on " + c.LinkKey}
	if c.LinkKey == "" {
		step.Title = "Click"
	}
	if !t.Partner {
		step.Href = u.ClickShow(c.ID)
		step.Facts = []ui.Fact{{Label: "Partner", Value: c.PartnerName, Href: u.PartnerShow(c.PartnerID)}}
	}
	step.Facts = append(step.Facts, ui.Fact{Label: "Campaign", Value: c.CampaignName}, ui.Fact{Label: "Clicked", At: c.OccurredAt})
	t.judge(&step, touch)
	return step
}

// judge says what became of a click, and why.
func (t Telling) judge(step *ui.TraceStep, touch attribution.ToldTouch) {
	before := t.Story.Event.OccurredAt.Sub(touch.Click.OccurredAt)
	switch touch.Verdict {
	case attribution.VerdictKept:
		step.Outcome, step.Tone = "Counts", ui.Success
		step.Text = "Clicked " + age(before, touch.WindowDays) + " before the event, within the window of " + count(touch.WindowDays, "day") + "."
		if before < 0 {
			step.Text = "Clicked " + span(-before) + " after the event: within the 5 minutes by which clocks may differ."
		}
	case attribution.VerdictLocked:
		step.Outcome, step.Text = "Not asked", "Who earns from this customer was settled before; other clicks change nothing."
		for _, share := range t.Story.Shares {
			if share.ClickID == touch.Click.ID {
				step.Outcome, step.Tone, step.Text = "Won the customer", ui.Success, "This click decided the event that settled who earns."
			}
		}
	case attribution.VerdictUnheard:
		step.Outcome = "Not asked"
		step.Text = "A browser named the customer only after the event was recorded, when other clicks counted already."
	default:
		t.dropped(step, touch, before)
	}
}

func (t Telling) dropped(step *ui.TraceStep, touch attribution.ToldTouch, before time.Duration) {
	short, text := t.dropWords(touch.Reason)
	step.Outcome, step.Text = "Dropped: "+short, text
	switch touch.Reason {
	case attribution.DropOutsideWindow:
		step.Text = "Clicked " + age(before, touch.WindowDays) + " before the event. The window was " + count(touch.WindowDays, "day") + "."
	case attribution.DropAfterEvent:
		step.Text = "Clicked " + span(-before) + " after the event, " + text
	case attribution.DropFlagged:
		step.Tone = ui.Critical
		if words := FlagWords(touch.Click.Flag); words != "" {
			step.Text = words
		}
	default:
		step.Tone = ui.Critical
	}
}

// customer says who tied the clicks to the user.
func (t Telling) customer(u routes.URLs) ui.TraceStep {
	step := ui.TraceStep{Icon: ui.IconFingerprint, Title: "Customer recognised"}
	if t.Partner {
		step.Title = "Customer …" + t.Story.Customer + " recognised"
	} else {
		step.Title = "User " + t.Story.Event.UserID + " recognised"
		step.Href = UserHref(u, t.Story.Event.UserID)
	}
	shop := 0
	first := t.Story.Touches[0].StitchedAt
	for _, touch := range t.Story.Touches {
		if touch.Verified {
			shop++
		}
		if touch.StitchedAt.Before(first) {
			first = touch.StitchedAt
		}
	}
	switch all := len(t.Story.Touches); {
	case shop == all:
		step.Text = "The shop itself said whose " + plural(all, "click it was.", "clicks these were.")
	case shop == 0:
		step.Text = "A browser said whose " + plural(all, "click it was.", "clicks these were.")
	default:
		step.Text = "The shop itself named the customer of " + count(shop, "click") + ", a browser that of the others."
	}
	step.Facts = []ui.Fact{{Label: "First", At: first}}
	return step
}

func (t Telling) lock(u routes.URLs) ui.TraceStep {
	step := ui.TraceStep{
		Icon: ui.IconLock, Title: "Customer lock", Outcome: "Locked", Tone: ui.Accent,
		Text: "An earlier event settled who earns from this customer, so this one pays the same in the same shares.",
	}
	if b := t.Story.Binding; b != nil {
		fact := ui.Fact{Label: "Settled by", Value: EventTitle(*b)}
		if !t.Partner {
			fact.Href = u.EventShow(b.ID)
		}
		step.Facts = []ui.Fact{fact, {Label: "On", At: b.OccurredAt}}
	}
	return step
}

func (t Telling) model(u routes.URLs) ui.TraceStep {
	d := t.Story.Decision
	name, sentence := modelWords(d.Model)
	step := ui.TraceStep{Icon: ui.IconSplit, Title: "Model: " + lowerFirst(name), Text: sentence, Tone: ui.Info}
	campaign := ui.Fact{Label: "Campaign", Value: t.Story.Campaign}
	if t.Partner {
		if len(t.Story.Shares) > 0 && t.Story.Shares[0].Weight.Den > 1 {
			step.Text += " Other partners led to this event, too."
		}
	} else {
		campaign.Href = u.CampaignShow(d.CampaignID)
		step.Outcome = count(len(t.Story.Shares), "partner")
	}
	step.Facts = []ui.Fact{campaign, {Label: "Version", Value: strconv.Itoa(d.Version)}, {Label: "Decided", At: t.Story.DecidedAt}}
	return step
}

// share is one partner's part: a step for the share, and steps for what each rule makes of it.
func (t Telling) share(u routes.URLs, share attribution.ToldShare) []ui.TraceStep {
	step := ui.TraceStep{Icon: ui.IconUser, Title: share.Partner, Outcome: "Share: " + share.Weight.String(), Tone: ui.Accent}
	if t.Partner {
		step.Title = "Your part"
	} else {
		step.Href = u.PartnerShow(share.PartnerID)
	}
	if share.Click.LinkKey != "" {
		step.Facts = append(step.Facts, ui.Fact{Label: "By the click on", Value: share.Click.LinkKey})
	}
	if share.Campaign != t.Story.Campaign {
		step.Facts = append(step.Facts, ui.Fact{Label: "Paid by the rules of", Value: share.Campaign})
	}
	steps := []ui.TraceStep{step}
	for _, key := range share.Keys {
		steps = append(steps, t.key(u, key)...)
	}
	if share.Reason != "" {
		title, text := reasonWords(share.Reason, t.Story.Event.Type)
		steps = append(steps, ui.TraceStep{Icon: ui.IconMinus, Title: title, Text: text, Tone: ui.Warning})
	}
	return steps
}

// former is a partner who earned before a later decision gave the event to others.
func (t Telling) former(u routes.URLs, share attribution.ToldShare) []ui.TraceStep {
	step := ui.TraceStep{
		Icon: ui.IconUser, Title: share.Partner, Outcome: "No share any more",
		Text: "Earned from it until the event was decided anew.",
	}
	if t.Partner {
		step.Title = "Your part"
	} else {
		step.Href = u.PartnerShow(share.PartnerID)
	}
	steps := []ui.TraceStep{step}
	for _, key := range share.Keys {
		steps = append(steps, t.rows(u, key)...)
	}
	return steps
}

// key is what one rule gives. Where the ledger has one row for it, that row is the calculation.
func (t Telling) key(u routes.URLs, key attribution.ToldKey) []ui.TraceStep {
	calculation := ui.TraceStep{Icon: ui.IconPercent, Title: "Nothing is due any more", Tone: ui.Warning}
	if key.Due != nil {
		w := workingOf(key)
		calculation.Title, calculation.Tone, calculation.Outcome = w.sum(), ui.Accent, "Due: "+w.amount(w.Amount)
		calculation.Facts = append([]ui.Fact{{Label: "Rule", Value: t.ruleWords(key.Rule)}}, w.facts()...)
		if len(key.Rows) == 1 && key.Rows[0].Amount == w.Amount && !key.Pinned() {
			row := t.row(u, key.Rows[0])
			row.Icon, row.Title = calculation.Icon, calculation.Title
			row.Facts = append(calculation.Facts, row.Facts...)
			return []ui.TraceStep{row}
		}
	}
	calculation.Text = t.balance(key)
	steps := []ui.TraceStep{calculation}
	return append(steps, t.rows(u, key)...)
}

// rows are the lines of the ledger, as details.
func (t Telling) rows(u routes.URLs, key attribution.ToldKey) []ui.TraceStep {
	var steps []ui.TraceStep
	for _, row := range key.Rows {
		step := t.row(u, row)
		step.Minor = true
		step.Facts = append([]ui.Fact{{Label: "Now", Value: Stands(row, t.Now)}}, step.Facts...)
		step.Text = ""
		steps = append(steps, step)
	}
	return steps
}

// balance says how the rows below relate to what is due.
func (t Telling) balance(key attribution.ToldKey) string {
	switch {
	case key.Pinned():
		return "A person rejected it, so the rules leave it alone."
	case len(key.Rows) == 0:
		return ""
	case len(key.Rows) == 1:
		return "This line is in the ledger:"
	default:
		return "These lines are in the ledger; those that still stand add up to it."
	}
}

func (t Telling) row(u routes.URLs, c commissions.Commission) ui.TraceStep {
	step := ui.TraceStep{
		Icon: ui.IconCoins, Title: ui.StatusLabel(string(c.Kind)) + ": " + c.Money().Format(), Outcome: ui.StatusLabel(string(c.Status)),
		Tone: ui.StatusTone(string(c.Status)), Text: Stands(c, t.Now) + ".", Current: c.ID == t.Focus,
		Facts: []ui.Fact{{Label: "Written", At: c.CreatedAt}},
	}
	if !step.Current {
		step.Href = t.rowHref(u, c.ID)
	}
	return step
}

func (t Telling) rowHref(u routes.URLs, id uuid.UUID) string {
	if t.Partner {
		return u.PortalCommissionShow(id)
	}
	return u.CommissionShow(id)
}

// aftermath is what the event has to do with others.
func (t Telling) aftermath(u routes.URLs) []ui.TraceStep {
	var steps []ui.TraceStep
	href := func(id uuid.UUID) string {
		if t.Partner {
			return ""
		}
		return u.EventShow(id)
	}
	if e := t.Story.Corrects; e != nil {
		steps = append(steps, ui.TraceStep{
			Icon: ui.IconUndo2, Title: "Takes back " + EventTitle(*e), Href: href(e.ID), Tone: ui.Info,
			Text: "What partners earned from that event follows it.", Facts: []ui.Fact{{Label: "Happened", At: e.OccurredAt}},
		})
	}
	for _, e := range t.Story.Corrections {
		steps = append(steps, ui.TraceStep{
			Icon: ui.IconUndo2, Title: EventTitle(e), Href: href(e.ID), Tone: ui.Warning, Text: correctionWords(e.Type),
			Facts: []ui.Fact{{Label: "Happened", At: e.OccurredAt}},
		})
	}
	if t.Story.Follow > 0 {
		steps = append(steps, ui.TraceStep{
			Icon: ui.IconLock, Title: "Settles who earns from this customer", Tone: ui.Info,
			Text: count(t.Story.Follow, "later event") + " of this customer pay the same partners in the same shares.",
		})
	}
	return steps
}

func correctionWords(eventType string) string {
	switch eventType {
	case attribution.TypeRefund:
		return "Partners earn from what was not refunded."
	case attribution.TypeDispute:
		return "The customer disputes the payment."
	case attribution.TypeDisputeLost:
		return "The dispute was lost: nothing is left of the event to earn from."
	case attribution.TypeDisputeWon:
		return "The dispute was won: the event counts again."
	default:
		return "Recorded; it changes nothing."
	}
}
