// Package csvfile writes tables for spreadsheets: RFC 4180, UTF-8, a head row first.
//
// Numbers stay numbers, times are RFC 3339 in UTC, and an amount is a decimal with its currency
// in the cell beside it. Invariant: no text becomes a formula, whoever wrote it.
package csvfile

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/money"
)

// File writes row by row; it keeps no more than one in memory. Cells are added from left to
// right and the row is closed by End.
type File struct {
	out   *csv.Writer
	width int
	row   []string
}

// New begins a file by the names of its columns.
func New(w io.Writer, columns ...string) (*File, error) {
	f := &File{out: csv.NewWriter(w), width: len(columns)}
	f.out.UseCRLF = true
	return f, f.Text(columns...).End()
}

// Text adds cells that anybody may have written.
func (f *File) Text(texts ...string) *File {
	for _, text := range texts {
		f.row = append(f.row, harmless(text))
	}
	return f
}

// Maybe adds texts that may be missing.
func (f *File) Maybe(texts ...*string) *File {
	for _, text := range texts {
		if text == nil {
			f.Blank()
		} else {
			f.Text(*text)
		}
	}
	return f
}

// plain is a number that is nothing but a number.
var plain = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// harmless puts an apostrophe before a text that a spreadsheet would take for a formula.
// https://owasp.org/www-community/attacks/CSV_Injection
func harmless(text string) string {
	if text != "" && !plain.MatchString(text) && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

// ID adds an id.
func (f *File) ID(id uuid.UUID) *File { return f.cell(id.String()) }

// MaybeID adds an id that may be missing.
func (f *File) MaybeID(id *uuid.UUID) *File {
	if id == nil {
		return f.Blank()
	}
	return f.ID(*id)
}

// Count adds whole numbers.
func (f *File) Count(numbers ...int64) *File {
	for _, n := range numbers {
		f.cell(strconv.FormatInt(n, 10))
	}
	return f
}

// Number adds a number that is written out already.
func (f *File) Number(text string) *File { return f.cell(text) }

// Truth adds true or false.
func (f *File) Truth(is bool) *File { return f.cell(strconv.FormatBool(is)) }

// Amount adds two cells: the decimal and the currency.
func (f *File) Amount(a money.Amount) *File { return f.cell(a.Decimal()).cell(a.Currency) }

// Time adds a moment.
func (f *File) Time(t time.Time) *File { return f.cell(t.UTC().Format(time.RFC3339)) }

// MaybeTime adds a moment that may be missing.
func (f *File) MaybeTime(t *time.Time) *File {
	if t == nil {
		return f.Blank()
	}
	return f.Time(*t)
}

// Blank adds an empty cell.
func (f *File) Blank() *File { return f.cell("") }

func (f *File) cell(text string) *File {
	f.row = append(f.row, text)
	return f
}

// End closes the row, which must be as wide as the head.
func (f *File) End() error {
	if len(f.row) != f.width {
		return fmt.Errorf("a row of %d cells in a table of %d columns", len(f.row), f.width)
	}
	err := f.out.Write(f.row)
	f.row = f.row[:0]
	return err
}

// Flush sends what was kept back.
func (f *File) Flush() error {
	f.out.Flush()
	return f.out.Error()
}
