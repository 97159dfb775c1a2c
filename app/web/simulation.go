package web

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
	"github.com/openpartner/openpartner/views/ui"
)

// simulationPage begins with the campaign of the path and its terms of today.
func (s *Server) simulationPage(c echo.Context) (campaignsview.SimulationPage, error) {
	id, err := pathID(c, "id", "campaign")
	if err != nil {
		return campaignsview.SimulationPage{}, err
	}
	found, err := s.Campaigns.Find(c.Request().Context(), id)
	p := campaignsview.NewSimulation(found)
	p.MayEdit = mayEdit(c)
	return p, err
}

func (s *Server) simulationsNew(c echo.Context) error {
	p, err := s.simulationPage(c)
	if err != nil {
		return err
	}
	return s.simulation(c, http.StatusOK, p)
}

func (s *Server) simulation(c echo.Context, status int, p campaignsview.SimulationPage) error {
	return s.formPage(c, status, ui.HeaderProps{
		Title: "What other terms would have paid", Subtitle: "Try rules on the events of the past. The campaign stays as it is.",
		Crumbs: []ui.Crumb{{Label: "Campaigns", Href: urls(c).Campaigns()}, {Label: p.Campaign.Name, Href: urls(c).CampaignShow(p.Campaign.ID)}},
	}, campaignsview.Simulation(p))
}

// simulationsCreate computes and stores nothing, so that viewers may ask, too.
func (s *Server) simulationsCreate(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := s.simulationPage(c)
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p.From, p.Form.Model, p.Form.Rules = f.text("from"), f.text("attribution_model"), f.ruleRows()
	switch f.text("step") {
	case "":
	case "edit":
		instead(c)
		return s.campaignBody(c, p.Campaign.Name, p.Form)
	default:
		f.step(&p.Form)
		return s.simulation(c, http.StatusOK, p)
	}
	result, err := s.simulate(c, p)
	if fields, wrong := fieldErrors(err); wrong {
		p.Form.Errors = fields
		return s.simulation(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	partners := idsOf(result, func(one attribution.Simulated) uuid.UUID { return one.PartnerID })
	p.Result = &campaignsview.SimulationResult{Rows: result, Totals: attribution.Totals(result)}
	if p.Result.Names, err = s.Partners.NamesOf(ctx, partners); err != nil {
		return err
	}
	return s.simulation(c, http.StatusOK, p)
}

// simulate asks with what was typed; all that is wrong with it is told at once.
func (s *Server) simulate(c echo.Context, p campaignsview.SimulationPage) ([]attribution.Simulated, error) {
	wrong := fault.Fields{}
	from := day(wrong, "from", p.From, 0)
	rules := ruleInputs(wrong, p.Form.Rules)
	campaigns.ReadRules(wrong, rules)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	model := campaigns.Model(p.Form.Model)
	return s.Attribution.Simulate(c.Request().Context(), attribution.Simulation{CampaignID: p.Campaign.ID, Rules: &rules, Model: &model, From: from})
}
