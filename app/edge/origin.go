package edge

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
)

// sameOrigin refuses unsafe requests that another site's page made the browser send, before
// anything else is asked. Go's own check reads Sec-Fetch-Site and then Origin; a request
// with neither passes it, as it comes from a program, unless it carries a session cookie.
func (e *Edge) sameOrigin(c echo.Context, _ Route) error {
	req := c.Request()
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	crossSite := fault.Forbidden("cross_site", "This form was sent from another site. Please open the page here and try again.")
	check := http.NewCrossOriginProtection()
	if err := check.AddTrustedOrigin(e.PublicURL); err != nil {
		return err
	}
	if err := check.Check(req); err != nil {
		return crossSite.Because(err)
	}
	noOrigin := req.Header.Get("Sec-Fetch-Site") == "" && req.Header.Get("Origin") == ""
	cookies := req.Header.Get("Cookie")
	for _, name := range []string{PeopleCookie, PlatformCookie, CreatorCookie} {
		if noOrigin && strings.Contains(cookies, name) {
			return crossSite
		}
	}
	return nil
}
