package web

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/hold"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/views/reconciliation"
	"github.com/openpartner/openpartner/views/ui"
)

// askStripe asks Stripe for what a page shows, once the page has appeared, or at once. A Stripe that
// gives no answer is told in the page; what it refuses for other reasons stays an error.
func askStripe(c echo.Context, now bool, do func(ctx context.Context) error) (reconciliation.Asked, error) {
	a := reconciliation.Asked{Again: awaiting(c)}
	if a.Waiting = !now && c.QueryParam(waits) == ""; a.Waiting {
		return a, nil
	}
	err := do(c.Request().Context())
	if f, told := fault.From(err); told && f.Kind == fault.KindBadGateway {
		a.Problem = f.Message
		return a, nil
	}
	return a, err
}

// reconciliationShow compares the ledger with Stripe.
func (s *Server) reconciliationShow(c echo.Context) error {
	p := reconciliation.Page{MayEdit: mayEdit(c), Now: s.Now()}
	err := s.Edge.Run(c.Request().Context(), true, func(ctx context.Context) (err error) {
		if p.Offered, err = s.Payouts.Offered(ctx); err != nil {
			return err
		}
		held, err := hold.Read(ctx)
		p.Held = held.On
		return err
	})
	if err == nil && p.Offered {
		p.Asked, err = askStripe(c, false, func(ctx context.Context) (err error) {
			p.Reconciliation, err = s.Payouts.Reconcile(ctx, s.Edge.Run)
			return err
		})
	}
	if err != nil {
		return err
	}
	return s.within(c, func() (err error) {
		if p.Names, err = s.namesOf(c.Request().Context(), p.Differences); err != nil {
			return err
		}
		return s.ok(c, "Reconciliation", reconciliation.Show(p))
	})
}

// namesOf are those of the partners whom differences are about.
func (s *Server) namesOf(ctx context.Context, all []payouts.Difference) (map[uuid.UUID]string, error) {
	var ids []uuid.UUID
	for _, d := range all {
		if d.Partner != uuid.Nil {
			ids = append(ids, d.Partner)
		}
	}
	return s.Partners.NamesOf(ctx, ids)
}

func (s *Server) adoptionsNew(c echo.Context) error {
	return s.confirm(c, http.StatusOK, adoption(c))
}

func adoption(c echo.Context) ui.ConfirmProps {
	u := urls(c)
	return ui.ConfirmProps{
		Title: "Record this transfer?", Text: "It becomes a payout of its partner, and an advance that their next payouts are netted with. Stripe is asked first.",
		Action: u.ReconciliationAdoption(c.QueryParam("transfer")), ConfirmLabel: "Record transfer", CancelHref: u.Reconciliation(),
	}
}

func (s *Server) adoptionsCreate(c echo.Context) error {
	p, err := s.Payouts.Adopt(c.Request().Context(), s.Edge.Run, c.QueryParam("transfer"))
	if err != nil {
		return err
	}
	return s.within(c, func() error { return s.done(c, "Recorded.", urls(c).PayoutShow(p.ID)) })
}

// payoutEvidenceShow is the page on which somebody decides about a payout.
func (s *Server) payoutEvidenceShow(c echo.Context) error {
	return s.payoutEvidence(c, http.StatusOK, reconciliation.EvidencePage{})
}

func (s *Server) payoutEvidence(c echo.Context, status int, p reconciliation.EvidencePage) error {
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return err
	}
	err = s.Edge.Run(c.Request().Context(), true, func(ctx context.Context) (err error) {
		p.Payout, err = s.Payouts.Find(ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	wrong := status != http.StatusOK // the form is to stand there again
	p.Asked, err = askStripe(c, wrong, func(ctx context.Context) (err error) {
		p.Evidence, err = s.Payouts.Evidence(ctx, s.Edge.Run, id)
		return err
	})
	if err != nil {
		return err
	}
	p.PartnerName, p.MayEdit = p.Payout.PartnerName, mayEdit(c)
	return s.within(c, func() error { return s.page(c, status, "Payout in review", reconciliation.Evidence(p)) })
}

// payoutResolutionsCreate records the transfer that paid a payout.
func (s *Server) payoutResolutionsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return err
	}
	p, err := s.Payouts.Resolve(c.Request().Context(), s.Edge.Run, id, payouts.Resolution{TransferID: f.text("transfer_id")})
	if wrong, is := fieldErrors(err); is {
		return s.payoutEvidence(c, http.StatusUnprocessableEntity, reconciliation.EvidencePage{Error: wrong["transfer_id"], Transfer: f.text("transfer_id")})
	}
	if err != nil {
		return err
	}
	return s.within(c, func() error { return s.done(c, "Recorded as paid.", urls(c).PayoutShow(p.ID)) })
}

func (s *Server) payoutReleasesNew(c echo.Context) error {
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return err
	}
	p, err := s.Payouts.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	u := urls(c)
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Send " + p.PartnerName + " the money again?", Text: "Stripe is asked once more that nothing was paid. Then it is sent under another idempotency key.",
		Action: u.PayoutRelease(id), ConfirmLabel: "Yes, send it again", CancelHref: u.PayoutEvidence(id), Danger: true,
	})
}

// payoutReleasesCreate sends a payout again of which Stripe confirms that it was not paid.
func (s *Server) payoutReleasesCreate(c echo.Context) error {
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return err
	}
	p, err := s.Payouts.Resolve(c.Request().Context(), s.Edge.Run, id, payouts.Resolution{None: true})
	if err != nil {
		return err
	}
	return s.within(c, func() error { return s.done(c, "It is sent again.", urls(c).PayoutShow(p.ID)) })
}
