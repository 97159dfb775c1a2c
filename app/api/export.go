package api

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
)

// exportJSON describes what portability writes row by row.
type exportJSON struct {
	Format     int                          `json:"format"`
	ExportedAt stamp                        `json:"exported_at"`
	Program    json.RawMessage              `json:"program"`
	Tables     map[string][]json.RawMessage `json:"tables"`
	Manifest   map[string]exportedJSON      `json:"manifest"`
}

type exportedJSON struct {
	Rows int64            `json:"rows"`
	Sums map[string]int64 `json:"sums,omitempty"`
}

func (s *Server) exportShow(c echo.Context) error {
	ctx := c.Request().Context()
	if err := s.Edge.Run(ctx, false, s.Portability.Note); err != nil {
		return err
	}
	file := edge.Attachment{Name: s.Edge.FileName(ctx, "export.json"), ContentType: echo.MIMEApplicationJSON}
	return s.Edge.Stream(c, file, s.Portability.WriteJSON)
}

func (s *Server) exportTable(c echo.Context) error {
	name, isCSV := strings.CutSuffix(c.Param("table.csv"), ".csv")
	if !isCSV {
		return fault.NotFound("table")
	}
	file := edge.Attachment{Name: s.Edge.FileName(c.Request().Context(), name+".csv"), ContentType: "text/csv; charset=utf-8; header=present"}
	return s.Edge.Stream(c, file, func(ctx context.Context, w io.Writer) error { return s.Portability.WriteCSV(ctx, name, w) })
}
