//go:build crash

package crash_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/tests/testkit"
)

// paidCrashes is how often a program is killed while it pays: OPENPARTNER_TEST_CYCLES, or few.
func paidCrashes(t *testing.T) int {
	t.Helper()
	text := os.Getenv("OPENPARTNER_TEST_CYCLES")
	if text == "" {
		return 50
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// till is two programs that pay from one ledger, and the Stripe that they pay by.
type till struct {
	t        *testing.T
	d        *testkit.Database
	stripe   *testkit.Stripe
	replicas []*program
	random   *rand.Rand
	partners []string          // by their place
	accounts map[string]string // theirs at Stripe, by partner
	earned   map[owed]int64    // what was acknowledged

	mu    sync.Mutex // of what Stripe's answers depend on
	dice  *rand.Rand
	doom  int      // calls until the victim dies; 0: it lives
	dying *program // the victim
	died  chan struct{}
}

// owed is what sums of money are kept by.
type owed struct{ partner, currency string }

func newTill(t *testing.T) *till {
	t.Helper()
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	x := &till{
		t: t, d: testkit.DB(t), stripe: testkit.NewStripe(t), random: rand.New(rand.NewPCG(seed, 1)), dice: rand.New(rand.NewPCG(seed, 2)),
		accounts: map[string]string{}, earned: map[owed]int64{},
	}
	sealing := secrets.Generate()
	for range 2 {
		x.replicas = append(x.replicas, newReplica(t, x.d, sealing, x.stripe.Env()...))
	}
	x.replicas[0].key = x.replicas[0].command("create-key", "--name", "crash")
	x.replicas[1].key = x.replicas[0].key
	if status, answer := x.replicas[0].call("PUT", "/config/payouts", map[string]any{"rail": "stripe_connect", "thresholds": map[string]int{}}); status != http.StatusOK {
		t.Fatalf("the settings answer %d %v", status, answer)
	}
	for i := range 4 {
		partner := x.replicas[0].made("/partners", map[string]any{"email": fmt.Sprintf("zoe-%d@example.com", i), "name": "Zoe", "send_invite": false})
		account := x.stripe.Account(testkit.StripeOperator, true)
		x.d.AsOwner(t, fmt.Sprintf(`update partners set stripe_account_id = '%s', stripe_payouts_enabled = true, stripe_account_changed_at = now() - interval '30 days' where id = '%s'`, account, partner))
		x.partners, x.accounts[partner] = append(x.partners, partner), account
	}
	return x
}

// earn gives some partners money, and takes a little back from others.
func (x *till) earn() {
	for _, partner := range x.partners {
		currency := []string{"USD", "JPY", "UGX"}[x.random.IntN(3)]
		amount := int64(100 * (1 + x.random.IntN(500)))
		if x.random.IntN(5) == 0 {
			amount = -100
		}
		x.replicas[x.random.IntN(2)].made("/commissions/adjustments", map[string]any{"partner_id": partner, "amount": amount, "currency": currency, "note": "Earned."})
		x.earned[owed{partner, currency}] += amount
	}
}

// answer is how Stripe ends a call, and kills whoever is doomed when the time has come.
func (x *till) answer(c testkit.StripeCall) testkit.StripeFault {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.doom > 0 {
		if x.doom--; x.doom == 0 {
			_ = x.dying.cmd.Process.Kill()
			close(x.died)
		}
	}
	if c.Method != http.MethodPost {
		return []testkit.StripeFault{testkit.StripeWell, testkit.StripeWell, testkit.StripeWell, testkit.StripeAway, testkit.StripeLost}[x.dice.IntN(5)]
	}
	return []testkit.StripeFault{
		testkit.StripeWell, testkit.StripeWell, testkit.StripeLost, testkit.StripeSilent, testkit.StripeSilent, testkit.StripeBroken,
		testkit.StripeHalf, testkit.StripeAway, testkit.StripeBusy, testkit.StripeConflict, testkit.StripeRefuses,
	}[x.dice.IntN(11)]
}

// crash has a program die at one of Stripe's next calls, and come back. hurry is called when it is
// dead.
func (x *till) crash(run func()) {
	victim := x.replicas[x.random.IntN(2)]
	x.mu.Lock()
	x.dying, x.doom, x.died = victim, 1+x.random.IntN(6), make(chan struct{})
	x.mu.Unlock()
	run()
	x.hurry()
	<-x.died
	_ = victim.cmd.Wait() // which says that it was killed
	x.hurry()
	victim.start()
}

// hurry has waits and leases end at once. In earnest they last minutes, and a dead program's lease
// alone runs out; here the living one's does as well, which is harder.
func (x *till) hurry() {
	x.d.AsOwner(x.t, `update platform.jobs set lease_until = now() where status = 'running' and kind = 'payouts.send'`)
	x.d.AsOwner(x.t, `update platform.jobs set run_at = now() where status = 'pending' and kind = 'payouts.send'`)
}

// Money moves once, and all that is owed moves in the end, however Stripe answers and however often
// those who ask it are killed: after the intent is stored, after the call is made, before its answer
// is written down.
func TestMoneyMovesOnce(t *testing.T) {
	t.Parallel()
	for left := paidCrashes(t); left > 0; left -= round {
		t.Run(fmt.Sprintf("%dToGo", left), func(t *testing.T) {
			t.Parallel()
			moneyMovesOnce(t, min(left, round))
		})
	}
}

// round is how many crashes a ledger lives through. What Stripe answers with 500 stays open for 23 hours
// and is tried again after each crash, so that one ledger for all of them would take ever longer.
const round = 50

func moneyMovesOnce(t *testing.T, crashes int) {
	t.Helper()
	x := newTill(t)
	x.stripe.Fault(x.answer)
	for n := range crashes {
		x.earn()
		x.crash(func() {
			// The one that dies may be the one that is asked to plan: then nobody knows whether it did.
			status, answer := x.replicas[n%2].call("POST", "/payouts/runs", map[string]any{})
			if status != 0 && status != http.StatusCreated && status != http.StatusConflict {
				t.Errorf("a run answers %d %v", status, answer)
			}
		})
	}
	x.stripe.Fault(nil)
	x.later(24 * time.Hour)
	x.resolve()
	x.check()
}

// later lets time pass, for the programs and for Stripe.
func (x *till) later(d time.Duration) {
	x.stripe.Advance(d)
	for _, p := range x.replicas {
		p.kill()
		p.env = append(p.env, "OPENPARTNER_CLOCK_OFFSET="+d.String())
		p.start()
	}
	x.quiet()
}

// quiet waits until nothing is on its way any more.
func (x *till) quiet() {
	x.hurry()
	x.d.Await(x.t, `select not exists (select from payouts where status in ('pending', 'processing'))`)
}

// resolve has a person look at what nobody knows.
func (x *till) resolve() {
	var waiting []string
	x.d.Read(x.t, &waiting, `select id::text from payouts where status = 'needs_review'`)
	for _, id := range waiting {
		if status, answer := x.replicas[0].call("POST", "/payouts/"+id+"/resolve", map[string]any{"none": true}); status != http.StatusOK {
			x.t.Errorf("resolve %s: %d %v", id, status, answer)
		}
	}
	x.t.Logf("%d payouts needed a person", len(waiting))
	x.quiet()
	if status, answer := x.replicas[0].call("POST", "/payouts/runs", map[string]any{}); status != http.StatusCreated {
		x.t.Errorf("the last run answers %d %v", status, answer)
	}
	x.quiet()
}

// check holds the ledger against what Stripe did.
func (x *till) check() {
	var payouts []struct{ ID, PartnerID, Currency, Status, Transfer string }
	x.d.Read(x.t, &payouts, `select id::text, partner_id::text, currency, status, coalesce(stripe_transfer_id, '') as transfer from payouts`)
	paying := map[string]bool{} // payouts that say that they were paid
	states := map[string]int{}
	for _, p := range payouts {
		states[p.Status]++
		paying[p.ID] = p.Status == "paid"
	}
	moved, byGroup := map[owed]int64{}, map[string]int{}
	of := map[string]string{}
	for partner, account := range x.accounts {
		of[account] = partner
	}
	for _, o := range x.stripe.Objects(testkit.StripeOperator, "transfer") {
		group := o["transfer_group"].(string)
		byGroup[group]++
		if !paying[group] {
			x.t.Errorf("transfer %v moved money for payout %s, which does not say so", o["id"], group)
		}
		currency := map[any]string{"usd": "USD", "jpy": "JPY", "ugx": "UGX"}[o["currency"]]
		moved[owed{of[o["destination"].(string)], currency}] += o["amount"].(int64)
	}
	for id, paid := range paying {
		if n := byGroup[id]; paid && n != 1 {
			x.t.Errorf("payout %s was paid by %d transfers", id, n)
		}
	}
	var left []struct {
		PartnerID, Currency string
		Amount              int64
	}
	x.d.Read(x.t, &left, `select partner_id::text, currency, sum(amount)::bigint as amount from commissions where status <> 'paid' group by 1, 2`)
	total := maps.Clone(moved)
	for _, l := range left {
		total[owed{l.PartnerID, l.Currency}] += l.Amount
		if l.Amount > 0 {
			x.t.Errorf("%d %s of %s were not paid in the end", l.Amount, l.Currency, l.PartnerID)
		}
	}
	for who, earned := range x.earned {
		if total[who] != earned {
			x.t.Errorf("%v earned %d; %d went, the rest is %d", who, earned, moved[who], total[who]-moved[who])
		}
	}
	x.t.Logf("payouts %v, %d transfers, %d calls to make one", states, len(byGroup), len(x.stripe.Calls("POST", "/v1/transfers")))
	x.replicas[0].command("verify-ledger")
}
