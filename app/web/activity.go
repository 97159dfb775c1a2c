package web

import (
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/tracking"
	activityview "github.com/openpartner/openpartner/views/activity"
	"github.com/openpartner/openpartner/views/ledger"
)

func (s *Server) eventsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.events()
	p := activityview.EventsPage{UserID: filter.UserID, Type: filter.Type, From: q.text("from"), To: q.text("to"), Errors: wrong, MayEdit: mayEdit(c)}
	if len(wrong) == 0 {
		found, err := s.Attribution.List(c.Request().Context(), filter, page)
		if err != nil {
			return err
		}
		p.Events, p.Pager = found.Items, csvPager(c, urls(c).Activity(), activityview.EventsTarget, found)
	}
	return s.page(c, listStatus(wrong), "Activity", activityview.Events(p))
}

// events reads the filters of the list of events.
func (f form) events() (attribution.Filter, fault.Fields) {
	wrong := fault.Fields{}
	out := attribution.Filter{UserID: f.text("user_id"), Type: f.text("type")}
	out.From, out.To = f.days(wrong)
	return out, wrong
}

func (s *Server) eventsShow(c echo.Context) error {
	id, err := pathID(c, "id", "event")
	if err != nil {
		return err
	}
	story, err := s.Attribution.Story(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.ok(c, ledger.EventTitle(story.Event), activityview.Event(activityview.EventPage{Story: story, MayEdit: mayEdit(c), Now: s.Now()}))
}

func (s *Server) clicksIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.clicks()
	p := activityview.ClicksPage{
		PartnerID: q.text("partner_id"), CampaignID: q.text("campaign_id"), Flagged: filter.Flagged, Errors: wrong,
	}
	if p.Partners, p.Campaigns, err = s.filterOptions(ctx, filter.PartnerID, filter.CampaignID); err != nil {
		return err
	}
	if len(wrong) == 0 {
		found, err := s.Tracking.Clicks(ctx, filter, page)
		if err != nil {
			return err
		}
		p.Clicks, p.Pager = found.Items, csvPager(c, urls(c).ActivityClicks(), activityview.ClicksTarget, found)
	}
	return s.page(c, listStatus(wrong), "Clicks", activityview.Clicks(p))
}

// clicks reads the filters of the list of clicks.
func (f form) clicks() (tracking.ClickFilter, fault.Fields) {
	wrong := fault.Fields{}
	return tracking.ClickFilter{
		PartnerID: f.chosen(wrong, "partner_id"), CampaignID: f.chosen(wrong, "campaign_id"), Flagged: f.checked("flagged"),
	}, wrong
}

// eventsOfClick is how many events of a click's users are shown beside it.
const eventsOfClick = 20

func (s *Server) clicksShow(c echo.Context) error {
	ctx := c.Request().Context()
	suspect, err := s.suspect(c)
	if err != nil {
		return err
	}
	p := activityview.ClickPage{Suspect: suspect, MayEdit: mayEdit(c), Now: s.Now()}
	if p.Identities, err = s.Tracking.Identities(ctx, p.Click.ID); err != nil {
		return err
	}
	var users []string
	for _, i := range p.Identities {
		users = append(users, i.UserID)
	}
	if len(users) > 0 {
		found, err := s.Attribution.List(ctx, attribution.Filter{Users: users}, paging.Page{Limit: eventsOfClick})
		if err != nil {
			return err
		}
		p.Events = found.Items
	}
	return s.ok(c, "Click", activityview.Click(p))
}
