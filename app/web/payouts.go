package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/payouts"
	payoutsview "github.com/openpartner/openpartner/views/payouts"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) payoutsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.payouts()
	p := payoutsview.IndexPage{Status: q.text("status"), Rail: q.text("rail"), PartnerID: q.text("partner_id"), Errors: wrong, MayEdit: mayEdit(c)}
	if p.Partners, _, err = s.filterOptions(ctx, filter.PartnerID, nil); err != nil {
		return err
	}
	if p.Payable, err = s.Payouts.Payable(ctx); err != nil {
		return err
	}
	if len(wrong) == 0 {
		found, err := s.Payouts.List(ctx, filter, page)
		if err != nil {
			return err
		}
		p.Rows, p.Pager = found.Items, csvPager(c, urls(c).Payouts(), payoutsview.ListTarget, found)
	}
	return s.page(c, listStatus(wrong), "Payouts", payoutsview.Index(p))
}

// payouts reads the filters of the list.
func (f form) payouts() (payouts.Filter, fault.Fields) {
	wrong := fault.Fields{}
	return payouts.Filter{
		PartnerID: f.chosen(wrong, "partner_id"), Status: string(chosenOf(f, wrong, "status", payouts.Statuses())),
		Rail: string(chosenOf(f, wrong, "rail", []payouts.Rail{payouts.RailManual, payouts.RailStripe})),
	}, wrong
}

// payout is the payout of the path.
func (s *Server) payout(c echo.Context) (payouts.Payout, error) {
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return payouts.Payout{}, err
	}
	return s.Payouts.Find(c.Request().Context(), id)
}

func (s *Server) payoutsShow(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	o, err := s.payout(c)
	if err != nil {
		return err
	}
	rows, err := s.Payouts.Rows(ctx, o, page)
	if err != nil {
		return err
	}
	p := payoutsview.ShowPage{
		Payout: o, Rows: rows.Items, Now: s.Now(), MayEdit: mayEdit(c), Pager: pager(c, urls(c).PayoutShow(o.ID), payoutsview.RowsTarget, rows),
	}
	if p.Details, err = s.Payouts.Details(ctx, o.PartnerID); err != nil {
		return err
	}
	if p.History, err = audit.Of(ctx, o.ID, auditedSteps); err != nil {
		return err
	}
	return s.ok(c, o.Money().Format()+" for "+o.PartnerName, payoutsview.Show(p))
}

func (s *Server) payoutPaymentsNew(c echo.Context) error {
	o, err := s.payout(c)
	if err != nil {
		return err
	}
	return s.paymentForm(c, http.StatusOK, o, payoutsview.PaymentForm{PaidAt: s.Now().UTC().Format(time.DateOnly)})
}

func (s *Server) paymentForm(c echo.Context, status int, o payouts.Payout, f payoutsview.PaymentForm) error {
	return s.confirm(c, status, ui.ConfirmProps{
		Title: "Have you paid " + o.Money().Format() + " to " + o.PartnerName + "?", Text: "Their commissions become paid, and they get a mail with the statement. This can't be undone.",
		Action: urls(c).PayoutPayment(o.ID), ConfirmLabel: "Yes, mark as paid", CancelHref: urls(c).PayoutShow(o.ID), HX: ui.HX{Target: ui.ThisTarget},
	}, payoutsview.Payment(f))
}

func (s *Server) payoutPaymentsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	o, err := s.payout(c)
	if err != nil {
		return err
	}
	wrong := fault.Fields{}
	paidAt := f.paidOn(wrong, s.Now())
	if err = wrong.Err(); err == nil {
		_, err = s.Payouts.MarkPaid(c.Request().Context(), o.ID, f.text("reference"), paidAt)
	}
	if fields, is := fieldErrors(err); is {
		p := payoutsview.PaymentForm{Reference: f.text("reference"), PaidAt: f.text("paid_at"), Errors: fields}
		return s.paymentForm(c, http.StatusUnprocessableEntity, o, p)
	}
	if err != nil {
		return err
	}
	return s.done(c, o.Money().Format()+" for "+o.PartnerName+" is paid.", urls(c).PayoutShow(o.ID))
}

// paidOn reads the day on which something was paid: today is now, and another day its noon.
func (f form) paidOn(wrong fault.Fields, now time.Time) time.Time {
	text := f.text("paid_at")
	if text == "" || text == now.UTC().Format(time.DateOnly) {
		return now
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		wrong.Add("paid_at", "Give a day such as 2027-01-31.")
	}
	return day.Add(12 * time.Hour)
}

func (s *Server) payoutCancellationsNew(c echo.Context) error {
	o, err := s.payout(c)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Cancel the payout of " + o.Money().Format() + " for " + o.PartnerName + "?", Text: "Nothing is paid. Its commissions are free, and the next run takes them up again.",
		Action: urls(c).PayoutCancellation(o.ID), ConfirmLabel: "Cancel payout", CancelHref: urls(c).PayoutShow(o.ID), CancelLabel: "Keep it", Danger: true,
	})
}

func (s *Server) payoutCancellationsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return err
	}
	o, err := s.Payouts.Cancel(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, "The payout for "+o.PartnerName+" is cancelled.", urls(c).PayoutShow(id))
}

func (s *Server) payoutBankDetailsNew(c echo.Context) error {
	o, err := s.payout(c)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Show the bank details of " + o.PartnerName + "?", Text: "The audit log keeps that you looked at them.",
		Action: urls(c).PayoutBankDetails(o.ID), ConfirmLabel: "Show bank details", CancelHref: urls(c).PayoutShow(o.ID),
	})
}

func (s *Server) payoutBankDetailsCreate(c echo.Context) error {
	o, err := s.payout(c)
	if err != nil {
		return err
	}
	text, d, err := s.Payouts.Reveal(c.Request().Context(), o)
	if err != nil {
		return err
	}
	if !d.Kept || !d.UsableFrom(s.Now()).IsZero() {
		return redirect(c, urls(c).PayoutShow(o.ID)) // where it says why
	}
	instead(c)
	return s.ok(c, "Bank details", payoutsview.BankDetails(o, text))
}
