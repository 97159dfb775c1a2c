package api

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/links"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/routes"
)

type linkIn struct {
	Key            Field[string] `json:"key"`
	CampaignID     ID            `json:"campaign_id"`
	DestinationURL Field[string] `json:"destination_url"`
}

type linkJSON struct {
	ID             uuid.UUID `json:"id"`
	Key            string    `json:"key"`
	URL            string    `json:"url"`
	PartnerID      uuid.UUID `json:"partner_id"`
	CampaignID     uuid.UUID `json:"campaign_id"`
	DestinationURL *string   `json:"destination_url"` // null: the campaign's
	ArchivedAt     *stamp    `json:"archived_at"`
	CreatedAt      stamp     `json:"created_at"`
}

func linkOf(u routes.URLs) func(links.Link) linkJSON {
	return func(l links.Link) linkJSON {
		return linkJSON{
			ID: l.ID, Key: l.Key, URL: u.Absolute(u.Redirect(l.Key)), PartnerID: l.PartnerID, CampaignID: l.CampaignID,
			DestinationURL: l.DestinationURL, ArchivedAt: stampOf(l.ArchivedAt), CreatedAt: stamp(l.CreatedAt),
		}
	}
}

func (s *Server) partnerLinksCreate(c echo.Context) error {
	ctx := c.Request().Context()
	partner, err := pathID(c, "id", "partner")
	if err != nil {
		return err
	}
	var in linkIn
	if err := read(c, &in); err != nil {
		return err
	}
	if in.CampaignID == (ID{}) {
		return fault.InvalidField("campaign_id", "Say which campaign the link leads to.")
	}
	if in.Key.Set && in.Key.Value == "" {
		return fault.InvalidField("key", "A key can't be empty. Leave it out to have one made.")
	}
	wanted := links.Input{Key: in.Key.Value, CampaignID: uuid.UUID(in.CampaignID), DestinationURL: in.DestinationURL.Ptr()}
	if auth.From(ctx).FromNetwork() {
		return s.provisionLink(c, partner, wanted)
	}
	l, err := s.Links.Create(ctx, partner, wanted)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, linkOf(routes.From(ctx))(l))
}

func (s *Server) partnerLinksIndex(c echo.Context) error {
	partner, err := pathID(c, "id", "partner")
	if err != nil {
		return err
	}
	if err := s.Partners.Known(c.Request().Context(), partner, "links:read"); err != nil {
		return err
	}
	return s.listLinks(c, links.Filter{PartnerID: &partner})
}

func (s *Server) linksIndex(c echo.Context) error {
	var f links.Filter
	var err error
	if f.PartnerID, err = queryID(c, "partner_id"); err != nil {
		return err
	}
	if f.CampaignID, err = queryID(c, "campaign_id"); err != nil {
		return err
	}
	return s.listLinks(c, f)
}

func (s *Server) listLinks(c echo.Context, f links.Filter) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	var found paging.Result[links.Link]
	if found, err = s.Links.List(c.Request().Context(), f, page); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, linkOf(routes.From(c.Request().Context()))))
}

// linksDelete archives: a key that was given out is never given to another link.
func (s *Server) linksDelete(c echo.Context) error {
	id, err := pathID(c, "id", "link")
	if err != nil {
		return err
	}
	if _, err := s.Links.Archive(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// provisionLink makes, at the Network's call, the link of whom an admin approved.
func (s *Server) provisionLink(c echo.Context, partner uuid.UUID, wanted links.Input) error {
	ctx := c.Request().Context()
	l, added, err := s.Network.ProvisionLink(ctx, partner, wanted)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if added {
		status = http.StatusCreated
	}
	return c.JSON(status, linkOf(routes.From(ctx))(l))
}
