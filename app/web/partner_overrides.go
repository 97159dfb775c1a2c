package web

import (
	"context"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/fault"
	campaignsview "github.com/openpartner/openpartner/views/campaigns"
	partnersview "github.com/openpartner/openpartner/views/partners"
	"github.com/openpartner/openpartner/views/ui"
)

// overrideOf gives partner and campaign of the path with the partner's own rules.
func (s *Server) overrideOf(c echo.Context) (partnersview.OverridePage, error) {
	ctx := c.Request().Context()
	var p partnersview.OverridePage
	campaign, err := pathID(c, "campaign", "campaign")
	if err != nil {
		return p, err
	}
	if p.Partner, err = s.partnerOf(c); err != nil {
		return p, err
	}
	if p.Campaign, err = s.Campaigns.Find(ctx, campaign); err != nil {
		return p, err
	}
	p.Own, err = s.Campaigns.Override(ctx, p.Partner.ID, campaign)
	return p, err
}

func (s *Server) partnerOverridesShow(c echo.Context) error {
	p, err := s.overrideOf(c)
	if err != nil {
		return err
	}
	return s.override(c, http.StatusOK, p, partnersview.OverrideForm(p.Campaign, p.Own))
}

// override shows what the partner earns, and to those who may change it the form; a form that
// was sent comes back to htmx alone.
func (s *Server) override(c echo.Context, status int, p partnersview.OverridePage, f campaignsview.FormPage) error {
	form := partnersview.OverrideRules(p, f)
	if c.Request().Method == http.MethodPost && fragment(c) {
		vary(c)
		return s.render(c, status, form)
	}
	head := partnerHeader(c, "Rules in "+p.Campaign.Name, p.Partner)
	if !mayEdit(c) {
		return s.page(c, status, head.Title, templ.Join(ui.PageHeader(head), partnersview.Override(p)))
	}
	return s.page(c, status, head.Title, templ.Join(
		around(ui.PageHeader(head), partnersview.OverrideRemoval(p)), partnersview.Override(p), form))
}

// partnerOverridesUpdate makes the rules exactly those sent; none take the override away.
func (s *Server) partnerOverridesUpdate(c echo.Context) error {
	p, err := s.overrideOf(c)
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	page := f.campaignPage()
	if f.step(&page) {
		return s.override(c, http.StatusOK, p, page)
	}
	own, err := s.setOverride(c.Request().Context(), p, page.Rules)
	if fields, refused := fieldErrors(err); refused {
		page.Errors = fields
		return s.override(c, http.StatusUnprocessableEntity, p, page)
	}
	if err != nil {
		return err
	}
	notice := p.Partner.Name + " is paid by these rules from now on."
	if len(own) == 0 {
		notice = p.Partner.Name + " is paid by the campaign's rules from now on."
	}
	return s.done(c, notice, urls(c).PartnerOverride(p.Partner.ID, p.Campaign.ID))
}

// setOverride saves rules as they were typed; all that is wrong with them is told at once.
func (s *Server) setOverride(ctx context.Context, p partnersview.OverridePage, rows []campaignsview.RuleRow) ([]campaigns.Rule, error) {
	wrong := fault.Fields{}
	rules := ruleInputs(wrong, rows)
	campaigns.ReadRules(wrong, rules)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	return s.Campaigns.SetOverride(ctx, p.Partner.ID, p.Campaign.ID, rules)
}
