package ledger_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/views/ledger"
)

func at() time.Time { return time.Date(2026, 5, 12, 14, 0, 0, 0, time.UTC) }

func ptr[T any](v T) *T { return &v }

func doc(t *testing.T, c templ.Component) *goquery.Document {
	t.Helper()
	var out strings.Builder
	if err := c.Render(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	d, err := goquery.NewDocumentFromReader(strings.NewReader(out.String()))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// says checks that each text stands in the document, whatever elements it is made of.
func says(t *testing.T, d *goquery.Document, wants ...string) {
	t.Helper()
	d.Find("*").AppendHtml(" ")
	text := strings.Join(strings.Fields(d.Text()), " ")
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q: %s", want, text)
		}
	}
}

func event() attribution.Event {
	return attribution.Event{
		ID: uuid.New(), UserID: "u_481", Type: "purchase", Amount: ptr(int64(4999)), Currency: ptr("USD"), OccurredAt: at(), CreatedAt: at(),
	}
}

func click(before time.Duration, flag tracking.Flag) tracking.Click {
	return tracking.Click{
		ID: uuid.New(), LinkKey: "zoe-spring", PartnerID: uuid.New(), PartnerName: "Zoe", CampaignName: "Summer", Flag: flag,
		OccurredAt: at().Add(-before),
	}
}

const day = 24 * time.Hour

func TestTrace_Touches(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		touch attribution.ToldTouch
		want  []string
	}{
		"Kept": {attribution.ToldTouch{Click: click(2*day, ""), Verdict: attribution.VerdictKept}, []string{"Counts", "Clicked 2 days before the event, within the window of 60 days."}},
		"KeptThoughAfter": {
			attribution.ToldTouch{Click: click(-3*time.Minute, ""), Verdict: attribution.VerdictKept},
			[]string{"Counts", "Clicked 3 minutes after the event: within the 5 minutes"},
		},
		"TooOld": {
			attribution.ToldTouch{Click: click(75*day, ""), Verdict: attribution.VerdictDropped, Reason: attribution.DropOutsideWindow},
			[]string{"Dropped: too old", "Clicked 75 days before the event. The window was 60 days."},
		},
		"TooOldByMinutes": {
			attribution.ToldTouch{Click: click(60*day+12*time.Minute, ""), Verdict: attribution.VerdictDropped, Reason: attribution.DropOutsideWindow},
			[]string{"Clicked 60 days and 12 minutes before the event."},
		},
		"AfterEvent": {
			attribution.ToldTouch{Click: click(-3*time.Hour, ""), Verdict: attribution.VerdictDropped, Reason: attribution.DropAfterEvent},
			[]string{"Dropped: after the event", "Clicked 3 hours after the event, so it can't have led to it."},
		},
		"Bot": {
			attribution.ToldTouch{Click: click(day, tracking.FlagBot), Verdict: attribution.VerdictDropped, Reason: attribution.DropFlagged},
			[]string{"Dropped: flagged", "A program opened the link"},
		},
		"Velocity": {
			attribution.ToldTouch{Click: click(day, tracking.FlagVelocity), Verdict: attribution.VerdictDropped, Reason: attribution.DropFlagged},
			[]string{"Dropped: flagged", "Too many clicks in a short time"},
		},
		"ByHand": {
			attribution.ToldTouch{Click: click(day, tracking.FlagManual), Verdict: attribution.VerdictDropped, Reason: attribution.DropFlagged},
			[]string{"Dropped: flagged", "An admin flagged it."},
		},
		"UnflaggedMeanwhile": {
			attribution.ToldTouch{Click: click(day, ""), Verdict: attribution.VerdictDropped, Reason: attribution.DropFlagged},
			[]string{"Dropped: flagged", "The click is flagged."},
		},
		"Revoked": {
			attribution.ToldTouch{Click: click(day, tracking.FlagRevoked), Verdict: attribution.VerdictDropped, Reason: attribution.DropRevoked},
			[]string{"Dropped: partner revoked", "The partner was not allowed to earn"},
		},
		"SelfReferral": {
			attribution.ToldTouch{Click: click(day, tracking.FlagSelfReferral), Verdict: attribution.VerdictDropped, Reason: attribution.DropSelfReferral},
			[]string{"Dropped: own purchase", "Nobody earns from their own purchases."},
		},
		"Locked":  {attribution.ToldTouch{Click: click(day, ""), Verdict: attribution.VerdictLocked}, []string{"Not asked", "settled before"}},
		"Unheard": {attribution.ToldTouch{Click: click(day, ""), Verdict: attribution.VerdictUnheard}, []string{"Not asked", "A browser named the customer only after"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.touch.WindowDays = 60
			story := attribution.Story{Outcome: attribution.Outcome{Event: event()}, Touches: []attribution.ToldTouch{c.touch}}
			d := doc(t, ledger.Trace(ledger.Telling{Story: story, Now: at()}))
			says(t, d, append(c.want, "Click on zoe-spring", "Zoe", "Summer", "User u_481 recognised")...)
		})
	}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for status, want := range map[attribution.Status]string{
		attribution.StatusRecorded:      "This event takes back another one",
		attribution.StatusUnknownUser:   "no click was ever tied to this user. If a partner did send them",
		attribution.StatusNoTouch:       "all clicks of this user came after it. If that can't be, check which occurred_at",
		attribution.StatusOutsideWindow: "the user's clicks were too old when it happened. A longer window",
		attribution.StatusFlagged:       "every click of this user is flagged. Open the clicks below",
		attribution.StatusSelfReferral:  "the customer is the partner who sent them. If that is wrong, check",
		"":                              "This event is not decided yet.",
	} {
		t.Run("Status_"+string(status), func(t *testing.T) {
			t.Parallel()
			story := attribution.Story{Outcome: attribution.Outcome{Event: event(), Decision: attribution.Decision{Status: status}}}
			says(t, doc(t, ledger.Verdict(ledger.Telling{Story: story})), want)
		})
	}
	for reason, want := range map[commissions.Reason]string{
		commissions.ReasonNoRule:             "None of the campaign's rules fits an event of type purchase",
		commissions.ReasonZero:               "after rounding and refunds nothing is left",
		commissions.ReasonCampaignNotRunning: "outside the campaign's dates",
		commissions.ReasonDurationOver:       "The rule pays for a number of months",
	} {
		t.Run("Reason_"+string(reason), func(t *testing.T) {
			t.Parallel()
			story := sale(share("Zoe", 1, 1))
			story.Shares[0].Reason, story.Shares[0].Keys = reason, nil
			says(t, doc(t, ledger.Verdict(ledger.Telling{Story: story})), "Nobody earns from this event.", want)
			says(t, doc(t, ledger.Trace(ledger.Telling{Story: story})), "Zoe", "Share: 1", "Nothing:", want)
		})
	}
	t.Run("NamesEveryPartner", func(t *testing.T) {
		t.Parallel()
		story := sale(share("Zoe", 1, 2), share("Ada", 1, 2))
		says(t, doc(t, ledger.Verdict(ledger.Telling{Story: story})), "Zoe earns $5.00 and Ada earns $5.00.")
	})
}

// sale is an attributed event of $49.99 at 20 percent.
func sale(shares ...attribution.ToldShare) attribution.Story {
	d := attribution.Decision{Status: attribution.StatusAttributed, Model: campaigns.Linear, Version: 3}
	return attribution.Story{Outcome: attribution.Outcome{Event: event(), Decision: d}, Campaign: "Summer", Shares: shares}
}

func share(partner string, num, den int64) attribution.ToldShare {
	w := money.Weight{Num: num, Den: den}
	row := commissions.Commission{
		ID: uuid.New(), PartnerName: partner, Kind: commissions.Earned, Status: commissions.Pending, Amount: 1000 * num / den, Currency: "USD",
		MaturesAt: at().Add(30 * day), CreatedAt: at(),
	}
	return attribution.ToldShare{
		Share: attribution.Share{PartnerID: uuid.New(), Weight: w}, Partner: partner, Campaign: "Summer", Click: click(day, ""),
		Keys: []attribution.ToldKey{{
			Rule: campaigns.Rule{Kind: campaigns.Percent, RatePPM: 200_000, EventType: "purchase", DurationMonths: 12}, Rows: []commissions.Commission{row},
			Due: &commissions.Target{
				BaseAmount: ptr(int64(4999)), BaseCurrency: "USD", RatePPM: 200_000, Weight: w, Amount: row.Amount, Currency: "USD",
				Working: commissions.Working{Whole: 1000, Remaining: 4999, Paid: 4999, Stays: 1000, Weights: money.Weight{Num: 1, Den: 1}, Pool: 1000},
			},
		}},
	}
}

func TestTrace_Arithmetic(t *testing.T) {
	t.Parallel()
	t.Run("Percent", func(t *testing.T) {
		t.Parallel()
		says(t, doc(t, ledger.Trace(ledger.Telling{Story: sale(share("Zoe", 1, 1)), Now: at()})),
			"Model: linear", "Version 3", "20 % of $49.99 × 1 = $10.00", "Pending until 11 Jun 2026",
			"20 % of every purchase for 12 months", "Rounding from $9.998")
	})
	t.Run("SplitShareNamesThePool", func(t *testing.T) {
		t.Parallel()
		says(t, doc(t, ledger.Trace(ledger.Telling{Story: sale(share("Zoe", 1, 2), share("Ada", 1, 2)), Now: at()})),
			"2 partners", "20 % of $49.99 × 1/2 = $5.00", "Rounding from $4.999, all shares add up to $10.00")
	})
	t.Run("NeverEndingFraction", func(t *testing.T) {
		t.Parallel()
		s := share("Zoe", 1, 3)
		s.Keys[0].Due.BaseAmount, s.Keys[0].Due.RatePPM = ptr(int64(10_000)), 100_000
		says(t, doc(t, ledger.Trace(ledger.Telling{Story: sale(s), Now: at()})), "from $3.333333…")
	})
	t.Run("RefundedInPart", func(t *testing.T) {
		t.Parallel()
		s := share("Zoe", 1, 1)
		due := s.Keys[0].Due
		due.BaseAmount, due.Whole, due.Remaining, due.Paid, due.Stays, due.Amount = ptr(int64(10_000)), 2000, 7500, 10_000, 1500, 1500
		first := s.Keys[0].Rows[0]
		first.Amount, first.Status, first.ReversedReason = 2000, commissions.Reversed, ptr("refund")
		second := s.Keys[0].Rows[0]
		second.ID, second.Amount = uuid.New(), 1500
		s.Keys[0].Rows = []commissions.Commission{first, second}
		says(t, doc(t, ledger.Trace(ledger.Telling{Story: sale(s), Now: at()})),
			"20 % of $100.00 × 3/4 × 1 = $15.00", "Due: $15.00", "Left after refunds $75.00 of $100.00", "Before $20.00", "Stays $15.00",
			"those that still stand add up to it", "Earned: $20.00 Reversed", "Taken back because of a refund", "Earned: $15.00 Pending")
	})
	t.Run("Fixed", func(t *testing.T) {
		t.Parallel()
		s := share("Zoe", 1, 1)
		s.Keys[0].Due.RatePPM, s.Keys[0].Rule = 0, campaigns.Rule{Kind: campaigns.Fixed, Amount: 1000, Currency: "USD", EventType: "signup", Trigger: campaigns.First}
		says(t, doc(t, ledger.Trace(ledger.Telling{Story: sale(s), Now: at()})), "$10.00 fixed × 1 = $10.00", "$10.00 for the first signup", "Rounding none")
	})
	t.Run("RejectedStaysRejected", func(t *testing.T) {
		t.Parallel()
		s := share("Zoe", 1, 1)
		s.Keys[0].Rows[0].Status, s.Keys[0].Rows[0].ReversedReason = commissions.Reversed, ptr("rejected")
		says(t, doc(t, ledger.Trace(ledger.Telling{Story: sale(s), Now: at()})), "A person rejected it, so the rules leave it alone.", "Rejected by the program")
	})
	t.Run("FormerPartner", func(t *testing.T) {
		t.Parallel()
		s := sale(share("Zoe", 1, 1))
		former := share("Ada", 1, 1)
		former.Keys[0].Due = nil
		s.Former = []attribution.ToldShare{former}
		says(t, doc(t, ledger.Trace(ledger.Telling{Story: s, Now: at()})), "Ada No share any more", "Earned from it until the event was decided anew.")
	})
}

func TestTrace_Relations(t *testing.T) {
	t.Parallel()
	other := event()
	s := sale(share("Zoe", 1, 1))
	s.Decision.Locked, s.Binding, s.Follow = true, &other, 2
	refund := attribution.Event{ID: uuid.New(), Type: "refund", Amount: ptr(int64(2500)), Currency: ptr("USD"), OccurredAt: at()}
	s.Corrections = []attribution.Event{refund}
	d := doc(t, ledger.Trace(ledger.Telling{Story: s, Now: at()}))
	says(t, d, "Customer lock Locked", "Settled by Purchase: $49.99", "Refund: $25.00", "Partners earn from what was not refunded.", "2 later events of this customer")
	for _, id := range []uuid.UUID{other.ID, refund.ID} {
		if d.Find(`a[href="/admin/activity/events/`+id.String()+`"]`).Length() != 1 {
			t.Errorf("no link to the event %s", id)
		}
	}
}

func TestTrace_MarksTheRowOfThePage(t *testing.T) {
	t.Parallel()
	s := sale(share("Zoe", 1, 1))
	id := s.Shares[0].Keys[0].Rows[0].ID
	if got := doc(t, ledger.Trace(ledger.Telling{Story: s, Focus: id})).Find(`[aria-current="true"]`).Length(); got != 1 {
		t.Errorf("got %d marked steps, want 1", got)
	}
	if doc(t, ledger.Trace(ledger.Telling{Story: s})).Find(`a[href="/admin/commissions/`+id.String()+`"]`).Length() != 1 {
		t.Error("elsewhere the row is no link")
	}
}

func TestTrace_ForAPartnerLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s := sale(share("Zoe", 1, 3))
	s.Touches = []attribution.ToldTouch{{Click: click(day, ""), Verdict: attribution.VerdictKept, WindowDays: 60, Verified: true}}
	s.Customer, s.Event.UserID = "a1b2c3", ""
	other := event()
	s.Decision.Locked, s.Binding, s.Corrections = true, &other, []attribution.Event{other}
	d := doc(t, ledger.Trace(ledger.Telling{Story: s, Partner: true, Now: at()}))
	says(t, d, "Your part", "Share: 1/3", "Customer …a1b2c3 recognised", "Other partners led to this event, too.")
	d.Find("a").Each(func(_ int, a *goquery.Selection) {
		if href := a.AttrOr("href", ""); !strings.HasPrefix(href, "/partner/commissions/") {
			t.Errorf("a link to %s", href)
		}
	})
}

func TestStands(t *testing.T) {
	t.Parallel()
	may := at().Add(-2 * day)
	for name, c := range map[string]struct {
		in   commissions.Commission
		want string
	}{
		"OnHold":   {commissions.Commission{Status: commissions.Pending, MaturesAt: at().Add(day)}, "Pending until 13 May 2026"},
		"Ready":    {commissions.Commission{Status: commissions.Pending, MaturesAt: may}, "Waits for approval since 10 May 2026"},
		"Approved": {commissions.Commission{Status: commissions.Approved, Amount: 5, ApprovedAt: &may}, "Approved on 10 May 2026, in the next payout"},
		"Negative": {commissions.Commission{Status: commissions.Approved, Amount: -5, ApprovedAt: &may}, "Set off against the next payout"},
		"Paid":     {commissions.Commission{Status: commissions.Paid, PaidAt: &may}, "Paid on 10 May 2026"},
		"Dispute":  {commissions.Commission{Status: commissions.Held, HeldReason: ptr("dispute")}, "Held while the customer disputes the payment"},
		"Rejected": {commissions.Commission{Status: commissions.Reversed, ReversedReason: ptr("rejected")}, "Rejected by the program"},
		"Replaced": {commissions.Commission{Status: commissions.Reversed, ReversedReason: ptr("superseded")}, "Replaced by a later decision"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := ledger.Stands(c.in, at()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
