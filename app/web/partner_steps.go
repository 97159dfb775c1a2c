package web

import (
	"context"
	"net/http"

	"github.com/a-h/templ"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	partnersview "github.com/openpartner/openpartner/views/partners"
	"github.com/openpartner/openpartner/views/ui"
)

// onPartner runs one step on the partner of the path and goes back to their page.
func (s *Server) onPartner(c echo.Context, step func(context.Context, uuid.UUID) (partners.Partner, error), notice func(partners.Partner) string) error {
	id, err := pathID(c, "id", "partner")
	if err != nil {
		return err
	}
	p, err := step(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, notice(p), urls(c).PartnerShow(id))
}

func (s *Server) partnerInvitationsCreate(c echo.Context) error {
	return s.onPartner(c, s.Partners.Invite, func(p partners.Partner) string {
		return "The invitation to " + p.Email + " is on its way."
	})
}

func (s *Server) partnerReinstatementsCreate(c echo.Context) error {
	return s.onPartner(c, s.Partners.Reinstate, func(p partners.Partner) string { return p.Name + " may promote again." })
}

// partnerApprovalsNew asks before an application is declined, or which campaigns an approved one
// leads to; approving with those of the sign-up form needs no question.
func (s *Server) partnerApprovalsNew(c echo.Context) error {
	if c.QueryParam("decision") == "approve" {
		return s.askCampaigns(c)
	}
	return s.askToEnd(c, s.declining)
}

func (s *Server) askCampaigns(c echo.Context) error {
	ctx := c.Request().Context()
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	options, err := s.campaignOptions(ctx, nil)
	if err != nil {
		return err
	}
	form, err := s.Signup.Form(ctx)
	if err != nil {
		return err
	}
	chosen := make([]string, 0, len(form.CampaignIDs))
	for _, id := range form.CampaignIDs {
		chosen = append(chosen, id.String())
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Approve " + p.Name + "?", Text: "They become a partner at once and get a mail. Choose what they may promote.",
		Action: urls(c).PartnerApproval(p.ID), ConfirmLabel: "Approve application", CancelHref: urls(c).PartnerShow(p.ID),
	}, ui.Hidden("decision", "approve"), ui.Hidden("chosen", "true"), partnersview.GrantChoice(options, chosen))
}

func (s *Server) partnerApprovalsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	switch f.text("decision") {
	case "", "approve":
		return s.approve(c, f)
	case "decline":
		return s.endPartner(c, f, s.declining)
	default:
		return fault.InvalidField("decision", "Choose approve or decline.")
	}
}

// approve lets an applicant in, with the campaigns that were chosen, if they were.
func (s *Server) approve(c echo.Context, f form) error {
	var chosen *[]uuid.UUID
	if f.checked("chosen") {
		these, err := f.ids("campaign_ids")
		if err != nil {
			return err
		}
		chosen = &these
	}
	step := func(ctx context.Context, id uuid.UUID) (partners.Partner, error) {
		return s.Signup.Approve(ctx, id, chosen)
	}
	return s.onPartner(c, step, func(p partners.Partner) string { return p.Name + " is a partner now. A mail tells them." })
}

func (s *Server) partnerRevocationsNew(c echo.Context) error { return s.askToEnd(c, s.revoking) }

func (s *Server) partnerRevocationsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	return s.endPartner(c, f, s.revoking)
}

// ending is a way to part with a partner. It is asked for first, and takes a reason.
type ending struct {
	question ui.ConfirmProps
	inputs   []templ.Component // beside the reason
	tell     string            // what else may be ticked
	take     func(ctx context.Context, id uuid.UUID, e partners.Ending) (partners.Partner, error)
	outcome  string
}

type endingFunc func(echo.Context, partners.Partner) ending

func (s *Server) declining(c echo.Context, p partners.Partner) ending {
	return ending{
		question: ui.ConfirmProps{
			Title: "Decline " + p.Name + "?", Text: "They get a mail that says no, and can't sign in. You can still let them in later.",
			Action: urls(c).PartnerApproval(p.ID), ConfirmLabel: "Decline application", CancelHref: urls(c).PartnerShow(p.ID), Danger: true,
		},
		inputs: []templ.Component{ui.Hidden("decision", "decline")},
		tell:   "Tell them the reason", take: s.Partners.Decline, outcome: "The application of " + p.Name + " is declined.",
	}
}

func (s *Server) revoking(c echo.Context, p partners.Partner) ending {
	return ending{
		question: ui.ConfirmProps{
			Title: "Revoke " + p.Name + "?", Text: "They are signed out at once, and new clicks on their links no longer count. You can reinstate them.",
			Action: urls(c).PartnerRevocation(p.ID), ConfirmLabel: "Revoke partner", CancelHref: urls(c).PartnerShow(p.ID), Danger: true,
		},
		tell: "Tell them by mail, with the reason", take: s.Partners.Revoke, outcome: p.Name + " is revoked.",
	}
}

func (s *Server) askToEnd(c echo.Context, way endingFunc) error {
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	e := way(c, p)
	return s.confirm(c, http.StatusOK, e.question, e.asked(partners.Ending{}, nil)...)
}

// endPartner does what was asked; a refused reason leads back to the question.
func (s *Server) endPartner(c echo.Context, f form, way endingFunc) error {
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	e := way(c, p)
	why := partners.Ending{Reason: f.text("reason"), Tell: f.checked("notify")}
	_, err = e.take(c.Request().Context(), p.ID, why)
	if fields, wrong := fieldErrors(err); wrong {
		return s.confirm(c, http.StatusUnprocessableEntity, e.question, e.asked(why, fields)...)
	}
	if err != nil {
		return err
	}
	return s.done(c, e.outcome, urls(c).PartnerShow(p.ID))
}

// asked are the inputs of the question.
func (e ending) asked(why partners.Ending, errors fault.Fields) []templ.Component {
	return append(e.inputs, reasonField(why.Reason, errors), ui.Checkbox(ui.CheckboxProps{Name: "notify", Label: e.tell, Checked: why.Tell}))
}

func reasonField(value string, errors fault.Fields) templ.Component {
	return ui.Textarea(ui.TextareaProps{
		Name: "reason", Label: "Reason", Value: value, Error: errors["reason"], MaxLength: 1000, Rows: 3, Optional: true, Hint: "It is kept with the partner.",
	})
}

func (s *Server) partnerCampaignsEdit(c echo.Context) error {
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	granted, err := s.Partners.Promotions(c.Request().Context(), p.ID)
	if err != nil {
		return err
	}
	page := partnersview.GrantsPage{PartnerID: p.ID}
	for _, g := range granted {
		page.CampaignIDs = append(page.CampaignIDs, g.CampaignID.String())
	}
	return s.grantsForm(c, http.StatusOK, p, granted, page)
}

func (s *Server) grantsForm(c echo.Context, status int, p partners.Partner, granted []partners.Promotion, page partnersview.GrantsPage) error {
	var err error
	if page.Campaigns, err = s.campaignOptions(c.Request().Context(), granted); err != nil {
		return err
	}
	return s.formPage(c, status, partnerHeader(c, "Campaigns", p), partnersview.Grants(page))
}

func (s *Server) partnerCampaignsUpdate(c echo.Context) error {
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	chosen, err := f.ids("campaign_ids")
	if err == nil {
		_, err = s.Partners.SetCampaigns(c.Request().Context(), p.ID, chosen)
	}
	if fields, wrong := fieldErrors(err); wrong {
		granted, err := s.Partners.Promotions(c.Request().Context(), p.ID)
		if err != nil {
			return err
		}
		return s.grantsForm(c, http.StatusUnprocessableEntity, p, granted, partnersview.GrantsPage{
			PartnerID: p.ID, CampaignIDs: f.Values["campaign_ids"], Errors: fields,
		})
	}
	if err != nil {
		return err
	}
	return s.done(c, "The campaigns of "+p.Name+" are set.", urls(c).PartnerShow(p.ID))
}
