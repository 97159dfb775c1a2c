// Package ids makes and reads the identifiers of every row.
//
// Ids are UUID version 7: they sort by the time they were made, which keeps indexes and lists
// in order. On the way in a 26-character ULID of the same 128 bits is accepted, so data that
// comes from a ULID system keeps its identity; on the way out an id is always a UUID.
package ids

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
)

// ErrMalformed is the answer to text that is neither a UUID nor a ULID.
var ErrMalformed = errors.New("not a UUID or ULID")

// NewAt makes a version 7 UUID whose first 48 bits are t in Unix milliseconds (RFC 9562).
// Twelve further bits hold the fraction of the millisecond, so that ids made one after
// the other sort in the order of their times.
func NewAt(t time.Time) uuid.UUID {
	var id uuid.UUID
	_, _ = rand.Read(id[6:]) // crypto/rand never fails since Go 1.24
	nanos := t.UnixNano()
	millis := nanos / int64(time.Millisecond)
	fraction := (nanos % int64(time.Millisecond)) * 4096 / int64(time.Millisecond)
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], uint64(millis)<<16) //nolint:gosec // times before 1970 do not occur
	copy(id[:6], head[:6])
	id[6] = 0x70 | byte(fraction>>8)
	id[7] = byte(fraction)
	id[8] = 0x80 | id[8]&0x3f
	return id
}

// Parse reads a UUID (36 characters) or a ULID (26 characters, Crockford base32).
func Parse(text string) (uuid.UUID, error) {
	switch len(text) {
	case 36:
		id, err := uuid.Parse(text)
		if err != nil {
			return uuid.Nil, ErrMalformed
		}
		return id, nil
	case 26:
		return parseULID(text)
	default:
		return uuid.Nil, ErrMalformed
	}
}

// parseULID decodes 26 characters of five bits each; the first may only hold three.
func parseULID(text string) (uuid.UUID, error) {
	var hi, lo uint64
	for i := range len(text) {
		digit, ok := crockford(text[i])
		if !ok || (i == 0 && digit > 7) {
			return uuid.Nil, ErrMalformed
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | digit
	}
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, nil
}

// crockford gives the value of one digit: no U, and I, L, O read as 1, 1, 0.
func crockford(c byte) (uint64, bool) {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	switch c {
	case 'O':
		return 0, true
	case 'I', 'L':
		return 1, true
	}
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	for value := range len(digits) {
		if digits[value] == c {
			return uint64(value), true //nolint:gosec // 0..31
		}
	}
	return 0, false
}
