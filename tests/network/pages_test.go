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

func TestPages_OfferingsAndRequests(t *testing.T) {
	t.Parallel()
	v := start(t)
	admin := v.Admin()
	for _, page := range []string{"offerings", "requests"} {
		reads(t, admin, "/admin/network/"+page, "Not connected to the Network")
	}
	v.connect()
	campaign := v.campaign()
	reads(t, admin, "/admin/network/offerings", "No offering yet")
	form := url.Values{"title": {"Finest tea"}, "product_url": {"https://tea.example/"}, "campaign_id": {campaign}, "categories": {"food, wellness"}}
	says(t, sends(t, admin, "/admin/network/offerings", http.StatusUnprocessableEntity, url.Values{"title": {"x"}}), "Enter 2 to 120 characters.", "Choose the campaign")
	sends(t, admin, "/admin/network/offerings", http.StatusSeeOther, form)
	reads(t, admin, "/admin/network/offerings", "The offering is there.", "Finest tea", "20 % of every purchase", "Draft", ">Tea<")
	reads(t, admin, "/admin/network/offerings/off_1", "As a creator sees it", "by Tea Club", "20 % of every purchase", "Publish")
	reads(t, admin, "/admin/network/offerings/off_1/edit", `value="Finest tea"`)
	reads(t, admin, "/admin/network/offerings/off_1/publication", "Publish “Finest tea”?")
	sends(t, admin, "/admin/network/offerings/off_1/publication", http.StatusSeeOther, url.Values{"published": {"true"}})
	sends(t, admin, "/admin/network/offerings/off_1", http.StatusSeeOther, form)
	reads(t, admin, "/admin/network/offerings/off_1/removal", "Delete “Finest tea”?")

	v.hub.set(func() {
		v.hub.requests = []protocol.Request{
			{ID: "req_2", Status: "approving", Offering: protocol.RequestOffering{ID: "off_1", Title: "Finest tea"}, Creator: protocol.Creator{Name: "Nils", Handle: "nils"}},
			{
				ID: "req_1", Status: "pending", Offering: protocol.RequestOffering{ID: "off_1", Title: "Finest tea"}, Pitch: "I drink it daily.",
				Creator: protocol.Creator{Name: "Cleo", Handle: "cleo", Bio: "Tea and books", Platforms: []protocol.Platform{{Platform: "Blog", URL: "javascript:alert(1)"}}},
			},
		}
	})
	body := reads(t, admin, "/admin/network/requests", "@cleo wants to promote “Finest tea”", "I drink it daily.", "Tea and books", "every 2s", "Being approved")
	if strings.Contains(body, `"javascript:`) || strings.Index(body, "Cleo") > strings.Index(body, "Nils") {
		t.Error("a link of a stranger runs, or who waits is not first")
	}
	reads(t, admin, "/admin/network/requests/req_1/approval", "Approve Cleo?")
	v.hub.set(func() { v.hub.fail = func(heard) int { return http.StatusServiceUnavailable } })
	says(t, sends(t, admin, "/admin/network/requests/req_1/approval", http.StatusBadGateway, url.Values{"note": {"Welcome, Cleo"}}), "Not now.", "Welcome, Cleo")
	reads(t, admin, "/admin/network/requests", "The Network says: Not now.", "Try again")
	reads(t, admin, "/admin/network/offerings", "The Network says: Not now.", "Try again")
	v.hub.set(func() { v.hub.fail = nil })
	sends(t, admin, "/admin/network/requests/req_1/approval", http.StatusSeeOther, url.Values{"note": {"Welcome"}})
	reads(t, admin, "/admin/network/requests", "Approved. The Network makes their link now.")
	sends(t, admin, "/admin/network/requests/req_1/rejection", http.StatusSeeOther, nil)
	if got := admin.Get("/admin/network/requests?status=lost"); got.Status != http.StatusUnprocessableEntity {
		t.Errorf("a state that there is not: %d", got.Status)
	}
}

func TestPages_Outbox(t *testing.T) {
	t.Parallel()
	v := start(t)
	v.connect()
	admin := v.Admin()
	reads(t, admin, "/admin/network/outbox", "Nothing waits")
	v.hub.set(func() { v.hub.fail = func(heard) int { return http.StatusBadRequest } })
	p := v.partner("late@example.com")
	v.DB.Await(t, `select count(*) = 1 from network_outbox where status = 'dead'`)
	body := reads(t, admin, "/admin/network/outbox?status=dead", "late@example.com", "Given up", "Not now.")
	reads(t, admin, "/admin", "Messages to the Network that were given up")
	reads(t, admin, "/admin/network", "1 message was given up.")
	_, rest, _ := strings.Cut(body, "/admin/network/outbox/")
	for !strings.HasPrefix(rest[36:], "/") {
		_, rest, _ = strings.Cut(rest, "/admin/network/outbox/")
	}
	message := "/admin/network/outbox/" + rest[:36]
	reads(t, admin, message+"/discard", "Discard the message about late?")
	v.hub.set(func() { v.hub.fail = nil })
	sends(t, admin, message+"/retry", http.StatusSeeOther, nil)
	v.hub.until("the message", func() bool { return v.hub.known[p.ID].Sequence > 0 })
	v.DB.Await(t, `select count(*) = 0 from network_outbox`)
	sends(t, admin, message+"/discard", http.StatusNotFound, nil)
	sends(t, admin, "/admin/network/outbox/retry", http.StatusSeeOther, nil)
	reads(t, admin, "/admin/network/outbox", "There is nothing to send.")
}
