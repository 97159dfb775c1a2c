package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/portability"
	settingsview "github.com/openpartner/openpartner/views/settings"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) programImportsNew(c echo.Context) error {
	return s.programImportForm(c, http.StatusOK, "")
}

func (s *Server) programImportForm(c echo.Context, status int, wrong string) error {
	earlier, err := s.Portability.Imports(c.Request().Context())
	if err != nil {
		return err
	}
	return s.formPage(c, status, ui.HeaderProps{
		Title: "Import", Subtitle: "Brings a program back from the file of its export. First you see what would happen.",
	}, settingsview.ImportForm(settingsview.ImportPage{Error: wrong, Earlier: earlier}))
}

// programImportsCreate takes the file in and has a job look at it. What is wrong with the file as a
// whole is told on the form.
func (s *Server) programImportsCreate(c echo.Context) error {
	received, err := s.receiveProgram(c)
	if wrong, is := wrongFile(err); is {
		return s.within(c, func() error { return s.programImportForm(c, http.StatusUnprocessableEntity, wrong) })
	}
	if err != nil {
		return err
	}
	return redirect(c, urls(c).ImportShow(received.ID))
}

// receiveProgram reads the file out of the form while it comes.
func (s *Server) receiveProgram(c echo.Context) (received portability.Import, err error) {
	ctx := c.Request().Context()
	return received, s.Edge.Receive(c, func(io.Reader) error {
		form, err := c.Request().MultipartReader()
		if err != nil {
			return fault.InvalidField("file", "Choose a file.").Because(err)
		}
		for {
			part, err := form.NextPart()
			if errors.Is(err, io.EOF) || (err == nil && part.FormName() == "file" && part.FileName() == "") {
				return fault.InvalidField("file", "Choose a file.")
			}
			if told, is := fault.From(err); is {
				return told
			}
			if err != nil {
				return fault.Malformed("The file breaks off before its end.").Because(err)
			}
			if part.FormName() == "file" {
				received, err = s.Portability.Receive(ctx, s.unit, part, true)
				return err
			}
		}
	})
}

// unit is a transaction for a part of a detached request.
func (s *Server) unit(ctx context.Context, fn func(ctx context.Context) error) error {
	return s.Edge.Run(ctx, false, fn)
}

// wrongFile says what is wrong with a file, when that is what the error says.
func wrongFile(err error) (string, bool) {
	f, is := fault.From(err)
	if !is || !slices.Contains([]fault.Kind{fault.KindInvalid, fault.KindMalformed, fault.KindTooLarge}, f.Kind) {
		return "", false
	}
	if len(f.Fields) == 0 {
		return f.Message, true
	}
	var sentences []string
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		sentence := f.Fields[name]
		if !strings.HasPrefix(name, "manifest") && name != "file" {
			sentence = name + ": " + sentence
		}
		sentences = append(sentences, sentence)
	}
	return strings.Join(sentences, " "), true
}

func (s *Server) programImportsShow(c echo.Context) error {
	ctx := c.Request().Context()
	found, err := s.programImport(ctx, c)
	if err != nil {
		return err
	}
	p := settingsview.ImportedPage{Import: found}
	job, err := outbox.Find(ctx, found.JobID)
	if err != nil && !fault.Is(err, fault.KindNotFound) {
		return err
	}
	p.Job = job
	if len(job.Args) > 0 {
		if err := json.Unmarshal(job.Args, &p.Order); err != nil {
			return err
		}
	}
	if len(job.Result) > 0 {
		if err := json.Unmarshal(job.Result, &p.Result); err != nil {
			return err
		}
	}
	return s.ok(c, "Import", settingsview.Imported(p))
}

func (s *Server) programImport(ctx context.Context, c echo.Context) (portability.Import, error) {
	id, err := pathID(c, "id", "import")
	if err != nil {
		return portability.Import{}, err
	}
	return s.Portability.FindImport(ctx, id)
}

// programImportStartsCreate orders what a dry run has shown, or a dry run once more.
func (s *Server) programImportStartsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "import")
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	if _, err := s.Portability.OrderImport(c.Request().Context(), portability.ImportOrder{ImportID: id, DryRun: f.checked("dry_run")}); err != nil {
		return err
	}
	return redirect(c, urls(c).ImportShow(id))
}

// programImportCSV lists the rows that were refused.
func (s *Server) programImportCSV(c echo.Context) error {
	return s.csv(c, "refused", []string{"table", "row", "id", "reason"}, func(ctx context.Context, f *csvfile.File) error {
		found, err := s.programImport(ctx, c)
		if err != nil {
			return err
		}
		return s.eachRefusal(ctx, found.ID, func(r portability.Refusal) error {
			return f.Text(r.Table).Count(r.Position).Maybe(r.ID).Text(r.Reason).End()
		})
	})
}

func (s *Server) eachRefusal(ctx context.Context, id uuid.UUID, visit func(r portability.Refusal) error) error {
	for after := (portability.Refusal{}); ; {
		rows, err := s.Portability.Refusals(ctx, id, after, importPart)
		if err != nil {
			return err
		}
		for _, r := range rows {
			after = r
			if err := visit(r); err != nil {
				return err
			}
		}
		if len(rows) < importPart {
			return nil
		}
	}
}
