package network_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/tests/testkit"
)

// reads loads a page and looks for what it must say.
func reads(t *testing.T, v *testkit.Visitor, path string, words ...string) string {
	t.Helper()
	got := v.Get(path)
	if got.Status != http.StatusOK {
		t.Fatalf("%s: %d\n%s", path, got.Status, got.Body)
	}
	says(t, got, words...)
	return got.Body
}

func says(t *testing.T, got testkit.Answer, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(got.Body, w) {
			t.Errorf("the page does not say %q:\n%s", w, got.Body)
		}
	}
}

// sends posts a form and expects a status; after 303 the notice is on the page that it leads to.
func sends(t *testing.T, v *testkit.Visitor, path string, want int, form url.Values) testkit.Answer {
	t.Helper()
	got := v.Post(path, form)
	if got.Status != want {
		t.Fatalf("POST %s: %d, want %d\n%s", path, got.Status, want, got.Body)
	}
	return got
}

func TestPages_Connection(t *testing.T) {
	t.Parallel()
	v := start(t)
	admin := v.Admin()
	reads(t, admin, "/admin/network", "Not connected", "Connect")
	reads(t, admin, "/admin/network/complete", "This link is not complete")
	contact := url.Values{"contact_email": {"ada@tea.example"}, "display_name": {"Tea Club"}}
	says(t, sends(t, admin, "/admin/network/connection", http.StatusUnprocessableEntity, url.Values{"contact_email": {"nobody"}, "display_name": {"Tea"}}), "nobody", `aria-invalid="true"`)
	v.hub.set(func() { v.hub.fail = func(heard) int { return http.StatusServiceUnavailable } })
	says(t, sends(t, admin, "/admin/network/connection", http.StatusBadGateway, contact), "The Network says: Not now.", "Try again", "Tea Club")
	reads(t, admin, "/admin/network", "The connection does not work.", "Not now.")
	v.hub.set(func() { v.hub.fail = nil })
	sends(t, admin, "/admin/network/connection", http.StatusSeeOther, contact)
	reads(t, admin, "/admin/network", "The Network has sent a mail to ada@tea.example.", "A mail is on its way to ada@tea.example.")
	if again := reads(t, admin, "/admin/network", "A mail is on its way"); strings.Contains(again, "The Network has sent a mail") {
		t.Error("the notice stays")
	}

	link := url.Values{"ntoken": {"mailed"}, "state": {v.hub.signUp.State}}
	reads(t, admin, "/admin/network/complete?"+link.Encode(), "Complete the connection", "Tea Club")
	if s := v.stands(); s.State != "connecting" {
		t.Errorf("looking at the link made it %s", s.State)
	}
	says(t, sends(t, admin, "/admin/network/complete", http.StatusUnprocessableEntity, url.Values{"ntoken": {"mailed"}, "state": {"other"}}), "belongs to another try")
	sends(t, admin, "/admin/network/complete", http.StatusSeeOther, link)
	reads(t, admin, "/admin/network", "Connected", "vnd_1", "The Network knows all")

	sends(t, admin, "/admin/network", http.StatusSeeOther, url.Values{"settings": {"true"}})
	sends(t, admin, "/admin/network", http.StatusSeeOther, url.Values{"paused": {"true"}})
	reads(t, admin, "/admin/network", "Paused", "Resume")
	sends(t, admin, "/admin/network", http.StatusSeeOther, url.Values{"paused": {"false"}})
	v.partner("quiet@example.com") // nobody is told by itself now
	sends(t, admin, "/admin/network/backfill", http.StatusSeeOther, nil)
	v.DB.Await(t, `select bool_and(status = 'done') from platform.jobs where kind = 'network.backfill' having count(*) = 1`)
	reads(t, admin, "/admin/network", "The Network was told of 1 partner.")
	sends(t, admin, "/admin/network/token", http.StatusSeeOther, nil)
	sends(t, admin, "/admin/network/disconnection", http.StatusSeeOther, nil)
	reads(t, admin, "/admin/network", "Not connected", "Connect again")
	says(t, sends(t, admin, "/admin/network/token", http.StatusServiceUnavailable, nil), "This program is not connected")
	says(t, sends(t, admin, "/admin/network", http.StatusUnprocessableEntity, url.Values{"url": {"network"}}), "Enter a whole web address")
}

var _ = protocol.RequestPending
