package portability

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/tenancy"
)

// KindImport is the job kind of ImportOrder.
const KindImport = "program.import"

// ImportOrder is the order to add the rows of a file. A dry run only tells what would become of
// them.
type ImportOrder struct {
	ImportID uuid.UUID `json:"import_id"`
	DryRun   bool      `json:"dry_run"`
}

// Import is a file that an admin brought along.
type Import struct {
	ID         uuid.UUID
	Name       string // of the program in the file
	ExportedAt time.Time
	JobID      uuid.UUID // of the last order
	CreatedAt  time.Time
}

// Unit runs fn in a transaction of its own.
type Unit func(ctx context.Context, fn func(ctx context.Context) error) error

// Receive takes a file in, part by part, and orders a job for it. What breaks off, or is not what
// its manifest says, leaves nothing behind.
func (s *Service) Receive(ctx context.Context, in Unit, body io.Reader, dryRun bool) (Import, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Import{}, err
	}
	now := s.now()
	r := &reception{in: in, id: ids.NewAt(now), at: now}
	err := in(ctx, func(ctx context.Context) (err error) {
		r.catalog, err = readCatalog(ctx)
		return err
	})
	if err != nil {
		return Import{}, err
	}
	if err := r.read(ctx, body); err != nil {
		// Whoever sent it may be gone, and with them the context.
		return Import{}, r.discard(context.WithoutCancel(ctx), err)
	}
	var received Import
	err = in(ctx, func(ctx context.Context) error {
		if err := r.close(ctx); err != nil {
			return err
		}
		if _, err := s.OrderImport(ctx, ImportOrder{ImportID: r.id, DryRun: dryRun}); err != nil {
			return err
		}
		received, err = findImport(ctx, r.id, false)
		return err
	})
	return received, err
}

// OrderImport has a job add the rows of a file, or tell what would become of them.
func (s *Service) OrderImport(ctx context.Context, o ImportOrder) (Import, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Import{}, err
	}
	i, err := findImport(ctx, o.ImportID, true)
	if err != nil {
		return Import{}, err
	}
	last, err := outbox.Find(ctx, i.JobID)
	if err != nil && !fault.Is(err, fault.KindNotFound) {
		return Import{}, err
	}
	if last.Status == "pending" || last.Status == "running" {
		return Import{}, fault.Conflict("import_running", "This file is being worked on. Please wait until that is over.")
	}
	if i.JobID, err = outbox.AddID(ctx, outbox.Job{Kind: KindImport, Key: KindImport, Args: o}); err != nil {
		return Import{}, err
	}
	if err := beginAnew(ctx, i); err != nil || o.DryRun {
		return i, err
	}
	return i, audit.Record(ctx, audit.Entry{
		Action: "program.imported", SubjectKind: "program", SubjectID: tenancy.ID(ctx),
		Detail: map[string]any{"name": i.Name, "exported_at": i.ExportedAt.UTC().Format(time.RFC3339)},
	})
}

// FindImport gives a file that has come in whole.
func (s *Service) FindImport(ctx context.Context, id uuid.UUID) (Import, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return Import{}, err
	}
	return findImport(ctx, id, false)
}

// Imports gives the last files.
func (s *Service) Imports(ctx context.Context) ([]Import, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return nil, err
	}
	return listImports(ctx)
}

// Refusals gives rows of a file that were refused, after the given one.
func (s *Service) Refusals(ctx context.Context, id uuid.UUID, after Refusal, limit int) ([]Refusal, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return nil, err
	}
	return listRefusals(ctx, id, after, limit)
}

const (
	rowsAtOnce  = 500     // of a transaction
	bytesAtOnce = 1 << 20 // that wait for one
	keptImports = 3       // files that a program keeps, besides those that are worked on
)

// reception writes down the rows of a file as they come.
type reception struct {
	in      Unit
	id      uuid.UUID
	at      time.Time
	catalog catalog
	file    *file
	waiting []staged
	size    int
}

// staged is a row of a file.
type staged struct {
	table    string
	position int64
	content  string
}

func (r *reception) read(ctx context.Context, body io.Reader) error {
	r.file = newFile(body, r.catalog.tables(), func(h head) error {
		return r.in(ctx, func(ctx context.Context) error { return insertImport(ctx, r.id, h, r.at) })
	}, func(t Table, n int64, row json.RawMessage) error {
		if r.catalog.find(t.Name).why != "" {
			return nil
		}
		r.waiting, r.size = append(r.waiting, staged{t.Name, n, string(row)}), r.size+len(row)
		if len(r.waiting) < rowsAtOnce && r.size < bytesAtOnce {
			return nil
		}
		return r.flush(ctx)
	})
	if err := r.file.read(); err != nil {
		return err
	}
	return r.flush(ctx)
}

func (r *reception) flush(ctx context.Context) error {
	err := r.in(ctx, func(ctx context.Context) error { return stage(ctx, r.id, r.waiting) })
	r.waiting, r.size = r.waiting[:0], 0
	return err
}

// close is the end of a file that is whole.
func (r *reception) close(ctx context.Context) error {
	counts := map[string]int64{}
	for name, t := range r.file.tallies {
		counts[name] = t.rows
	}
	if err := closeImport(ctx, r.id, counts); err != nil {
		return err
	}
	for _, t := range r.catalog.targets {
		for _, ref := range t.self {
			if err := orderRows(ctx, r.id, ref); err != nil {
				return err
			}
		}
	}
	return dropImports(ctx, keptImports)
}

// discard forgets what has come in, and gives the reason.
func (r *reception) discard(ctx context.Context, why error) error {
	if err := r.in(ctx, func(ctx context.Context) error { return deleteImport(ctx, r.id) }); err != nil {
		return err
	}
	return why
}
