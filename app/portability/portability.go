// Package portability takes out what a program has, whole and as the database holds it, and brings
// it back in.
//
// It asks the catalog which tables there are, so that a new one is taken along by itself. An
// import adds rows as they are, by no service of their features, so that nobody is told of them a
// second time. Invariants: what lets somebody in never leaves, neither a sealed secret nor the hash
// of a token or key; an import changes no row that is here.
package portability

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/csvfile"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tracking"
)

// Format is the number of the form that the whole has. It grows when a reader of the one before
// would misread the next.
const Format = 1

// Table is one that goes out.
type Table struct {
	Name    string
	About   string // what its rows are, in a sentence
	Columns []string
	Key     []string // what no two rows have in common, and what they are ordered by
}

// addsUp reports whether each row is money of one currency.
func (t Table) addsUp() bool {
	return slices.Contains(t.Columns, "amount") && slices.Contains(t.Columns, "currency")
}

// Count is what the manifest says of a table.
type Count struct {
	Rows int64           `json:"rows"`
	Sums json.RawMessage `json:"sums,omitempty"` // of its amounts, by currency
}

// Service takes programs out, and brings them back in.
type Service struct {
	tracking *tracking.Service // computes daily sums anew
	now      func() time.Time
}

// NewService makes one.
func NewService(t *tracking.Service, now func() time.Time) *Service { return &Service{t, now} }

// Tables are all that go out, by name.
func (s *Service) Tables(ctx context.Context) ([]Table, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return nil, err
	}
	return listTables(ctx)
}

// CountUpTo counts the rows of tables, each only as far as the limit, since people just want to
// know how big it is.
func (s *Service) CountUpTo(ctx context.Context, tables []Table, limit int) (map[string]int, error) {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return nil, err
	}
	return countUpTo(ctx, tables, limit)
}

// Note writes down that somebody takes out the whole, before it is read in a transaction that
// can't write.
func (s *Service) Note(ctx context.Context) error {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return err
	}
	return audit.Record(ctx, audit.Entry{Action: "program.exported", SubjectKind: "program", SubjectID: tenancy.ID(ctx)})
}

// WriteJSON writes the whole row by row: the program, its tables, and a manifest to hold them
// against.
func (s *Service) WriteJSON(ctx context.Context, w io.Writer) error {
	tables, err := s.Tables(ctx)
	if err != nil {
		return err
	}
	program, err := findProgram(ctx)
	if err != nil {
		return err
	}
	out := &pen{w: w}
	out.write(`{"format":`, strconv.Itoa(Format), `,"exported_at":"`, s.now().UTC().Format(time.RFC3339), `","program":`, program, `,"tables":{`)
	manifest := map[string]Count{}
	for i, t := range tables {
		out.write(comma(i), "\n\"", t.Name, `":[`)
		if manifest[t.Name], err = writeTable(ctx, out, t); err != nil {
			return err
		}
		out.write("]")
	}
	counts, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	out.write("},\n\"manifest\":", string(counts), "}\n")
	return out.err
}

// writeTable writes the rows of a table and says what they come to.
func writeTable(ctx context.Context, out *pen, t Table) (c Count, err error) {
	err = eachRow(ctx, t, func(row string) error {
		out.write(comma(int(c.Rows)), "\n", row)
		c.Rows++
		return out.err
	})
	if err == nil && t.addsUp() {
		c.Sums, err = addUp(ctx, t)
	}
	return c, err
}

// WriteCSV writes one table. Lists and objects stand in their cells as JSON.
func (s *Service) WriteCSV(ctx context.Context, name string, w io.Writer) error {
	if err := auth.Require(ctx, auth.AdminScope); err != nil {
		return err
	}
	t, err := findTable(ctx, name)
	if err != nil {
		return err
	}
	f, err := csvfile.New(w, t.Columns...)
	if err != nil {
		return err
	}
	err = eachCells(ctx, t, func(cells []sql.Null[string]) error {
		for _, cell := range cells {
			f.Text(cell.V) // empty where there is none
		}
		return f.End()
	})
	if err != nil {
		return err
	}
	return f.Flush()
}

// pen writes until something goes wrong, and keeps what it was.
type pen struct {
	w   io.Writer
	err error
}

func (p *pen) write(parts ...string) {
	for _, part := range parts {
		if p.err == nil {
			_, p.err = io.WriteString(p.w, part)
		}
	}
}

// comma stands before all but the first.
func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}
