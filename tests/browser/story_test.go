//go:build browser

package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// shop is a merchant's site on another origin, with the SDK in its page.
func shop(t *testing.T, program string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><title>Shop</title><script src="` + program + `/sdk/v1.js"></script><h1>Welcome to the shop</h1>`))
	}))
	t.Cleanup(s.Close)
	return s
}

// TestFromNothingToACommission is the main job of the product, done by hand in a browser, except
// for the one call that a shop's server makes.
func TestFromNothingToACommission(t *testing.T) {
	t.Parallel()
	p := sitDown(t)
	site := shop(t, p.URL)
	p.setUp()

	p.open("/admin/campaigns/new")
	p.fill("Name", "Summer sale")
	p.fill("Destination", site.URL+"/welcome")
	p.fill("Rate", "20")
	p.see("20 % of $100.00")
	p.press("Create the campaign")
	p.see("Summer sale")

	p.open("/admin/partners/new")
	p.fill("Name", "Zoe Partner")
	p.fill("E-mail address", "zoe@example.com")
	p.tick("Summer sale")
	p.tick("Make them active at once")
	p.press("Add the partner")
	p.see("Zoe Partner")

	p.open("/admin/links/new")
	p.fill("Partner", "Zoe Partner")
	p.fill("Campaign", "Summer sale")
	p.fill("Key", "zoe")
	p.press("Make the link")
	p.see("For Zoe Partner, in Summer sale")

	p.open("/admin/api-keys/new")
	p.fill("What is it for?", "Shop server")
	p.press("Make the key")
	p.see("Copy it now")
	var key string
	p.script(&key, `return document.getElementById("new-key").value`)

	visitor := at(t, p.App)
	visitor.do("click the link", chromedp.Navigate(p.URL+"/r/zoe"))
	visitor.see("Welcome to the shop")
	var told int
	visitor.script(&told, `return await OpenPartner.identify("customer-1")`)
	var again int
	visitor.script(&again, `return await OpenPartner.identify("customer-1")`)
	if told != 1 || again != 0 {
		t.Fatalf("the SDK told %d visits, and %d again", told, again)
	}

	sale := p.Call(key, "POST", "/api/v1/events", map[string]any{"user_id": "customer-1", "type": "purchase", "amount": 4999, "currency": "USD"})
	if sale.Status != http.StatusCreated || !strings.Contains(sale.Body, `"attributed"`) {
		t.Fatalf("the sale: %d %s", sale.Status, sale.Body)
	}

	p.open("/admin/activity")
	p.see("customer-1")
	var when string
	p.script(&when, `return document.querySelector("main tbody a").innerText`)
	p.press(when)
	p.see("$10.00")
	p.open("/admin/commissions")
	p.see("$10.00")
	p.script(&when, `return document.querySelector("main tbody a").innerText`)
	p.press(when)
	p.see("20 % of $49.99")
	p.press("Approve early")
	p.see("Why is the hold skipped?")
	p.fill("Why is the hold skipped?", "They asked for it")
	p.press("Approve commission")
	p.see("Approved on")
	p.open("/admin")
	p.see("$49.99")
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	p := sitDown(t)
	p.setUp()
	guest := at(t, p.App)
	guest.open("/admin/partners")
	guest.see("Sign in")
	guest.fill("E-mail address", "ada@example.com")
	guest.press("Send sign-in link")
	guest.see("Check your inbox")
	p.Await("Sign in to Tea Club")
	guest.open("/dev/mail")
	guest.press("Sign in to Tea Club")
	guest.see("Links")
	var link string
	guest.script(&link, `return [...document.querySelectorAll("main a")].map(a => a.href).find(h => h.includes("/auth/verify"))`)
	guest.open(link)
	guest.see("ada@example.com")
	guest.press("Sign in")
	guest.see("Partners")
	if !strings.Contains(guest.where(), "/admin/partners") {
		t.Errorf("signed in at %s", guest.where())
	}
	guest.open(link)
	guest.see("does not work any more")
}
