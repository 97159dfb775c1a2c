package web

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/views/rederive"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) rederiveNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	return s.rederiveForm(c, http.StatusOK, rederive.FormPage{UserID: q.text("user_id"), CampaignID: q.text("campaign_id")})
}

func (s *Server) rederiveForm(c echo.Context, status int, p rederive.FormPage) error {
	var err error
	if p.Campaigns, err = s.campaignOptions(c.Request().Context(), nil); err != nil {
		return err
	}
	return s.formPage(c, status, ui.HeaderProps{
		Title: "Derive again", Crumbs: []ui.Crumb{{Label: "Activity", Href: urls(c).Activity()}},
		Subtitle: "Decides events anew by today's facts and the terms of their time. At first it only tells what would change.",
	}, rederive.Form(p))
}

// rederiveCreate orders a dry run, or what a dry run has shown.
func (s *Server) rederiveCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	job, err := s.orderRederive(c.Request().Context(), f)
	if fields, wrong := fieldErrors(err); wrong {
		return s.rederiveForm(c, http.StatusUnprocessableEntity, rederive.FormPage{
			UserID: f.text("user_id"), CampaignID: f.text("campaign_id"), From: f.text("from"), To: f.text("to"), Errors: fields,
		})
	}
	if err != nil {
		return err
	}
	return redirect(c, urls(c).JobShow(job))
}

func (s *Server) orderRederive(ctx context.Context, f form) (uuid.UUID, error) {
	wrong := fault.Fields{}
	order := attribution.Rederive{UserID: f.text("user_id"), CampaignID: f.chosen(wrong, "campaign_id"), DryRun: !f.checked("apply")}
	order.From, order.To = f.days(wrong)
	if err := wrong.Err(); err != nil {
		return uuid.Nil, err
	}
	job, err := s.Attribution.OrderRederive(ctx, order)
	if fault.Is(err, fault.KindNotFound) {
		return uuid.Nil, fault.InvalidField("campaign_id", "There is no such campaign.")
	}
	return job, err
}

// rederivation shows how far an order is and what it found.
func (s *Server) rederivation(c echo.Context, job outbox.Row) error {
	p, err := rederive.Read(job)
	if err != nil {
		return err
	}
	p.MayEdit = mayEdit(c)
	if p.Partners, p.Campaigns, err = s.namesIn(c.Request().Context(), p); err != nil {
		return err
	}
	return s.ok(c, p.Title(), rederive.Job(p))
}

// namesIn gives the names of what a job is about.
func (s *Server) namesIn(ctx context.Context, p rederive.JobPage) (partners, campaigns map[uuid.UUID]string, err error) {
	var whose, where []uuid.UUID
	for _, d := range p.Result.Differences {
		whose, where = append(whose, d.PartnerID), append(where, d.CampaignID)
	}
	if p.Order.CampaignID != nil {
		where = append(where, *p.Order.CampaignID)
	}
	if partners, err = s.Partners.NamesOf(ctx, whose); err != nil {
		return nil, nil, err
	}
	campaigns, err = s.Campaigns.NamesOf(ctx, where)
	return partners, campaigns, err
}
