package web

import (
	"context"
	"io"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	settingsview "github.com/openpartner/openpartner/views/settings"
)

// countedRows is how far the page counts each table: it shall open at once, however many clicks
// there are.
const countedRows = 100_000

func (s *Server) exportShow(c echo.Context) error {
	ctx := c.Request().Context()
	tables, err := s.Portability.Tables(ctx)
	if err != nil {
		return err
	}
	counts, err := s.Portability.CountUpTo(ctx, tables, countedRows)
	if err != nil {
		return err
	}
	return s.ok(c, "Export", settingsview.Export(settingsview.ExportPage{Tables: tables, Rows: counts, Counted: countedRows}))
}

// exportJSON sends the whole program.
func (s *Server) exportJSON(c echo.Context) error {
	ctx := c.Request().Context()
	if err := s.Edge.Run(ctx, false, s.Portability.Note); err != nil {
		return err
	}
	file := edge.Attachment{Name: s.Edge.FileName(ctx, "export.json"), ContentType: echo.MIMEApplicationJSON}
	return s.Edge.Stream(c, file, s.Portability.WriteJSON)
}

// exportTable sends one table.
func (s *Server) exportTable(c echo.Context) error {
	name, isCSV := strings.CutSuffix(c.Param("table"+csvSuffix), csvSuffix)
	if !isCSV {
		return fault.NotFound("table")
	}
	file := edge.Attachment{Name: s.Edge.FileName(c.Request().Context(), name+csvSuffix), ContentType: csvType}
	return s.Edge.Stream(c, file, func(ctx context.Context, w io.Writer) error { return s.Portability.WriteCSV(ctx, name, w) })
}
