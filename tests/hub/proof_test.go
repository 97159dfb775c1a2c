package hub_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/tests/testkit"
)

// Words about partners come in any order, twice, and many at a time: what the hub knows in the end is
// what the newest of each said.
func testAnyOrder(t *testing.T, w *world) {
	b := w.brand(t).connect(t)
	dice := rand.New(rand.NewPCG(7, 7))
	states := []string{protocol.Pending, protocol.Active, protocol.Revoked}
	newest, words := map[string]protocol.Upsert{}, []protocol.Upsert{}
	for _, partner := range []string{"p1", "p2", "p3"} {
		for sequence := range int64(8) {
			word := protocol.Upsert{VendorPartnerID: partner, Sequence: sequence + 1, Status: states[dice.IntN(3)]}
			if word.Status != protocol.Revoked {
				word.Email, word.Name = w.next(partner)+"@example.com", w.next("Maya ")
			}
			newest[partner] = word
			words = append(words, word, word)
		}
	}
	dice.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	waiting := make(chan protocol.Upsert, len(words))
	for _, word := range words {
		waiting <- word
	}
	close(waiting)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for word := range waiting {
				if got := b.tell(http.MethodPost, protocol.PathUpsert, word); got.Status != http.StatusOK {
					t.Errorf("%+v got %d: %s", word, got.Status, got.Body)
				}
			}
		})
	}
	all.Wait()
	for partner, want := range newest {
		var row struct {
			Sequence            int64
			Status, Email, Name string
		}
		w.DB.Read(t, &row, `select sequence, status, coalesce(email, '') as email, name from coordinator.vendor_partners where vendor_id = ? and vendor_partner_id = ?`, b.id, partner)
		got := protocol.Upsert{VendorPartnerID: partner, Sequence: row.Sequence, Status: row.Status, Email: row.Email, Name: row.Name}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("of %s the hub knows something else than the newest word: %s", partner, diff)
		}
	}
}

// A token in a mail is worth something to the program it was mailed to, and to no other.
func testForeignToken(t *testing.T, w *world) {
	one, two := w.brand(t), w.brand(t)
	var tokens [2]string
	for i, b := range []*brand{one, two} {
		expect(t, w.say("", http.MethodPost, protocol.PathSignUp, b.signUp("state of "+b.name)), http.StatusAccepted)
		tokens[i], _ = b.mailed(1)
	}
	exchange := func(token string, b *brand) protocol.Exchange {
		return protocol.Exchange{Token: token, State: "state of " + b.name}
	}
	for _, foreign := range []protocol.Exchange{exchange(tokens[0], two), exchange(tokens[1], one), {Token: tokens[0]}, {Token: "", State: "state of " + one.name}} {
		expect(t, w.say("", http.MethodPost, protocol.PathExchange, foreign), http.StatusNotFound)
	}
	var connected int
	w.DB.Read(t, &connected, `select count(*) from coordinator.vendors where instance_url in (?, ?) and (status <> 'pending' or callback_key_sealed is not null)`,
		one.URL+"/api/v1", two.URL+"/api/v1")
	if connected != 0 {
		t.Error("a foreign token connected somebody")
	}
	for i, b := range []*brand{one, two} { // and it was used up by none of that
		expect(t, w.say("", http.MethodPost, protocol.PathExchange, exchange(tokens[i], b)), http.StatusOK)
	}
}

// A token that was exchanged gives the same answer for ten minutes, and then nothing; nor does one that
// is too old, that was mailed before another, or whose answer has ended.
func testReplayedToken(t *testing.T, w *world) {
	b, left := w.brand(t), w.brand(t)
	exchange := func(token string, status int) testkit.Answer {
		t.Helper()
		return expect(t, w.say("", http.MethodPost, protocol.PathExchange, protocol.Exchange{Token: token, State: "s"}), status)
	}
	mailed := func(b *brand, n int) string {
		t.Helper()
		expect(t, w.say("", http.MethodPost, protocol.PathSignUp, b.signUp("s")), http.StatusAccepted)
		token, _ := b.mailed(n)
		return token
	}
	first := mailed(b, 1)
	if answer := exchange(first, http.StatusOK); exchange(first, http.StatusOK).Body != answer.Body {
		t.Error("a lost answer is lost for good")
	}
	w.DB.AsOwner(t, `update coordinator.connections set exchanged_at = exchanged_at - interval '10 minutes' where callback_url = $1`, b.URL+"/admin/network/complete")
	exchange(first, http.StatusNotFound)
	second, third := mailed(b, 2), mailed(b, 3)
	exchange(second, http.StatusNotFound)
	w.DB.AsOwner(t, `update coordinator.connections set expires_at = now() where callback_url = $1`, b.URL+"/admin/network/complete")
	exchange(third, http.StatusNotFound)

	token := mailed(left, 1)
	left.token = into[protocol.Exchanged](t, exchange(token, http.StatusOK)).VendorToken
	open := mailed(left, 2)
	expect(t, left.tell(http.MethodPost, protocol.PathDisconnect, nil), http.StatusOK)
	exchange(token, http.StatusNotFound)
	exchange(open, http.StatusNotFound)
}

// A mail of the hub never leads to another host than the one that the key was proved on.
func testEvilCallback(t *testing.T, w *world) {
	b := w.brand(t)
	host := strings.TrimPrefix(b.URL, "http://")
	name, port, _ := strings.Cut(host, ":")
	for what, callback := range map[string]string{
		"OtherHost":    "https://evil.example/admin/network/complete",
		"OtherScheme":  "https://" + host + "/admin/network/complete",
		"OtherPort":    "http://" + name + ":1/admin/network/complete",
		"NoPort":       "http://" + name + "/admin/network/complete",
		"OtherName":    "http://localhost:" + port + "/admin/network/complete",
		"BeginsAlike":  "http://" + host + ".evil.example/admin/network/complete",
		"AsUser":       "http://" + host + "@evil.example/admin/network/complete",
		"WithPassword": "http://ada:secret@" + host + "/admin/network/complete",
		"Backslash":    "http://" + host + `\@evil.example/admin/network/complete`,
		"Relative":     "//" + host + "/admin/network/complete",
		"PathOnly":     "/admin/network/complete",
		"Script":       "javascript:alert(1)//" + host,
		"Fragment":     b.URL + "/admin/network/complete#x",
		"Nothing":      "",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			in := b.signUp("s")
			in.CallbackURL = callback
			expect(t, w.say("", http.MethodPost, protocol.PathSignUp, in), http.StatusUnprocessableEntity, "callback_url")
		})
	}
	t.Cleanup(func() { // after all of them
		var n int
		w.DB.Read(t, &n, `select count(*) from coordinator.vendors where instance_url = ?`, b.URL+"/api/v1")
		if n != 0 || len(b.calls) != 0 {
			t.Errorf("%d vendors, and the instance was asked %v", n, b.calls)
		}
	})
}

// What a request says of its host goes into no link, neither to the hub nor to a program.
func testPoisonedHost(t *testing.T, w *world) {
	b, maya := w.brand(t), w.next("maya-")+"@example.com"
	poison := func(more ...string) []string {
		return append(append(w.elsewhere(), "Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "gopher", "X-Original-URL", "//evil.example/",
			"Forwarded", "host=evil.example;proto=gopher"), more...)
	}
	form := "name=Maya&handle=" + w.next("m") + "&email=" + maya
	got := expect(t, w.Call("", http.MethodPost, "/creators/signup", form, poison("Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")...), http.StatusSeeOther)
	if to := got.Header.Get("Location"); to != "/creators/signup?sent=1" {
		t.Errorf("led to %s", to)
	}
	expect(t, w.Call("", http.MethodPost, protocol.PathSignUp, b.signUp("s"), poison(protocol.Header, protocol.Version)...), http.StatusAccepted)
	for email, link := range map[string]string{maya: w.URL + "/creators/verify?token=", b.email: b.URL + "/admin/network/complete?ntoken="} {
		if mail := w.letter(t, email); strings.Contains(mail, "evil") || !strings.Contains(mail, link) {
			t.Errorf("the mail to %s says %s", email, mail)
		}
	}
}

// letter waits for a mail to an address, and gives the page that shows it.
func (w *world) letter(t *testing.T, email string) string {
	t.Helper()
	w.Await("mail to " + email + ": ")
	v := w.Visitor()
	for _, row := range strings.Split(v.Get("/dev/mail").Body, "<tr") {
		if strings.Contains(row, email) {
			_, path, _ := strings.Cut(row, "/dev/mail/")
			path, _, _ = strings.Cut(path, "\"")
			return expect(t, v.Get("/dev/mail/"+path), http.StatusOK, email).Body
		}
	}
	t.Fatalf("no mail to %s", email)
	return ""
}
