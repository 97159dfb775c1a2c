package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/partners"
	linksview "github.com/openpartner/openpartner/views/links"
	partnersview "github.com/openpartner/openpartner/views/partners"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) partnerLinksIndex(c echo.Context) error {
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	return s.partnerLinks(c, http.StatusOK, p, linksview.FormPage{})
}

// partnerLinks shows the links of a partner with the form of a new one; a refused form is
// answered to htmx by itself.
func (s *Server) partnerLinks(c echo.Context, status int, p partners.Partner, f linksview.FormPage) error {
	ctx := c.Request().Context()
	f.Action, f.OfPartner = urls(c).PartnerLinks(p.ID), true
	granted, err := s.Partners.Promotions(ctx, p.ID)
	if err != nil {
		return err
	}
	for _, g := range granted {
		if g.CampaignStatus != "archived" {
			f.Campaigns = append(f.Campaigns, ui.Option{Value: g.CampaignID.String(), Label: g.CampaignName})
		}
	}
	if len(f.Campaigns) == 1 {
		f.CampaignID = f.Campaigns[0].Value
	}
	if status != http.StatusOK && fragment(c) {
		vary(c)
		return s.render(c, status, linksview.Form(f))
	}
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Links.List(ctx, links.Filter{PartnerID: &p.ID, Archived: true}, page)
	if err != nil {
		return err
	}
	rows, err := s.linkRows(ctx, found.Items)
	if err != nil {
		return err
	}
	return s.page(c, status, "Links of "+p.Name, partnersview.Links(partnersview.LinksPage{
		Partner: p, Rows: rows, Form: f, Editable: mayEdit(c), Pager: pager(c, urls(c).PartnerLinks(p.ID), "", found),
	}))
}

func (s *Server) partnerLinksCreate(c echo.Context) error {
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in, err := f.link()
	var l links.Link
	if err == nil {
		l, err = s.Links.Create(c.Request().Context(), p.ID, in)
	}
	if fields, wrong := fieldErrors(err); wrong {
		again := f.linkPage()
		again.Errors = fields
		return s.partnerLinks(c, http.StatusUnprocessableEntity, p, again)
	}
	if err != nil {
		return err
	}
	return s.done(c, "The link "+l.Key+" is ready to be shared.", urls(c).LinkShow(l.ID))
}
