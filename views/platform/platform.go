package platform

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/tenants"
	"github.com/openpartner/openpartner/views/ui"
)

// TenantListID is the id of the list of programs, which the filters replace.
const TenantListID = "tenant-list"

// TenantsPage is the list of programs.
type TenantsPage struct {
	Tenants []tenants.Standing
	Filter  tenants.Filter
	Now     time.Time
	Pager   ui.PagerProps
}

func (p TenantsPage) filtered() bool { return p.Filter != tenants.Filter{} }

func (p TenantsPage) filters(u routes.URLs) ui.FilterProps {
	f := ui.FilterProps{Action: u.PlatformTenants(), Target: "#" + TenantListID, Query: p.Filter.Query, Label: "Search by the beginning of an address"}
	if p.filtered() {
		f.ResetHref = u.PlatformTenants()
	}
	return f
}

func statuses() []ui.Option {
	var out []ui.Option
	for _, s := range tenants.Statuses() {
		out = append(out, ui.Option{Value: s, Label: ui.StatusLabel(s)})
	}
	return out
}

// state also tells programs whose first admin has not confirmed the address yet.
func state(t tenants.Standing) string {
	if t.Status == "active" && t.SignupEmail != nil && !t.Confirmed {
		return "unverified"
	}
	return t.Status
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// TenantPage is one program as the platform sees it from outside.
type TenantPage struct {
	Tenant  tenants.Standing
	Log     []audit.PlatformPast
	Plan    string // what it pays for, and how it does; empty where nothing is billed
	Pays    string
	MayEdit bool
	Now     time.Time
}

func (p TenantPage) facts(u routes.URLs) []ui.Definition {
	t := p.Tenant
	facts := []ui.Definition{
		{Term: "Address", Text: u.Absolute("/t/" + t.Slug + "/")},
		{Term: "Admins", Text: strconv.Itoa(t.Admins)},
		{Term: "Active partners", Text: strconv.Itoa(t.Partners)},
		{Term: "Clicks, 30 days", Text: number(t.Clicks)},
		{Term: "Conversions, 30 days", Text: number(t.Conversions)},
		{Term: "Since", Text: t.CreatedAt.UTC().Format("2 January 2006")},
	}
	if p.Plan != "" {
		facts = append(facts, ui.Definition{Term: "Plan", Text: p.Plan}, ui.Definition{Term: "Subscription", Text: p.Pays})
	}
	if t.SignupEmail != nil {
		facts = append(facts, ui.Definition{Term: "Signed up by", Text: *t.SignupEmail})
	}
	if t.CancelledAt != nil {
		facts = append(facts, ui.Definition{Term: "Deleted on", Text: t.DeletedAt().UTC().Format("2 January 2006")})
	}
	return facts
}

// StatusQuestion asks about a step on a program by its name.
func StatusQuestion(title, text, label, name string, p ui.ConfirmProps) ui.ConfirmProps {
	p.Title, p.Text, p.ConfirmLabel = strings.ReplaceAll(title, "%", name), text, label
	return p
}

// InsidePage is what staff see of a program on a visit.
type InsidePage struct {
	Inside tenants.Inside
	Now    time.Time
}

// LogPage is the platform's log.
type LogPage struct {
	Entries []audit.PlatformPast
	Now     time.Time
	Pager   ui.PagerProps
}

// words say what an action was.
func words(action string) string {
	return map[string]string{
		"tenant.created": "made the program", "tenant.suspended": "suspended the program", "tenant.resumed": "opened the program again",
		"tenant.cancelled": "closed the program", "tenant.deleted": "deleted the program", "tenant.opened": "looked into the program",
		"network.vendor_suspended": "suspended a vendor", "network.vendor_resumed": "let a vendor back",
		"network.offering_withheld": "withheld an offering", "network.offering_returned": "let an offering back in",
		"platform_admin.added": "added staff", "platform_admin.revoked": "revoked staff",
		"hold.on": "held money back", "hold.off": "let money move again",
	}[action]
}

// Known reports whether an action has words.
func Known(action string) bool { return words(action) != "" }

// reason is what the person gave, or whom it was about.
func reason(e audit.PlatformPast) string {
	var d struct{ Reason, Name string }
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return ""
	}
	if d.Reason != "" && d.Name != "" {
		return d.Name + ": " + d.Reason
	}
	return d.Reason + d.Name
}

func slug(e audit.PlatformPast) string {
	if e.Slug == nil {
		return ""
	}
	return *e.Slug
}

// StaffPage lists the operator's staff.
type StaffPage struct {
	People  []auth.PlatformAdmin
	Me      uuid.UUID
	Now     time.Time
	MayEdit bool
	Pager   ui.PagerProps
}

// StaffFormPage is the form and what was typed into it.
type StaffFormPage struct {
	Name, Email, Role string
	Errors            fault.Fields
}

func roles() []ui.Option {
	return []ui.Option{
		{Value: "support", Label: "Support", Hint: "Looks at programs, and into them with a reason."},
		{Value: "admin", Label: "Admin", Hint: "Also suspends and closes programs, and adds staff."},
	}
}
