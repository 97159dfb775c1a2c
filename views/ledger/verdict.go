package ledger

import (
	"maps"
	"slices"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/views/ui"
)

// Verdict is the outcome of the event in a sentence, and what to do about it if anything.
func (t Telling) Verdict() (tone ui.Tone, text, advice string) {
	d := t.Story.Decision
	if d.Status != attribution.StatusAttributed {
		return unearnedWords(d.Status, t.Story.Event.Type)
	}
	earned := t.earned()
	if len(earned) > 0 {
		return ui.Success, list(earned) + ".", ""
	}
	for _, share := range t.Story.Shares {
		if share.Reason != "" {
			_, text := reasonWords(share.Reason, t.Story.Event.Type)
			return ui.Warning, "Nobody earns from this event. " + text, ""
		}
	}
	return ui.Warning, "Nobody earns from this event: what was earned was taken back.", ""
}

// earned sums what each partner has of the event: "Zoe earns $10.00".
func (t Telling) earned() []string {
	var out []string
	for _, share := range slices.Concat(t.Story.Shares, t.Story.Former) {
		sums := map[string]int64{}
		for _, key := range share.Keys {
			for _, c := range key.Rows {
				if c.Status != commissions.Reversed {
					sums[c.Currency] += c.Amount
				}
			}
		}
		for _, currency := range slices.Sorted(maps.Keys(sums)) {
			if sums[currency] != 0 {
				out = append(out, share.Partner+" earns "+money.Amount{Minor: sums[currency], Currency: currency}.Format())
			}
		}
	}
	return out
}

// unearnedWords says why an event was not attributed, and what to do.
func unearnedWords(s attribution.Status, eventType string) (tone ui.Tone, text, advice string) {
	switch s {
	case attribution.StatusRecorded:
		if eventType == attribution.TypePaymentFailed {
			return ui.Info, "A failed payment is recorded and changes nothing.", ""
		}
		return ui.Info, "This event takes back another one; nobody earns from it.", ""
	case attribution.StatusUnknownUser:
		return ui.Info, "Nobody earns from this event: no click was ever tied to this user.",
			"If a partner did send them, the shop has to say whose click it was: call identify on the page they land on, or send the cref along with the event. The event is then decided anew."
	case attribution.StatusNoTouch:
		return ui.Info, "Nobody earns from this event: all clicks of this user came after it.",
			"If that can't be, check which occurred_at the shop sends and whether its clock is right."
	case attribution.StatusOutsideWindow:
		return ui.Info, "Nobody earns from this event: the user's clicks were too old when it happened.",
			"A longer window of the campaign counts for later events; it does not change this one."
	case attribution.StatusFlagged:
		return ui.Warning, "Nobody earns from this event: every click of this user is flagged.",
			"Open the clicks below and see why. When a click is no longer flagged, the event is decided anew."
	case attribution.StatusSelfReferral:
		return ui.Warning, "Nobody earns from this event: the customer is the partner who sent them.",
			"If that is wrong, check which e-mail address the shop sends along with events."
	default:
		return ui.Info, "This event is not decided yet.", "Reload the page in a moment."
	}
}
