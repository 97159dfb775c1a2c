package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	partnersview "github.com/openpartner/openpartner/views/partners"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) partnersIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.partners()
	if err := wrong.Err(); err != nil {
		return err
	}
	found, err := s.Partners.List(ctx, filter, page)
	if err != nil {
		return err
	}
	holdings, err := s.Partners.Holdings(ctx, idsOf(found.Items, func(p partners.Partner) uuid.UUID { return p.ID }))
	if err != nil {
		return err
	}
	return s.ok(c, "Partners", partnersview.Index(partnersview.IndexPage{
		Partners: found.Items, Holdings: holdings, Filter: filter, Now: s.Now(), Editable: mayEdit(c),
		Pager: csvPager(c, urls(c).Partners(), "#"+partnersview.ListID, found),
	}))
}

// partners reads the filters of the list of partners.
func (f form) partners() (partners.Filter, fault.Fields) {
	wrong := fault.Fields{}
	return partners.Filter{
		Query: f.text("q"), Status: string(chosenOf(f, wrong, "status", partners.Statuses())),
		Source: string(chosenOf(f, wrong, "source", partners.Sources())),
	}, wrong
}

func (s *Server) partnersNew(c echo.Context) error {
	return s.partnerForm(c, http.StatusOK, partnersview.NewPage{Invite: true})
}

func (s *Server) partnerForm(c echo.Context, status int, p partnersview.NewPage) error {
	var err error
	if p.Campaigns, err = s.campaignOptions(c.Request().Context(), nil); err != nil {
		return err
	}
	if status == http.StatusOK && len(p.Campaigns) == 1 {
		p.CampaignIDs = []string{p.Campaigns[0].Value} // the one there is will be meant
	}
	head := ui.HeaderProps{Title: "Add a partner", Crumbs: []ui.Crumb{{Label: "Partners", Href: urls(c).Partners()}}}
	return s.formPage(c, status, head, partnersview.New(p))
}

func (s *Server) partnersCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in := partners.CreateInput{Email: f.text("email"), Name: f.text("name"), SendInvite: f.text("send_invite") != "false"}
	var p partners.Partner
	if in.CampaignIDs, err = f.ids("campaign_ids"); err == nil {
		p, err = s.Partners.Create(c.Request().Context(), in)
	}
	if fields, wrong := fieldErrors(err); wrong {
		return s.partnerForm(c, http.StatusUnprocessableEntity, partnersview.NewPage{
			Name: in.Name, Email: in.Email, Invite: in.SendInvite, CampaignIDs: f.Values["campaign_ids"], Errors: fields,
		})
	}
	if err != nil {
		return err
	}
	notice := p.Name + " is a partner now."
	if in.SendInvite {
		notice = "The invitation to " + p.Email + " is on its way."
	}
	return s.done(c, notice, urls(c).PartnerShow(p.ID))
}

func (s *Server) partnersEdit(c echo.Context) error {
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	return s.partnerEditForm(c, http.StatusOK, p, partnersview.Edit(p))
}

func (s *Server) partnerEditForm(c echo.Context, status int, p partners.Partner, page partnersview.EditPage) error {
	return s.formPage(c, status, partnerHeader(c, "Edit partner", p), partnersview.EditForm(page))
}

func (s *Server) partnersUpdate(c echo.Context) error {
	p, err := s.partnerOf(c)
	if err != nil {
		return err
	}
	f, err := readForm(c)
	if err != nil {
		return err
	}
	page := f.partner(p.ID)
	profile, err := profileOf(page, p.Profile)
	if err == nil {
		in := partners.UpdateInput{Email: &page.Email, Name: &page.Name, Profile: &profile}
		_, err = s.Partners.Update(c.Request().Context(), p.ID, in)
	}
	if fields, wrong := fieldErrors(err); wrong {
		page.Errors = fields
		return s.partnerEditForm(c, http.StatusUnprocessableEntity, p, page)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Saved.", urls(c).PartnerShow(p.ID))
}

// partner reads the form of a partner as it was typed, without empty rows.
func (f form) partner(id uuid.UUID) partnersview.EditPage {
	profile := func(name string) string { return f.text(partnersview.ProfileField(name)) }
	p := partnersview.EditPage{
		ID: id, Name: f.text("name"), Email: f.text("email"), Company: profile("company"), Website: profile("website"),
		Country: strings.ToUpper(profile("country")), Bio: profile("bio"),
	}
	for i := range partnersview.MaxPlatforms {
		at := func(name string) string { return f.text(partnersview.PlatformField(i, name)) }
		row := partnersview.PlatformRow{Platform: at("platform"), URL: at("url"), Followers: at("followers")}
		if !row.Blank() {
			p.Platforms = append(p.Platforms, row)
		}
	}
	return p
}

// profileOf writes the form over a profile; answers to the sign-up form are not part of it.
func profileOf(p partnersview.EditPage, profile partners.Profile) (partners.Profile, error) {
	profile.Company, profile.Website, profile.Country, profile.Bio = &p.Company, &p.Website, &p.Country, &p.Bio
	profile.Platforms = nil
	for i, row := range p.Platforms {
		one := partners.Platform{Platform: row.Platform, URL: row.URL}
		if row.Followers != "" {
			n, err := strconv.ParseInt(row.Followers, 10, 64)
			if err != nil {
				return profile, fault.InvalidField(partnersview.PlatformField(i, "followers"), "Give a whole number, such as 12000.")
			}
			one.Followers = &n
		}
		profile.Platforms = append(profile.Platforms, one)
	}
	return profile, nil
}

// partnerOf gives the partner of the path.
func (s *Server) partnerOf(c echo.Context) (partners.Partner, error) {
	id, err := pathID(c, "id", "partner")
	if err != nil {
		return partners.Partner{}, err
	}
	return s.Partners.Find(c.Request().Context(), id)
}

// partnerHeader leads from a page about a partner back to them.
func partnerHeader(c echo.Context, title string, p partners.Partner) ui.HeaderProps {
	return ui.HeaderProps{Title: title, Crumbs: []ui.Crumb{
		{Label: "Partners", Href: urls(c).Partners()}, {Label: p.Name, Href: urls(c).PartnerShow(p.ID)},
	}}
}

// campaignOptions are the campaigns that can be granted; those granted already stay a choice
// even when archived, so that saving a form takes nothing away unseen.
func (s *Server) campaignOptions(ctx context.Context, granted []partners.Promotion) ([]ui.Option, error) {
	names, err := s.Campaigns.Names(ctx)
	if err != nil {
		return nil, err
	}
	var out []ui.Option
	for _, n := range names {
		out = append(out, ui.Option{Value: n.ID.String(), Label: n.Name})
	}
	for _, g := range granted {
		if g.CampaignStatus == "archived" {
			out = append(out, ui.Option{Value: g.CampaignID.String(), Label: g.CampaignName, Hint: "Archived."})
		}
	}
	return out, nil
}
