package web

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/partners"
	partnersview "github.com/openpartner/openpartner/views/partners"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) partnerImportsNew(c echo.Context) error {
	return s.importForm(c, http.StatusOK, partnersview.ImportPage{Invite: true})
}

func (s *Server) importForm(c echo.Context, status int, p partnersview.ImportPage) error {
	return s.formPage(c, status, ui.HeaderProps{
		Title: "Import partners", Crumbs: []ui.Crumb{{Label: "Partners", Href: urls(c).Partners()}},
		Subtitle: "From a list as a spreadsheet saves it. First you see what would happen to each row.",
	}, partnersview.ImportForm(p))
}

// partnerImportsTry shows what would happen; the list travels on with the form.
func (s *Server) partnerImportsTry(c echo.Context) error {
	p, err := readImport(c)
	if err == nil {
		p.Rows, err = s.Partners.TryImport(c.Request().Context(), p.Text)
	}
	if fields, wrong := fieldErrors(err); wrong {
		p.Errors = fields
		return s.importForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return s.ok(c, "Import partners", partnersview.ImportTried(p))
}

// partnerImportsCreate orders what was shown.
func (s *Server) partnerImportsCreate(c echo.Context) error {
	p, err := readImport(c)
	if err != nil {
		return err
	}
	ordered, err := s.Partners.OrderImport(c.Request().Context(), p.Text, p.Invite)
	if fields, wrong := fieldErrors(err); wrong {
		p.Errors = fields
		return s.importForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return redirect(c, urls(c).PartnerImportShow(ordered.ID))
}

// readImport reads the list from the file, or else from the field.
func readImport(c echo.Context) (partnersview.ImportPage, error) {
	f, err := readForm(c)
	if err != nil {
		return partnersview.ImportPage{}, err
	}
	p := partnersview.ImportPage{Text: f.Get("text"), Invite: f.text("send_invite") != "false"}
	content, err := sentFile(c, "file")
	if _, none := fieldErrors(err); none {
		return p, nil // then it was pasted
	}
	if err != nil {
		return p, err
	}
	if !utf8.Valid(content) || strings.ContainsRune(string(content), 0) {
		return p, fault.InvalidField("file", "Save the list as CSV in UTF-8.")
	}
	p.Text = string(content)
	return p, nil
}

// refusedRows is how many rows that were not added a page tells of.
const refusedRows = 500

func (s *Server) partnerImportsShow(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := pathID(c, "id", "import")
	if err != nil {
		return err
	}
	p := partnersview.ImportedPage{}
	if p.Import, err = s.Partners.FindImport(ctx, id); err != nil {
		return err
	}
	if p.Count, err = s.Partners.CountImport(ctx, id); err != nil {
		return err
	}
	if p.NotAdded, err = s.Partners.ImportRows(ctx, id, 0, refusedRows, partners.ImportRefused, partners.ImportKnown); err != nil {
		return err
	}
	if p.Count[partners.ImportWaits] > 0 {
		job, err := outbox.Find(ctx, p.Import.JobID)
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		p.Going = job.Status == "pending" || job.Status == "running"
	}
	return s.ok(c, "Import", partnersview.Imported(p))
}

// importPart is how many rows of a file are read at once.
const importPart = 1000

func (s *Server) partnerImportCSV(c echo.Context) error {
	id, err := pathID(c, "id", "import")
	if err != nil {
		return err
	}
	columns := []string{"line", "email", "name", "result", "reason", "partner_id"}
	return s.csv(c, "partner-import", columns, func(ctx context.Context, f *csvfile.File) error {
		if _, err := s.Partners.FindImport(ctx, id); err != nil {
			return err
		}
		for line := 0; ; {
			rows, err := s.Partners.ImportRows(ctx, id, line, importPart)
			if err != nil {
				return err
			}
			for _, r := range rows {
				line = r.Line
				if err := f.Count(int64(r.Line)).Text(r.Email, r.Name, string(r.Outcome)).Maybe(r.Reason).MaybeID(r.PartnerID).End(); err != nil {
					return err
				}
			}
			if len(rows) < importPart {
				return nil
			}
		}
	})
}
