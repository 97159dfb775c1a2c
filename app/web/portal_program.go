package web

import (
	"github.com/labstack/echo/v4"

	portalview "github.com/openpartner/openpartner/views/portal"
)

func (s *Server) portalProgram(c echo.Context) error {
	ctx := c.Request().Context()
	who, err := s.Partners.Find(ctx, me(c))
	if err != nil {
		return err
	}
	p := portalview.ProgramPage{Agreed: who.TermsVersion, Now: s.Now()}
	if p.Deals, err = s.Campaigns.Deals(ctx, me(c)); err != nil {
		return err
	}
	if p.Program, err = s.Settings.Brand(ctx); err != nil {
		return err
	}
	return s.ok(c, "Program", portalview.Program(p))
}
