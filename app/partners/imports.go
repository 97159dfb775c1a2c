package partners

import (
	"context"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
)

// KindImport is the job kind of ImportOrder.
const KindImport = "partners.import"

// ImportOrder is the order to add the partners of a list.
type ImportOrder struct {
	ImportID uuid.UUID `json:"import_id"`
}

// TryImport says what would become of each row of a list, and writes nothing.
func (s *Service) TryImport(ctx context.Context, text string) ([]ImportRow, error) {
	if err := auth.Require(ctx, "partners:write"); err != nil {
		return nil, err
	}
	rows, err := readImport(text)
	if err != nil {
		return nil, err
	}
	emails := make([]string, 0, len(rows))
	for _, r := range rows {
		emails = append(emails, r.Email)
	}
	var k known
	if k.partners, err = statusesOf(ctx, emails); err != nil {
		return nil, err
	}
	if k.campaigns, err = campaignsByName(ctx); err != nil {
		return nil, err
	}
	judge(rows, k)
	return rows, nil
}

// OrderImport keeps a list and has a job add its partners.
func (s *Service) OrderImport(ctx context.Context, text string, invite bool) (Import, error) {
	rows, err := s.TryImport(ctx, text)
	if err != nil {
		return Import{}, err
	}
	now := s.now()
	i := Import{ID: ids.NewAt(now), SendInvite: invite, Total: len(rows), CreatedAt: now}
	if i.JobID, err = outbox.AddID(ctx, outbox.Job{Kind: KindImport, Key: KindImport, Args: ImportOrder{ImportID: i.ID}}); err != nil {
		return Import{}, err
	}
	if err := insertImport(ctx, i, rows); err != nil {
		return Import{}, err
	}
	return i, audit.Record(ctx, audit.Entry{Action: "partners.import_ordered", SubjectKind: "import", SubjectID: i.ID, Detail: map[string]any{"rows": i.Total}})
}

// importAtOnce is how many rows a step takes, so that its transaction stays short.
const importAtOnce = 100

// ImportStep adds the partners of the next rows that wait, and tells whether more may wait. A
// row is settled together with its partner, so that a repeat goes on where it was cut off.
func (s *Service) ImportStep(ctx context.Context, o ImportOrder) (more bool, err error) {
	i, err := findImport(ctx, o.ImportID)
	if err != nil {
		return false, err
	}
	rows, err := nextImportRows(ctx, i.ID, importAtOnce)
	if err != nil {
		return false, err
	}
	for _, r := range rows {
		if err := s.importRow(ctx, &r, i.SendInvite); err != nil {
			return false, err
		}
		if err := settleImportRow(ctx, i.ID, r); err != nil {
			return false, err
		}
	}
	return len(rows) == importAtOnce, nil
}

func (s *Service) importRow(ctx context.Context, r *ImportRow, invite bool) error {
	var p Partner
	err := db.Run(ctx, func(ctx context.Context) (err error) {
		p, err = s.create(ctx, r.input(invite), SourceImport)
		return err
	})
	f, told := fault.From(err)
	switch {
	case err == nil:
		r.Outcome, r.PartnerID = ImportAdded, &p.ID
	case told && f.Code == "email_taken": // since the list was ordered
		r.Outcome = ImportKnown
	case told && len(f.Fields) > 0:
		for _, sentence := range f.Fields {
			r.refuse(sentence)
		}
	default:
		return err
	}
	return nil
}

// FindImport gives a list.
func (s *Service) FindImport(ctx context.Context, id uuid.UUID) (Import, error) {
	if err := auth.Require(ctx, "partners:read"); err != nil {
		return Import{}, err
	}
	return findImport(ctx, id)
}

// CountImport tells how many rows of a list came to what.
func (s *Service) CountImport(ctx context.Context, id uuid.UUID) (map[Outcome]int, error) {
	if err := auth.Require(ctx, "partners:read"); err != nil {
		return nil, err
	}
	return countImport(ctx, id)
}

// ImportRows gives rows of a list after a line, in their order; only of some outcomes where
// these are named.
func (s *Service) ImportRows(ctx context.Context, id uuid.UUID, after int, limit int64, of ...Outcome) ([]ImportRow, error) {
	if err := auth.Require(ctx, "partners:read"); err != nil {
		return nil, err
	}
	return selectImportRows(ctx, id, after, limit, of)
}
