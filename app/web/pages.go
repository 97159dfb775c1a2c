package web

import (
	"context"
	"io"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/views/ui"
)

// formPage shows a form below its heading. One that comes back to the person who sent it, such as
// a refused one, is answered to htmx alone and takes the place of what was sent.
func (s *Server) formPage(c echo.Context, status int, head ui.HeaderProps, form templ.Component) error {
	if c.Request().Method == http.MethodPost && fragment(c) {
		vary(c)
		return s.render(c, status, form)
	}
	return s.page(c, status, head.Title, templ.Join(ui.PageHeader(head), form))
}

// confirm asks before an action that matters: in a dialog for htmx, else on a page of its own.
// Inputs, such as a note, stand between the question and its buttons; refused ones come back to
// the dialog as its form alone.
func (s *Server) confirm(c echo.Context, status int, p ui.ConfirmProps, inputs ...templ.Component) error {
	body := ui.ConfirmPage(p)
	switch {
	case fragment(c) && status == http.StatusOK:
		body = ui.ConfirmDialog(p)
	case fragment(c):
		body = ui.ConfirmForm(p)
	}
	return s.page(c, status, p.Title, around(body, inputs...))
}

// answer is how htmx is told that an action in a list went through: what is to stand in place of
// what was there, at most one counter of the navigation, and a notice.
func (s *Server) answer(c echo.Context, notice string, changed ...templ.Component) error {
	changed = append(changed, ui.FlashOOB(ui.FlashMessage{Kind: ui.Success, Text: notice}))
	return s.page(c, http.StatusOK, "", templ.Join(changed...))
}

// instead has htmx show an answer as a new page body, wherever the request came from.
func instead(c echo.Context) {
	if fragment(c) {
		c.Response().Header().Set("HX-Retarget", "#main")
		c.Response().Header().Set("HX-Reswap", "innerHTML show:window:top")
	}
}

// around gives a component its children right where it is rendered: the frame of the page would
// take those in the context for its own.
func around(c templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return c.Render(templ.WithChildren(ctx, templ.Join(children...)), w)
	})
}

// mayEdit reports whether the person may change what the page shows; viewers only look.
func mayEdit(c echo.Context) bool { return auth.From(c.Request().Context()).Admin() }

// pageOf reads the cursor of a list.
func pageOf(c echo.Context) (paging.Page, error) {
	return paging.Parse(c.QueryParam("cursor"), c.QueryParam("limit"))
}

// pager leads on from this page of a list, keeping its filters.
func pager[T any](c echo.Context, path, target string, r paging.Result[T]) ui.PagerProps {
	filters := filtersOf(c)
	p := ui.PagerProps{Target: target}
	if c.QueryParam("cursor") != "" {
		p.FirstHref = withQuery(path, filters)
	}
	if r.Next != "" {
		filters.Set("cursor", r.Next)
		p.NextHref = withQuery(path, filters)
	}
	return p
}

// listHref is this page of a list, to come back to after an action in it.
func listHref(c echo.Context) string {
	q := url.Values{}
	for name, values := range c.QueryParams() {
		if name != "selected" && values[0] != "" {
			q.Set(name, values[0])
		}
	}
	return withQuery(c.Request().URL.Path, q)
}

// filtersOf are the parameters that narrow and order a list.
func filtersOf(c echo.Context) url.Values {
	filters := url.Values{}
	for name, values := range c.QueryParams() {
		if name != "cursor" && name != "selected" && values[0] != "" {
			filters.Set(name, values[0])
		}
	}
	return filters
}

func withQuery(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
