package web

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/reports"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) campaignsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.campaigns()
	if err := wrong.Err(); err != nil {
		return err
	}
	found, err := s.Campaigns.List(ctx, filter, page)
	if err != nil {
		return err
	}
	return s.ok(c, "Campaigns", campaignsview.Index(campaignsview.IndexPage{
		Campaigns: found.Items, Status: filter.Status, Now: s.Now(), MayEdit: mayEdit(c),
		Pager: csvPager(c, urls(c).Campaigns(), campaignsview.ListTarget, found),
	}))
}

// campaigns reads the filter of the list of campaigns.
func (f form) campaigns() (campaigns.Filter, fault.Fields) {
	wrong := fault.Fields{}
	return campaigns.Filter{Status: string(chosenOf(f, wrong, "status", campaigns.Statuses()))}, wrong
}

func (s *Server) campaignsShow(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := pathID(c, "id", "campaign")
	if err != nil {
		return err
	}
	p := campaignsview.ShowPage{Now: s.Now(), MayEdit: mayEdit(c)}
	if p.Campaign, err = s.Campaigns.Find(ctx, id); err != nil {
		return err
	}
	history, err := s.Campaigns.HistoryOf(ctx, []uuid.UUID{id})
	if err != nil {
		return err
	}
	p.History = history.Periods(id)
	if p.Partners, err = s.Partners.CountGranted(ctx, id); err != nil {
		return err
	}
	if p.Links, err = s.Links.Count(ctx, id); err != nil {
		return err
	}
	if p.Figures, err = s.Reports.Overview(ctx, reports.Filter{CampaignID: &id}); err != nil {
		return err
	}
	return s.ok(c, p.Campaign.Name, campaignsview.Show(p))
}

// campaignStatusNew asks before a campaign is archived; pausing and resuming need no question.
func (s *Server) campaignStatusNew(c echo.Context) error {
	id, err := pathID(c, "id", "campaign")
	if err != nil {
		return err
	}
	found, err := s.Campaigns.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Archive “" + found.Name + "”?",
		Text: "Its links still lead to the shop, but new clicks don't count and nobody can make new links. " +
			"Customers who were won before keep earning their partners money. You can restore it.",
		Action: urls(c).CampaignStatus(id), ConfirmLabel: "Archive campaign", CancelHref: urls(c).CampaignShow(id), Danger: true,
	}, ui.Hidden("status", string(campaigns.Archived)))
}

func (s *Server) campaignStatusCreate(c echo.Context) error {
	id, err := pathID(c, "id", "campaign")
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	status := campaigns.Status(f.text("status"))
	changed, err := s.Campaigns.Update(c.Request().Context(), id, campaigns.Input{Status: &status})
	if err != nil {
		return err
	}
	return s.done(c, statusNotice(changed), urls(c).CampaignShow(id))
}

func statusNotice(c campaigns.Campaign) string {
	switch c.Status {
	case campaigns.Paused:
		return "“" + c.Name + "” is paused."
	case campaigns.Archived:
		return "“" + c.Name + "” is archived."
	default:
		return "“" + c.Name + "” is active."
	}
}
