package web

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tenancy"
)

// logo serves the program's picture: for ever under its version, which changes with it.
func (s *Server) logo(c echo.Context) error {
	ctx := c.Request().Context()
	picture, err := s.Settings.Logo(ctx)
	if err != nil {
		return err
	}
	caching := "no-cache"
	if v := c.QueryParam("v"); v != "" && v == tenancy.From(ctx).Logo {
		caching = "public, max-age=31536000, immutable"
	}
	c.Response().Header().Set("Cache-Control", caching)
	return c.Blob(http.StatusOK, "image/png", picture)
}

// settingsLogoUpdate takes a new logo, or the one there is away.
func (s *Server) settingsLogoUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if f.checked("remove") {
		if err := s.Settings.RemoveLogo(ctx); err != nil {
			return err
		}
		return s.done(c, "The logo is removed.", urls(c).SettingsProgram())
	}
	picture, err := sentFile(c, "logo")
	if err == nil {
		err = s.Settings.SetLogo(ctx, picture)
	}
	if fields, wrong := fieldErrors(err); wrong {
		return s.programPage(c, http.StatusUnprocessableEntity, fields)
	}
	if err != nil {
		return err
	}
	return s.done(c, "The logo is saved.", urls(c).SettingsProgram())
}

// sentFile reads the file of a form that readForm has read.
func sentFile(c echo.Context, name string) ([]byte, error) {
	if c.Request().MultipartForm == nil {
		return nil, fault.InvalidField(name, "Choose a file.")
	}
	file, err := c.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || (err == nil && file.Size == 0) {
		return nil, fault.InvalidField(name, "Choose a file.")
	}
	if err != nil {
		return nil, err
	}
	opened, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }()
	return io.ReadAll(opened)
}
