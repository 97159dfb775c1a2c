package routes

import (
	"net/url"

	"github.com/google/uuid"
)

// SettingsMailPreview is the page that shows a mail of the product; the first one without a name.
func (u URLs) SettingsMailPreview(name string) string {
	return u.SettingsMail() + "/preview" + param("mail", name)
}

// SettingsMailLetter is such a mail alone, for the frame on that page.
func (u URLs) SettingsMailLetter(name string) string {
	return u.SettingsMail() + "/preview/letter" + param("mail", name)
}

// Sessions is where an admin sees the browsers they are signed in with.
func (u URLs) Sessions() string               { return u.prefix + "/admin/sessions" }
func (u URLs) SessionEnd(id uuid.UUID) string { return u.Sessions() + "/" + id.String() + "/end" }
func (u URLs) OtherSessionsEnd() string       { return u.Sessions() + "/end" }

// PortalSessions is the same for a partner.
func (u URLs) PortalSessions() string { return u.Partner() + "/sessions" }
func (u URLs) PortalSessionEnd(id uuid.UUID) string {
	return u.PortalSessions() + "/" + id.String() + "/end"
}
func (u URLs) PortalOtherSessionsEnd() string { return u.PortalSessions() + "/end" }

// Audit is the audit log.
func (u URLs) Audit() string    { return u.prefix + "/admin/audit" }
func (u URLs) AuditCSV() string { return u.Audit() + ".csv" }

// AuditOf is the audit log of one subject.
func (u URLs) AuditOf(subject uuid.UUID) string {
	return u.Audit() + param("subject", subject.String())
}

// AuditBy is the audit log of one actor.
func (u URLs) AuditBy(actor uuid.UUID) string { return u.Audit() + param("actor", actor.String()) }

// PartnerErasure is where a partner's person is taken away.
func (u URLs) PartnerErasure(id uuid.UUID) string { return u.PartnerShow(id) + "/erasure" }

// UserErasure is where a user of the merchant is taken away.
func (u URLs) UserErasure(userID string) string {
	return u.prefix + "/admin/activity/erasure" + param("user_id", userID)
}

// param is a query of one parameter, or none for an empty value.
func param(name, value string) string {
	if value == "" {
		return ""
	}
	return "?" + url.Values{name: {value}}.Encode()
}

// Export is what can be taken out.
func (u URLs) Export() string     { return u.prefix + "/admin/export" }
func (u URLs) ExportJSON() string { return u.Export() + ".json" }
func (u URLs) ExportCSV(table string) string {
	return u.Export() + "/" + url.PathEscape(table) + ".csv"
}

// Import is where a program comes back in.
func (u URLs) Import() string                  { return u.prefix + "/admin/import" }
func (u URLs) ImportShow(id uuid.UUID) string  { return u.prefix + "/admin/imports/" + id.String() }
func (u URLs) ImportStart(id uuid.UUID) string { return u.ImportShow(id) + "/start" }
func (u URLs) ImportCSV(id uuid.UUID) string   { return u.ImportShow(id) + "/refused.csv" }
