package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/tenancy"
	networkview "github.com/openpartner/openpartner/views/network"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) networkOfferingsIndex(c echo.Context) error {
	p := networkview.OfferingsPage{MayEdit: mayEdit(c)}
	var err error
	p.Asked, err = s.ask(c, func(ctx context.Context) (err error) {
		p.Offerings, err = s.Network.Offerings(ctx, s.Edge.Run)
		return err
	})
	if err != nil {
		return err
	}
	return s.within(c, func() (err error) {
		if p.Campaigns, err = s.campaignsOf(c.Request().Context(), p.Offerings...); err != nil {
			return err
		}
		return s.ok(c, "Offerings", networkview.Offerings(p))
	})
}

// campaignsOf names the campaigns of offerings, by their ids.
func (s *Server) campaignsOf(ctx context.Context, all ...protocol.Offering) (map[string]string, error) {
	var ids []uuid.UUID
	for _, o := range all {
		if id, err := uuid.Parse(o.CampaignID); err == nil {
			ids = append(ids, id)
		}
	}
	names, err := s.Campaigns.NamesOf(ctx, ids)
	out := make(map[string]string, len(names))
	for id, name := range names {
		out[id.String()] = name
	}
	return out, err
}

func (s *Server) networkOfferingsNew(c echo.Context) error {
	return s.offeringForm(c, http.StatusOK, networkview.OfferingForm{})
}

func (s *Server) offeringForm(c echo.Context, status int, p networkview.OfferingForm) error {
	p.Action, p.Back, p.Submit = urls(c).NetworkOfferings(), urls(c).NetworkOfferings(), "Create offering"
	return s.offeringPage(c, status, "New offering", p)
}

func (s *Server) offeringPage(c echo.Context, status int, title string, p networkview.OfferingForm) (err error) {
	if p.Campaigns, err = s.campaignOptions(c.Request().Context(), nil); err != nil {
		return err
	}
	head := ui.HeaderProps{Title: title, Crumbs: []ui.Crumb{{Label: "Offerings", Href: urls(c).NetworkOfferings()}}}
	return s.formPage(c, status, head, networkview.OfferingFields(p))
}

func (s *Server) networkOfferingsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := f.offering()
	status, err := refused(s.createOffering(c.Request().Context(), f), &p.Problem, &p.Errors)
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		if status != http.StatusOK {
			return s.offeringForm(c, status, p)
		}
		return s.done(c, "The offering is there.", urls(c).NetworkOfferings())
	})
}

func (s *Server) createOffering(ctx context.Context, f form) error {
	d, err := f.draft()
	if err == nil {
		_, err = s.Network.CreateOffering(ctx, s.Edge.Run, d)
	}
	return err
}

// offering is what was typed.
func (f form) offering() networkview.OfferingForm {
	return networkview.OfferingForm{
		Title: f.text("title"), Description: f.text("description"), ProductURL: f.text("product_url"), CampaignID: f.text("campaign_id"),
		Categories: f.text("categories"), Published: f.checked("published"),
	}
}

// draft reads the form of an offering.
func (f form) draft() (network.Draft, error) {
	campaign, err := f.id("campaign_id")
	title, description, product, published := f.text("title"), f.text("description"), f.text("product_url"), f.checked("published")
	categories := []string{}
	for _, word := range strings.Split(f.text("categories"), ",") {
		if word = strings.TrimSpace(word); word != "" {
			categories = append(categories, word)
		}
	}
	return network.Draft{Title: &title, Description: &description, ProductURL: &product, CampaignID: campaign, Categories: &categories, Published: &published}, err
}

// networkOfferingsShow shows an offering as creators see it.
func (s *Server) networkOfferingsShow(c echo.Context) error {
	p := networkview.OfferingPage{MayEdit: mayEdit(c)}
	var err error
	p.Asked, err = s.ask(c, func(ctx context.Context) (err error) {
		p.Offering, err = s.Network.Offering(ctx, s.Edge.Run, c.Param("offering"))
		return err
	})
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		ctx := c.Request().Context()
		o, err := s.Network.Show(ctx)
		if err != nil {
			return err
		}
		names, err := s.campaignsOf(ctx, p.Offering)
		if err != nil {
			return err
		}
		p.Campaign, p.Vendor = names[p.Offering.CampaignID], tenancy.From(ctx).Name
		if o.DisplayName != nil {
			p.Vendor = *o.DisplayName
		}
		return s.ok(c, "Offering", networkview.Offering(p))
	})
}

func (s *Server) networkOfferingsEdit(c echo.Context) error {
	o, err := s.Network.Offering(c.Request().Context(), s.Edge.Run, c.Param("offering"))
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		return s.offeringEditForm(c, http.StatusOK, o.ID, networkview.OfferingForm{
			Title: o.Title, Description: o.Description, ProductURL: o.ProductURL, CampaignID: o.CampaignID,
			Categories: strings.Join(o.Categories, ", "), Published: o.Published,
		})
	})
}

func (s *Server) offeringEditForm(c echo.Context, status int, id string, p networkview.OfferingForm) error {
	p.Action, p.Back, p.Submit = urls(c).NetworkOffering(id), urls(c).NetworkOffering(id), "Save"
	return s.offeringPage(c, status, "Edit the offering", p)
}

func (s *Server) networkOfferingsUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p, id := f.offering(), c.Param("offering")
	status, err := refused(s.updateOffering(c.Request().Context(), id, f), &p.Problem, &p.Errors)
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		if status != http.StatusOK {
			return s.offeringEditForm(c, status, id, p)
		}
		return s.done(c, "Saved.", urls(c).NetworkOffering(id))
	})
}

// updateOffering sends all of the form, so that a campaign must be chosen here, too.
func (s *Server) updateOffering(ctx context.Context, id string, f form) error {
	d, err := f.draft()
	if err == nil && d.CampaignID == nil {
		err = fault.InvalidField("campaign_id", "Choose the campaign that creators are to promote.")
	}
	if err == nil {
		_, err = s.Network.UpdateOffering(ctx, s.Edge.Run, id, d)
	}
	return err
}

func (s *Server) networkPublicationsNew(c echo.Context) error {
	o, err := s.Network.Offering(c.Request().Context(), s.Edge.Run, c.Param("offering"))
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		return s.confirm(c, http.StatusOK, publication(c, o.ID, "“"+o.Title+"”", !o.Published), ui.Hidden("published", strconv.FormatBool(!o.Published)))
	})
}

func publication(c echo.Context, id, what string, published bool) ui.ConfirmProps {
	p := ui.ConfirmProps{
		Title: "Publish " + what + "?", Text: "Creators on the Network find it and can ask to promote it.",
		Action: urls(c).NetworkOfferingPublication(id), ConfirmLabel: "Publish offering", CancelHref: urls(c).NetworkOffering(id),
	}
	if !published {
		p.Title, p.Text, p.ConfirmLabel = "Take "+what+" off the Network?", "Creators don't find it any more. Those whom you approved go on promoting it.", "Unpublish offering"
	}
	return p
}

func (s *Server) networkPublicationsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	id, published := c.Param("offering"), f.checked("published")
	notice := "Published: creators can find it."
	if !published {
		notice = "Creators don't find it any more."
	}
	return s.call(c, order{
		asked: publication(c, id, "this offering", published), notice: notice, next: urls(c).NetworkOffering(id), keep: []string{"published"},
		do: func(ctx context.Context, _ form) error {
			_, err := s.Network.UpdateOffering(ctx, s.Edge.Run, id, network.Draft{Published: &published})
			return err
		},
	})
}

func (s *Server) networkRemovalsNew(c echo.Context) error {
	o, err := s.Network.Offering(c.Request().Context(), s.Edge.Run, c.Param("offering"))
	if err != nil {
		return err
	}
	return s.within(c, func() error { return s.confirm(c, http.StatusOK, removal(c, o.ID, "“"+o.Title+"”")) })
}

func removal(c echo.Context, id, what string) ui.ConfirmProps {
	return ui.ConfirmProps{
		Title: "Delete " + what + "?", Text: "It goes from the Network for good. Partners whom you approved keep their links.",
		Action: urls(c).NetworkOfferingRemoval(id), ConfirmLabel: "Delete offering", CancelHref: urls(c).NetworkOffering(id), Danger: true,
	}
}

func (s *Server) networkRemovalsCreate(c echo.Context) error {
	id := c.Param("offering")
	return s.call(c, order{asked: removal(c, id, "this offering"), notice: "The offering is deleted.", next: urls(c).NetworkOfferings(), do: func(ctx context.Context, _ form) error {
		return s.Network.DeleteOffering(ctx, s.Edge.Run, id)
	}})
}
