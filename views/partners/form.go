package partners

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/views/ui"
)

// NewPage is the form of a new partner and what was typed into it.
type NewPage struct {
	Name, Email string
	Invite      bool
	Campaigns   []ui.Option
	CampaignIDs []string
	Errors      fault.Fields
}

func (p NewPage) access() []string { return []string{strconv.FormatBool(p.Invite)} }

func accesses() []ui.Option {
	return []ui.Option{
		{Value: "true", Label: "Invite them by mail", Hint: "They join by a link that is valid for 7 days, and see their own figures."},
		{Value: "false", Label: "Make them active at once", Hint: "No mail is sent. They can still sign in with this address later."},
	}
}

// EditPage is the form of a partner who exists.
type EditPage struct {
	ID                                          uuid.UUID
	Name, Email, Company, Website, Country, Bio string
	Platforms                                   []PlatformRow
	Rows                                        int // of platforms to show, where it is not what is spare
	Errors                                      fault.Fields
}

// PlatformRow is a place with an audience, as it was typed.
type PlatformRow struct{ Platform, URL, Followers string }

// Blank reports whether nothing was typed.
func (r PlatformRow) Blank() bool { return r == PlatformRow{} }

// MaxPlatforms is how many rows a profile may have.
const MaxPlatforms = 10

// spareRows are the empty rows below those that are filled in.
const spareRows = 2

// Edit is the form filled in from a partner.
func Edit(p partners.Partner) EditPage {
	e := EditPage{
		ID: p.ID, Name: p.Name, Email: p.Email, Company: text(p.Profile.Company), Website: text(p.Profile.Website),
		Country: text(p.Profile.Country), Bio: text(p.Profile.Bio),
	}
	for _, one := range p.Profile.Platforms {
		row := PlatformRow{Platform: one.Platform, URL: one.URL}
		if one.Followers != nil {
			row.Followers = strconv.FormatInt(*one.Followers, 10)
		}
		e.Platforms = append(e.Platforms, row)
	}
	return e
}

// rows are the platforms with room for more.
func (p EditPage) rows() []PlatformRow {
	room := min(len(p.Platforms)+spareRows, MaxPlatforms) - len(p.Platforms)
	return append(p.Platforms[:len(p.Platforms):len(p.Platforms)], make([]PlatformRow, max(room, 0))...)
}

// profile reads what is wrong with a field of the profile.
func (p EditPage) profile(name string) string { return p.Errors[ProfileField(name)] }

// ProfileField is the input of a field of the profile, named as the service names its errors.
func ProfileField(name string) string { return "profile." + name }

// PlatformField is the input of a field of the platform of a row.
func PlatformField(row int, name string) string {
	return ProfileField("platforms." + strconv.Itoa(row) + "." + name)
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// GrantsPage is the choice of the campaigns that a partner may promote.
type GrantsPage struct {
	PartnerID   uuid.UUID
	Campaigns   []ui.Option
	CampaignIDs []string
	Errors      fault.Fields
}
