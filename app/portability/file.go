package portability

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
)

// maxMember is how large a row, or another member of a file, may be: a logo takes half of it.
const maxMember = 1 << 20

// head is what a file says before its tables.
type head struct {
	Format     int
	ExportedAt time.Time
	Program    program
}

// program is what an import takes over of a program's own row.
type program struct {
	DisplayName string  `json:"display_name"`
	Logo        *string `json:"logo"`
}

// file reads an export member by member: it never holds more than one row.
type file struct {
	in      *json.Decoder
	ration  *ration
	tables  map[string]Table // those that there are
	began   func(h head) error
	took    func(t Table, n int64, row json.RawMessage) error
	head    head
	members map[string]bool // that have been read
	tallies map[string]*tally
	stated  map[string]statedCount
}

// tally is what the rows of a table come to.
type tally struct {
	rows int64
	sums map[string]*big.Int
}

// statedCount is what the manifest says of a table.
type statedCount struct {
	Rows int64
	Sums map[string]json.Number
}

// newFile makes a reader. It tells when the tables begin, and of every row.
func newFile(in io.Reader, tables []Table, began func(h head) error, took func(t Table, n int64, row json.RawMessage) error) *file {
	f := &file{ration: &ration{r: in}, tables: map[string]Table{}, began: began, took: took, members: map[string]bool{}, tallies: map[string]*tally{}}
	f.in = json.NewDecoder(f.ration)
	for _, t := range tables {
		f.tables[t.Name] = t
	}
	return f
}

// read reads the file to its end, and holds it against its manifest.
func (f *file) read() error {
	if err := f.object(f.member); err != nil {
		return err
	}
	f.ration.left = maxMember
	if _, err := f.in.Token(); !errors.Is(err, io.EOF) {
		return f.broken(err, "There is something after the end of the export.")
	}
	return f.check()
}

// object reads an object, member by member.
func (f *file) object(visit func(name string) error) error {
	if err := f.delim('{'); err != nil {
		return err
	}
	for f.more() {
		token, err := f.in.Token()
		if err != nil {
			return f.broken(err, "")
		}
		name, _ := token.(string)
		if err := visit(name); err != nil {
			return err
		}
	}
	return f.delim('}')
}

// member reads a member of the whole. What is needed to make sense of the tables stands before
// them.
func (f *file) member(name string) (err error) {
	if f.members[name] {
		return fault.InvalidField(name, "This occurs twice.")
	}
	f.members[name] = true
	switch name {
	case "format":
		if err = f.value(name, &f.head.Format); err == nil && f.head.Format != Format {
			return fault.InvalidField(name, fmt.Sprintf("This file has format %d, and this version reads format %d.", f.head.Format, Format))
		}
	case "exported_at":
		err = f.value(name, &f.head.ExportedAt)
	case "program":
		if err = f.value(name, &f.head.Program); err == nil {
			fields := fault.Fields{}
			f.head.Program.DisplayName = person.Name(fields, "program", f.head.Program.DisplayName)
			err = fields.Err()
		}
	case "tables":
		for _, needed := range []string{"format", "exported_at", "program"} {
			if !f.members[needed] {
				return fault.InvalidField(needed, "The file does not begin as an export does: this must stand before the tables.")
			}
		}
		if err = f.began(f.head); err == nil {
			err = f.object(f.table)
		}
	case "manifest":
		err = f.value(name, &f.stated)
	default:
		err = fault.InvalidField(name, "An export has no such part.")
	}
	return err
}

// table reads the rows of one table.
func (f *file) table(name string) error {
	t, known := f.tables[name]
	if !known {
		return fault.InvalidField("tables."+name, "There is no such table here. A newer version may have made the file.")
	}
	if f.tallies[name] != nil {
		return fault.InvalidField("tables."+name, "This table occurs twice.")
	}
	sum := &tally{sums: map[string]*big.Int{}}
	f.tallies[name] = sum
	if err := f.delim('['); err != nil {
		return err
	}
	for f.more() {
		var row json.RawMessage
		if err := f.in.Decode(&row); err != nil {
			return f.broken(err, "")
		}
		if !utf8.Valid(row) {
			return fault.Malformed("The file is not valid UTF-8.")
		}
		if row[0] != '{' {
			return fault.InvalidField("tables."+name, fmt.Sprintf("Row %d is not an object.", sum.rows+1))
		}
		sum.rows++
		if t.addsUp() {
			sum.add(row)
		}
		if err := f.took(t, sum.rows, row); err != nil {
			return err
		}
	}
	return f.delim(']')
}

// add adds the money of a row. What can't be read adds nothing, and the manifest will say so.
func (s *tally) add(row json.RawMessage) {
	var money struct {
		Amount   json.Number
		Currency string
	}
	amount := new(big.Int)
	if err := json.Unmarshal(row, &money); err != nil {
		return
	}
	if _, whole := amount.SetString(money.Amount.String(), 10); !whole {
		return
	}
	if s.sums[money.Currency] == nil {
		s.sums[money.Currency] = new(big.Int)
	}
	s.sums[money.Currency].Add(s.sums[money.Currency], amount)
}

// check holds what was read against what the manifest says.
func (f *file) check() error {
	for _, needed := range []string{"tables", "manifest"} {
		if !f.members[needed] {
			return fault.InvalidField(needed, "The file lacks this part of an export.")
		}
	}
	fields := fault.Fields{}
	for name, read := range f.tallies {
		stated, is := f.stated[name]
		switch {
		case !is:
			fields.Add("manifest."+name, "The manifest does not speak of "+name+".")
		case stated.Rows != read.rows:
			fields.Add("manifest."+name, fmt.Sprintf("The manifest says that %s has %d rows, and the file has %d.", name, stated.Rows, read.rows))
		default:
			read.compare(fields, name, stated.Sums)
		}
	}
	for name := range f.stated {
		if f.tallies[name] == nil {
			fields.Add("manifest."+name, "The file lacks the table "+name+".")
		}
	}
	return fields.Err()
}

// compare tells of currencies whose sum is not what the manifest says.
func (s *tally) compare(fields fault.Fields, name string, stated map[string]json.Number) {
	currencies := map[string]bool{}
	for c := range stated {
		currencies[c] = true
	}
	for c := range s.sums {
		currencies[c] = true
	}
	for _, c := range slices.Sorted(maps.Keys(currencies)) {
		read := s.sums[c]
		if read == nil {
			read = new(big.Int)
		}
		if want, is := new(big.Int).SetString(stated[c].String(), 10); !is || want.Cmp(read) != 0 {
			fields.Add("manifest."+name, fmt.Sprintf("The manifest says that the amounts of %s in %s come to %s, and in the file they come to %s.", name, c, stated[c], read))
		}
	}
}

// value reads a value that is no table.
func (f *file) value(name string, into any) error {
	f.ration.left = maxMember
	err := f.in.Decode(into)
	if _, mistyped := errors.AsType[*json.UnmarshalTypeError](err); mistyped {
		return fault.InvalidField(name, "This is not what an export says here.")
	}
	if _, misspelt := errors.AsType[*time.ParseError](err); misspelt {
		return fault.InvalidField(name, "Give a time as RFC 3339, such as 2026-01-31T12:00:00Z.")
	}
	return f.broken(err, "")
}

func (f *file) delim(want json.Delim) error {
	f.ration.left = maxMember
	token, err := f.in.Token()
	if err != nil {
		return f.broken(err, "")
	}
	if token != want {
		return fault.Malformed("This is not an export of a program.")
	}
	return nil
}

func (f *file) more() bool {
	f.ration.left = maxMember
	return f.in.More()
}

// broken says that the file is no JSON, or not all of it; nil when there is no error.
func (f *file) broken(err error, otherwise string) error {
	if told, is := fault.From(err); is {
		return told
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Malformed("The file breaks off before its end.").Because(err)
	case err != nil:
		return fault.Malformed(fmt.Sprintf("The file is not valid JSON, at byte %d.", f.in.InputOffset())).Because(err)
	case otherwise != "":
		return fault.Malformed(otherwise)
	}
	return nil
}

// ration gives a reader only so much for one member, so that none fills the memory.
type ration struct {
	r    io.Reader
	left int
}

// Read is part of io.Reader.
func (r *ration) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, &fault.Error{Kind: fault.KindTooLarge, Code: "too_large", Message: "A row of the file is larger than 1 MB."}
	}
	n, err := r.r.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}
