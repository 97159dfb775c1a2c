package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/tracking"
	linksview "github.com/openpartner/openpartner/views/links"
	portalview "github.com/openpartner/openpartner/views/portal"
	"github.com/openpartner/openpartner/views/qr"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) portalLinksIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter := links.Filter{Query: q.text("q"), Archived: q.checked("archived")}
	found, err := s.Links.List(ctx, filter, page)
	if err != nil {
		return err
	}
	rows, err := s.linkRows(ctx, found.Items)
	if err != nil {
		return err
	}
	return s.ok(c, "Links", portalview.Links(portalview.LinksPage{
		Rows: rows, Query: filter.Query, Archived: filter.Archived, Pager: pager(c, urls(c).PortalLinks(), portalview.LinksTarget, found),
	}))
}

func (s *Server) portalLinksNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	return s.portalLinkForm(c, http.StatusOK, linksview.FormPage{CampaignID: q.text("campaign_id")})
}

func (s *Server) portalLinkForm(c echo.Context, status int, p linksview.FormPage) error {
	deals, err := s.Campaigns.Deals(c.Request().Context(), me(c))
	if err != nil {
		return err
	}
	for _, d := range deals {
		if d.Granted && d.Running(s.Now()) {
			p.Campaigns = append(p.Campaigns, ui.Option{Value: d.ID.String(), Label: d.Name})
		}
	}
	if len(p.Campaigns) == 1 {
		p.CampaignID = p.Campaigns[0].Value
	}
	p.Action, p.CancelHref, p.OfPartner = urls(c).PortalLinks(), urls(c).PortalLinks(), true
	head := ui.HeaderProps{Title: "Make a link", Crumbs: []ui.Crumb{{Label: "Links", Href: urls(c).PortalLinks()}}}
	return s.formPage(c, status, head, portalview.LinkForm(p))
}

func (s *Server) portalLinksCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in, err := f.link()
	var l links.Link
	if err == nil {
		l, err = s.Links.Create(c.Request().Context(), me(c), in)
	}
	if fields, wrong := fieldErrors(err); wrong {
		p := f.linkPage()
		p.Errors = fields
		return s.portalLinkForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Your link is ready to be shared.", urls(c).PortalLinkShow(l.ID))
}

func (s *Server) portalLinksShow(c echo.Context) error {
	p, err := s.portalLink(c)
	if err != nil {
		return err
	}
	if p.Traffic, err = s.Tracking.LinkTraffic(c.Request().Context(), p.Link, linksview.Days); err != nil {
		return err
	}
	return s.page(c, listStatus(p.Errors), p.Link.Key, portalview.Link(p))
}

// portalLink reads the link of the path and the address that is built from it.
func (s *Server) portalLink(c echo.Context) (portalview.LinkPage, error) {
	q, err := readQuery(c)
	if err != nil {
		return portalview.LinkPage{}, err
	}
	l, err := s.linkOf(c)
	if err != nil {
		return portalview.LinkPage{}, err
	}
	p := portalview.LinkPage{Link: l, Now: s.Now()}
	if p.Deal, err = s.deal(c, l.CampaignID); err != nil {
		return portalview.LinkPage{}, err
	}
	p.Built, p.Errors = q.builder(p)
	address := p.Built.Address(urls(c), l)
	if len(p.Errors) > 0 {
		address = linksview.URL(urls(c), l)
	}
	p.Code, err = qr.Encode(address)
	return p, err
}

// builder reads what is to stand behind a link: a page of the campaign's sites, and sub-ids.
func (f form) builder(p portalview.LinkPage) (portalview.Builder, fault.Fields) {
	wrong := fault.Fields{}
	b := portalview.Builder{Page: f.text("url")}
	for i := range b.SubIDs {
		b.SubIDs[i] = f.text("sub" + strconv.Itoa(i+1))
	}
	target := tracking.Target{DeepLinkDomains: p.Deal.DeepLinkDomains}
	if b.Page != "" && target.DeepLink(b.Page) == "" {
		wrong.Add("url", portalview.PageRefused(p.Deal))
	}
	if b.TooLong() {
		wrong.Add("url", "Together this is too long for an address.")
	}
	return b, wrong
}

func (s *Server) portalLinkQRSVG(c echo.Context) error {
	return s.portalQR(c, ".svg", "image/svg+xml", qr.Code.File)
}

func (s *Server) portalLinkQRPNG(c echo.Context) error {
	return s.portalQR(c, ".png", "image/png", qr.Code.PNG)
}

// portalQR is the code of what was built, as a file to keep.
func (s *Server) portalQR(c echo.Context, suffix, kind string, draw func(qr.Code) []byte) error {
	p, err := s.portalLink(c)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="`+p.Link.Key+suffix+`"`) // a key is plain ASCII
	return c.Blob(http.StatusOK, kind, draw(p.Code))
}

func (s *Server) portalLinkArchivalsNew(c echo.Context) error {
	l, err := s.linkOf(c)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Archive the link " + l.Key + "?", Text: "It still leads visitors on, but you no longer earn from their clicks. This can't be undone.",
		Action: urls(c).PortalLinkArchival(l.ID), ConfirmLabel: "Archive link", CancelHref: urls(c).PortalLinkShow(l.ID), Danger: true,
	})
}

func (s *Server) portalLinkArchivalsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "link")
	if err != nil {
		return err
	}
	l, err := s.Links.Archive(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, "The link "+l.Key+" is archived.", urls(c).PortalLinkShow(id))
}
