package paging

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
)

// Rank names a row of a list that is not ordered by time but by two figures and its id, all of
// them falling.
type Rank struct {
	Figures [2]int64
	ID      uuid.UUID
}

const (
	rankVersion = 2
	rankSize    = 1 + 2*8 + 16
)

// String is the rank as it goes into a URL.
func (r Rank) String() string {
	b := make([]byte, 0, rankSize)
	b = append(b, rankVersion)
	for _, n := range r.Figures {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // read back the same way
	}
	return base64.RawURLEncoding.EncodeToString(append(b, r.ID[:]...))
}

// ParseRank reads the query parameter cursor of such a list; nil when it is empty.
func ParseRank(cursor string) (*Rank, error) {
	if cursor == "" {
		return nil, nil //nolint:nilnil // the beginning of the list
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(b) != rankSize || b[0] != rankVersion {
		return nil, fault.InvalidField("cursor", "This is not a cursor of this list. Leave it out to begin anew.")
	}
	r := &Rank{}
	for i := range r.Figures {
		r.Figures[i] = int64(binary.BigEndian.Uint64(b[1+8*i:])) //nolint:gosec // written the same way
	}
	copy(r.ID[:], b[1+2*8:])
	return r, nil
}
