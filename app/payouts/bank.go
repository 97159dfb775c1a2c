package payouts

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/money"
)

// bankRow is a payout that is still to be paid by hand, with whom it goes to.
type bankRow struct {
	ID        uuid.UUID
	PartnerID uuid.UUID
	Name      string
	Email     string
	Amount    int64
	Currency  string
	Sealed    string
	Resting   bool // the details were changed a moment ago
}

// BankFile writes what a run has to be paid by hand and is not yet, for a bank: details that were
// changed a moment ago are left out, and so is what was paid or cancelled.
func (s *Service) BankFile(ctx context.Context, run uuid.UUID, w io.Writer) error {
	if err := auth.Require(ctx, writeScope); err != nil {
		return err
	}
	if _, err := findRun(ctx, run); err != nil {
		return err
	}
	rows, err := bankRows(ctx, run, s.Now().Add(-CoolDown))
	if err != nil {
		return err
	}
	f, err := csvfile.New(w, "payout_id", "partner_id", "name", "email", "amount", "currency", "bank_details", "note")
	if err != nil {
		return err
	}
	for _, r := range rows {
		details, note := "", ""
		switch {
		case r.Sealed == "":
			note = "This partner left no bank details."
		case r.Resting:
			note = "The bank details were changed less than 72 hours ago. Please wait."
		default:
			if details, err = s.openRow(ctx, r); err != nil {
				return err
			}
		}
		err := f.ID(r.ID).ID(r.PartnerID).Text(r.Name, r.Email).Amount(money.Amount{Minor: r.Amount, Currency: r.Currency}).Text(details, note).End()
		if err != nil {
			return err
		}
	}
	return f.Flush()
}

func (s *Service) openRow(ctx context.Context, r bankRow) (string, error) {
	plain, err := s.Ring.Open(r.Sealed, detailsOf(ctx, r.PartnerID))
	if err != nil {
		return "", fmt.Errorf("bank details of partner %s: %w", r.PartnerID, err)
	}
	return string(plain), nil
}

// NoteBankFile writes down that somebody takes the bank file of a run.
func (s *Service) NoteBankFile(ctx context.Context, run uuid.UUID) error {
	if err := auth.Require(ctx, writeScope); err != nil {
		return err
	}
	if _, err := findRun(ctx, run); err != nil {
		return err
	}
	return audit.Record(ctx, audit.Entry{Action: "payout.bank_file_taken", SubjectKind: "payout_run", SubjectID: run})
}
