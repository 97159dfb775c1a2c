package attribution_test

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/facts"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/tests/testkit"
)

// world is a program in a rolled-back transaction, with a clock that tests move.
type world struct {
	t           *testing.T
	ctx         context.Context
	now         time.Time
	facts       *facts.Bus
	campaigns   *campaigns.Service
	partners    *partners.Service
	links       *links.Service
	tracking    *tracking.Service
	commissions *commissions.Service
	payouts     *payouts.Service
	attribution *attribution.Service
}

func setup(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: testkit.Tx(t), now: time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	w.facts = &facts.Bus{}
	w.campaigns = campaigns.NewService(nil, clock)
	w.partners = partners.NewService(w.facts, clock)
	w.links = links.NewService(w.campaigns, w.partners, clock)
	w.tracking = tracking.NewService(nil, clock)
	w.commissions = commissions.NewService(nil, clock)
	w.payouts = payouts.NewService(payouts.Options{Commissions: w.commissions, Partners: w.partners, Now: clock, Terms: func(context.Context) (payouts.Terms, error) {
		return payouts.Terms{Rail: payouts.RailManual}, nil
	}})
	unsigned := func(context.Context) (string, bool, error) { return "", false, nil }
	w.attribution = attribution.NewService(w.tracking, w.campaigns, w.commissions, unsigned, nil, clock)
	facts.Listen(w.facts, func(ctx context.Context, f partners.Changed) error {
		if f.Partner.Status == partners.StatusActive && f.Before == partners.StatusRevoked {
			return w.commissions.Reinstated(ctx, f.Partner.ID)
		}
		return nil
	})
	return w
}

func ptr[T any](v T) *T { return &v }

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func percent(rate string) campaigns.RuleInput {
	return campaigns.RuleInput{Kind: "percent", Rate: rate}
}

func (w *world) campaign(in campaigns.Input, rules ...campaigns.RuleInput) campaigns.Campaign {
	w.t.Helper()
	in.Name, in.DestinationURL, in.Rules = ptr("Summer"), ptr("https://shop.example.com/"), &rules
	return must(w.campaigns.Create(w.ctx, in))(w.t)
}

// partner adds an active partner with a link to the campaign.
func (w *world) partner(name string, c campaigns.Campaign) (partners.Partner, links.Link) {
	w.t.Helper()
	p := must(w.partners.Create(w.ctx, partners.CreateInput{Email: name + "@example.com", Name: name, CampaignIDs: []uuid.UUID{c.ID}}))(w.t)
	return p, must(w.links.Create(w.ctx, p.ID, links.Input{CampaignID: c.ID}))(w.t)
}

func (w *world) click(l links.Link) uuid.UUID {
	w.t.Helper()
	return must(w.tracking.Open(w.ctx, tracking.Visit{Key: l.Key, Query: url.Values{}}))(w.t).ClickID
}

func (w *world) identify(cref uuid.UUID, user string) attribution.Identified {
	w.t.Helper()
	return must(w.attribution.Identify(w.ctx, attribution.IdentifyInput{Cref: cref, UserID: user}))(w.t)
}

// sale is a purchase, a moment after whatever came before it: of two at the same moment their ids
// would decide.
func (w *world) sale(user string, amount int64) attribution.Outcome {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	return w.record(attribution.EventInput{UserID: user, Type: "purchase", Amount: &amount, Currency: ptr("USD")})
}

func (w *world) record(in attribution.EventInput) attribution.Outcome {
	w.t.Helper()
	return must(w.attribution.Record(w.ctx, in))(w.t)
}

// live gives what partners have of an event, by name and state, such as "ada 2000 pending".
func (w *world) live(event uuid.UUID) map[string]int64 {
	w.t.Helper()
	out := map[string]int64{}
	for _, c := range must(w.commissions.OfEvent(w.ctx, event))(w.t) {
		if c.Status != commissions.Reversed {
			out[c.PartnerName+" "+string(c.Status)] += c.Amount
		}
	}
	return out
}

func (w *world) want(event uuid.UUID, want map[string]int64) {
	w.t.Helper()
	got := w.live(event)
	if len(got) != len(want) {
		w.t.Fatalf("got %v, want %v", got, want)
	}
	for k, v := range want {
		if got[k] != v {
			w.t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// wantRows compares the amounts of the event's live rows, oldest first.
func (w *world) wantRows(event uuid.UUID, want ...int64) {
	w.t.Helper()
	var got []int64
	for _, c := range must(w.commissions.OfEvent(w.ctx, event))(w.t) {
		if c.Status != commissions.Reversed {
			got = append(got, c.Amount)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Fatalf("got %v, want %v", got, want)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := db.Tx(w.ctx).NewRaw(query, args...).Exec(w.ctx); err != nil {
		w.t.Fatal(err)
	}
}

// rederive decides all of the user's events anew, as a job would.
func (w *world) rederive(user string) {
	w.t.Helper()
	must(w.attribution.RederiveStep(w.ctx, attribution.Rederive{UserID: user}, ""))(w.t)
}

func TestService_Record(t *testing.T) {
	t.Parallel()

	t.Run("LastClickEarnsItsPercentage", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, link := w.partner("ada", w.campaign(campaigns.Input{}, percent("20")))
		cref := w.click(link)
		w.identify(cref, "u1")
		out := w.sale("u1", 10000)
		if out.Decision.Status != attribution.StatusAttributed || out.Decision.Locked {
			t.Errorf("got %+v", out.Decision)
		}
		w.want(out.Event.ID, map[string]int64{"ada pending": 2000})
	})
	t.Run("CrefStitchesAndConvertsInOneCall", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, link := w.partner("ada", w.campaign(campaigns.Input{}, percent("20")))
		cref := w.click(link)
		out := w.record(attribution.EventInput{UserID: "u1", Type: "purchase", Amount: ptr(int64(999)), Currency: ptr("USD"), Cref: &cref})
		w.want(out.Event.ID, map[string]int64{"ada pending": 200})
	})
	t.Run("RepeatGivesTheFirstResult", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, link := w.partner("ada", w.campaign(campaigns.Input{}, percent("20")))
		w.identify(w.click(link), "u1")
		in := attribution.EventInput{UserID: "u1", Type: "purchase", Amount: ptr(int64(1000)), Currency: ptr("USD"), ExternalID: ptr("order-1")}
		first := w.record(in)
		w.now = w.now.Add(time.Minute)
		again := w.record(in)
		if !again.Replayed || again.Event.ID != first.Event.ID {
			t.Errorf("got %+v", again)
		}
		w.want(first.Event.ID, map[string]int64{"ada pending": 200})
		in.Amount = ptr(int64(1001))
		if _, err := w.attribution.Record(w.ctx, in); !fault.Is(err, fault.KindConflict) {
			t.Errorf("another amount under the same id: got %v", err)
		}
	})
	t.Run("LockedCustomerKeepsPayingTheFirst", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := w.campaign(campaigns.Input{}, percent("20"))
		_, ada := w.partner("ada", c)
		_, bob := w.partner("bob", c)
		w.identify(w.click(ada), "u1")
		w.sale("u1", 10000)
		w.now = w.now.AddDate(0, 8, 0)
		w.identify(w.click(bob), "u1")
		out := w.sale("u1", 10000)
		if !out.Decision.Locked {
			t.Error("the customer is not locked")
		}
		w.want(out.Event.ID, map[string]int64{"ada pending": 2000})
	})
	t.Run("WithoutLockTheLatestClickEarns", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := w.campaign(campaigns.Input{CustomerLock: ptr(false)}, percent("20"))
		_, ada := w.partner("ada", c)
		_, bob := w.partner("bob", c)
		w.identify(w.click(ada), "u1")
		w.sale("u1", 10000)
		w.now = w.now.AddDate(0, 0, 1)
		w.identify(w.click(bob), "u1")
		w.want(w.sale("u1", 10000).Event.ID, map[string]int64{"bob pending": 2000})
	})
	t.Run("TwelveMonthsPayTwelveInvoices", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		rule := percent("20")
		rule.DurationMonths = ptr(12)
		_, link := w.partner("ada", w.campaign(campaigns.Input{}, rule))
		w.identify(w.click(link), "u1")
		w.record(attribution.EventInput{UserID: "u1", Type: "signup"})
		paid := 0
		for month := range 14 {
			w.now = time.Date(2026, time.Month(3+month), 11, 9, 0, 0, 0, time.UTC)
			paid += len(w.live(w.sale("u1", 10000).Event.ID))
		}
		if paid != 12 {
			t.Errorf("%d invoices were paid for, want 12", paid)
		}
	})
	t.Run("AfterTheDurationAnotherPartnerMayWin", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		rule := percent("20")
		rule.DurationMonths = ptr(12)
		c := w.campaign(campaigns.Input{}, rule)
		_, ada := w.partner("ada", c)
		_, bob := w.partner("bob", c)
		w.identify(w.click(ada), "u1")
		w.sale("u1", 10000)
		w.now = w.now.AddDate(0, 14, 0)
		w.identify(w.click(bob), "u1")
		w.want(w.sale("u1", 10000).Event.ID, map[string]int64{"bob pending": 2000})
	})
	t.Run("ClickOlderThanTheWindowEarnsNothing", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, link := w.partner("ada", w.campaign(campaigns.Input{WindowDays: ptr(30)}, percent("20")))
		w.identify(w.click(link), "u1")
		w.now = w.now.AddDate(0, 0, 31)
		out := w.sale("u1", 10000)
		if out.Decision.Status != attribution.StatusOutsideWindow || out.Decision.Dropped[0].Reason != attribution.DropOutsideWindow {
			t.Errorf("got %+v", out.Decision)
		}
		w.want(out.Event.ID, map[string]int64{})
	})
	t.Run("UnknownUserIsSaidToBeSo", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		if got := w.sale("stranger", 100).Decision.Status; got != attribution.StatusUnknownUser {
			t.Errorf("got %s", got)
		}
	})
	t.Run("OwnPurchaseEarnsNothing", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, link := w.partner("ada", w.campaign(campaigns.Input{}, percent("20")))
		w.identify(w.click(link), "u1")
		out := w.record(attribution.EventInput{UserID: "u1", Type: "purchase", Amount: ptr(int64(1000)), Currency: ptr("USD"), Email: ptr("Ada@Example.com")})
		if out.Decision.Status != attribution.StatusSelfReferral {
			t.Errorf("got %+v", out.Decision)
		}
	})
	t.Run("EditedRateCountsFromThenOn", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := w.campaign(campaigns.Input{}, percent("20"))
		_, link := w.partner("ada", c)
		w.identify(w.click(link), "u1")
		w.now = w.now.AddDate(0, 0, 10)
		must(w.campaigns.Update(w.ctx, c.ID, campaigns.Input{Rules: &[]campaigns.RuleInput{percent("30")}}))(t)
		w.want(w.sale("u1", 10000).Event.ID, map[string]int64{"ada pending": 3000})
		early := w.record(attribution.EventInput{
			UserID: "u1", Type: "purchase", Amount: ptr(int64(10000)), Currency: ptr("USD"), OccurredAt: ptr(w.now.AddDate(0, 0, -5)),
		})
		w.want(early.Event.ID, map[string]int64{"ada pending": 2000})
	})
	t.Run("OverrideReplacesTheCampaignsRules", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := w.campaign(campaigns.Input{}, percent("20"))
		p, link := w.partner("ada", c)
		must(w.campaigns.SetOverride(w.ctx, p.ID, c.ID, []campaigns.RuleInput{percent("30")}))(t)
		w.identify(w.click(link), "u1")
		w.want(w.sale("u1", 10000).Event.ID, map[string]int64{"ada pending": 3000})
	})
	t.Run("RefundsTakeTheirPartBack", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, link := w.partner("ada", w.campaign(campaigns.Input{}, percent("10")))
		w.identify(w.click(link), "u1")
		out := w.sale("u1", 10000)
		refund := func(amount *int64) {
			w.record(attribution.EventInput{UserID: "u1", Type: "refund", Amount: amount, Reverses: ptr(out.Event.ID.String())})
		}
		refund(ptr(int64(2500)))
		w.want(out.Event.ID, map[string]int64{"ada pending": 750})
		for _, c := range must(w.commissions.OfEvent(w.ctx, out.Event.ID))(t) {
			if c.Status == commissions.Pending {
				must(w.commissions.Approve(w.ctx, c.ID, false, ""))(t)
			}
		}
		refund(nil)
		w.want(out.Event.ID, map[string]int64{"ada approved": 0})
	})
	t.Run("RejectedCommissionStaysRejected", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, link := w.partner("ada", w.campaign(campaigns.Input{}, percent("20")))
		first := w.click(link)
		w.identify(first, "u1")
		out := w.sale("u1", 10000)
		must(w.commissions.Reverse(w.ctx, out.Commissions[0].ID, "Chargeback fraud"))(t)
		w.identify(w.click(link), "u1")
		w.want(out.Event.ID, map[string]int64{})
	})
}

func TestService_Identify(t *testing.T) {
	t.Parallel()

	t.Run("LateStitchDecidesEarlierEvents", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, link := w.partner("ada", w.campaign(campaigns.Input{}, percent("20")))
		cref := w.click(link)
		w.now = w.now.Add(time.Hour)
		out := w.sale("u1", 10000)
		got := w.identify(cref, "u1")
		if !got.FirstStitch || got.RederivedEvents == nil || *got.RederivedEvents != 1 {
			t.Errorf("got %+v", got)
		}
		w.want(out.Event.ID, map[string]int64{"ada pending": 2000})
	})
	t.Run("RepeatChangesNothing", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, link := w.partner("ada", w.campaign(campaigns.Input{}, percent("20")))
		cref := w.click(link)
		w.identify(cref, "u1")
		w.sale("u1", 10000)
		before := must(w.commissions.List(w.ctx, commissions.Filter{}, paging.First()))(t)
		if got := w.identify(cref, "u1"); got.FirstStitch {
			t.Errorf("got %+v", got)
		}
		after := must(w.commissions.List(w.ctx, commissions.Filter{}, paging.First()))(t)
		if len(before.Items) != len(after.Items) {
			t.Errorf("%d rows became %d", len(before.Items), len(after.Items))
		}
	})
	t.Run("UnknownClickIsNotFound", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		_, err := w.attribution.Identify(w.ctx, attribution.IdentifyInput{Cref: uuid.New(), UserID: "u1"})
		if f, ok := fault.From(err); !ok || f.Code != "click_not_found" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("OlderEventOfAnotherPartnerTakesTheBinding", func(t *testing.T) {
		t.Parallel()
		w := setup(t)
		c := w.campaign(campaigns.Input{}, percent("20"))
		_, ada := w.partner("ada", c)
		_, bob := w.partner("bob", c)
		w.identify(w.click(ada), "u1")
		early := w.now.Add(time.Hour)
		w.now = w.now.AddDate(0, 0, 2)
		w.identify(w.click(bob), "u1")
		out := w.sale("u1", 10000)
		must(w.commissions.Approve(w.ctx, out.Commissions[0].ID, false, ""))(t)
		w.record(attribution.EventInput{UserID: "u1", Type: "purchase", Amount: ptr(int64(100)), Currency: ptr("USD"), OccurredAt: &early})
		w.want(out.Event.ID, map[string]int64{"bob approved": 0, "ada pending": 2000})
	})
}
