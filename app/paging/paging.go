// Package paging reads and writes the cursors of keyset-paged lists.
//
// A list is ordered by (time, id), newest first, and a cursor names the last row that was
// shown; there is no offset, so page 10,000 costs what page 1 does.
package paging

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
)

const (
	defaultLimit = 50
	maxLimit     = 200
	version      = 1
	size         = 1 + 8 + 16
)

// Cursor names a row by what its list is ordered by.
type Cursor struct {
	At time.Time // in whole microseconds, as the database keeps it
	ID uuid.UUID
}

// Page says how many rows are wanted, and after which.
type Page struct {
	Limit int
	After *Cursor
}

// First is the first page of the default length.
func First() Page { return Page{Limit: defaultLimit} }

// Parse reads the query parameters cursor and limit; both may be empty.
func Parse(cursor, limit string) (Page, error) {
	p := First()
	if limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil || n < 1 || n > maxLimit {
			return Page{}, fault.InvalidField("limit", "Give a whole number from 1 to 200.")
		}
		p.Limit = n
	}
	if cursor != "" {
		c, ok := decode(cursor)
		if !ok {
			return Page{}, fault.InvalidField("cursor", "This is not a cursor of this list. Leave it out to begin anew.")
		}
		p.After = &c
	}
	return p, nil
}

// String is the cursor as it goes into a URL.
func (c Cursor) String() string {
	b := make([]byte, 0, size)
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, uint64(c.At.UnixMicro())) //nolint:gosec // read back the same way
	b = append(b, c.ID[:]...)
	return base64.RawURLEncoding.EncodeToString(b)
}

func decode(text string) (Cursor, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != size || b[0] != version {
		return Cursor{}, false
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(b[1:9]))).UTC() //nolint:gosec // written the same way
	if at.Year() < 1 || at.Year() > 9999 {
		return Cursor{}, false
	}
	c := Cursor{At: at}
	copy(c.ID[:], b[9:])
	return c, true
}

// Result is one page and the cursor of the next, empty after the last.
type Result[T any] struct {
	Items []T
	Next  string
}

// Cut makes a page out of rows that were read with a limit of page.Limit + 1: the row too many
// only tells that there is a next page.
func Cut[T any](rows []T, page Page, at func(T) Cursor) Result[T] {
	if rows == nil {
		rows = []T{}
	}
	if len(rows) <= page.Limit {
		return Result[T]{Items: rows}
	}
	rows = rows[:page.Limit]
	return Result[T]{Items: rows, Next: at(rows[len(rows)-1]).String()}
}

// Ask is the limit for the query: one row more than is shown.
func (p Page) Ask() int64 { return int64(p.Limit) + 1 }
