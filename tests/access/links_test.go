package access_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// Mail scanners open every link, again and again; none of them is signed in by that, and the
// link still works for the person.
func TestMagicLink_Scanners(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t)
	token := link(t, a)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 125 {
				method := []string{http.MethodGet, http.MethodHead}[i%2]
				if got := a.Call("", method, "/auth/verify?token="+token, nil); got.Status != http.StatusOK || got.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s: %d, cookie %q", method, got.Status, got.Header.Get("Set-Cookie"))
				}
			}
		})
	}
	group.Wait()
	if got := enter(a.Visitor(), token); got.Status != http.StatusSeeOther {
		t.Errorf("the person: %d", got.Status)
	}
}

// Each of a hundred browsers stands somewhere else, so that no limit decides for the link.
func TestMagicLink_OfAHundredOneWins(t *testing.T) {
	t.Parallel()
	a := testkit.Borrow(t, "OPENPARTNER_TRUSTED_PROXIES=127.0.0.0/8,::1/128")
	token := link(t, a)
	statuses := make(chan int, 100)
	var group sync.WaitGroup
	for i := range cap(statuses) {
		group.Go(func() {
			statuses <- form(a, "/auth/verify", url.Values{"token": {token}}, "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i)).Status
		})
	}
	group.Wait()
	close(statuses)
	got := map[int]int{}
	for s := range statuses {
		got[s]++
	}
	if want := (map[int]int{http.StatusSeeOther: 1, http.StatusForbidden: 99}); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := count(t, a, `select count(*) from sessions where principal_id is not null`); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// No header can have a mail lead anywhere but to us.
func TestMagicLink_PoisonedHost(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t, "OPENPARTNER_TRUSTED_PROXIES=127.0.0.0/8,::1/128")
	link(t, a)
	got := form(a, "/signin", url.Values{"email": {ada}}, "Host", "evil.example", "X-Forwarded-Host", "evil.example",
		"X-Forwarded-Proto", "gopher", "X-Forwarded-Port", "1", "X-Original-URL", "//evil.example/", "Forwarded", "host=evil.example;proto=gopher")
	if got.Status != http.StatusSeeOther || strings.Contains(got.Header.Get("Location"), "evil") {
		t.Fatalf("got %d to %s", got.Status, got.Header.Get("Location"))
	}
	a.Await("--- mail to " + ada)
	mail := a.Visitor().Get("/dev/mail/1").Body
	if strings.Contains(mail, "evil.example") || !strings.Contains(mail, a.URL+"/auth/verify?token=") {
		t.Errorf("the mail leads elsewhere:\n%s", mail)
	}
}

// jobID is the id of a job that is being added.
var jobID = regexp.MustCompile(`values \('[0-9a-f-]{36}'`)

// Nobody learns from the sign-in form who has an account: the answers are alike to the last
// byte, and so is the work that is done before them.
func TestSignIn_KnownAndUnknownAreAlike(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t)
	link(t, a)
	partner := made(t, a, a.Key(), "/partners", object{"email": "zoe@example.com", "name": "Zoe", "send_invite": false})
	if got := a.Call(a.Key(), http.MethodPost, "/api/v1/partners/"+idOf(partner)+"/revoke", object{}); got.Status != http.StatusOK {
		t.Fatal(got.Body)
	}
	tap := testkit.NewTap(t, a.DB.AppURL)
	front := a.Replica([]string{"--only", "web"}, "DATABASE_URL_APP="+tap.URL) // whose connections no job uses
	ask := func(email string) (testkit.Answer, []string) {
		var got testkit.Answer
		said := tap.During(func() { got = form(front, "/signin", url.Values{"email": {email}}, "X-Request-Id", "same") })
		got.Header.Del("Date")
		var alike []string // but for the address and the id of the job
		for _, statement := range said {
			alike = append(alike, jobID.ReplaceAllString(strings.ReplaceAll(statement, strings.ToLower(email), "EMAIL"), "ID"))
		}
		return got, alike
	}
	want, statements := ask("nobody@example.com")
	if want.Status != http.StatusSeeOther || len(statements) < 4 {
		t.Fatalf("got %d after %q", want.Status, statements)
	}
	for _, email := range []string{ada, "zoe@example.com", "ZOE@example.com"} {
		got, said := ask(email)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s is answered otherwise:\n%s", email, diff)
		}
		if diff := cmp.Diff(statements, said); diff != "" {
			t.Errorf("%s costs otherwise:\n%s", email, diff)
		}
	}
}
