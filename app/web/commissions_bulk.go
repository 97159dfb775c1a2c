package web

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/views/ledger"
)

// commissionBulkNew asks before many commissions are approved or reversed.
func (s *Server) commissionBulkNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	p, err := s.bulkPage(c, q)
	if err != nil {
		return err
	}
	return s.askBulk(c, http.StatusOK, p)
}

func (s *Server) askBulk(c echo.Context, status int, p ledger.BulkPage) error {
	return s.confirm(c, status, p.Question(urls(c)), ledger.BulkInputs(p))
}

// mostChosen is as many as the service takes at once.
const mostChosen = 200

// bulkPage reads what was ticked and what to do with it.
func (s *Server) bulkPage(c echo.Context, f form) (ledger.BulkPage, error) {
	p := ledger.BulkPage{
		Action: commissions.Action(f.text("action")), Force: f.checked("force"), Note: f.text("note"), Back: f.back(c), Now: s.Now(),
	}
	if p.Back == "" {
		p.Back = urls(c).Commissions()
	}
	chosen, err := f.ids("ids")
	if err != nil {
		return p, err
	}
	if p.Action != commissions.ActionApprove && p.Action != commissions.ActionReverse {
		return p, fault.InvalidField("action", "Choose approve or reverse.")
	}
	found := paging.Result[commissions.Commission]{}
	if len(chosen) > 0 && len(chosen) <= mostChosen {
		if found, err = s.Commissions.List(c.Request().Context(), commissions.Filter{IDs: chosen}, paging.Page{Limit: mostChosen}); err != nil {
			return p, err
		}
	}
	if p.Chosen = found.Items; len(p.Chosen) == 0 {
		none := fault.InvalidField("ids", "Tick 1 to 200 commissions.")
		none.Message = "Tick at least one commission first."
		return p, none
	}
	return p, nil
}

// commissionBulkCreate approves or reverses. What could not be done is told with its reason.
func (s *Server) commissionBulkCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p, err := s.bulkPage(c, f)
	if err != nil {
		return err
	}
	if p.Errors = missingNote(p); len(p.Errors) > 0 {
		return s.askBulk(c, http.StatusUnprocessableEntity, p)
	}
	in := commissions.BulkInput{Action: p.Action, Force: p.Force, Note: p.Note}
	for _, one := range p.Chosen {
		in.IDs = append(in.IDs, one.ID)
	}
	results, err := s.Commissions.Bulk(c.Request().Context(), in)
	if err != nil {
		return err
	}
	out := outcomeOf(p, results)
	if len(out.Failed) == 0 {
		return s.done(c, out.Notice(), p.Back)
	}
	instead(c)
	return s.ok(c, "Commissions", ledger.Outcome(out))
}

// missingNote asks for the reason that the action needs.
func missingNote(p ledger.BulkPage) fault.Fields {
	wrong := fault.Fields{}
	switch {
	case strings.TrimSpace(p.Note) != "":
	case p.Action == commissions.ActionReverse:
		wrong.Add("note", "Say why the commissions are reversed.")
	case p.Force:
		wrong.Add("note", "Say why the hold is skipped.")
	}
	return wrong
}

func outcomeOf(p ledger.BulkPage, results []commissions.BulkResult) ledger.OutcomePage {
	out := ledger.OutcomePage{BulkPage: p}
	for i, one := range results {
		if f, refused := fault.From(one.Err); refused {
			reason := f.Message
			for _, sentence := range f.Fields {
				reason = sentence
			}
			out.Failed = append(out.Failed, ledger.Failure{ID: one.ID, Commission: p.Chosen[i], Reason: reason})
		} else {
			out.Done = append(out.Done, one.Commission)
		}
	}
	return out
}
