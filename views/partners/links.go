package partners

import (
	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/routes"
	linksview "github.com/openpartner/openpartner/views/links"
	"github.com/openpartner/openpartner/views/ui"
)

// LinksPage is all links of one partner, and the form of a new one.
type LinksPage struct {
	Partner  partners.Partner
	Rows     []linksview.Row
	Form     linksview.FormPage
	Pager    ui.PagerProps
	Editable bool
}

// newLinkID is the id of the form of a new link.
const newLinkID = "new-link"

// newLink leads to the form of a new link for a partner.
func newLink(u routes.URLs, partner uuid.UUID) string {
	return u.PartnerLinks(partner) + "#" + newLinkID
}

// mayMake reports whether the form is shown: where a link can be made, or to say why not.
func (p LinksPage) mayMake() bool {
	return p.Editable && (!Gone(p.Partner.Status) || len(p.Form.Errors) > 0)
}
