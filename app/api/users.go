package api

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
)

// usersErase takes a user of the merchant away; events and money stay. A repeat finds nobody.
func (s *Server) usersErase(c echo.Context) error {
	id, err := url.PathUnescape(c.Param("user_id"))
	if err != nil {
		return fault.NotFound("user")
	}
	if err := s.Attribution.Erase(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
