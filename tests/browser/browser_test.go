//go:build browser

// Package browser_test uses the program as people do: in a real browser, on its real pages.
//
// Every page that a test looks at is also checked by axe for what keeps people out, and for
// anything that the page's own policy refused or that failed in its scripts.
package browser_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/openpartner/openpartner/tests/testkit"
)

//go:embed axe/axe.min.js
var axe string

// patience is how long a page may take before a test gives up.
const patience = time.Minute

// person sits at a browser with the program open.
type person struct {
	*testkit.App

	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	troubles []string
}

func sitDown(t *testing.T, env ...string) *person {
	t.Helper()
	return at(t, testkit.Start(t, env...))
}

// at opens another browser on a running program. People share none: several windows of one
// Chromium hide each other, and it lets the hidden ones wait.
func at(t *testing.T, app *testkit.App) *person {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // tests may run as root
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.UserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"), // headless ones are bots to the fraud rules
		chromedp.WindowSize(1280, 900))
	chromium, leave := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(leave)
	ctx, cancel := chromedp.NewContext(chromium)
	t.Cleanup(cancel)
	p := &person{App: app, t: t, ctx: ctx}
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	chromedp.ListenTarget(ctx, p.overhear)
	t.Cleanup(p.keepPicture)
	return p
}

// overhear notes what the browser complains about.
func (p *person) overhear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		// An answer of 4xx to a form is part of the conversation, not a failure of the page.
		if e.Entry.Level == log.LevelError && e.Entry.Source != log.SourceNetwork {
			p.troubles = append(p.troubles, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		p.troubles = append(p.troubles, e.ExceptionDetails.Error())
	}
}

// keepPicture saves the screen of a failed test.
func (p *person) keepPicture() {
	if !p.t.Failed() {
		return
	}
	dir := os.Getenv("OPENPARTNER_TEST_PICTURES")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "openpartner-pictures")
	}
	var picture []byte
	if err := p.try(chromedp.FullScreenshot(&picture, 90)); err != nil {
		return
	}
	name := filepath.Join(dir, strings.ReplaceAll(p.t.Name(), "/", "-")+".jpeg")
	if os.MkdirAll(dir, 0o755) == nil && os.WriteFile(name, picture, 0o600) == nil {
		p.t.Logf("the screen is kept in %s", name)
	}
}

func (p *person) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

func (p *person) do(what string, actions ...chromedp.Action) {
	p.t.Helper()
	if err := p.try(actions...); err != nil {
		var shown string
		_ = p.try(chromedp.Evaluate(`location.href + "\n" + document.body.innerText.slice(0, 2000)`, &shown))
		p.t.Fatalf("%s: %v\n%s", what, err, shown)
	}
}

// open loads a page, given by its path or whole address, and checks it.
func (p *person) open(address string) {
	p.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = p.URL + address
	}
	p.do("open "+address, chromedp.Navigate(address), chromedp.WaitReady("body"))
	p.check()
}

// script runs JavaScript in the page and gives what it returns.
func (p *person) script(into any, body string, args ...any) {
	p.t.Helper()
	encoded, err := json.Marshal(args)
	if err != nil {
		p.t.Fatal(err)
	}
	await := func(r *runtime.EvaluateParams) *runtime.EvaluateParams { return r.WithAwaitPromise(true) }
	p.do("run a script", chromedp.Evaluate("(async function () { "+body+" }).apply(null, "+string(encoded)+")", into, await))
}

// find is the part of scripts that looks things up as people do: by the words on them.
const find = `
	const words = e => (e.innerText || e.textContent || "").replace(/\s+/g, " ").trim();
	const shown = e => e.getClientRects().length > 0;
	const field = (label, nth) => {
		const labels = [...document.querySelectorAll("label, legend")].filter(l => shown(l) && (words(l) === label || words(l) === label + " optional"));
		const l = labels[nth || 0];
		return l && (l.control || l.closest("fieldset"));
	};
`

// fill types into the field with this label.
func (p *person) fill(label, value string) {
	p.t.Helper()
	var ok bool
	p.script(&ok, find+`
		const input = field(arguments[0]);
		if (!input) return false;
		if (input.tagName === "SELECT") {
			const option = [...input.options].find(o => words(o) === arguments[1] || words(o).startsWith(arguments[1] + " ("));
			if (!option) return false;
			input.value = option.value;
		} else {
			input.value = arguments[1];
		}
		input.dispatchEvent(new Event("input", {bubbles: true}));
		input.dispatchEvent(new Event("change", {bubbles: true}));
		return true;`, label, value)
	if !ok {
		p.t.Fatalf("there is no field %q for %q on %s", label, value, p.where())
	}
}

// tick ticks a checkbox or chooses a radio button.
func (p *person) tick(label string) {
	p.t.Helper()
	var ok bool
	p.script(&ok, find+`
		const input = field(arguments[0]);
		if (!input) return false;
		if (!input.checked) input.click();
		return input.checked;`, label)
	if !ok {
		p.t.Fatalf("there is nothing to tick at %q on %s", label, p.where())
	}
}

// press presses the button, or follows the link, with these words, and waits for what comes.
func (p *person) press(label string) {
	p.t.Helper()
	var ok bool
	p.script(&ok, find+`
		const matches = [...document.querySelectorAll("dialog[open] button, button, a, summary")].filter(e => shown(e) && words(e) === arguments[0]);
		if (!matches.length) return false;
		setTimeout(() => matches[0].click(), 0);
		return true;`, label)
	if !ok {
		var body string
		p.script(&body, `return document.body.innerText.slice(0, 1500)`)
		p.t.Fatalf("there is nothing to press at %q on %s:\n%s", label, p.where(), body)
	}
}

// lasting asks again when the page that was asked gave way to the next one.
func lasting(a chromedp.Action) chromedp.ActionFunc {
	return func(ctx context.Context) error {
		for {
			err := a.Do(ctx)
			var refused *cdproto.Error
			if !errors.As(err, &refused) || refused.Code != pageGone {
				return err
			}
		}
	}
}

// pageGone is Chromium's answer to a question to a page that is no more.
const pageGone = -32000

// see waits until the page shows a text, and checks the page.
func (p *person) see(text string) {
	p.t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		p.t.Fatal(err)
	}
	p.do("see "+text, lasting(chromedp.Poll(`document.readyState === "complete" && document.body.innerText.replace(/\s+/g, " ").includes(`+string(quoted)+`)`, nil,
		chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience))))
	p.check()
}

func (p *person) where() string {
	var address string
	_ = p.try(chromedp.Location(&address))
	return address
}

// check holds the page against WCAG 2.2 AA and against its own policy.
func (p *person) check() {
	p.t.Helper()
	if !strings.HasPrefix(p.where(), p.URL) {
		return // somebody else's page
	}
	var fresh bool // what was checked already, as it stands, is not checked again
	p.script(&fresh, `
		const now = [innerWidth, matchMedia("(prefers-color-scheme: dark)").matches, document.documentElement.outerHTML].join();
		const before = window.checked;
		window.checked = now;
		return before !== now;`)
	if fresh {
		p.axe()
	}
	p.mu.Lock()
	troubles := p.troubles
	p.troubles = nil
	p.mu.Unlock()
	for _, trouble := range troubles {
		p.t.Errorf("%s: %s", p.where(), trouble)
	}
}

// axe holds the page against the rules.
func (p *person) axe() {
	p.t.Helper()
	var violations []string
	p.do("load axe", chromedp.Evaluate(axe, nil))
	p.script(&violations, `
		const result = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]});
		return result.violations.map(v => v.id + ": " + v.help + " at " + v.nodes.map(n => n.target.join(" ") + " " + n.failureSummary.replace(/\s+/g, " ")).slice(0, 3).join("; "));`)
	for _, v := range violations {
		p.t.Errorf("%s keeps people out: %s", p.where(), v)
	}
}

// screen is a way to look at a page.
type screen struct {
	name          string
	width, height int64
	scheme        string
}

func screens() []screen {
	return []screen{
		{"LaptopLight", 1280, 900, "light"}, {"LaptopDark", 1280, 900, "dark"},
		{"PhoneLight", 390, 844, "light"}, {"PhoneDark", 390, 844, "dark"},
	}
}

// look changes how the person looks at pages.
func (p *person) look(s screen) {
	p.t.Helper()
	p.do("change the screen", chromedp.EmulateViewport(s.width, s.height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: s.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}))
}

// fits reports how far a page is wider than its screen: people on phones don't scroll sideways.
func (p *person) fits() {
	p.t.Helper()
	var over []string // what sticks out, the outermost first
	p.script(&over, `
		const wide = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= wide) return [];
		return ["by " + (document.documentElement.scrollWidth - wide) + " pixels"].concat([...document.querySelectorAll("main *, header *, nav *")]
			.filter(e => e.getBoundingClientRect().right > wide + 1).slice(0, 5).map(e => e.tagName + "." + e.className + " " + e.innerText.slice(0, 80)));`)
	if len(over) > 0 {
		p.t.Errorf("%s is wider than the screen: %q", p.where(), over)
	}
}

// setUp installs the program as its first visitor and stays signed in.
func (p *person) setUp() {
	p.t.Helper()
	p.open(fmt.Sprintf("/install?code=%s", p.SetupCode()))
	p.fill("Your name", "Ada Admin")
	p.fill("Your e-mail address", "ada@example.com")
	p.fill("Name of your program", "Tea Club")
	p.press("Set up the program")
	p.see("Getting started")
}

// teller does by the API what a page need not be opened for.
type teller struct {
	*person

	key string
}

// told is what an answer may have.
type told struct {
	ID      string
	Payouts []struct{ ID string }
}

func (p *person) teller() teller { return teller{p, p.Key()} }

func (k teller) say(method, path string, body map[string]any) (out told) {
	k.t.Helper()
	got := k.Call(k.key, method, "/api/v1"+path, body)
	if got.JSON(k.t, &out); got.Status >= http.StatusBadRequest {
		k.t.Fatalf("%s: %d %s", path, got.Status, got.Body)
	}
	return out
}
