package access

import (
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/views/ui"
)

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
