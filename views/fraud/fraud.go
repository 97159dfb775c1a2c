package fraud

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/money"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tracking"
	"github.com/openpartner/openpartner/views/ledger"
	"github.com/openpartner/openpartner/views/ui"
)

// ListTarget selects what filters and pages of the list replace.
const ListTarget = "#" + listID

const listID = "suspects"

// RowID is the id of a row of the list.
func RowID(id uuid.UUID) string { return "suspect-" + id.String() }

// Which clicks are shown beside those that wait for a judgement.
const (
	ShowReviewed = "reviewed"
	ShowAll      = "all"
)

// Shows are these choices.
func Shows() []string { return []string{ShowReviewed, ShowAll} }

// IndexPage is the list of flagged clicks.
type IndexPage struct {
	Suspects              []Suspect
	Show, Flag, PartnerID string // what the list is narrowed to
	Partners              []ui.Option
	Errors                fault.Fields
	MayEdit               bool
	Now                   time.Time
	Back                  string // this page of the list
	Pager                 ui.PagerProps
}

func (p IndexPage) narrowed() bool { return p.Show+p.Flag+p.PartnerID != "" }

func (p IndexPage) resetHref(u routes.URLs) string {
	if !p.narrowed() {
		return ""
	}
	return u.Fraud()
}

func (p IndexPage) row(s Suspect) RowProps {
	return RowProps{Suspect: s, Now: p.Now, MayEdit: p.MayEdit, Back: p.Back}
}

func shows() []ui.Option {
	return []ui.Option{{Value: ShowReviewed, Label: "Reviewed"}, {Value: ShowAll, Label: "All flagged"}}
}

func flags() []ui.Option {
	var out []ui.Option
	for _, f := range tracking.Flags() {
		out = append(out, ui.Option{Value: string(f), Label: FlagName(f)})
	}
	return out
}

// FlagName is a flag in two words.
func FlagName(f tracking.Flag) string {
	switch f {
	case tracking.FlagVelocity:
		return "Too many clicks"
	case tracking.FlagSelfReferral:
		return "Own purchase"
	case tracking.FlagBot:
		return "A program"
	case tracking.FlagRevoked:
		return "Partner revoked"
	case tracking.FlagManual:
		return "By hand"
	default:
		return ui.StatusLabel(string(f))
	}
}

// Suspect is a click with what speaks for and against it.
type Suspect struct {
	Click    tracking.Click
	Burst    int // clicks from its address through its link within a minute of it
	Stake    attribution.Stake
	Partners map[uuid.UUID]string // names of those whose money depends on it
}

// RowProps is one row of the list.
type RowProps struct {
	Suspect

	Now     time.Time
	MayEdit bool
	Back    string
}

// askHref leads to the question before a judgement, whose answer comes back to the list.
func (p RowProps) askHref(question string) string {
	if p.Back == "" {
		return question
	}
	return question + "?back=" + url.QueryEscape(p.Back)
}

// Evidence says what the flag stands on.
func (s Suspect) Evidence() string {
	switch s.Click.Flag {
	case tracking.FlagVelocity:
		if s.Burst > 1 {
			return strconv.Itoa(s.Burst) + " clicks from this address through this link within a minute of it."
		}
	case tracking.FlagSelfReferral:
		if len(s.Stake.Own) > 0 {
			return "Customer " + joined(s.Stake.Own) + " has the e-mail address of " + s.Click.PartnerName + "."
		}
	case tracking.FlagBot:
		if s.Click.UserAgent != nil {
			return *s.Click.UserAgent
		}
	}
	return ledger.FlagWords(s.Click.Flag)
}

// origin is where the visitor came from: the site before, and the address in short, which tells
// visitors of one day apart and no more.
func (s Suspect) origin() string {
	var parts []string
	if s.Click.Referer != nil {
		if u, err := url.Parse(*s.Click.Referer); err == nil && u.Host != "" {
			parts = append(parts, "from "+u.Host)
		}
	}
	if s.Click.IPHash != nil {
		parts = append(parts, "address "+Short(*s.Click.IPHash))
	}
	return strings.Join(parts, ", ")
}

// Short is the beginning of an address hash, which is enough to tell addresses apart.
func Short(hash string) string { return hash[:min(len(hash), 8)] }

// customers says who was tied to the click: "u1 and u2, 3 events".
func (s Suspect) customers() string {
	if len(s.Stake.Users) == 0 {
		return ""
	}
	return joined(s.Stake.Users)
}

// toldUsers is how many customers are named before the others are counted.
const toldUsers = 3

func joined(users []string) string {
	more := ""
	if len(users) > toldUsers {
		more = " and " + strconv.Itoa(len(users)-toldUsers) + " more"
		users = users[:toldUsers]
	}
	return strings.Join(users, ", ") + more
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// gain is what a partner would have more or less: "+$10.00 for Zoe".
func (s Suspect) gain(g attribution.Gain) string {
	text := money.Amount{Minor: g.Amount, Currency: g.Currency}.Format()
	if g.Amount > 0 {
		text = "+" + text
	}
	name := s.Partners[g.PartnerID]
	if g.PartnerID == s.Click.PartnerID {
		name = s.Click.PartnerName
	}
	return text + " for " + name
}

// Question says what follows when the click is judged the other way.
func (s Suspect) Question() string {
	n := len(s.Stake.Users)
	after := "Clicks that a person has judged are never flagged by themselves again."
	if s.Click.Flag == "" {
		after = "It earns nobody anything from then on."
	}
	switch {
	case n == 0:
		return "No customer was tied to it yet, so no money moves now. " + after
	case s.Stake.Events == 0:
		return "It belongs to " + count(n, "customer") + " without an event, so no money moves now. " + after
	default:
		return count(s.Stake.Events, "event") + " of " + count(n, "customer") + " will be decided anew, and the commissions follow. " + after
	}
}

// unmoved reports whether judging it the other way would leave all money as it is.
func (s Suspect) unmoved() bool {
	return s.Stake.Events > 0 && !s.Stake.Untold && len(s.Stake.Changes) == 0
}
