package partners

import (
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/person"
)

// MaxImport is how many rows a list may have.
const MaxImport = 10_000

// Import is a list of partners that an admin brought along.
type Import struct {
	ID         uuid.UUID
	SendInvite bool
	Total      int
	JobID      uuid.UUID
	CreatedAt  time.Time
}

// Outcome is what becomes of a row.
type Outcome string

// The outcomes.
const (
	ImportWaits   Outcome = "waiting" // to be added
	ImportAdded   Outcome = "added"
	ImportKnown   Outcome = "known"   // the address belongs to a partner already
	ImportRefused Outcome = "refused" // for a reason
)

// ImportRow is a row of such a list. Texts stand as they were typed.
type ImportRow struct {
	Line        int // in the file, the head being the first
	Email       string
	Name        string
	Company     *string
	Website     *string
	Country     *string
	CampaignIDs []uuid.UUID
	Outcome     Outcome
	Reason      *string
	PartnerID   *uuid.UUID

	campaigns []string // as they were named
}

func (r *ImportRow) refuse(reason string) { r.Outcome, r.Reason = ImportRefused, &reason }

// input is the row as a new partner.
func (r ImportRow) input(invite bool) CreateInput {
	return CreateInput{
		Email: r.Email, Name: r.Name, CampaignIDs: r.CampaignIDs, SendInvite: invite,
		Profile: Profile{Company: r.Company, Website: r.Website, Country: r.Country},
	}
}

// readImport takes a list apart: a head that names the columns, then a partner a row. Commas,
// semicolons and tabs separate, as spreadsheets of all countries write them.
func readImport(text string) ([]ImportRow, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	head, _, _ := strings.Cut(text, "\n")
	file := csv.NewReader(strings.NewReader(text))
	file.FieldsPerRecord, file.TrimLeadingSpace = -1, true
	for _, separator := range []rune{';', '\t'} {
		if strings.ContainsRune(head, separator) && !strings.ContainsRune(head, ',') {
			file.Comma = separator
		}
	}
	columns, err := file.Read()
	if err != nil {
		return nil, unreadable(err)
	}
	at := map[string]int{}
	for i, name := range columns {
		at[strings.ToLower(strings.TrimSpace(name))] = i
	}
	if _, is := at["email"]; !is {
		return nil, fault.InvalidField("text", "The first line must name the columns, at least email and name.")
	}
	if _, is := at["name"]; !is {
		return nil, fault.InvalidField("text", "There is no column called name.")
	}
	var rows []ImportRow
	for {
		cells, err := file.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, unreadable(err)
		}
		line, _ := file.FieldPos(0)
		rows = append(rows, rowOfCells(line, at, cells))
		if len(rows) > MaxImport {
			return nil, fault.InvalidField("text", "A list has at most 10,000 rows.")
		}
	}
	if len(rows) == 0 {
		return nil, fault.InvalidField("text", "There is no row below the head.")
	}
	return rows, nil
}

func unreadable(err error) error {
	if broken, ok := errors.AsType[*csv.ParseError](err); ok {
		return fault.InvalidField("text", "Line "+strconv.Itoa(broken.Line)+" can't be read: a quotation mark is missing or stands in the wrong place.")
	}
	return fault.InvalidField("text", "Choose a file, or paste the rows.")
}

func rowOfCells(line int, at map[string]int, cells []string) ImportRow {
	cell := func(name string) string {
		if i, is := at[name]; is && i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	maybe := func(name string) *string {
		if text := cell(name); text != "" {
			return &text
		}
		return nil
	}
	row := ImportRow{
		Line: line, Email: cell("email"), Name: cell("name"), Company: maybe("company"), Website: maybe("website"), Country: maybe("country"), Outcome: ImportWaits,
	}
	for _, one := range strings.FieldsFunc(cell("campaigns"), func(r rune) bool { return r == ';' || r == '|' }) {
		if one = strings.TrimSpace(one); one != "" {
			row.campaigns = append(row.campaigns, one)
		}
	}
	return row
}

// known is what the program has already, by what a list may call it.
type known struct {
	partners  map[string]Status    // by address
	campaigns map[string]uuid.UUID // by id and by name in lower case
}

// judge says what is to become of each row. A sign-up that was never confirmed is taken over.
func judge(rows []ImportRow, k known) {
	first := map[string]int{}
	for i := range rows {
		r := &rows[i]
		r.check(k.campaigns)
		if r.Outcome == ImportRefused {
			continue
		}
		if line, twice := first[r.Email]; twice {
			r.refuse("The same address as in line " + strconv.Itoa(line) + ".")
			continue
		}
		first[r.Email] = r.Line
		if status, is := k.partners[r.Email]; is && status != StatusUnverified {
			r.Outcome = ImportKnown
		}
	}
}

// check normalises a row and refuses it for the first thing that is wrong.
func (r *ImportRow) check(campaigns map[string]uuid.UUID) {
	fields := fault.Fields{}
	email, name := person.Email(fields, "email", r.Email), person.Name(fields, "name", r.Name)
	profile := r.input(false).Profile
	profile.Check(fields)
	for _, field := range []string{"email", "name", "profile.company", "profile.website", "profile.country"} {
		if sentence := fields[field]; sentence != "" {
			r.refuse(strings.TrimPrefix(field, "profile.") + ": " + sentence)
			return
		}
	}
	r.Email, r.Name, r.Company, r.Website, r.Country = email, name, profile.Company, profile.Website, profile.Country
	for _, one := range r.campaigns {
		id, is := campaigns[strings.ToLower(one)]
		if !is {
			r.refuse("campaigns: There is no campaign called " + one + ".")
			return
		}
		r.CampaignIDs = append(r.CampaignIDs, id)
	}
}
