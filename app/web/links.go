package web

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/app/links"
	linksview "github.com/openpartner/openpartner/views/links"
	"github.com/openpartner/openpartner/views/qr"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) linksIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.links()
	if err := wrong.Err(); err != nil {
		return err
	}
	found, err := s.Links.List(ctx, filter, page)
	if err != nil {
		return err
	}
	p := linksview.IndexPage{
		PartnerID: idText(filter.PartnerID), CampaignID: idText(filter.CampaignID), Query: filter.Query, Archived: filter.Archived, Editable: mayEdit(c),
		Pager: csvPager(c, urls(c).Links(), "#"+linksview.ListID, found),
	}
	if p.Rows, err = s.linkRows(ctx, found.Items); err != nil {
		return err
	}
	if p.Partners, p.Campaigns, err = s.linkOptions(ctx); err != nil {
		return err
	}
	if err := s.keepChosen(ctx, filter, &p); err != nil {
		return err
	}
	return s.ok(c, "Links", linksview.Index(p))
}

// keepChosen adds to the filters what they are set to, where it is offered no more: a partner
// who was revoked, a campaign that is archived.
func (s *Server) keepChosen(ctx context.Context, f links.Filter, p *linksview.IndexPage) error {
	add := func(options *[]ui.Option, chosen *uuid.UUID, name func() (string, error)) error {
		if chosen == nil || slices.ContainsFunc(*options, func(o ui.Option) bool { return o.Value == chosen.String() }) {
			return nil
		}
		label, err := name()
		if fault.Is(err, fault.KindNotFound) {
			return nil
		}
		*options = append(*options, ui.Option{Value: chosen.String(), Label: label})
		return err
	}
	return errors.Join(
		add(&p.Partners, f.PartnerID, func() (string, error) { one, err := s.Partners.Find(ctx, *f.PartnerID); return one.Name, err }),
		add(&p.Campaigns, f.CampaignID, func() (string, error) { one, err := s.Campaigns.Find(ctx, *f.CampaignID); return one.Name, err }),
	)
}

// links reads the filters of the list of links.
func (f form) links() (links.Filter, fault.Fields) {
	wrong := fault.Fields{}
	return links.Filter{
		Query: f.text("q"), Archived: f.checked("archived"), PartnerID: f.chosen(wrong, "partner_id"), CampaignID: f.chosen(wrong, "campaign_id"),
	}, wrong
}

// linkOptions are the partners and campaigns that links are made for.
func (s *Server) linkOptions(ctx context.Context) (partners, campaigns []ui.Option, err error) {
	names, err := s.Partners.Names(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range names {
		partners = append(partners, ui.Option{Value: n.ID.String(), Label: n.Name})
	}
	campaigns, err = s.campaignOptions(ctx, nil)
	return partners, campaigns, err
}

func (s *Server) linksNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	return s.linkForm(c, http.StatusOK, linksview.FormPage{PartnerID: q.text("partner_id"), CampaignID: q.text("campaign_id")})
}

func (s *Server) linkForm(c echo.Context, status int, p linksview.FormPage) error {
	var err error
	p.Action, p.CancelHref = urls(c).Links(), urls(c).Links()
	if p.Partners, p.Campaigns, err = s.linkOptions(c.Request().Context()); err != nil {
		return err
	}
	head := ui.HeaderProps{Title: "Make a link", Crumbs: []ui.Crumb{{Label: "Links", Href: urls(c).Links()}}}
	return s.formPage(c, status, head, linksview.Form(p))
}

func (s *Server) linksCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	l, err := s.createLink(c.Request().Context(), f)
	if fields, wrong := fieldErrors(err); wrong {
		p := f.linkPage()
		p.PartnerID, p.Errors = f.text("partner_id"), fields
		return s.linkForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return s.done(c, "The link "+l.Key+" is ready to be shared.", urls(c).LinkShow(l.ID))
}

// createLink makes the link of the form that also asks for the partner.
func (s *Server) createLink(ctx context.Context, f form) (links.Link, error) {
	partner, err := ids.Parse(f.text("partner_id"))
	if err != nil {
		return links.Link{}, fault.InvalidField("partner_id", "Choose whose link it is.")
	}
	in, err := f.link()
	if err != nil {
		return links.Link{}, err
	}
	l, err := s.Links.Create(ctx, partner, in)
	if fault.Is(err, fault.KindNotFound) {
		return links.Link{}, fault.InvalidField("partner_id", "There is no such partner.")
	}
	return l, err
}

// link reads the form of a new link.
func (f form) link() (links.Input, error) {
	campaign, err := ids.Parse(f.text("campaign_id"))
	if err != nil {
		return links.Input{}, fault.InvalidField("campaign_id", "Choose what the link promotes.")
	}
	destination := f.text("destination_url")
	return links.Input{Key: f.text("key"), CampaignID: campaign, DestinationURL: &destination}, nil
}

// linkPage is the same form as it was typed.
func (f form) linkPage() linksview.FormPage {
	return linksview.FormPage{CampaignID: f.text("campaign_id"), Key: f.text("key"), Destination: f.text("destination_url")}
}

// linkOf gives the link of the path.
func (s *Server) linkOf(c echo.Context) (links.Link, error) {
	id, err := pathID(c, "id", "link")
	if err != nil {
		return links.Link{}, err
	}
	return s.Links.Find(c.Request().Context(), id)
}

func (s *Server) linksShow(c echo.Context) error {
	ctx := c.Request().Context()
	l, err := s.linkOf(c)
	if err != nil {
		return err
	}
	p := linksview.ShowPage{Link: l, Editable: mayEdit(c), Now: s.Now()}
	if p.Campaign, err = s.Campaigns.Find(ctx, l.CampaignID); err != nil {
		return err
	}
	if p.Traffic, err = s.Tracking.LinkTraffic(ctx, l, linksview.Days); err != nil {
		return err
	}
	if p.Code, err = qr.Encode(linksview.URL(urls(c), l)); err != nil {
		return err
	}
	return s.ok(c, l.Key, linksview.Show(p))
}

// linkQRShow is the QR code as a file to keep.
func (s *Server) linkQRShow(c echo.Context) error {
	l, err := s.linkOf(c)
	if err != nil {
		return err
	}
	code, err := qr.Encode(linksview.URL(urls(c), l))
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", `attachment; filename="`+l.Key+`.svg"`) // a key is plain ASCII
	return c.Blob(http.StatusOK, "image/svg+xml", code.File())
}

func (s *Server) linkArchivalsNew(c echo.Context) error {
	l, err := s.linkOf(c)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Archive the link " + l.Key + "?", Text: "It still leads visitors on, but their clicks no longer count. Its key is never given to another link, and this can't be undone.",
		Action: urls(c).LinkArchival(l.ID), ConfirmLabel: "Archive link", CancelHref: urls(c).LinkShow(l.ID), Danger: true,
	})
}

func (s *Server) linkArchivalsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "link")
	if err != nil {
		return err
	}
	l, err := s.Links.Archive(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, "The link "+l.Key+" is archived.", urls(c).LinkShow(id))
}

// idText writes an id that may be missing.
func idText(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return id.String()
}

// idsOf gives the ids of a list's rows.
func idsOf[T any](rows []T, id func(T) uuid.UUID) []uuid.UUID {
	out := make([]uuid.UUID, 0, len(rows))
	for _, r := range rows {
		out = append(out, id(r))
	}
	return out
}
