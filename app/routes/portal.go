package routes

import (
	"net/url"

	"github.com/google/uuid"
)

// The portal: what partners see.

func (u URLs) Partner() string                        { return u.prefix + "/partner" }
func (u URLs) PortalLinks() string                    { return u.Partner() + "/links" }
func (u URLs) PortalLinksNew() string                 { return u.PortalLinks() + "/new" }
func (u URLs) PortalLinkShow(id uuid.UUID) string     { return u.PortalLinks() + "/" + id.String() }
func (u URLs) PortalLinkQRSVG(id uuid.UUID) string    { return u.PortalLinkShow(id) + "/qr.svg" }
func (u URLs) PortalLinkQRPNG(id uuid.UUID) string    { return u.PortalLinkShow(id) + "/qr.png" }
func (u URLs) PortalLinkArchival(id uuid.UUID) string { return u.PortalLinkShow(id) + "/archival" }
func (u URLs) PortalCommissions() string              { return u.Partner() + "/commissions" }
func (u URLs) PortalCommissionsCSV() string           { return u.PortalCommissions() + ".csv" }
func (u URLs) PortalCommissionShow(id uuid.UUID) string {
	return u.PortalCommissions() + "/" + id.String()
}
func (u URLs) PortalActivity() string    { return u.Partner() + "/activity" }
func (u URLs) PortalActivityCSV() string { return u.PortalActivity() + ".csv" }
func (u URLs) PortalProgram() string     { return u.Partner() + "/program" }
func (u URLs) PortalLinksNewFor(campaign uuid.UUID) string {
	return u.PortalLinksNew() + "?campaign_id=" + campaign.String()
}
func (u URLs) PortalProfile() string      { return u.Partner() + "/profile" }
func (u URLs) PortalProfileEmail() string { return u.PortalProfile() + "/email" }
func (u URLs) EmailConfirmation(token string) string {
	return u.EmailConfirmationAction() + "?token=" + url.QueryEscape(token)
}
func (u URLs) EmailConfirmationAction() string { return u.prefix + "/auth/email" }
func (u URLs) EmailConfirmed() string          { return u.EmailConfirmationAction() + "?done=1" }
func (u URLs) PortalAPIKeys() string           { return u.Partner() + "/api-keys" }
func (u URLs) PortalAPIKeysNew() string        { return u.PortalAPIKeys() + "/new" }
func (u URLs) PortalAPIKeyRevocation(id uuid.UUID) string {
	return u.PortalAPIKeys() + "/" + id.String() + "/revocation"
}
