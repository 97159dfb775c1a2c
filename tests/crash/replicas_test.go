//go:build crash

package crash_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/tests/testkit"
)

// receiver is a merchant's program. It keeps an answer back when it is asked to.
type receiver struct {
	*httptest.Server

	mu       sync.Mutex
	more     *sync.Cond
	messages []message
	asked    bool          // to keep the next answer back
	holding  bool          // one is kept back
	release  chan struct{} // closed when it may go
	status   int           // of the answer that is kept back
}

// message is one call that came in.
type message struct{ id, kind, partner string }

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.more = sync.NewCond(&r.mu)
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP is part of http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var body struct {
		Type string
		Data struct{ ID string }
	}
	text, err := io.ReadAll(req.Body)
	if err != nil || json.Unmarshal(text, &body) != nil {
		return // the sender died while it wrote: nothing was received
	}
	r.mu.Lock()
	r.messages = append(r.messages, message{req.Header.Get("Webhook-Id"), body.Type, body.Data.ID})
	held, status := r.asked, http.StatusNoContent
	if held {
		r.asked, r.holding, status = false, true, r.status
	}
	release := r.release
	r.more.Broadcast()
	r.mu.Unlock()
	if held {
		select {
		case <-release:
		case <-req.Context().Done(): // the sender died
		}
	}
	w.WriteHeader(status)
}

// hold has the receiver keep an answer back, and returns when it does.
func (r *receiver) hold(status int) (release func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.holding, r.release, r.status = true, false, make(chan struct{}), status
	for !r.holding {
		r.more.Wait()
	}
	return sync.OnceFunc(func() { close(r.release) })
}

// all are the messages so far.
func (r *receiver) all() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message(nil), r.messages...)
}

// newReplica is a program beside others on one database, which may call this machine. They share the
// key that seals.
func newReplica(t *testing.T, d *testkit.Database, sealing string, env ...string) *program {
	t.Helper()
	address := freeAddress(t)
	p := &program{t: t, url: "http://" + address}
	p.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "OPENPARTNER_ENV=development", "OPENPARTNER_DATA=" + t.TempDir(), "LOG_FORMAT=json",
		"OPENPARTNER_LISTEN=" + address, "OPENPARTNER_PUBLIC_URL=" + p.url, "OPENPARTNER_OUTBOUND_ALLOW=127.0.0.0/8", "SECRETS_ENCRYPTION_KEY=" + sealing,
		"OPENPARTNER_SCHEDULER_INTERVAL=100ms", "DATABASE_URL=" + d.OwnerURL, "DATABASE_URL_APP=" + d.AppURL, "DATABASE_URL_SYSTEM=" + d.SystemURL,
	}
	p.env = append(p.env, env...)
	p.start()
	p.endsWell()
	return p
}

// kills is how often a replica is killed: OPENPARTNER_TEST_KILLS, or few.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("OPENPARTNER_TEST_KILLS")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Every fact that was committed is told to whoever asked to hear of it, in order and under one id, and
// nothing else is, however often those who tell it are killed between the commit and the call, or
// between the call and its answer.
func TestMessagesOfCommittedFactsAlone(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	// The commit itself fails for some, when everything is done and the messages are written.
	d.AsOwner(t, `
		create function doom() returns trigger language plpgsql as $$ begin raise exception 'doomed'; end $$;
		create constraint trigger doom after insert on partners deferrable initially deferred
			for each row when (new.email like 'doomed%') execute function doom()`)
	sealing := secrets.Generate()
	replicas := []*program{newReplica(t, d, sealing), newReplica(t, d, sealing)}
	key := replicas[0].command("create-key", "--name", "crash")
	receivers := []*receiver{receive(t), receive(t)}
	for _, p := range replicas {
		p.key = key
	}
	for _, r := range receivers {
		replicas[0].made("/webhooks", map[string]any{"url": r.URL, "events": []string{"partner.created", "partner.activated"}})
	}

	const each = 5 // partners of a sender between two kills
	var acknowledged [2][]string
	orders, seed := [2]chan struct{}{make(chan struct{}, each), make(chan struct{}, each)}, uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	var senders sync.WaitGroup
	for sender := range orders {
		random := rand.New(rand.NewPCG(seed, uint64(sender)))
		senders.Go(func() {
			n := 0
			for range orders[sender] {
				n++
				name := fmt.Sprintf("fact-%d-%d@example.com", sender, n)
				if random.IntN(4) == 0 {
					name = "doomed-" + name
				}
				status, answer := replicas[random.IntN(2)].call("POST", "/partners", map[string]any{"email": name, "name": "Zoe", "send_invite": false})
				if id, ok := answer["id"].(string); ok && status == http.StatusCreated {
					acknowledged[sender] = append(acknowledged[sender], id)
				}
			}
		})
	}
	random, killed, held := rand.New(rand.NewPCG(seed, 2)), kills(t), 0
	for range killed {
		victim, release := replicas[random.IntN(2)], func() {}
		for _, c := range orders {
			for range each {
				c <- struct{}{}
			}
		}
		if random.IntN(2) == 0 {
			release = receivers[random.IntN(2)].hold(http.StatusNoContent)
			held++
		}
		victim.kill()
		// In earnest the dead one's leases run out within a minute. Here all do at once, which is harder:
		// the living one's, too.
		d.AsOwner(t, `update platform.jobs set lease_until = now() where status = 'running'`)
		release()
		victim.start()
	}
	for _, c := range orders {
		close(c)
	}
	senders.Wait()
	d.AsOwner(t, `update platform.jobs set lease_until = now() where status = 'running'`)
	d.Await(t, `select not exists (select from platform.jobs where kind = 'webhooks.deliver' and status in ('pending', 'running'))`)

	var facts []string
	d.Read(t, &facts, `select id::text from partners order by id`)
	t.Logf("%d kills, %d of them while an answer was kept back; %d facts", killed, held, len(facts))
	if len(facts) < killed {
		t.Errorf("only %d facts", len(facts))
	}
	for i, r := range receivers {
		twice := checkMessages(t, r.all(), facts, acknowledged[:])
		t.Logf("receiver %d: %d messages, %d of them more than once", i, len(r.all()), twice)
	}
}

// checkMessages holds what a receiver heard against what is true, and gives how much came again.
func checkMessages(t *testing.T, heard []message, facts []string, inOrder [][]string) (again int) {
	t.Helper()
	first := map[string]int{} // when a message was heard for the first time
	ids := map[string]string{}
	for at, m := range heard {
		what := m.kind + " " + m.partner
		if id, known := ids[what]; known && id != m.id {
			t.Errorf("%s came as %s and as %s", what, id, m.id)
		} else if known {
			again++
			continue
		}
		ids[what], first[what] = m.id, at
	}
	for _, partner := range facts {
		created, here := first["partner.created "+partner]
		active, there := first["partner.activated "+partner]
		switch {
		case !here || !there:
			t.Errorf("%s is lost", partner)
		case created > active:
			t.Errorf("%s was active before it was created", partner)
		}
	}
	if phantoms := len(first) - 2*len(facts); phantoms > 0 {
		t.Errorf("%d messages of what never was", phantoms)
	}
	for _, one := range inOrder {
		for i := 1; i < len(one); i++ {
			if first["partner.activated "+one[i-1]] > first["partner.created "+one[i]] {
				t.Errorf("%s was told of before %s", one[i], one[i-1])
			}
		}
	}
	return again
}

// A worker that is paused for longer than its lease, while it waits for an answer, wakes up to find
// its job another's. It writes down nothing of what it then hears.
func TestPausedWorkerSettlesNothing(t *testing.T) {
	t.Parallel()
	d := testkit.DB(t)
	sealing := secrets.Generate()
	sleeper := newReplica(t, d, sealing)
	sleeper.key = sleeper.command("create-key", "--name", "crash")
	r := receive(t)
	sleeper.made("/webhooks", map[string]any{"url": r.URL, "events": []string{"partner.created"}})
	ordered := make(chan string, 1)
	go func() {
		_, answer := sleeper.call("POST", "/partners", map[string]any{"email": "zoe@example.com", "name": "Zoe", "send_invite": false})
		id, _ := answer["id"].(string)
		ordered <- id
	}()
	refuse := r.hold(http.StatusInternalServerError)
	partner := <-ordered
	if err := sleeper.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	awake := func() { _ = sleeper.cmd.Process.Signal(syscall.SIGCONT) }
	defer awake() // whatever happens, so that it can end
	d.AsOwner(t, `update platform.jobs set lease_until = now() where status = 'running'`)
	newReplica(t, d, sealing)
	const settled = `select d.status = 'delivered' and d.attempts = 1 and d.response_status = 204 and d.next_attempt_at is null
			and (select count(*) = 1 from platform.jobs where kind = 'webhooks.deliver')
			and (select status = 'done' and attempts = 2 and last_error is null and lease_token is null from platform.jobs where kind = 'webhooks.deliver')
		from webhook_deliveries d`
	d.Await(t, settled)
	refuse()
	awake()
	sleeper.await("job is another worker's by now")
	var same bool
	if d.Read(t, &same, settled); !same {
		t.Error("the paused worker changed what the other had settled")
	}
	heard := r.all()
	if len(heard) != 2 || heard[0] != heard[1] || heard[0].partner != partner {
		t.Errorf("heard %v of %s", heard, partner)
	}
}
