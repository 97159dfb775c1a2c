package access

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/views/ui"
)

// APIKeysPage is the list of keys.
type APIKeysPage struct {
	Keys     []auth.APIKey
	Partners map[uuid.UUID]string // names, for keys that are a partner's
	Now      time.Time
	Pager    ui.PagerProps
}

// may says in words what a key may do.
func (p APIKeysPage) may(k auth.APIKey) string {
	switch k.Kind {
	case "admin":
		return "Everything"
	case "partner":
		if k.PartnerID != nil && p.Partners[*k.PartnerID] != "" {
			return "What " + p.Partners[*k.PartnerID] + " may do"
		}
		return "What its partner may do"
	default:
		return strings.Join(k.Scopes, ", ")
	}
}

// APIKeyFormPage is the form and what was typed into it.
type APIKeyFormPage struct {
	Name, Kind, PartnerID, ExpiresAt string
	Scopes                           []string
	Partners                         []ui.Option
	Errors                           fault.Fields
}

func kinds() []ui.Option {
	return []ui.Option{
		{Value: "scoped", Label: "Chosen scopes", Hint: "The least that the job needs."},
		{Value: "admin", Label: "Everything", Hint: "As an admin does, settings included."},
		{Value: "partner", Label: "What one partner may do", Hint: "Their own links and commissions."},
	}
}

func scopes() []ui.Option {
	var out []ui.Option
	for _, scope := range auth.Scopes() {
		out = append(out, ui.Option{Value: scope, Label: scope})
	}
	return out
}

// AdminsPage is the list of admins.
type AdminsPage struct {
	Admins []auth.Admin
	// Refused is what a server said to the last mail to each; nothing when it took it.
	Refused map[uuid.UUID]string
	Me      uuid.UUID
	Now     time.Time
	Pager   ui.PagerProps
}

// AdminFormPage is the form and what was typed into it.
type AdminFormPage struct {
	Name, Email, Role string
	Errors            fault.Fields
}

func roles() []ui.Option {
	return []ui.Option{
		{Value: "admin", Label: "Admin", Hint: "May do everything."},
		{Value: "viewer", Label: "Viewer", Hint: "May look at everything and change nothing."},
	}
}

func roleLabel(role string) string {
	for _, o := range roles() {
		if o.Value == role {
			return o.Label
		}
	}
	return role
}
