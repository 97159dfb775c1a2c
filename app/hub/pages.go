package hub

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/layout"
	"github.com/openpartner/openpartner/views/ui"
)

// name is what the hub calls itself.
const name = "OpenPartner Network"

func urls() routes.Hub { return routes.Hub{} }

// Surface is how pages authenticate creators and fail.
func (s *Server) Surface() edge.Surface {
	return edge.Surface{Authenticate: s.recognise, Guard: guardPage, Fail: s.fail, Keeper: s.Keeper}
}

// recognise loads the session and its creator.
func (s *Server) recognise(c echo.Context, ctx context.Context) (context.Context, auth.Principal, error) {
	ctx, err := s.Edge.LoadSession(c, ctx, s.Keeper)
	if err != nil {
		return ctx, auth.Principal{}, err
	}
	p, err := s.Sessions.Principal(ctx)
	if err == nil && p.Kind != auth.Nobody {
		s.Sessions.Seen(ctx)
	}
	return ctx, p, err
}

// guardPage asks strangers to sign in where a route is for creators.
func guardPage(_ echo.Context, r edge.Route, p auth.Principal) error {
	if r.Auth == edge.Session && p.Kind != coordinator.CreatorKind {
		return fault.Unauthorized("Please sign in.")
	}
	return nil
}

// fail sends strangers to the door, and has everything else answered as on other pages.
func (s *Server) fail(c echo.Context, err error) error {
	if fault.Is(err, fault.KindUnauthorized) {
		next := ""
		if c.Request().Method == http.MethodGet && !htmx(c) {
			next = c.Request().URL.RequestURI()
		}
		return redirect(c, routes.WithNext(urls().SignIn(), next))
	}
	return s.Console.Fail(c, err)
}

func htmx(c echo.Context) bool { return c.Request().Header.Get("HX-Request") == "true" }

// fragment reports whether the answer is only the body.
func fragment(c echo.Context) bool {
	h := c.Request().Header
	return htmx(c) && h.Get("HX-Boosted") == "" && h.Get("HX-History-Restore-Request") == ""
}

func redirect(c echo.Context, path string) error {
	if htmx(c) {
		c.Response().Header().Set("HX-Redirect", path)
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// page renders a body inside the frame, or the body alone as a fragment.
func (s *Server) page(c echo.Context, status int, title string, body templ.Component) error {
	return s.framed(c, status, body, func() templ.Component { return layout.Admin(title, body) })
}

// door is page for what stands before sign-in: a card below the name.
func (s *Server) door(c echo.Context, status int, title string, body templ.Component) error {
	return s.framed(c, status, body, func() templ.Component { return layout.Public(title, body) })
}

func (s *Server) framed(c echo.Context, status int, body templ.Component, frame func() templ.Component) error {
	h := c.Response().Header()
	h.Add("Vary", "HX-Request, HX-Request-Type, HX-History-Restore-Request")
	h.Set("Cache-Control", "no-store")
	ctx := c.Request().Context()
	if !fragment(c) {
		ctx = layout.WithChrome(ctx, s.chrome(c))
		body = frame()
	}
	buf := templ.GetBuffer()
	defer templ.ReleaseBuffer(buf)
	if err := body.Render(ctx, buf); err != nil {
		return err
	}
	return c.HTMLBlob(status, buf.Bytes())
}

// chrome is the frame: everybody finds the offerings, creators also what is theirs.
func (s *Server) chrome(c echo.Context) layout.Chrome {
	u, p := urls(), auth.From(c.Request().Context())
	chrome := layout.Chrome{TenantName: name, HomePath: u.Home()}
	if kind, text, found := strings.Cut(s.Sessions.PopFlash(c.Request().Context()), ":"); found {
		chrome.Flash = &layout.Flash{Kind: ui.FlashKind(kind), Text: text}
	}
	items := []layout.NavItem{{Label: "Offerings", Href: u.Offerings(), Icon: ui.IconMegaphone, Primary: true}}
	if p.Kind == coordinator.CreatorKind {
		chrome.UserName, chrome.UserEmail, chrome.Role, chrome.SignOutPath = p.Name, p.Email, p.Role, u.SignOut()
		items = append(items,
			layout.NavItem{Label: "Requests", Href: u.Requests(), Icon: ui.IconInbox, Primary: true},
			layout.NavItem{Label: "Partnerships", Href: u.Partnerships(), Icon: ui.IconHandCoins, Primary: true},
			layout.NavItem{Label: "Profile", Href: u.Profile(), Icon: ui.IconUser})
	} else {
		items = append(items,
			layout.NavItem{Label: "Sign in", Href: u.SignIn(), Icon: ui.IconLogIn, Primary: true},
			layout.NavItem{Label: "Join as a creator", Href: u.Join(), Icon: ui.IconUserPlus, Primary: true})
	}
	for i, item := range items {
		path := c.Request().URL.Path
		items[i].Current = path == item.Href || (item.Href != u.Profile() && strings.HasPrefix(path, item.Href+"/"))
	}
	chrome.Nav = []layout.NavGroup{{Items: items}}
	return chrome
}

// done is the end of an action: a notice and a redirect.
func (s *Server) done(c echo.Context, text, path string) error {
	s.Sessions.SetFlash(c.Request().Context(), "success", text)
	return redirect(c, path)
}

// readForm reads what a person typed; text that the database could not hold is refused by its field.
func readForm(c echo.Context) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if (err != nil && c.Request().ContentLength != 0) || (err == nil && kind != echo.MIMEApplicationForm) {
		return nil, &fault.Error{Kind: fault.KindUnsupported, Code: "unsupported_media_type", Message: "Send the form as a browser does."}
	}
	if err := c.Request().ParseForm(); err != nil {
		return nil, fault.Malformed("The form could not be read.").WithCode("malformed_form").Because(err)
	}
	return c.Request().PostForm, storable(c.Request().PostForm)
}

func storable(values url.Values) error {
	fields := fault.Fields{}
	for field, list := range values {
		for _, text := range list {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				fields.Add(field, "This contains characters that can't be stored.")
			}
		}
	}
	return fields.Err()
}

// fieldErrors gives what is wrong with each input, when that is what the error says.
func fieldErrors(err error) (fault.Fields, bool) {
	f, ok := fault.From(err)
	if !ok || len(f.Fields) == 0 || !slices.Contains([]fault.Kind{fault.KindInvalid, fault.KindConflict}, f.Kind) {
		return nil, false
	}
	return f.Fields, true
}

// pager leads on from this page of a list, keeping its filters.
func pager[T any](c echo.Context, path string, r paging.Result[T]) ui.PagerProps {
	q := url.Values{}
	for field, values := range c.QueryParams() {
		if field != "cursor" && values[0] != "" {
			q.Set(field, values[0])
		}
	}
	p := ui.PagerProps{}
	if c.QueryParam("cursor") != "" {
		p.FirstHref = withQuery(path, q)
	}
	if r.Next != "" {
		q.Set("cursor", r.Next)
		p.NextHref = withQuery(path, q)
	}
	return p
}

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
