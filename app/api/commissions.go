package api

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/commissions"
)

// commissionJSON is a row of the ledger with every figure that explains its amount.
type commissionJSON struct {
	ID             uuid.UUID          `json:"id"`
	EventID        *uuid.UUID         `json:"event_id"`
	PartnerID      uuid.UUID          `json:"partner_id"`
	CampaignID     *uuid.UUID         `json:"campaign_id"`
	RuleID         *uuid.UUID         `json:"rule_id"`
	ClickID        *uuid.UUID         `json:"click_id"`
	Kind           commissions.Kind   `json:"kind"`
	BaseAmount     *int64             `json:"base_amount"`
	BaseCurrency   *string            `json:"base_currency"`
	RatePPM        *int64             `json:"rate_ppm"`
	WeightNum      *int64             `json:"weight_num"`
	WeightDen      *int64             `json:"weight_den"`
	Weight         *string            `json:"weight"`
	Amount         int64              `json:"amount"`
	Currency       string             `json:"currency"`
	Status         commissions.Status `json:"status"`
	MaturesAt      stamp              `json:"matures_at"`
	ApprovedAt     *stamp             `json:"approved_at"`
	ApprovedBy     *uuid.UUID         `json:"approved_by"`
	HeldReason     *string            `json:"held_reason"`
	ReversedReason *string            `json:"reversed_reason"`
	ReversedBy     *uuid.UUID         `json:"reversed_by"`
	PaidAt         *stamp             `json:"paid_at"`
	Note           *string            `json:"note"`
	CreatedAt      stamp              `json:"created_at"`
}

func commissionOf(m commissions.Commission) commissionJSON {
	out := commissionJSON{
		ID: m.ID, EventID: m.EventID, PartnerID: m.PartnerID, CampaignID: m.CampaignID, RuleID: m.RuleID, ClickID: m.ClickID, Kind: m.Kind,
		BaseAmount: m.BaseAmount, BaseCurrency: m.BaseCurrency, RatePPM: m.RatePPM, WeightNum: m.WeightNum, WeightDen: m.WeightDen,
		Amount: m.Amount, Currency: m.Currency, Status: m.Status, MaturesAt: stamp(m.MaturesAt), ApprovedAt: stampOf(m.ApprovedAt),
		ApprovedBy: m.ApprovedBy, HeldReason: m.HeldReason, ReversedReason: m.ReversedReason, ReversedBy: m.ReversedBy,
		PaidAt: stampOf(m.PaidAt), Note: m.Note, CreatedAt: stamp(m.CreatedAt),
	}
	if m.WeightNum != nil {
		weight := m.Weight().String()
		out.Weight = &weight
	}
	return out
}

func (s *Server) commissionsIndex(c echo.Context) error {
	partner, err := queryID(c, "partner_id")
	if err != nil {
		return err
	}
	return s.listCommissions(c, partner)
}

func (s *Server) partnerCommissionsIndex(c echo.Context) error {
	partner, err := pathID(c, "id", "partner")
	if err != nil {
		return err
	}
	if err := s.Partners.Known(c.Request().Context(), partner, "commissions:read"); err != nil {
		return err
	}
	return s.listCommissions(c, &partner)
}

func (s *Server) listCommissions(c echo.Context, partner *uuid.UUID) error {
	f := commissions.Filter{PartnerID: partner}
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	if f.Status, err = queryChoice(c, "status", commissions.Statuses()); err != nil {
		return err
	}
	if f.CampaignID, err = queryID(c, "campaign_id"); err != nil {
		return err
	}
	if f.From, f.To, err = queryRange(c); err != nil {
		return err
	}
	found, err := s.Commissions.List(c.Request().Context(), f, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, commissionOf))
}

func (s *Server) commissionsShow(c echo.Context) error {
	id, err := pathID(c, "id", "commission")
	if err != nil {
		return err
	}
	m, err := s.Commissions.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, commissionOf(m))
}

type approveIn struct {
	Force Field[bool]   `json:"force"`
	Note  Field[string] `json:"note"`
}

func (s *Server) commissionsApprove(c echo.Context) error {
	id, err := pathID(c, "id", "commission")
	if err != nil {
		return err
	}
	var in approveIn
	if err := read(c, &in); err != nil {
		return err
	}
	m, err := s.Commissions.Approve(c.Request().Context(), id, in.Force.Value, in.Note.Value)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, commissionOf(m))
}

type reverseIn struct {
	Note string `json:"note"`
}

func (s *Server) commissionsReverse(c echo.Context) error {
	id, err := pathID(c, "id", "commission")
	if err != nil {
		return err
	}
	var in reverseIn
	if err := read(c, &in); err != nil {
		return err
	}
	m, err := s.Commissions.Reverse(c.Request().Context(), id, in.Note)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, commissionOf(m))
}
