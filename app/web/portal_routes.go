package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/edge"
)

// portalRoutes are the pages of partners, each about what is theirs.
func (s *Server) portalRoutes() []edge.Route {
	return []edge.Route{
		portalView("/partner", s.portalHome),

		portalView("/partner/links", s.portalLinksIndex),
		portalView("/partner/links/new", s.portalLinksNew),
		portalDo("/partner/links", s.portalLinksCreate),
		portalView("/partner/links/:id", s.portalLinksShow),
		portalView("/partner/links/:id/qr.svg", s.portalLinkQRSVG),
		portalView("/partner/links/:id/qr.png", s.portalLinkQRPNG),
		portalView("/partner/links/:id/archival", s.portalLinkArchivalsNew),
		portalDo("/partner/links/:id/archival", s.portalLinkArchivalsCreate),

		portalView("/partner/commissions", s.portalCommissionsIndex),
		portalFile("/partner/commissions", s.portalCommissionsCSV),
		portalView("/partner/commissions/:id", s.portalCommissionsShow),

		portalView("/partner/payouts", s.portalPayoutsIndex),
		portalView("/partner/payouts/:id", s.portalPayoutsShow),
		detached(portalView("/partner/payouts/:id/rows.csv", s.portalPayoutRows)),
		portalView("/partner/payout-account", s.portalPayoutAccount),
		stepUp(detached(portalDo("/partner/payout-account/stripe", s.portalStripeAccountsCreate))),
		detached(portalDo("/partner/payout-account/stripe/look", s.portalStripeLooksCreate)),
		stepUp(portalView("/partner/payout-account/stripe/other", s.portalOtherStripeAccountsNew)),
		stepUp(detached(portalDo("/partner/payout-account/stripe/other", s.portalOtherStripeAccountsCreate))),
		stepUp(portalView("/partner/payout-account/bank-details", s.portalBankDetailsEdit)),
		stepUp(portalDo("/partner/payout-account/bank-details", s.portalBankDetailsUpdate)),

		portalView("/partner/activity", s.portalActivity),
		portalFile("/partner/activity", s.portalActivityCSV),
		portalView("/partner/program", s.portalProgram),

		portalView("/partner/profile", s.portalProfileEdit),
		portalDo("/partner/profile", s.portalProfileUpdate),
		stepUp(portalView("/partner/profile/email", s.portalEmailsNew)),
		limited(stepUp(portalDo("/partner/profile/email", s.portalEmailsCreate)), "new-email", 10),
		limited(open(http.MethodGet, "/auth/email", s.emailConfirmationsShow), "verify-look", 60),
		limited(open(http.MethodPost, "/auth/email", s.emailConfirmationsCreate), "verify", 30),

		portalView("/partner/api-keys", s.portalAPIKeysIndex),
		stepUp(portalView("/partner/api-keys/new", s.portalAPIKeysNew)),
		stepUp(portalDo("/partner/api-keys", s.portalAPIKeysCreate)),
		stepUp(portalView("/partner/api-keys/:id/revocation", s.portalAPIKeyRevocationsNew)),
		stepUp(portalDo("/partner/api-keys/:id/revocation", s.portalAPIKeyRevocationsCreate)),

		portalView("/partner/sessions", s.sessionsIndex),
		portalView("/partner/sessions/end", s.otherSessionsEndNew),
		portalDo("/partner/sessions/end", s.otherSessionsEndCreate),
		portalView("/partner/sessions/:id/end", s.sessionEndsNew),
		portalDo("/partner/sessions/:id/end", s.sessionEndsCreate),
	}
}

// portalView is a page of a partner.
func portalView(path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: http.MethodGet, Path: path, Group: edge.Pinned, Auth: edge.Session, Role: edge.RolePartner, Handle: h}
}

// portalFile is the list of a partner's page for spreadsheets.
func portalFile(page string, h echo.HandlerFunc) edge.Route {
	return detached(portalView(page+csvSuffix, h))
}

// portalDo changes something of a partner's.
func portalDo(path string, h echo.HandlerFunc) edge.Route {
	return edge.Route{Method: http.MethodPost, Path: path, Group: edge.Pinned, Auth: edge.Session, Role: edge.RolePartner, Handle: h}
}
