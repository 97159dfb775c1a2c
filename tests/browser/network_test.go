//go:build browser

package browser_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openpartner/openpartner/tests/testkit"
)

// TestNetwork follows a brand onto the Network, and a creator from the directory to their link: the
// brand at a laptop, the creator at a phone, each on a program of their own.
func TestNetwork(t *testing.T) {
	t.Parallel()
	hub := testkit.StartHub(t, "OPENPARTNER_SCHEDULER_INTERVAL=200ms")
	way := newWay(t, hub.URL)
	brand := testkit.Start(t, "NETWORK_URL="+way.URL, "OPENPARTNER_OUTBOUND_ALLOW=127.0.0.0/8,::1/128", "OPENPARTNER_SCHEDULER_INTERVAL=200ms")
	key := brand.Key()
	made := brand.Call(key, http.MethodPost, "/api/v1/campaigns", map[string]any{
		"name": "Tea", "destination_url": "https://tea.example/", "rules": []map[string]any{{"kind": "percent", "rate": "20"}},
	})
	if made.Status != http.StatusCreated {
		t.Fatal(made.Body)
	}
	b := at(t, brand)
	b.look(screens()[1])
	b.open(brand.Command("create-admin", "--email", "ada@example.com", "--name", "Ada Admin"))
	b.press("Sign in")
	b.see("Getting started")
	b.offer(hub)
	b.patient(way)

	c := at(t, hub)
	c.look(screens()[2])
	c.join()

	b.open("/admin/network/requests")
	b.see("I drink tea every day.")
	b.fits()
	b.press("Approve")
	b.see("Approve Cleo?")
	b.fill("A word to them", "Welcome!")
	b.press("Approve request")
	b.see("The Network makes their link now.")
	hub.DB.Await(t, `select status = 'approved' from coordinator.requests`)
	b.open("/admin/network")
	b.fits()

	c.open("/creators/me/requests")
	c.see("Welcome!")
	c.fits()
	c.open("/creators/me/partnerships")
	c.see("as the program told us just now")
	c.fits()
	at(t, hub).runs(hub)
}

// runs has the hub's operator look at each page of the console, at a phone.
func (p *person) runs(hub *testkit.App) {
	p.t.Helper()
	p.look(screens()[2])
	p.open(hub.Command("create-platform-admin", "--email", "olga@operator.example", "--name", "Olga Operator"))
	p.press("Sign in")
	p.see("Programs that joined the Network.")
	var vendor, offering string
	p.script(&vendor, `return document.querySelector("main a[href^='/platform/vendors/']").getAttribute("href")`)
	p.open("/offerings")
	p.script(&offering, `return document.querySelector("main a[href^='/offerings/']").getAttribute("href")`)
	for _, page := range []string{
		vendor, vendor + "/status", "/platform/offerings", "/platform/requests", "/platform/creators", "/platform/jobs", "/platform/staff",
		"/platform/audit", offering, "/creators/signup", "/creators/signin",
	} {
		p.open(page)
		p.fits()
	}
}

// way leads to the hub: at once, slowly, or not at all.
type way struct {
	*httptest.Server

	gate atomic.Pointer[chan struct{}] // that requests wait at
	cut  atomic.Bool
}

func newWay(t *testing.T, to string) *way {
	t.Helper()
	hub, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	w, onward := &way{}, httputil.NewSingleHostReverseProxy(hub)
	onward.ErrorHandler = func(http.ResponseWriter, *http.Request, error) {} // whoever asked has left
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if gate := w.gate.Load(); gate != nil {
			<-*gate
		}
		if w.cut.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		onward.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

// patient opens pages of a hub that takes its time, and of one that is down.
func (p *person) patient(w *way) {
	p.t.Helper()
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	defer open()
	w.gate.Store(&gate)
	p.open("/admin/network/offerings")
	p.see("Asking the Network")
	p.fits()
	w.gate.Store(nil)
	open()
	p.see("Finest tea")
	p.fits()
	w.cut.Store(true)
	p.open("/admin/network/offerings")
	p.see("The Network answered 503.")
	p.fits()
	w.cut.Store(false)
	p.press("Try again")
	p.see("Finest tea")
}

// offer connects a brand and publishes what it offers.
func (p *person) offer(hub *testkit.App) {
	p.t.Helper()
	p.open("/admin/network")
	p.see("Not connected")
	p.fits()
	p.open("/admin/network/connection")
	p.fits()
	p.fill("Name of the program", "Tea Club")
	p.fill("Contact", "ada@example.com")
	p.press("Connect")
	p.see("ada@example.com")
	p.fits()
	line := hub.Await("/admin/network/complete?ntoken=")
	_, link, _ := strings.Cut(line, "/admin/network/complete?")
	link, _, _ = strings.Cut(strings.TrimSpace(link), "\"")
	p.open("/admin/network/complete?" + link)
	p.fits()
	p.press("Complete the connection")
	p.see("Connected")
	p.fits()
	p.open("/admin/network/offerings/new")
	p.fits()
	p.fill("Title", "Finest tea")
	p.fill("Page of the product", "https://tea.example/")
	p.fill("Campaign", "Tea")
	p.tick("Published")
	p.press("Create offering")
	p.see("20 % of every sale")
	p.fits()
	p.open("/admin/network/outbox")
	p.see("Nothing waits")
	p.fits()
}

// join makes somebody a creator who applies for the offering.
func (p *person) join() {
	p.t.Helper()
	p.open("/")
	p.fits()
	p.open("/creators/signup")
	p.fits()
	p.fill("Your name", "Cleo")
	p.fill("Handle", "cleo")
	p.fill("E-mail address", "cleo@example.com")
	p.press("Join the Network")
	p.see("Check your inbox")
	p.fits()
	p.open("/creators/verify?token=" + p.MailedToken("/creators/verify", 1))
	p.fits()
	p.press("Sign in")
	p.see("See “Finest tea”")
	p.open("/creators/me")
	p.see("cleo@example.com")
	p.fits()
	p.open("/offerings")
	p.fits()
	p.press("See “Finest tea”")
	p.see("20 % of every sale")
	p.fits()
	p.fill("Your pitch", "I drink tea every day.")
	p.fill("Wish for your link", "cleo")
	p.press("Apply to Tea Club")
	p.see("Finest tea")
	p.fits()
}
