package web

import (
	"bytes"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/payouts"
	payoutsview "github.com/openpartner/openpartner/views/payouts"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) payoutRunsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Payouts.Runs(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return s.ok(c, "Payout runs", payoutsview.Runs(found.Items, pager(c, urls(c).PayoutRuns(), "", found)))
}

// payoutRunsNew shows what a run would do, by the choices in the address.
func (s *Server) payoutRunsNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	p, err := s.previewPage(c, q)
	if err != nil {
		return err
	}
	return s.page(c, listStatus(p.Errors), "Start a payout run", payoutsview.Preview(p))
}

func (s *Server) previewPage(c echo.Context, f form) (payoutsview.PreviewPage, error) {
	ctx := c.Request().Context()
	in, wrong := f.run()
	p := payoutsview.PreviewPage{Currency: in.Currency, CutOff: f.text("cut_off"), Partners: in.Partners, Excluded: in.Exclude, Errors: wrong}
	owed, err := s.Payouts.Payable(ctx)
	if err != nil {
		return p, err
	}
	for _, one := range owed {
		p.Currencies = append(p.Currencies, ui.Option{Value: one.Currency, Label: one.Currency})
	}
	terms, err := s.Payouts.Terms(ctx)
	if err != nil {
		return p, err
	}
	if p.Rail = terms.Rail; len(wrong) > 0 {
		return p, nil
	}
	p.Plan, err = s.Payouts.Preview(ctx, in)
	if f, told := fault.From(err); told && f.Code == "rail_not_available" {
		p.Trouble = f.Message
		return p, nil
	}
	if fields, is := fieldErrors(err); is {
		p.Errors = fields
		return p, nil
	}
	return p, err
}

// run reads what a run is to pay. The form sends a day, up to its end; the question the moment that
// its plan was made for.
func (f form) run() (payouts.RunInput, fault.Fields) {
	wrong := fault.Fields{}
	in := payouts.RunInput{Currency: f.text("currency"), Partners: f.chosenAll(wrong, "partner_id"), Exclude: f.chosenAll(wrong, "exclude")}
	if text := f.text("cut_off"); text != "" {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			if at, err = time.Parse(time.DateOnly, text); err != nil {
				wrong.Add("cut_off", "Give a day such as 2027-01-31.")
			}
			at = at.AddDate(0, 0, 1)
		}
		in.CutOff = &at
	}
	return in, wrong
}

// chosenAll is chosen for several.
func (f form) chosenAll(wrong fault.Fields, name string) []uuid.UUID {
	all, err := f.ids(name)
	if err != nil {
		wrong.Add(name, "Choose from the list.")
	}
	return all
}

func (s *Server) payoutRunsConfirm(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	p, err := s.previewPage(c, q)
	if err != nil {
		return err
	}
	if len(p.Errors) > 0 || len(p.Plan.Pay) == 0 {
		return redirect(c, withQuery(urls(c).PayoutRunsNew(), q.Values))
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Pay " + payoutsview.Summary(p.Plan.Pay) + "?", Text: "Their commissions are frozen in payouts now. What goes by Stripe is sent at once; what is paid by hand waits for you.",
		Action: urls(c).PayoutRuns(), ConfirmLabel: "Start the run", CancelHref: withQuery(urls(c).PayoutRunsNew(), q.Values),
	}, payoutsview.RunInputs(p))
}

func (s *Server) payoutRunsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in, wrong := f.run()
	if err := wrong.Err(); err != nil {
		return err
	}
	run, made, err := s.Payouts.Start(c.Request().Context(), in)
	if err != nil {
		return err
	}
	notice := "The run has begun."
	if len(made) == 0 {
		notice = "There was nobody to pay any more."
	}
	return s.done(c, notice, urls(c).PayoutRunShow(run.ID))
}

func (s *Server) payoutRunsShow(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "id", "payout run")
	if err != nil {
		return err
	}
	p := payoutsview.RunPage{MayEdit: mayEdit(c)}
	if p.Run, p.Progress, err = s.Payouts.FindRun(ctx, id); err != nil {
		return err
	}
	found, err := s.Payouts.List(ctx, payouts.Filter{RunID: &id}, page)
	if err != nil {
		return err
	}
	p.Rows, p.Pager = found.Items, pager(c, urls(c).PayoutRunShow(id), payoutsview.ListTarget, found)
	if p.ByHand, err = s.Payouts.CountByHand(ctx, id); err != nil {
		return err
	}
	past, err := audit.Of(ctx, id, auditedSteps)
	if err != nil {
		return err
	}
	for _, one := range past {
		if one.Action == "payout.run_started" {
			p.Started = one.ActorName
		}
	}
	return s.ok(c, p.Title(), payoutsview.Run(p))
}

func (s *Server) payoutBankFilesNew(c echo.Context) error {
	id, err := pathID(c, "id", "payout run")
	if err != nil {
		return err
	}
	if _, _, err := s.Payouts.FindRun(c.Request().Context(), id); err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Take the bank file?", Text: "It lists what this run still has to be paid by hand, with the partners' bank details. The audit log keeps that you took it.",
		Action: urls(c).PayoutRunBankFile(id), ConfirmLabel: "Download the bank file", CancelHref: urls(c).PayoutRunShow(id), CancelLabel: "Back to the run",
	})
}

// payoutBankFilesCreate answers with the file: to take it is written down, which a GET could not do.
func (s *Server) payoutBankFilesCreate(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := pathID(c, "id", "payout run")
	if err != nil {
		return err
	}
	if err := s.Payouts.NoteBankFile(ctx, id); err != nil {
		return err
	}
	var file bytes.Buffer
	if err := s.Payouts.BankFile(ctx, id, &file); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="`+s.Edge.FileName(ctx, "bank-file.csv")+`"`)
	return c.Blob(http.StatusOK, csvType, file.Bytes())
}
