package access

import (
	"time"

	"github.com/mileusna/useragent"

	"github.com/openpartner/openpartner/app/auth"
)

// SessionsPage lists where somebody is signed in.
type SessionsPage struct {
	Rows      []SessionRow
	OthersEnd string // leads to signing out everywhere else
	Now       time.Time
}

// SessionRow is one browser.
type SessionRow struct {
	auth.OpenSession

	End string // leads to signing out there
}

// others reports whether somebody is signed in anywhere else.
func (p SessionsPage) others() bool { return len(p.Rows) > 1 }

// Browser says in words which browser a session is in.
func Browser(s auth.OpenSession) string {
	agent := useragent.Parse(s.UserAgent)
	switch {
	case agent.Name == "" || s.UserAgent == "":
		return "A browser that does not say which"
	case agent.OS == "":
		return agent.Name
	case agent.Device != "":
		return agent.Name + " on " + agent.OS + " (" + agent.Device + ")"
	default:
		return agent.Name + " on " + agent.OS
	}
}
