package portability

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/rollup"
)

// Imported is the result of an import, and how far it is.
type Imported struct {
	ImportID uuid.UUID       `json:"import_id"`
	DryRun   bool            `json:"dry_run"`
	Tables   []ImportedTable `json:"tables"`
	Skipped  []SkippedTable  `json:"skipped"`
	Refused  []Refusal       `json:"refused"`           // the first of them
	Rebuilt  string          `json:"rebuilt,omitempty"` // the last day whose figures are computed anew

	further []Refusal // of a dry run, which are written down at its end
	catalog catalog
	days    []time.Time // whose figures are to be computed anew
	last    waitingRow  // the one that was settled last, and its table: what lies before is not looked at again
	table   string
}

// ImportedTable tells what became of the rows of a table.
type ImportedTable struct {
	Table   string `json:"table"`
	Rows    int64  `json:"rows"`
	Added   int64  `json:"added"`
	Known   int64  `json:"known"` // the same is here already
	Refused int64  `json:"refused"`
}

func (t ImportedTable) settled() int64 { return t.Added + t.Known + t.Refused }

// SkippedTable is one whose rows do not come back.
type SkippedTable struct {
	Table string `json:"table"`
	Rows  int64  `json:"rows"`
	Why   string `json:"why"`
}

// Refusal is a row that was not added, and why.
type Refusal struct {
	Table    string  `json:"table"`
	Position int64   `json:"row"` // in its table, from 1
	ID       *string `json:"id"`
	Reason   string  `json:"reason"`
}

const (
	toldRefusals    = 100    // that a result lists
	keptRefusals    = 10_000 // that a dry run writes down
	daysAtOnce      = 5      // whose figures are computed anew in a transaction, for which writers of figures wait
	outcomeAdded    = "added"
	outcomeKnown    = "known"
	outcomeRefused  = "refused"
	tableOfAdmins   = "admins"
	tableOfSettings = "config"
	tableOfPictures = "assets"
	tableOfClicks   = "daily_clicks"
)

// Counts says how many of all rows are settled, and how many of these were refused.
func (i *Imported) Counts() (total, settled, refused int64) {
	for _, t := range i.Tables {
		total, settled, refused = total+t.Rows, settled+t.settled(), refused+t.Refused
	}
	return total, settled, refused
}

// note adds what a step found.
func (i *Imported) note(table string, counts map[string]int64, refused []Refusal) {
	at := slices.IndexFunc(i.Tables, func(t ImportedTable) bool { return t.Table == table })
	t := &i.Tables[at]
	t.Added, t.Known, t.Refused = t.Added+counts[outcomeAdded], t.Known+counts[outcomeKnown], t.Refused+counts[outcomeRefused]
	room := max(0, toldRefusals-len(i.Refused))
	i.Refused = append(i.Refused, refused[:min(room, len(refused))]...)
	if i.DryRun {
		room = max(0, keptRefusals-len(i.further))
		i.further = append(i.further, refused[:min(room, len(refused))]...)
	}
}

// ImportStep does the next part of an order, and tells whether there is more. A row is settled
// together with what it became, so that a repeat goes on where it was cut off. A dry run is all its
// steps in one transaction that is rolled back.
func (s *Service) ImportStep(ctx context.Context, o ImportOrder, found *Imported) (more bool, err error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return false, err
	}
	if len(found.catalog.targets) == 0 { // the first step since the job was taken up
		if found.catalog, err = readCatalog(ctx); err != nil {
			return false, err
		}
	}
	if found.ImportID == uuid.Nil {
		return true, begin(ctx, o, found)
	}
	for _, t := range found.Tables {
		if t.settled() < t.Rows {
			return true, restore(ctx, o.ImportID, found.catalog.find(t.Table), found)
		}
	}
	if found.Rebuilt == "" {
		if err := restoreProgram(ctx, o.ImportID); err != nil {
			return false, err
		}
	}
	if o.DryRun {
		return false, nil
	}
	return s.rebuild(ctx, o.ImportID, found)
}

// KeepRefusals writes down what a dry run would have refused, after it was rolled back.
func (s *Service) KeepRefusals(ctx context.Context, o ImportOrder, found *Imported) error {
	for _, r := range found.further {
		if err := refuse(ctx, o.ImportID, r.Table, r.Position, r.Reason); err != nil {
			return err
		}
	}
	return nil
}

// begin counts what there is to do.
func begin(ctx context.Context, o ImportOrder, found *Imported) error {
	*found = Imported{ImportID: o.ImportID, DryRun: o.DryRun, Tables: []ImportedTable{}, Skipped: []SkippedTable{}, Refused: []Refusal{}, catalog: found.catalog}
	manifest, err := findManifest(ctx, o.ImportID)
	if err != nil {
		return err
	}
	settled, err := countSettled(ctx, o.ImportID)
	if err != nil {
		return err
	}
	for _, t := range found.catalog.targets {
		rows, is := manifest[t.Name]
		switch {
		case !is || rows == 0:
		case t.why != "":
			found.Skipped = append(found.Skipped, SkippedTable{t.Name, rows, t.why})
		default:
			found.Tables = append(found.Tables, ImportedTable{Table: t.Name, Rows: rows})
			found.note(t.Name, settled[t.Name], nil)
		}
	}
	found.Refused, err = listRefusals(ctx, o.ImportID, Refusal{}, toldRefusals)
	return err
}

// restore adds the next rows of a table.
func restore(ctx context.Context, id uuid.UUID, t target, found *Imported) error {
	if found.table != t.Name {
		found.table, found.last = t.Name, waitingRow{}
	}
	rows, err := nextRows(ctx, id, t.Name, found.last, rowsAtOnce)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return fmt.Errorf("rows of %s are missing from import %s", t.Name, id)
	}
	found.last = rows[len(rows)-1]
	w := work{id: id, table: t.Table, references: found.catalog.references}
	var all []int64
	for _, alike := range byColumns(rows) {
		positions := positionsOf(alike)
		all = append(all, positions...)
		if err := w.take(ctx, alike[0].Columns, positions); err != nil {
			return err
		}
	}
	counts, refused, err := tellOutcomes(ctx, id, t.Name, all)
	if err != nil {
		return err
	}
	found.note(t.Name, counts, refused)
	return nil
}

// byColumns parts rows, in their order, where their columns change: those of one file have the same.
func byColumns(rows []waitingRow) (parts [][]waitingRow) {
	for i, r := range rows {
		if i == 0 || !slices.Equal(rows[i-1].Columns, r.Columns) {
			parts = append(parts, nil)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], r)
	}
	return parts
}

func positionsOf(rows []waitingRow) []int64 {
	out := make([]int64, len(rows))
	for i, r := range rows {
		out[i] = r.Position
	}
	return out
}

// rebuild computes the figures of the next days anew.
func (s *Service) rebuild(ctx context.Context, id uuid.UUID, found *Imported) (more bool, err error) {
	if found.days == nil {
		if found.days, err = listDays(ctx, id); err != nil {
			return false, err
		}
	}
	left := slices.DeleteFunc(slices.Clone(found.days), func(day time.Time) bool { return day.Format(time.DateOnly) <= found.Rebuilt })
	for _, day := range left[:min(daysAtOnce, len(left))] {
		if _, err := rollup.Rebuild(ctx, day, day); err != nil {
			return false, err
		}
		if err := s.tracking.RebuildDaily(ctx, day, day); err != nil {
			return false, err
		}
		found.Rebuilt = day.Format(time.DateOnly)
	}
	return len(left) > daysAtOnce, nil
}

// work adds rows of one table.
type work struct {
	id         uuid.UUID
	table      Table
	references []reference
}

// take adds rows that have the same columns.
func (w work) take(ctx context.Context, columns []string, positions []int64) error {
	own := map[string]bool{}
	for _, c := range w.table.Columns {
		own[c] = true
	}
	for _, c := range columns {
		if !own[c] {
			return w.refuseAll(ctx, positions, "There is no column called "+c+".")
		}
	}
	if w.table.Name == tableOfPictures {
		var err error
		if positions, err = w.look(ctx, positions); err != nil {
			return err
		}
	}
	columns = withoutThose(w.table.Name, columns)
	return w.add(ctx, columns, positions)
}

// add adds rows all together. When one of them can't be, it looks for it by halves, so that it
// costs only itself.
func (w work) add(ctx context.Context, columns []string, positions []int64) error {
	if len(positions) == 0 {
		return nil
	}
	err := db.Run(ctx, func(ctx context.Context) error {
		if err := w.part(ctx, columns, positions); err != nil {
			return err
		}
		return insertRows(ctx, w.id, w.table, columns, positions)
	})
	reason, refused := w.reason(err)
	switch {
	case err == nil:
		return w.explain(ctx, columns, positions)
	case !refused:
		return err
	case len(positions) == 1:
		return w.refuseAll(ctx, positions, reason)
	}
	half := len(positions) / 2
	if err := w.add(ctx, columns, positions[:half]); err != nil {
		return err
	}
	return w.add(ctx, columns, positions[half:])
}

// part refuses rows that are a part of something of which there is another version here, such as a
// share of a decision that was made anew since: the parts of both would not fit together.
func (w work) part(ctx context.Context, columns []string, positions []int64) error {
	for _, r := range w.references {
		if r.Child != w.table.Name || !r.Part {
			continue
		}
		if err := settleKnown(ctx, w.id, w.table, columns, positions); err != nil {
			return err
		}
		if err := refuseParts(ctx, w.id, r, positions); err != nil {
			return err
		}
	}
	return nil
}

// explain finds out about rows that were not added because something stood in their way: the same
// row, another version of it, or a different row that has what only one may have.
func (w work) explain(ctx context.Context, columns []string, positions []int64) error {
	if err := settleKnown(ctx, w.id, w.table, columns, positions); err != nil {
		return err
	}
	left, err := waitingOf(ctx, w.id, w.table.Name, positions)
	if err != nil {
		return err
	}
	for _, position := range left {
		err := db.Run(ctx, func(ctx context.Context) error { return insertRow(ctx, w.id, w.table, columns, position) })
		reason, refused := w.reason(err)
		switch {
		case err == nil: // what stood in the way is gone
			err = settle(ctx, w.id, w.table.Name, position, outcomeAdded, nil)
		case refused && w.table.Name == tableOfAdmins: // the same person, under an id of this program
			err = settle(ctx, w.id, w.table.Name, position, outcomeKnown, nil)
		case refused:
			err = refuse(ctx, w.id, w.table.Name, position, reason)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w work) refuseAll(ctx context.Context, positions []int64, reason string) error {
	for _, position := range positions {
		if err := refuse(ctx, w.id, w.table.Name, position, reason); err != nil {
			return err
		}
	}
	return nil
}
