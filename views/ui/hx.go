package ui

import (
	"strings"

	"github.com/a-h/templ"
)

// The ids of the places that the layout keeps for answers from anywhere.
const (
	FlashID  = "flash"
	DialogID = "dialog"
)

// ThisTarget swaps the element that sent the request.
const ThisTarget = "this"

// HX describes what htmx does beyond plain HTML. The zero value is plain HTML; setting Target is
// what turns it on. Forms and links keep their own address: it is used for htmx too.
type HX struct {
	Target    string // CSS selector of what is replaced; ThisTarget is the element itself.
	Swap      string // How, where it is not outerHTML.
	Select    string // Takes only this part of the answer.
	PushURL   bool   // Puts the address into the history, for filters and paging.
	Trigger   string // When, where it is not the natural event. Filters in brackets need eval: never.
	Include   string // Selector of further inputs to send.
	Indicator string // Selector of what gets the class htmx-request meanwhile.
	Sync      string // How overlapping requests are settled, such as "this:replace".
}

// on reports whether htmx takes part at all.
func (h HX) on() bool { return h.Target != "" }

// attrs gives the attributes for a request of method to url; keys are constants, never input.
func (h HX) attrs(method, url string) templ.OrderedAttributes {
	if !h.on() {
		return nil
	}
	out := templ.OrderedAttributes{{Key: "hx-" + verb(method), Value: url}}
	add := func(key, value string) {
		if value != "" {
			out = append(out, templ.KeyValue[string, any]{Key: key, Value: value})
		}
	}
	add("hx-target", h.Target)
	add("hx-swap", h.Swap)
	add("hx-select", h.Select)
	if h.PushURL {
		add("hx-push-url", "true")
	}
	add("hx-trigger", h.Trigger)
	add("hx-include", h.Include)
	add("hx-indicator", h.Indicator)
	add("hx-sync", h.Sync)
	return out
}

// formAttrs adds what every form wants: refused input comes back in place of the form, wherever a
// success goes, and the buttons rest while the request is under way.
func (h HX) formAttrs(method, url string) templ.OrderedAttributes {
	out := h.attrs(method, url)
	if out == nil {
		return nil
	}
	if h.Target != ThisTarget && verb(method) == "post" {
		out = append(out, templ.KeyValue[string, any]{
			Key: "hx-status:422", Value: `target:"closest form" swap:outerHTML select:null`,
		})
	}
	return append(out, templ.KeyValue[string, any]{Key: "hx-disable", Value: "findAll [type=submit]"})
}

// verb lets only the two methods of forms through.
func verb(method string) string {
	if strings.EqualFold(method, "get") {
		return "get"
	}
	return "post"
}
