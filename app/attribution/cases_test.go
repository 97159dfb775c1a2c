package attribution_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/partners"
)

// Every figure here was worked out by hand.

func (w *world) at(year int, month time.Month, day int) *world {
	w.now = time.Date(year, month, day, 9, 0, 0, 0, time.UTC)
	return w
}

// visit has a user come through a link and be recognised by the merchant's server.
func (w *world) visit(l links.Link, user string) uuid.UUID {
	w.t.Helper()
	cref := w.click(l)
	w.identify(cref, user)
	w.now = w.now.Add(time.Minute)
	return cref
}

func (w *world) approveAll(event uuid.UUID) {
	w.t.Helper()
	for _, c := range must(w.commissions.OfEvent(w.ctx, event))(w.t) {
		if c.Status == commissions.Pending {
			must(w.commissions.Approve(w.ctx, c.ID, false, ""))(w.t)
		}
	}
}

// pay builds what a payout will do: approved rows become paid.
func (w *world) pay(event uuid.UUID) {
	w.t.Helper()
	w.exec(`update commissions set status = 'paid', paid_at = now() where event_id = ? and status = 'approved'`, event)
}

func (w *world) back(event uuid.UUID, eventType string, amount *int64) attribution.Outcome {
	w.t.Helper()
	w.now = w.now.Add(time.Hour)
	in := attribution.EventInput{UserID: "u1", Type: eventType, Reverses: ptr(event.String()), Amount: amount}
	if amount != nil && eventType != attribution.TypeRefund {
		in.Currency = ptr("USD")
	}
	return w.record(in)
}

func linear(w *world, rules ...campaigns.RuleInput) campaigns.Campaign {
	return w.campaign(campaigns.Input{AttributionModel: ptr(campaigns.Linear)}, rules...)
}

func fixed(amount int64) campaigns.RuleInput {
	return campaigns.RuleInput{Kind: "fixed", Amount: &amount, Currency: "USD"}
}

func TestWorkedCases(t *testing.T) {
	t.Parallel()

	t.Run("ThreeEqualPartnersShareTenPercentToTheCent", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := linear(w, percent("10"))
		for _, name := range []string{"ada", "bob", "cy"} {
			_, l := w.partner(name, c)
			w.visit(l, "u1")
		}
		sale := w.sale("u1", 10000).Event.ID
		w.want(sale, map[string]int64{"ada pending": 334, "bob pending": 333, "cy pending": 333})
		w.back(sale, "refund", ptr(int64(2500)))
		w.want(sale, map[string]int64{"ada pending": 250, "bob pending": 250, "cy pending": 250})
	})
	t.Run("AnOverrideIsSplitByItself", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := linear(w, percent("10"))
		var x partners.Partner
		for _, name := range []string{"x", "y", "z"} {
			p, l := w.partner(name, c)
			if name == "x" {
				x = p
			}
			w.visit(l, "u1")
		}
		must(w.campaigns.SetOverride(w.ctx, x.ID, c.ID, []campaigns.RuleInput{percent("30")}))(t)
		w.now = w.now.Add(time.Minute)
		w.want(w.sale("u1", 10000).Event.ID, map[string]int64{"x pending": 1000, "y pending": 334, "z pending": 333})
	})
	t.Run("EachTouchPaysByItsOwnCampaign", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, a := w.partner("a", linear(w, percent("20")))
		_, b := w.partner("b", linear(w, fixed(5000)))
		w.visit(a, "u1")
		w.visit(b, "u1")
		w.want(w.sale("u1", 9999).Event.ID, map[string]int64{"a pending": 1000, "b pending": 2500})
	})
	t.Run("RepeatingClicksBuysNothing", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := linear(w, percent("20"))
		_, x := w.partner("x", c)
		_, y := w.partner("y", c)
		for _, l := range []links.Link{x, y, x} {
			w.visit(l, "u1")
		}
		w.want(w.sale("u1", 10000).Event.ID, map[string]int64{"x pending": 1000, "y pending": 1000})
	})
	t.Run("SignUpThenTwelveMonthsOfInvoices", func(t *testing.T) {
		t.Parallel()
		w := setup(t).at(2026, 1, 10)
		rule := percent("20")
		rule.DurationMonths = ptr(12)
		_, l := w.partner("ada", w.campaign(campaigns.Input{}, rule))
		w.visit(l, "u1")
		w.record(attribution.EventInput{UserID: "u1", Type: "signup"})
		paid := 0
		for month := range 14 {
			w.at(2026, time.Month(3+month), 11)
			paid += len(w.live(w.sale("u1", 10000).Event.ID))
		}
		if paid != 12 {
			t.Errorf("%d payments, want 12", paid)
		}
	})
	t.Run("AfterTheBindingAnotherWinsTheCustomer", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		rule := percent("20")
		rule.DurationMonths = ptr(12)
		c := w.campaign(campaigns.Input{}, rule)
		_, x := w.partner("x", c)
		_, y := w.partner("y", c)
		w.visit(x, "u1")
		w.sale("u1", 10000)
		w.now = w.now.AddDate(0, 14, 0)
		w.visit(y, "u1")
		out := w.sale("u1", 10000)
		w.want(out.Event.ID, map[string]int64{"y pending": 2000})
		if out.Decision.Locked {
			t.Error("the old binding still locks")
		}
		w.now = w.now.Add(time.Second) // of two at the same moment either may be the first
		if next := w.sale("u1", 10000); !next.Decision.Locked || next.Decision.BindingID != out.Event.ID {
			t.Errorf("the new binding does not: %+v", next.Decision)
		}
	})
	t.Run("AFlagTakesPaidMoneyBackByALineOfItsOwn", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := linear(w, percent("20"))
		_, a := w.partner("a", c)
		_, b := w.partner("b", c)
		cref := w.visit(a, "u1")
		w.visit(b, "u1")
		sale := w.sale("u1", 10000).Event.ID
		for _, row := range must(w.commissions.OfEvent(w.ctx, sale))(t) {
			if row.PartnerName == "a" {
				must(w.commissions.Approve(w.ctx, row.ID, false, ""))(t)
			}
		}
		w.pay(sale)
		must(w.attribution.Flag(w.ctx, cref))(t)
		want := map[string]int64{"a paid": 1000, "a approved": -1000, "b pending": 2000}
		w.want(sale, want)
		rows := len(must(w.commissions.OfEvent(w.ctx, sale))(t))
		w.rederive("u1")
		w.want(sale, want)
		if again := len(must(w.commissions.OfEvent(w.ctx, sale))(t)); again != rows {
			t.Errorf("deriving again wrote %d rows", again-rows)
		}
	})
	t.Run("ARefundOfOneSaleLeavesOthersAlone", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, l := w.partner("ada", w.campaign(campaigns.Input{}, percent("10")))
		w.visit(l, "u1")
		large := w.sale("u1", 50000).Event.ID
		w.approveAll(large)
		small := w.sale("u1", 10000).Event.ID
		w.back(small, "refund", ptr(int64(2500)))
		w.want(small, map[string]int64{"ada pending": 750})
		w.want(large, map[string]int64{"ada approved": 5000})
	})
	t.Run("AnOlderEventTakesTheCustomerOver", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := w.campaign(campaigns.Input{}, percent("20"))
		_, a := w.partner("a", c)
		_, b := w.partner("b", c)
		w.visit(a, "u1")
		early := w.now
		w.now = w.now.AddDate(0, 0, 3)
		w.visit(b, "u1")
		sale := w.sale("u1", 10000).Event.ID
		w.approveAll(sale)
		w.record(attribution.EventInput{UserID: "u1", Type: "signup", OccurredAt: &early})
		w.want(sale, map[string]int64{"b approved": 0, "a pending": 2000})
	})
	t.Run("OverridesCountFromTheirDay", func(t *testing.T) {
		t.Parallel()
		w := setup(t).at(2026, 1, 10)
		c := w.campaign(campaigns.Input{}, percent("20"))
		p, l := w.partner("ada", c)
		w.visit(l, "u1")
		w.sale("u1", 100)
		w.at(2026, 3, 1)
		must(w.campaigns.SetOverride(w.ctx, p.ID, c.ID, []campaigns.RuleInput{percent("30")}))(t)
		w.at(2026, 4, 10)
		w.want(w.sale("u1", 10000).Event.ID, map[string]int64{"ada pending": 3000})
		february := time.Date(2026, 2, 20, 0, 0, 0, 0, time.UTC)
		back := w.record(attribution.EventInput{UserID: "u1", Type: "purchase", Amount: ptr(int64(10000)), Currency: ptr("USD"), OccurredAt: &february})
		w.want(back.Event.ID, map[string]int64{"ada pending": 2000})
	})
	t.Run("PaidThenRefundedThenFlagged", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, l := w.partner("ada", w.campaign(campaigns.Input{}, percent("10")))
		cref := w.visit(l, "u1")
		sale := w.sale("u1", 10000).Event.ID
		w.approveAll(sale)
		w.pay(sale)
		w.back(sale, "refund", ptr(int64(4000)))
		w.wantRows(sale, 1000, -400)
		must(w.attribution.Flag(w.ctx, cref))(t)
		w.wantRows(sale, 1000, -400, -600)
		w.back(sale, "refund", nil)
		w.wantRows(sale, 1000, -400, -600)
	})
}

func TestDisputes(t *testing.T) {
	t.Parallel()

	open := func(t *testing.T) (*world, uuid.UUID) {
		w := setup(t)
		_, l := w.partner("ada", w.campaign(campaigns.Input{}, percent("10")))
		w.visit(l, "u1")
		return w, w.sale("u1", 10000).Event.ID
	}
	t.Run("HeldUntilWon", func(t *testing.T) {
		t.Parallel()
		w, sale := open(t)
		w.back(sale, "dispute", nil)
		w.want(sale, map[string]int64{"ada held": 1000})
		w.back(sale, "dispute_won", nil)
		w.want(sale, map[string]int64{"ada pending": 1000})
	})
	t.Run("ApprovedComesBackApproved", func(t *testing.T) {
		t.Parallel()
		w, sale := open(t)
		w.approveAll(sale)
		w.back(sale, "dispute", nil)
		w.want(sale, map[string]int64{"ada held": 1000})
		w.back(sale, "dispute_won", nil)
		w.want(sale, map[string]int64{"ada approved": 1000})
	})
	t.Run("LostIsNothing", func(t *testing.T) {
		t.Parallel()
		w, sale := open(t)
		w.back(sale, "dispute", nil)
		w.back(sale, "dispute_lost", nil)
		w.want(sale, map[string]int64{})
	})
	t.Run("PaidLostThenWon", func(t *testing.T) {
		t.Parallel()
		w, sale := open(t)
		w.approveAll(sale)
		w.pay(sale)
		w.back(sale, "dispute", nil)
		w.wantRows(sale, 1000)
		w.back(sale, "dispute_lost", nil)
		w.wantRows(sale, 1000, -1000)
		w.back(sale, "dispute_won", nil)
		w.wantRows(sale, 1000, -1000, 1000)
	})
	t.Run("ARefundDuringADisputeStaysHeld", func(t *testing.T) {
		t.Parallel()
		w, sale := open(t)
		w.approveAll(sale)
		w.back(sale, "dispute", nil)
		w.back(sale, "refund", ptr(int64(5000)))
		w.want(sale, map[string]int64{"ada held": 500})
		w.back(sale, "dispute_won", nil)
		w.want(sale, map[string]int64{"ada approved": 500})
	})
	t.Run("WordOfAnEarlierDayDoesNotCount", func(t *testing.T) {
		t.Parallel()
		w, sale := open(t)
		begun := w.now.Add(time.Hour)
		w.now = w.now.AddDate(0, 0, 9)
		w.back(sale, "dispute_won", nil)
		w.record(attribution.EventInput{UserID: "u1", Type: "dispute", Reverses: ptr(sale.String()), OccurredAt: &begun})
		w.want(sale, map[string]int64{"ada pending": 1000})
	})
}

func TestRevokedPartner(t *testing.T) {
	t.Parallel()
	w := setup(t)
	p, l := w.partner("ada", w.campaign(campaigns.Input{}, percent("10")))
	w.visit(l, "u1")
	before := w.sale("u1", 10000).Event.ID
	must(w.partners.Revoke(w.ctx, p.ID, partners.Ending{Reason: "spam"}))(t)
	after := w.sale("u1", 20000).Event.ID
	w.want(before, map[string]int64{"ada pending": 1000})
	w.want(after, map[string]int64{"ada held": 2000})
	w.back(after, "dispute", nil)
	must(w.partners.Reinstate(w.ctx, p.ID))(t)
	w.want(after, map[string]int64{"ada held": 2000})
	w.back(after, "dispute_won", nil)
	w.want(after, map[string]int64{"ada pending": 2000})
}

func TestSelfReferralIsFlaggedForReview(t *testing.T) {
	t.Parallel()
	w := setup(t)
	_, l := w.partner("ada", w.campaign(campaigns.Input{}, percent("10")))
	cref := w.visit(l, "u1")
	sale := w.record(attribution.EventInput{UserID: "u1", Type: "purchase", Amount: ptr(int64(1000)), Currency: ptr("USD"), Email: ptr("ADA@example.com")})
	w.want(sale.Event.ID, map[string]int64{})
	if got := must(w.tracking.Click(w.ctx, cref))(t).Flag; got != "self_referral" {
		t.Fatalf("the click has the flag %q", got)
	}
	must(w.attribution.Unflag(w.ctx, cref))(t)
	w.want(sale.Event.ID, map[string]int64{"ada pending": 100})
	w.rederive("u1")
	w.want(sale.Event.ID, map[string]int64{"ada pending": 100})
}
