package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/views/layout"
	"github.com/openpartner/openpartner/views/ui"
)

// page renders a body inside the frame, or the body alone as a fragment.
func (s *Server) page(c echo.Context, status int, title string, body templ.Component) error {
	vary(c)
	c.Response().Header().Set("Cache-Control", "no-store")
	if fragment(c) {
		return s.render(c, status, body)
	}
	chrome, err := s.chrome(c)
	if err != nil {
		return err
	}
	ctx := layout.WithChrome(c.Request().Context(), chrome)
	return s.renderIn(ctx, c, status, layout.Admin(title, body))
}

// public renders a page for people who are not signed in.
func (s *Server) public(c echo.Context, status int, title string, body templ.Component) error {
	vary(c)
	c.Response().Header().Set("Cache-Control", "no-store")
	if fragment(c) {
		return s.render(c, status, body)
	}
	ctx := layout.WithChrome(c.Request().Context(), s.publicChrome(c))
	return s.renderIn(ctx, c, status, layout.Public(title, body))
}

// render renders a component as it is.
func (s *Server) render(c echo.Context, status int, body templ.Component) error {
	return s.renderIn(c.Request().Context(), c, status, body)
}

// renderIn renders into memory first, so that a failing component can't leave half a page.
func (s *Server) renderIn(ctx context.Context, c echo.Context, status int, body templ.Component) error {
	buf := templ.GetBuffer()
	defer templ.ReleaseBuffer(buf)
	if err := body.Render(ctx, buf); err != nil {
		return err
	}
	return c.HTMLBlob(status, buf.Bytes())
}

// within ends a handler that had no transaction of the request's: it renders, since the frame of a
// page counts what waits, or leads on with a notice.
func (s *Server) within(c echo.Context, last func() error) error {
	return s.Edge.Finish(c, s.Surface(), func(echo.Context) error { return last() })
}

// ok renders a page that all went well with.
func (s *Server) ok(c echo.Context, title string, body templ.Component) error {
	return s.page(c, http.StatusOK, title, body)
}

// flash keeps a notice for the next page.
func (s *Server) flash(c echo.Context, kind, text string) {
	s.Sessions.SetFlash(c.Request().Context(), kind, text)
}

// done is the end of an action that leads to a page: a notice and a redirect.
func (s *Server) done(c echo.Context, text, path string) error {
	s.flash(c, "success", text)
	return redirect(c, path)
}

func (s *Server) popFlash(c echo.Context) *layout.Flash {
	kind, text, found := strings.Cut(s.Sessions.PopFlash(c.Request().Context()), ":")
	if !found {
		return nil
	}
	return &layout.Flash{Kind: ui.FlashKind(kind), Text: text}
}

// publicChrome is the frame of a page before sign-in. It asks the database nothing, so it also
// serves error pages.
func (s *Server) publicChrome(c echo.Context) layout.Chrome {
	u := urls(c)
	chrome := layout.Chrome{HomePath: u.Home()}
	if t, ok := tenancy.Maybe(c.Request().Context()); ok {
		chrome.TenantName = t.Name
		chrome.AccentCSS = u.BrandCSS()
		if t.Logo != "" {
			chrome.LogoURL = u.Logo(t.Logo)
		}
	}
	return chrome
}

// chrome is the frame of a signed-in person's page.
func (s *Server) chrome(c echo.Context) (layout.Chrome, error) {
	ctx := c.Request().Context()
	p := auth.From(ctx)
	chrome := s.publicChrome(c)
	chrome.UserName, chrome.UserEmail, chrome.Role = p.Name, p.Email, p.Role
	chrome.SignOutPath = urls(c).SignOut()
	chrome.UserMenu = []layout.NavItem{{Label: "Sessions", Href: sessionPages(c).list, Icon: ui.IconFingerprint}}
	chrome.Flash = s.popFlash(c)
	switch p.Kind {
	case auth.AdminKind:
		waiting, err := s.waiting(c)
		if err != nil {
			return layout.Chrome{}, err
		}
		chrome.Nav = navigation(urls(c), c.Request().URL.Path, waiting, s.Billing.Bills())
		chrome.HomePath = urls(c).AdminHome()
		if chrome.Banner, err = s.paymentBanner(c); err == nil && chrome.Banner == nil {
			chrome.Banner, err = s.mailBanner(c)
		}
		if err != nil {
			return layout.Chrome{}, err
		}
	case auth.Partner:
		chrome.Nav, chrome.HomePath = portalNavigation(urls(c), c.Request().URL.Path), urls(c).Partner()
	case auth.Nobody, auth.Key, auth.System: // have no menu
	}
	if p.Kind == auth.Platform {
		console := s.Console(urls(c))
		mark(console.Nav, c.Request().URL.Path, "")
		chrome.Nav, chrome.HomePath, chrome.SignOutPath = console.Nav, console.Home, urls(c).PlatformSignOut()
	}
	return chrome, nil
}

// mailBanner tells admins that mails wait for somebody to set up a server; nil when they leave.
func (s *Server) mailBanner(c echo.Context) (*layout.Banner, error) {
	held, n, err := s.MailHeld(c.Request().Context())
	if !held || err != nil {
		return nil, err
	}
	text := "No mail server is set up: sign-in links and invitations will wait."
	switch {
	case n == 1:
		text = "1 mail waits, because no mail server is set up."
	case n > 1:
		text = strconv.Itoa(n) + " mails wait, because no mail server is set up."
	}
	return &layout.Banner{Tone: ui.Warning, Text: text, ActionLabel: "Set up mail", ActionHref: urls(c).SettingsMail()}, nil
}
