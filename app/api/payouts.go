package api

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/payouts"
)

// payoutJSON is a payout; one that a dry run would make has no id.
type payoutJSON struct {
	ID                 *uuid.UUID     `json:"id"`
	RunID              *uuid.UUID     `json:"run_id"`
	PartnerID          uuid.UUID      `json:"partner_id"`
	Currency           string         `json:"currency"`
	Amount             int64          `json:"amount"`
	Rail               payouts.Rail   `json:"rail"`
	Status             payouts.Status `json:"status"`
	DestinationAccount *string        `json:"destination_account"`
	Generation         int            `json:"generation"`
	StripeTransferID   *string        `json:"stripe_transfer_id"`
	Attempts           int            `json:"attempts"`
	PostedAt           *stamp         `json:"posted_at"`
	CompletedAt        *stamp         `json:"completed_at"`
	FailureCode        *string        `json:"failure_code"`
	LastError          *string        `json:"last_error"`
	Reference          *string        `json:"reference"`
	CreatedAt          *stamp         `json:"created_at"`
}

func payoutOf(p payouts.Payout) payoutJSON {
	return payoutJSON{
		ID: &p.ID, RunID: &p.RunID, PartnerID: p.PartnerID, Currency: p.Currency, Amount: p.Amount, Rail: p.Rail, Status: p.Status,
		DestinationAccount: p.DestinationAccount, Generation: p.Generation, StripeTransferID: p.StripeTransferID, Attempts: p.Attempts,
		PostedAt: stampOf(p.PostedAt), CompletedAt: stampOf(p.CompletedAt), FailureCode: p.FailureCode, LastError: p.LastError,
		Reference: p.Reference, CreatedAt: stampOf(&p.CreatedAt),
	}
}

type runIn struct {
	DryRun            Field[bool]   `json:"dry_run"`
	Currency          Field[string] `json:"currency"`
	PartnerIDs        Field[[]ID]   `json:"partner_ids"`
	ExcludePartnerIDs Field[[]ID]   `json:"exclude_partner_ids"`
	CutOff            Field[string] `json:"cut_off"`
}

func (in runIn) input() (payouts.RunInput, error) {
	out := payouts.RunInput{Currency: in.Currency.Value, Partners: uuids(in.PartnerIDs.Value), Exclude: uuids(in.ExcludePartnerIDs.Value)}
	fields := fault.Fields{}
	if in.Currency.Set && !in.Currency.Null && !money.Valid(in.Currency.Value) {
		fields.Add("currency", "Give a currency as its three-letter code, such as USD.")
	}
	if in.PartnerIDs.Ptr() != nil && len(out.Partners) == 0 {
		fields.Add("partner_ids", "Name at least one partner, or leave this out to pay all.")
	}
	out.CutOff = momentOf(fields, "cut_off", in.CutOff, true)
	return out, fields.Err()
}

// momentOf reads a time or a day. A day is its beginning in UTC or, for the end of a range, the
// beginning of the next.
func momentOf(fields fault.Fields, name string, in Field[string], end bool) *time.Time {
	if in.Ptr() == nil {
		return nil
	}
	if t, err := time.Parse(time.RFC3339Nano, in.Value); err == nil {
		return &t
	}
	day, err := time.Parse(time.DateOnly, in.Value)
	if err != nil {
		fields.Add(name, "Give a day such as 2026-01-31 or a time as RFC 3339.")
		return nil
	}
	if end {
		day = day.AddDate(0, 0, 1)
	}
	return &day
}

type runJSON struct {
	RunID   *uuid.UUID        `json:"run_id"`
	CutOff  stamp             `json:"cut_off"`
	Payouts []payoutJSON      `json:"payouts"`
	Skipped []payouts.Skipped `json:"skipped"`
}

func (s *Server) payoutRunsCreate(c echo.Context) error {
	var body runIn
	if err := read(c, &body); err != nil {
		return err
	}
	in, err := body.input()
	if err != nil {
		return err
	}
	if body.DryRun.Value {
		return s.previewRun(c, in)
	}
	run, made, err := s.Payouts.Start(c.Request().Context(), in)
	if err != nil {
		return err
	}
	out := runJSON{RunID: &run.ID, CutOff: stamp(run.CutOff), Payouts: make([]payoutJSON, 0, len(made)), Skipped: append([]payouts.Skipped{}, run.Skipped...)}
	for _, p := range made {
		out.Payouts = append(out.Payouts, payoutOf(p))
	}
	return c.JSON(http.StatusCreated, out)
}

func (s *Server) previewRun(c echo.Context, in payouts.RunInput) error {
	p, err := s.Payouts.Preview(c.Request().Context(), in)
	if err != nil {
		return err
	}
	out := runJSON{CutOff: stamp(p.Run.CutOff), Payouts: make([]payoutJSON, 0, len(p.Pay)), Skipped: append([]payouts.Skipped{}, p.Skipped...)}
	for _, one := range p.Pay {
		out.Payouts = append(out.Payouts, payoutJSON{PartnerID: one.PartnerID, Currency: one.Currency, Amount: one.Amount, Rail: one.Rail, Status: payouts.Pending})
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) payoutsIndex(c echo.Context) error {
	partner, err := queryID(c, "partner_id")
	if err != nil {
		return err
	}
	return s.listPayouts(c, partner)
}

func (s *Server) partnerPayoutsIndex(c echo.Context) error {
	partner, err := pathID(c, "id", "partner")
	if err != nil {
		return err
	}
	if err := s.Partners.Known(c.Request().Context(), partner, "payouts:read"); err != nil {
		return err
	}
	return s.listPayouts(c, &partner)
}

func (s *Server) listPayouts(c echo.Context, partner *uuid.UUID) error {
	f := payouts.Filter{PartnerID: partner}
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	if f.Status, err = queryChoice(c, "status", payouts.Statuses()); err != nil {
		return err
	}
	if f.RunID, err = queryID(c, "run_id"); err != nil {
		return err
	}
	found, err := s.Payouts.List(c.Request().Context(), f, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, payoutOf))
}

func (s *Server) payoutsShow(c echo.Context) error {
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return err
	}
	p, err := s.Payouts.Find(c.Request().Context(), id)
	return writePayout(c, p, err)
}

func writePayout(c echo.Context, p payouts.Payout, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, payoutOf(p))
}

type markPaidIn struct {
	Reference string        `json:"reference"`
	PaidAt    Field[string] `json:"paid_at"`
}

func (s *Server) payoutsMarkPaid(c echo.Context) error {
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return err
	}
	var in markPaidIn
	if err := read(c, &in); err != nil {
		return err
	}
	fields := fault.Fields{}
	var paidAt time.Time
	if at := momentOf(fields, "paid_at", in.PaidAt, false); at != nil {
		paidAt = *at
	}
	if err := fields.Err(); err != nil {
		return err
	}
	p, err := s.Payouts.MarkPaid(c.Request().Context(), id, in.Reference, paidAt)
	return writePayout(c, p, err)
}

func (s *Server) payoutsCancel(c echo.Context) error {
	id, err := pathID(c, "id", "payout")
	if err != nil {
		return err
	}
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	p, err := s.Payouts.Cancel(c.Request().Context(), id)
	return writePayout(c, p, err)
}

func (s *Server) payoutRunCSV(c echo.Context) error {
	name, isCSV := strings.CutSuffix(c.Param("id.csv"), ".csv")
	id, err := ids.Parse(name)
	if err != nil || !isCSV {
		return fault.NotFound("payout run")
	}
	file := edge.Attachment{Name: s.Edge.FileName(c.Request().Context(), "payouts.csv"), ContentType: "text/csv; charset=utf-8; header=present"}
	return s.Edge.Stream(c, file, func(ctx context.Context, w io.Writer) error { return s.Payouts.BankFile(ctx, id, w) })
}
