package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/routes"
)

// htmx reports whether htmx sent the request, whatever it wants back.
func htmx(c echo.Context) bool {
	return c.Request().Header.Get("HX-Request") == "true"
}

// fragment reports whether the answer is only the body: htmx asked, it was not a boosted link,
// and it does not restore a page from the history.
func fragment(c echo.Context) bool {
	h := c.Request().Header
	return htmx(c) && h.Get("HX-Boosted") == "" && h.Get("HX-History-Restore-Request") == ""
}

// vary tells caches that fragment and page have the same address.
func vary(c echo.Context) {
	c.Response().Header().Add("Vary", "HX-Request, HX-Request-Type, HX-History-Restore-Request")
}

// redirect sends a browser on after a success: 303, or for htmx the header that makes it load
// the new page instead of swapping it into the old one.
func redirect(c echo.Context, path string) error {
	if htmx(c) {
		c.Response().Header().Set("HX-Redirect", path)
		return c.NoContent(http.StatusNoContent)
	}
	return c.Redirect(http.StatusSeeOther, path)
}

// urls is the builder of this request's tenant.
func urls(c echo.Context) routes.URLs { return routes.From(c.Request().Context()) }
