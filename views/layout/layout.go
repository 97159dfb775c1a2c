// Package layout owns the frame around every page: head, navigation, messages and the shells for
// admins, for the public and for error pages.
//
// It knows neither routes nor services; whoever serves a page hands the frame over as a Chrome in
// the context. Invariant: a context without a Chrome renders a plain, working page.
package layout

import (
	"context"
	"regexp"
	"strings"

	"github.com/openpartner/openpartner/views/ui"
)

// Chrome is all that the frame shows; page bodies never see it.
type Chrome struct {
	TenantName  string
	LogoURL     string
	AccentCSS   string // The address of the tenant's colours, see BrandCSS.
	HomePath    string // Where the brand leads; "/" by default.
	UserName    string
	UserEmail   string
	Role        string
	Nav         []NavGroup
	UserMenu    []NavItem // Beside sign-out: profile, sessions.
	Flash       *Flash
	SignOutPath string
	Banner      *Banner
	Footer      []NavItem // Links below public pages.
}

// NavGroup is a part of the navigation; one without a label stands first.
type NavGroup struct {
	Label string
	Items []NavItem
}

// NavItem leads to one page of the product.
type NavItem struct {
	Label     string
	Href      string
	Icon      ui.IconName
	Current   bool
	Primary   bool // Also stands in the bar at the bottom of a phone; the first four count.
	Counter   int  // How many things wait there.
	CounterID string
}

// Flash is the message of the last action.
type Flash = ui.FlashMessage

// Banner is a lasting notice above the page, with at most one thing to do about it.
type Banner struct {
	Tone        ui.Tone
	Text        string
	ActionLabel string
	ActionHref  string
}

type ctxKey struct{}

// WithChrome puts the frame of this request into the context.
func WithChrome(ctx context.Context, c Chrome) context.Context {
	return context.WithValue(ctx, ctxKey{}, c)
}

// From gives the frame of this request, or the zero value.
func From(ctx context.Context) Chrome {
	c, _ := ctx.Value(ctxKey{}).(Chrome)
	return c
}

func (c Chrome) name() string {
	if c.TenantName == "" {
		return "OpenPartner"
	}
	return c.TenantName
}

func (c Chrome) home() string {
	if c.HomePath == "" {
		return "/"
	}
	return c.HomePath
}

func (c Chrome) flash() Flash {
	if c.Flash == nil {
		return Flash{}
	}
	return *c.Flash
}

// person is how the signed-in one is called; the address stands in for a missing name.
func (c Chrome) person() string {
	if c.UserName == "" {
		return c.UserEmail
	}
	return c.UserName
}

// primary gives what the bar at the bottom of a phone holds, at most four.
func (c Chrome) primary() []NavItem {
	var items []NavItem
	for _, g := range c.Nav {
		for _, item := range g.Items {
			if item.Primary && len(items) < 4 {
				items = append(items, item)
			}
		}
	}
	return items
}

// waiting sums the counters, so that a closed menu can say that something waits behind it.
func (c Chrome) waiting() int {
	n := 0
	for _, g := range c.Nav {
		for _, item := range g.Items {
			n += item.Counter
		}
	}
	return n
}

// pageTitle is what the browser's tab says.
func pageTitle(title, name string) string {
	if title == "" || title == name {
		return name
	}
	return title + " · " + name
}

// initials stand in for a picture: "Ada Lovelace" is AL.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	out := string([]rune(words[0])[:1])
	if len(words) > 1 {
		out += string([]rune(words[len(words)-1])[:1])
	}
	return strings.ToUpper(out)
}

var hexColor = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// BrandCSS is the style sheet of a tenant's colour, written as #rrggbb; anything else gives the
// standard colour, so that a stored value can never carry other rules into the page. The sheet
// keeps texts readable on whatever colour is chosen.
func BrandCSS(color string) string {
	if !hexColor.MatchString(color) {
		return ":root{}\n"
	}
	return ":root{--brand:" + strings.ToLower(color) + "}\n"
}

// htmxConfig says how htmx behaves on every page. Answers replace their target as a whole, other
// statuses than 204 and 304 are shown, history is a real page load, and no style is injected.
func htmxConfig() string {
	return `{"defaultSwap":"outerHTML","noSwap":[204,304],"includeIndicatorCSS":false,` +
		`"history":"reload","extensions":"none","defaultTimeout":30000}`
}
