package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/views/ledger"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) commissionsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.commissions()
	p := ledger.IndexPage{
		Status: q.text("status"), PartnerID: q.text("partner_id"), CampaignID: q.text("campaign_id"), From: q.text("from"), To: q.text("to"),
		Errors: wrong, Now: s.Now(), MayEdit: mayEdit(c), Back: listHref(c), Selected: q.text("selected") == ledger.All,
	}
	if p.Partners, p.Campaigns, err = s.filterOptions(ctx, filter.PartnerID, filter.CampaignID); err != nil {
		return err
	}
	if len(wrong) == 0 {
		found, err := s.Commissions.List(ctx, filter, page)
		if err != nil {
			return err
		}
		p.Rows, p.Pager = found.Items, csvPager(c, urls(c).Commissions(), ledger.ListTarget, found)
	}
	return s.page(c, listStatus(wrong), "Commissions", ledger.Index(p))
}

// commissions reads the filters of the review queue.
func (f form) commissions() (commissions.Filter, fault.Fields) {
	wrong := fault.Fields{}
	out := commissions.Filter{PartnerID: f.chosen(wrong, "partner_id"), CampaignID: f.chosen(wrong, "campaign_id")}
	out.From, out.To = f.days(wrong)
	status := string(chosenOf(f, wrong, "status", append(commissions.Statuses(), ledger.Ready)))
	if out.Ready = status == ledger.Ready; !out.Ready {
		out.Status = status
	}
	return out, wrong
}

// commission finds the commission of the path.
func (s *Server) commission(c echo.Context) (commissions.Commission, error) {
	id, err := pathID(c, "id", "commission")
	if err != nil {
		return commissions.Commission{}, err
	}
	return s.Commissions.Find(c.Request().Context(), id)
}

// auditedSteps is how many entries of the audit log a commission's page looks at.
const auditedSteps = 20

func (s *Server) commissionsShow(c echo.Context) error {
	ctx := c.Request().Context()
	m, err := s.commission(c)
	if err != nil {
		return err
	}
	p := ledger.ShowPage{Commission: m, Now: s.Now(), MayEdit: mayEdit(c)}
	if m.EventID != nil {
		story, err := s.Attribution.Explain(ctx, m)
		if err != nil {
			return err
		}
		p.Story = &story
	}
	if p.History, err = audit.Of(ctx, m.ID, auditedSteps); err != nil {
		return err
	}
	return s.ok(c, m.Money().Format()+" for "+m.PartnerName, ledger.Show(p))
}

func (s *Server) commissionApprovalsNew(c echo.Context) error {
	m, err := s.commission(c)
	if err != nil {
		return err
	}
	return s.approvalForm(c, http.StatusOK, m, ledger.NoteForm{})
}

func (s *Server) approvalForm(c echo.Context, status int, m commissions.Commission, f ledger.NoteForm) error {
	p := ui.ConfirmProps{
		Title: "Approve " + m.Money().Format() + " for " + m.PartnerName + "?", Text: "It goes into the next payout.",
		Action: urls(c).CommissionApproval(m.ID), ConfirmLabel: "Approve commission", CancelHref: urls(c).CommissionShow(m.ID),
		HX: ui.HX{Target: ui.ThisTarget},
	}
	if m.Matured(s.Now()) {
		return s.confirm(c, status, p)
	}
	p.Text = ledger.EarlyWords(m)
	f.Label = "Why is the hold skipped?"
	return s.confirm(c, status, p, ledger.Note(f))
}

// commissionApprovalsCreate approves. Before the hold is over the note says why it is skipped, so
// one without is refused.
func (s *Server) commissionApprovalsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	m, err := s.commission(c)
	if err != nil {
		return err
	}
	approved, err := s.Commissions.Approve(c.Request().Context(), m.ID, !m.Matured(s.Now()), f.text("note"))
	if fields, wrong := fieldErrors(err); wrong {
		return s.approvalForm(c, http.StatusUnprocessableEntity, m, ledger.NoteForm{Value: f.text("note"), Error: fields["note"]})
	}
	if err != nil {
		return err
	}
	notice := approved.Money().Format() + " for " + approved.PartnerName + " is approved."
	back := f.back(c)
	if back != "" && fragment(c) {
		return s.commissionRow(c, approved, back, notice)
	}
	if back == "" {
		back = urls(c).CommissionShow(m.ID)
	}
	return s.done(c, notice, back)
}

// commissionRow answers an action in the list: the row as it is now, and what else changed.
func (s *Server) commissionRow(c echo.Context, m commissions.Commission, back, notice string) error {
	waiting, err := s.Commissions.CountWaiting(c.Request().Context())
	if err != nil {
		return err
	}
	row := ledger.RowProps{Commission: m, Now: s.Now(), MayEdit: mayEdit(c), Back: back}
	return s.answer(c, notice, ledger.Row(row), ui.NavCounterOOB(navCommissions, waiting))
}

func (s *Server) commissionReversalsNew(c echo.Context) error {
	m, err := s.commission(c)
	if err != nil {
		return err
	}
	return s.reversalForm(c, http.StatusOK, m, ledger.NoteForm{})
}

func (s *Server) reversalForm(c echo.Context, status int, m commissions.Commission, f ledger.NoteForm) error {
	f.Label = "Why is it reversed?"
	return s.confirm(c, status, ui.ConfirmProps{
		Title: "Reverse " + m.Money().Format() + " for " + m.PartnerName + "?",
		Text:  "It is not paid, and no later event or rule brings it back. This can't be undone.", Action: urls(c).CommissionReversal(m.ID),
		ConfirmLabel: "Reverse commission", CancelHref: urls(c).CommissionShow(m.ID), Danger: true, HX: ui.HX{Target: ui.ThisTarget},
	}, ledger.Note(f))
}

func (s *Server) commissionReversalsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	m, err := s.commission(c)
	if err != nil {
		return err
	}
	_, err = s.Commissions.Reverse(c.Request().Context(), m.ID, f.text("note"))
	if fields, wrong := fieldErrors(err); wrong {
		return s.reversalForm(c, http.StatusUnprocessableEntity, m, ledger.NoteForm{Value: f.text("note"), Error: fields["note"]})
	}
	if err != nil {
		return err
	}
	return s.done(c, m.Money().Format()+" for "+m.PartnerName+" is reversed.", urls(c).CommissionShow(m.ID))
}
