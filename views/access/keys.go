package access

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/views/ui"
)

// KeysTarget is what filters and pages of the list of keys replace.
const (
	KeysTarget = "#" + keysID

	keysID = "key-list"
)

// APIKeysPage is the list of keys.
type APIKeysPage struct {
	Keys     []auth.APIKey
	Partners map[uuid.UUID]string        // names, for keys that are a partner's
	Makers   map[uuid.UUID]auth.KeyMaker // of the keys that somebody made
	MadeBy   []ui.Option                 // whose keys one may look for
	Filter   auth.KeyFilter
	Errors   fault.Fields
	Now      time.Time
	MayEdit  bool
	Pager    ui.PagerProps
}

func (p APIKeysPage) filtered() bool { return p.Filter != (auth.KeyFilter{}) || len(p.Errors) > 0 }

func (p APIKeysPage) resetHref(u routes.URLs) string {
	if !p.filtered() {
		return ""
	}
	return u.APIKeys()
}

func (p APIKeysPage) createdBy() string {
	if p.Filter.CreatedBy == nil {
		return ""
	}
	return p.Filter.CreatedBy.String()
}

// may says in words what a key may do, a line for each thing.
func (p APIKeysPage) may(k auth.APIKey) []string {
	switch k.Kind {
	case "admin":
		return []string{"Everything"}
	case "partner":
		if k.PartnerID != nil && p.Partners[*k.PartnerID] != "" {
			return []string{"What " + p.Partners[*k.PartnerID] + " may do"}
		}
		return []string{"What its partner may do"}
	default:
		return scopeWords(k.Scopes)
	}
}

// scopeWords gathers scopes by what they are about: "Events: read, write".
func scopeWords(scopes []string) []string {
	var lines []string
	about := ""
	for _, scope := range slices.Sorted(slices.Values(scopes)) {
		area, verb, _ := strings.Cut(scope, ":")
		if area == about {
			lines[len(lines)-1] += ", " + verb
			continue
		}
		about = area
		lines = append(lines, ui.StatusLabel(area)+": "+verb)
	}
	return lines
}

// maker says who made a key, and that they have left.
func (p APIKeysPage) maker(k auth.APIKey) string {
	if k.CreatedBy == nil {
		return ""
	}
	switch m, known := p.Makers[*k.CreatedBy]; {
	case !known:
		return ""
	case m.Revoked:
		return "by " + m.Name + ", who is revoked"
	default:
		return "by " + m.Name
	}
}

func keysStay(n int) string {
	return plural(n, "1 active key that they made goes on working", strconv.Itoa(n)+" active keys that they made go on working") +
		", so that none of your programs stops."
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// People are the choices of who made a key.
func People(actors []audit.ActorName) []ui.Option {
	var out []ui.Option
	for _, a := range actors {
		if !a.Key {
			out = append(out, ui.Option{Value: a.ID.String(), Label: "Made by " + a.Name})
		}
	}
	return out
}

// APIKeyFormPage is the form and what was typed into it.
type APIKeyFormPage struct {
	Name, Kind, PartnerID, ExpiresAt string
	Scopes                           []string
	Uses                             map[string][]string // what each scope opens, in words
	Partners                         []ui.Option
	Errors                           fault.Fields
}

// scopes are the choices; what opens nothing is none.
func (p APIKeyFormPage) scopes() []ui.Option {
	var out []ui.Option
	for _, scope := range auth.Scopes() {
		if uses := p.Uses[scope]; len(uses) > 0 {
			out = append(out, ui.Option{Value: scope, Label: scope, Hint: strings.Join(uses, "; ") + "."})
		}
	}
	return out
}

func kinds() []ui.Option {
	return []ui.Option{
		{Value: "scoped", Label: "Chosen scopes", Hint: "The least that the job needs."},
		{Value: "admin", Label: "Everything", Hint: "As an admin does, settings included."},
		{Value: "partner", Label: "What one partner may do", Hint: "Their own links and commissions."},
	}
}

func statuses() []ui.Option {
	var out []ui.Option
	for _, status := range auth.KeyStatuses() {
		out = append(out, ui.Option{Value: status, Label: ui.StatusLabel(status)})
	}
	return out
}
