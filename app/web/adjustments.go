package web

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/views/ledger"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) adjustmentsNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	partner := q.chosen(fault.Fields{}, "partner_id")
	p := ledger.AdjustPage{Kind: string(commissions.Bonus)}
	if partner != nil {
		p.PartnerID = partner.String()
		balances, err := s.Commissions.Balances(c.Request().Context(), *partner)
		if err != nil {
			return err
		}
		if len(balances) > 0 {
			p.Currency = balances[0].Currency
		}
	}
	return s.adjustForm(c, http.StatusOK, partner, p)
}

// adjustForm asks for an amount; one who came from a partner's page is led back there.
func (s *Server) adjustForm(c echo.Context, status int, partner *uuid.UUID, p ledger.AdjustPage) error {
	var err error
	if p.Partners, _, err = s.filterOptions(c.Request().Context(), partner, nil); err != nil {
		return err
	}
	p.CancelHref = urls(c).Commissions()
	if partner != nil {
		p.CancelHref = urls(c).PartnerShow(*partner)
	}
	head := ui.HeaderProps{
		Title: "Bonus or adjustment", Subtitle: "It is approved at once and goes into the next payout.",
		Crumbs: []ui.Crumb{{Label: "Commissions", Href: urls(c).Commissions()}},
	}
	return s.formPage(c, status, head, ledger.Adjust(p))
}

func (s *Server) adjustmentsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := ledger.AdjustPage{
		PartnerID: f.text("partner_id"), Kind: f.text("kind"), Amount: f.text("amount"), Currency: f.code("currency"), Note: f.text("note"),
	}
	wrong := fault.Fields{}
	partner := f.chosen(wrong, "partner_id")
	if partner == nil {
		wrong.Add("partner_id", "Choose whom it is for.")
		partner = &uuid.UUID{}
	}
	in := commissions.AdjustInput{PartnerID: *partner, Kind: commissions.Kind(p.Kind), Currency: p.Currency, Note: p.Note, Unread: wrong}
	if minor := amount(wrong, "amount", p.Amount, p.Currency); minor != nil {
		in.Amount = *minor
	}
	made, err := s.Commissions.Adjust(c.Request().Context(), in)
	if fields, refused := fieldErrors(err); refused {
		p.Errors = fields
		return s.adjustForm(c, http.StatusUnprocessableEntity, f.chosen(fault.Fields{}, "partner_id"), p)
	}
	if err != nil {
		return err
	}
	return s.done(c, made.Money().Format()+" is written into the ledger.", urls(c).CommissionShow(made.ID))
}
