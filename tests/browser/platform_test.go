//go:build browser

package browser_test

import (
	"net/http"
	"testing"
)

// TestPlatform follows a brand from the front door of a deployment into its program, and staff who
// look after it, on a phone.
func TestPlatform(t *testing.T) {
	t.Parallel()
	p := sitDown(t, "OPENPARTNER_TENANCY=multi")
	p.look(screens()[2])
	p.signUp()
	p.lookAfter()
}

func (p *person) signUp() {
	p.t.Helper()
	p.Command("create-tenant", "--slug", "taken", "--name", "Taken")
	p.open("/")
	p.fits()
	p.press("Create your program")
	p.see("We send you a link that opens it.")
	p.fill("Address", "taken")
	p.see("This address is taken.")
	p.fits()
	p.fill("Address", "tea-club")
	p.see("Free: your program would be at /t/tea-club/")
	p.fill("Name of your program", "Tea Club")
	p.fill("Your name", "Ada Admin")
	p.fill("Your e-mail address", "ada")
	p.press("Create the program")
	p.see("This is not an e-mail address")
	p.fits()
	p.fill("Your e-mail address", "ada@example.com")
	p.press("Create the program")
	p.see("until then the address is kept for you")
	p.fits()
	p.open("/t/tea-club/auth/verify?token=" + p.MailedToken("/t/tea-club/auth/verify", 1))
	p.press("Accept the invitation")
	p.see("Getting started")
	p.open("/signin")
	p.fits()
	p.fill("E-mail address", "ada@example.com")
	p.press("Send sign-in link")
	p.see("Check your inbox")
}

func (p *person) lookAfter() {
	p.t.Helper()
	p.open("/platform/signin")
	p.fits()
	p.open(p.Command("create-platform-admin", "--email", "olga@operator.example", "--name", "Olga Operator"))
	p.press("Sign in")
	p.see("Everybody who runs a partner program")
	p.fits()
	p.press("Tea Club")
	p.see("Signed up by")
	p.fits()
	p.fill("Reason", "Ticket 4711: no invitation arrives")
	p.press("Look into it")
	p.see("Inside Tea Club")
	p.fits()
	p.open("/platform/tenants?q=tea")
	p.press("Tea Club")
	p.see("looked into the program")
	p.press("Suspend")
	p.see("Suspend Tea Club?")
	p.fill("Reason", "")
	p.press("Suspend the program")
	p.see("This can't be blank.")
	p.fill("Reason", "Invoice 4711")
	p.press("Suspend the program")
	p.see("Tea Club is suspended now.")
	p.fits()
	if got := p.Call("", http.MethodGet, "/t/tea-club/signin", nil); got.Status != http.StatusNotFound {
		p.t.Errorf("a suspended program answers %d", got.Status)
	}
	p.open("/platform/audit")
	p.see("Invoice 4711")
	p.fits()
	p.open("/platform/jobs")
	p.fits()
	p.open("/platform/staff")
	p.press("Add staff")
	p.see("Looks at programs")
	p.fill("Name", "Sue Support")
	p.fill("E-mail address", "sue@operator.example")
	p.press("Add")
	p.see("Sue Support may sign in now.")
	p.fits()
}
