package attribution_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/verify"
	"github.com/openpartner/openpartner/tests/testkit"
)

// fact is something that may reach us early or late: a sale, a visit that was stitched, a refund.
type fact struct {
	name  string
	needs string // the fact that has to be there first, if any
	tell  func(w *world, user string)
}

// history draws what happened to one customer, in two campaigns with four partners.
func history(t *rapid.T, promote []links.Link) []fact {
	begun := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	moment := func(label string) time.Time {
		// Of two at the same moment the ids decide, which are another customer's own: never the same.
		begun = begun.Add(time.Second)
		return begun.Add(time.Duration(rapid.IntRange(0, 90*24).Draw(t, label)) * time.Hour)
	}
	var facts []fact
	for i := range rapid.IntRange(1, 4).Draw(t, "visits") {
		at, link := moment("visit"), rapid.SampledFrom(promote).Draw(t, "link")
		facts = append(facts, fact{name: fmt.Sprintf("visit%d", i), tell: func(w *world, user string) { w.visitAt(link, user, at) }})
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "sales") {
		id, at := fmt.Sprintf("sale%d", i), moment("sale")
		eventType := rapid.SampledFrom([]string{"purchase", "invoice", "signup"}).Draw(t, "type")
		var amount *int64
		var currency *string
		if eventType != "signup" {
			amount, currency = ptr(rapid.Int64Range(0, 99999).Draw(t, "amount")), ptr(rapid.SampledFrom([]string{"USD", "JPY"}).Draw(t, "currency"))
		}
		facts = append(facts, fact{name: id, tell: func(w *world, user string) {
			w.record(attribution.EventInput{UserID: user, Type: eventType, Amount: amount, Currency: currency, ExternalID: ptr(user + id), OccurredAt: &at})
		}})
		facts = append(facts, takenBack(t, id, amount, at)...)
	}
	return facts
}

// takenBack draws refunds and disputes of a sale.
func takenBack(t *rapid.T, sale string, amount *int64, at time.Time) (facts []fact) {
	for i := range rapid.IntRange(0, 2).Draw(t, "corrections") {
		eventType := rapid.SampledFrom([]string{"refund", "dispute", "dispute_won", "dispute_lost"}).Draw(t, "correction")
		when := at.Add(time.Duration(rapid.IntRange(1, 500).Draw(t, "later"))*time.Hour + time.Duration(i)*time.Millisecond)
		var part *int64
		if eventType == "refund" && amount != nil {
			part = ptr(rapid.Int64Range(0, *amount+100).Draw(t, "part"))
		}
		id := fmt.Sprintf("%s-%d", sale, i)
		facts = append(facts, fact{name: id, needs: sale, tell: func(w *world, user string) {
			w.record(attribution.EventInput{
				UserID: user, Type: eventType, Amount: part, ExternalID: ptr(user + id), Reverses: ptr(user + sale), OccurredAt: &when,
			})
		}})
	}
	return facts
}

// visitAt stitches a click of the given time.
func (w *world) visitAt(l links.Link, user string, at time.Time) {
	w.t.Helper()
	later := w.now
	w.now = at
	cref := w.click(l)
	w.now = later
	w.identify(cref, user)
}

// shuffled draws an order in which every fact comes after what it needs.
func shuffled(t *rapid.T, facts []fact) []fact {
	var out []fact
	told := map[string]bool{"": true}
	waiting := rapid.Permutation(facts).Draw(t, "order")
	for len(waiting) > 0 {
		i := slices.IndexFunc(waiting, func(f fact) bool { return told[f.needs] })
		out = append(out, waiting[i])
		told[waiting[i].name] = true
		waiting = slices.Delete(waiting, i, i+1)
	}
	return out
}

// market makes campaigns with all that rules can say, and a link of each partner in each.
func (w *world) market(model campaigns.Model, lock bool) (promote []links.Link) {
	first, later, once := percent("12.5"), percent("7"), fixed(333)
	first.EventType, first.Trigger = "purchase", "first"
	later.EventType, later.Trigger, later.DurationMonths = "purchase", "subsequent", ptr(1)
	once.EventType = "signup"
	one := w.campaign(campaigns.Input{AttributionModel: &model, CustomerLock: &lock}, first, later, once, percent("3.3333"))
	two := w.campaign(campaigns.Input{WindowDays: ptr(20)}, percent("50"))
	for _, name := range []string{"ada", "bob", "cy"} {
		p, l := w.partner(name, one)
		promote = append(promote, l)
		if name == "bob" {
			must(w.campaigns.SetOverride(w.ctx, p.ID, one.ID, []campaigns.RuleInput{percent("33.3333")}))(w.t)
		}
	}
	_, l := w.partner("dee", two)
	return append(promote, l)
}

// sums is what each partner has of each sale, by rule: what must not depend on any order.
func (w *world) sums(user string) map[string]int64 {
	w.t.Helper()
	out := map[string]int64{}
	events := must(w.attribution.List(w.ctx, attribution.Filter{UserID: user}, paging.Page{Limit: 200}))(w.t)
	for _, e := range events.Items {
		for _, c := range must(w.commissions.OfEvent(w.ctx, e.ID))(w.t) {
			if c.Status != commissions.Reversed {
				out[fmt.Sprintf("%s %s %s %s", (*e.ExternalID)[len(user):], c.PartnerName, c.RuleID, c.Currency)] += c.Amount
			}
		}
	}
	maps.DeleteFunc(out, func(_ string, sum int64) bool { return sum == 0 })
	return out
}

// errUndo ends the attempt of a property without leaving a trace.
var errUndo = errors.New("undo")

// attempt gives a property a world of its own, under a savepoint that is rolled back.
func (w *world) attempt(fn func(w *world)) {
	begun := w.now
	err := db.Run(w.ctx, func(ctx context.Context) error {
		outer := w.ctx
		w.ctx = ctx
		defer func() { w.ctx, w.now = outer, begun }()
		fn(w)
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		w.t.Fatal(err)
	}
}

// TestEveryOrderGivesTheSameLedger tells the same facts of two customers in two orders.
func TestEveryOrderGivesTheSameLedger(t *testing.T) {
	t.Parallel()
	w := setup(t)
	rapid.Check(t, func(r *rapid.T) {
		w.attempt(func(w *world) {
			model := rapid.SampledFrom(campaigns.Models()).Draw(r, "model")
			promote := w.market(model, rapid.Bool().Draw(r, "lock"))
			w.now = w.now.AddDate(0, 6, 0)
			facts := history(r, promote)
			tell := func(user string) map[string]int64 {
				for _, f := range shuffled(r, facts) {
					w.now = w.now.Add(time.Minute)
					f.tell(w, user)
				}
				return w.sums(user)
			}
			one, other := tell("a"), tell("b")
			if diff := cmp.Diff(one, other); diff != "" {
				r.Fatalf("another order, another ledger (-one +other):\n%s", diff)
			}
			w.holds(r)
		})
	})
}

// holds checks every invariant of the ledger and the figures of the days.
func (w *world) holds(t rapid.TB) {
	t.Helper()
	breaches, err := verify.Ledger(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range breaches {
		t.Errorf("%s", b)
	}
	if n := w.rebuild(t, w.days(t)); n > 0 {
		t.Errorf("a rebuild would change %d figures that are right", n)
	}
	again, err := w.attribution.RederiveStep(w.ctx, attribution.Rederive{DryRun: true}, "")
	if err != nil || len(again.Differences) > 0 {
		t.Errorf("deriving again would change %+v (%v)", again.Differences, err)
	}
}

// TestAnythingKeepsTheInvariants also has people approve, reject, pay, flag and unflag in
// between.
func TestAnythingKeepsTheInvariants(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.ctx = testkit.Begin(t, testkit.DB(t).App) // of its own: runs of payouts are one at a time
	rapid.Check(t, func(r *rapid.T) {
		w.attempt(func(w *world) {
			promote := w.market(rapid.SampledFrom(campaigns.Models()).Draw(r, "model"), rapid.Bool().Draw(r, "lock"))
			w.now = w.now.AddDate(0, 6, 0)
			for _, f := range shuffled(r, history(r, promote)) {
				w.now = w.now.Add(time.Minute)
				f.tell(w, "a")
				w.meddle(r)
			}
			w.holds(r)
		})
	})
}

// meddle does what an admin might, to a row or click drawn by chance.
func (w *world) meddle(t *rapid.T) {
	rows := must(w.commissions.List(w.ctx, commissions.Filter{}, paging.Page{Limit: 200}))(w.t).Items
	if len(rows) > 0 {
		row := rapid.SampledFrom(rows).Draw(t, "row")
		switch rapid.IntRange(0, 4).Draw(t, "decision") {
		case 0:
			_, _ = w.commissions.Approve(w.ctx, row.ID, true, "early") // refusals are as good as successes
		case 1:
			_, _ = w.commissions.Reverse(w.ctx, row.ID, "no")
		case 2, 3:
			w.settle(t)
		}
	}
	var clicks []uuid.UUID
	if err := db.Tx(w.ctx).NewRaw(`select id from clicks order by id`).Scan(w.ctx, &clicks); err != nil {
		t.Fatal(err)
	}
	if len(clicks) > 0 && rapid.Bool().Draw(t, "judge") {
		click := rapid.SampledFrom(clicks).Draw(t, "click")
		if rapid.Bool().Draw(t, "flag") {
			_, _ = w.attribution.Flag(w.ctx, click)
		} else {
			_, _ = w.attribution.Unflag(w.ctx, click)
		}
	}
}

// settle starts a payout run, or ends a payout.
func (w *world) settle(t *rapid.T) {
	if rapid.Bool().Draw(t, "run") {
		_, _, err := w.payouts.Start(w.ctx, payouts.RunInput{})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	open := must(w.payouts.List(w.ctx, payouts.Filter{Status: string(payouts.Pending)}, paging.Page{Limit: 200}))(w.t).Items
	if len(open) == 0 {
		return
	}
	payout := rapid.SampledFrom(open).Draw(t, "payout")
	if rapid.Bool().Draw(t, "paid") {
		must(w.payouts.MarkPaid(w.ctx, payout.ID, "1", time.Time{}))(w.t)
	} else {
		must(w.payouts.Cancel(w.ctx, payout.ID))(w.t)
	}
}
