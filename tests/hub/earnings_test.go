package hub_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/protocol"
)

// Each vendor is mailed about those who wait, once an hour at most, with a link to its own host.
func testApplied(t *testing.T, w *world) {
	b := w.brand(t).connect(t)
	first, _ := b.offer(t)
	second, _ := b.offer(t)
	maya, nils := w.creator(t), w.creator(t)
	r := maya.apply(t, b, first, "")
	w.Await("mail to " + b.email + ": A creator waits for your answer")
	if mail := w.letter(t, b.email); !strings.Contains(mail, b.URL+"/admin/network/requests") {
		t.Errorf("the mail says %s", mail)
	}
	for _, offering := range []string{first, second} { // of two one mail is to tell, when the hour is over
		expect(t, nils.Post("/offerings/"+offering+"/apply", url.Values{"pitch": {"tea"}}), http.StatusSeeOther)
	}
	const waits = `from platform.jobs where key = 'waiting:' || ? and status <> 'done'`
	w.DB.Await(t, `select count(*) > 0 and max(run_at) > now() + interval '50 minutes' `+waits, b.id)
	w.DB.AsOwner(t, `insert into platform.jobs (id, kind, args, key, status, run_at, max_attempts) -- as one who applies while a mail is on its way
		select gen_random_uuid(), kind, args, key, 'pending', run_at, max_attempts from platform.jobs where key = 'waiting:' || $1 limit 1`, b.id)
	expect(t, b.decide(r, "reject", ""), http.StatusOK)
	w.DB.AsOwner(t, `delete from platform.rate_limits where key = 'hub-waiting:' || $1`, b.id) // as an hour later
	w.DB.AsOwner(t, `update platform.jobs set run_at = now() where key = 'waiting:' || $1 and status = 'pending'`, b.id)
	w.Await("mail to " + b.email + ": 2 creators wait for your answer")
	w.DB.Await(t, `select count(*) = 0 `+waits, b.id) // and no second mail says the same an hour later
}

// Earnings are asked for in the background, for creators who were here lately, and no more than once an hour.
func testEarnings(t *testing.T, w *world) {
	b, down := w.brand(t).connect(t), w.brand(t).connect(t)
	maya, gone := w.creator(t), w.creator(t)
	for _, one := range []*brand{b, down} {
		for _, p := range []*person{maya, gone} {
			expect(t, one.tell(http.MethodPost, protocol.PathUpsert, protocol.Upsert{VendorPartnerID: p.handle, Sequence: 1, Status: protocol.Active, Email: p.email, Name: "M"}), http.StatusOK)
		}
	}
	down.set(func() { down.down = true })
	w.DB.AsOwner(t, `update coordinator.creators set last_sign_in_at = now() - interval '31 days' where email = $1`, gone.email)
	w.DB.AsOwner(t, `update coordinator.creator_sessions set last_seen_at = now() - interval '31 days' where creator_id = (select id from coordinator.creators where email = $1)`, gone.email)
	tick := func(period string) {
		t.Helper()
		w.DB.AsOwner(t, `insert into platform.jobs (id, kind, args, status, run_at, max_attempts, dedupe_key)
			values (gen_random_uuid(), 'hub.refresh', jsonb_build_object('period', $1::text), 'pending', now(), 12, $1)`, period)
		w.DB.Await(t, `select status = 'done' from platform.jobs where dedupe_key = ?`, period)
		w.DB.Await(t, `select count(*) = 0 from platform.jobs where kind = 'hub.earnings' and status in ('pending', 'running')`)
	}
	tick(w.next("period-"))
	var read, tried int
	w.DB.Read(t, &read, `select count(*) from coordinator.earnings where vendor_id = ? and figures->>'clicks' = '41' and read_at is not null`, b.id)
	w.DB.Read(t, &tried, `select count(*) from coordinator.earnings where vendor_id = ? and figures is null`, down.id)
	if read != 1 || tried != 1 {
		t.Errorf("read %d of the one who was here, tried %d at a vendor that is down", read, tried)
	}
	calls := func() (n int) {
		b.set(func() { n = len(b.calls) })
		return n
	}
	before := calls()
	tick(w.next("period-"))
	if calls() != before {
		t.Error("asked again within the hour")
	}
	w.DB.AsOwner(t, `update coordinator.earnings set tried_at = tried_at - interval '1 hour' where vendor_id = $1`, b.id)
	tick(w.next("period-"))
	if calls() != before+1 {
		t.Errorf("asked %d times after an hour", calls()-before)
	}
}

// What a vendor says of earnings can't keep a creator from their page.
func testHostileVendor(t *testing.T, w *world) {
	b := w.brand(t).connect(t)
	maya := w.creator(t)
	expect(t, b.tell(http.MethodPost, protocol.PathUpsert, protocol.Upsert{VendorPartnerID: "p", Sequence: 1, Status: protocol.Active, Email: maya.email, Name: "M"}), http.StatusOK)
	for _, currency := range []string{"U\x00D", strings.Repeat("USD", 1000)} {
		b.set(func() { b.currency = currency })
		w.DB.AsOwner(t, `delete from coordinator.earnings where vendor_id = $1`, b.id)
		expect(t, maya.Get("/creators/me/partnerships"), http.StatusOK, b.name, "could not be asked just now")
	}
}
