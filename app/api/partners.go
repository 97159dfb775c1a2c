package api

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/partners"
)

type profileIn struct {
	Company   Field[string]            `json:"company"`
	Website   Field[string]            `json:"website"`
	Country   Field[string]            `json:"country"`
	Bio       Field[string]            `json:"bio"`
	Platforms Field[[]platformJSON]    `json:"platforms"`
	Answers   Field[map[string]string] `json:"answers"`
}

type platformJSON struct {
	Platform  string `json:"platform"`
	URL       string `json:"url"`
	Followers *int64 `json:"followers,omitempty"`
}

// profile writes what was sent over what is there.
func (in profileIn) profile(p partners.Profile) partners.Profile {
	overwrite(&p.Company, in.Company)
	overwrite(&p.Website, in.Website)
	overwrite(&p.Country, in.Country)
	overwrite(&p.Bio, in.Bio)
	if in.Platforms.Set {
		p.Platforms = nil
		for _, one := range in.Platforms.Value {
			p.Platforms = append(p.Platforms, partners.Platform(one))
		}
	}
	if in.Answers.Set {
		p.Answers = in.Answers.Value
	}
	return p
}

// overwrite takes a member over that was sent; null clears it.
func overwrite[T any](target **T, in Field[T]) {
	if in.Set {
		*target = in.Ptr()
	}
}

type partnerIn struct {
	Email       string           `json:"email"`
	Name        string           `json:"name"`
	CampaignIDs Field[[]ID]      `json:"campaign_ids"`
	SendInvite  Field[bool]      `json:"send_invite"`
	Profile     Field[profileIn] `json:"profile"`
	ExternalRef Field[string]    `json:"external_ref"` // of a request that was approved; only the Network gives one
}

type partnerPatch struct {
	Email   Field[string]    `json:"email"`
	Name    Field[string]    `json:"name"`
	Profile Field[profileIn] `json:"profile"`
}

// partnerJSON is a partner as everybody sees it who may.
type partnerJSON struct {
	ID           uuid.UUID         `json:"id"`
	Email        string            `json:"email"`
	Name         string            `json:"name"`
	Status       partners.Status   `json:"status"`
	Source       partners.Source   `json:"source"`
	Company      *string           `json:"company"`
	Website      *string           `json:"website"`
	Country      *string           `json:"country"`
	Bio          *string           `json:"bio"`
	Platforms    []platformJSON    `json:"platforms"`
	Answers      map[string]string `json:"answers"`
	TermsVersion *string           `json:"terms_version"`
	CampaignIDs  []uuid.UUID       `json:"campaign_ids,omitempty"` // of one partner; lists leave it out
	ActivatedAt  *stamp            `json:"activated_at"`
	RevokedAt    *stamp            `json:"revoked_at"`
	RevokeReason *string           `json:"revoke_reason"`
	Network      *partnerNetwork   `json:"network"` // null: the Network knows nothing of them
	CreatedAt    stamp             `json:"created_at"`
}

type partnerNetwork struct {
	CreatorID   string `json:"creator_id"`
	PreExisting bool   `json:"pre_existing"`
	SyncedAt    stamp  `json:"synced_at"`
}

func partnerOf(p partners.Partner) partnerJSON {
	out := partnerJSON{
		ID: p.ID, Email: p.Email, Name: p.Name, Status: p.Status, Source: p.Source, Company: p.Profile.Company, Website: p.Profile.Website,
		Country: p.Profile.Country, Bio: p.Profile.Bio, Platforms: []platformJSON{}, Answers: p.Profile.Answers,
		TermsVersion: p.TermsVersion, ActivatedAt: stampOf(p.ActivatedAt), RevokedAt: stampOf(p.RevokedAt), RevokeReason: p.RevokeReason, CreatedAt: stamp(p.CreatedAt),
	}
	for _, one := range p.Profile.Platforms {
		out.Platforms = append(out.Platforms, platformJSON(one))
	}
	if out.Answers == nil {
		out.Answers = map[string]string{}
	}
	if n := p.Network; n != nil {
		out.Network = &partnerNetwork{n.CreatorID, n.PreExisting, stamp(n.SyncedAt)}
	}
	return out
}

// writePartner answers with a partner and their grants.
func (s *Server) writePartner(c echo.Context, status int, p partners.Partner, err error) error {
	if err != nil {
		return err
	}
	out := partnerOf(p)
	if out.CampaignIDs, err = s.Partners.Grants(systemView(c), p.ID); err != nil {
		return err
	}
	return c.JSON(status, out)
}

func (s *Server) partnersCreate(c echo.Context) error {
	var in partnerIn
	if err := read(c, &in); err != nil {
		return err
	}
	if in.ExternalRef.Set || auth.From(c.Request().Context()).FromNetwork() {
		return s.partnersProvision(c, in)
	}
	p, err := s.Partners.Create(c.Request().Context(), partners.CreateInput{
		Email: in.Email, Name: in.Name, CampaignIDs: uuids(in.CampaignIDs.Value), SendInvite: !in.SendInvite.Set || in.SendInvite.Value,
		Profile: in.Profile.Value.profile(partners.Profile{}),
	})
	return s.writePartner(c, http.StatusCreated, p, err)
}

// partnersProvision makes, at the Network's call, a partner of whom an admin approved.
func (s *Server) partnersProvision(c echo.Context, in partnerIn) error {
	p, added, err := s.Network.Provision(c.Request().Context(), in.Email, in.Name, in.ExternalRef.Value)
	status := http.StatusOK
	if added {
		status = http.StatusCreated
	}
	return s.writePartner(c, status, p, err)
}

func (s *Server) partnersIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	status, err := queryChoice(c, "status", partners.Statuses())
	if err != nil {
		return err
	}
	source, err := queryChoice(c, "source", partners.Sources())
	if err != nil {
		return err
	}
	q, err := queryText(c, "q")
	if err != nil {
		return err
	}
	found, err := s.Partners.List(c.Request().Context(), partners.Filter{Status: status, Source: source, Query: q}, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, partnerOf))
}

func (s *Server) partnersShow(c echo.Context) error {
	return s.onPartner(c, s.Partners.Find)
}

func (s *Server) partnersUpdate(c echo.Context) error {
	var in partnerPatch
	if err := read(c, &in); err != nil {
		return err
	}
	return s.onPartner(c, func(ctx context.Context, id uuid.UUID) (partners.Partner, error) {
		update := partners.UpdateInput{Email: in.Email.Ptr(), Name: in.Name.Ptr()}
		if in.Profile.Set {
			now, err := s.Partners.Find(systemView(c), id)
			if err != nil {
				return partners.Partner{}, err
			}
			profile := in.Profile.Value.profile(now.Profile)
			update.Profile = &profile
		}
		return s.Partners.Update(ctx, id, update)
	})
}

// partnersErase takes the person away; what they earned stays.
func (s *Server) partnersErase(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	return s.onPartner(c, s.Partners.Erase)
}

// onPartner runs one step on the partner of the path.
func (s *Server) onPartner(c echo.Context, step func(context.Context, uuid.UUID) (partners.Partner, error)) error {
	id, err := pathID(c, "id", "partner")
	if err != nil {
		return err
	}
	p, err := step(c.Request().Context(), id)
	return s.writePartner(c, http.StatusOK, p, err)
}

// nothing is the body of steps that need no more words.
type nothing struct{}

func (s *Server) partnersInvite(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	return s.onPartner(c, s.Partners.Invite)
}

type approvalIn struct {
	CampaignIDs Field[[]ID] `json:"campaign_ids"` // missing: those of the sign-up form
}

func (s *Server) partnersApprove(c echo.Context) error {
	var in approvalIn
	if err := read(c, &in); err != nil {
		return err
	}
	var chosen *[]uuid.UUID
	if ids := in.CampaignIDs.Ptr(); ids != nil {
		these := uuids(*ids)
		chosen = &these
	}
	return s.onPartner(c, func(ctx context.Context, id uuid.UUID) (partners.Partner, error) {
		return s.Signup.Approve(ctx, id, chosen)
	})
}

func (s *Server) partnersReinstate(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	return s.onPartner(c, s.Partners.Reinstate)
}

// endingIn says why a partner has to go, and whether they are told.
type endingIn struct {
	Reason Field[string] `json:"reason"`
	Notify Field[bool]   `json:"notify"`
}

func (s *Server) partnersDecline(c echo.Context) error { return s.endPartner(c, s.Partners.Decline) }

func (s *Server) partnersRevoke(c echo.Context) error { return s.endPartner(c, s.Partners.Revoke) }

func (s *Server) endPartner(c echo.Context, end func(context.Context, uuid.UUID, partners.Ending) (partners.Partner, error)) error {
	var in endingIn
	if err := read(c, &in); err != nil {
		return err
	}
	return s.onPartner(c, func(ctx context.Context, id uuid.UUID) (partners.Partner, error) {
		return end(ctx, id, partners.Ending{Reason: in.Reason.Value, Tell: in.Notify.Value})
	})
}

type grantsIn struct {
	CampaignIDs []ID `json:"campaign_ids"`
}

func (s *Server) partnerCampaignsUpdate(c echo.Context) error {
	var in grantsIn
	if err := read(c, &in); err != nil {
		return err
	}
	return s.onPartner(c, func(ctx context.Context, id uuid.UUID) (partners.Partner, error) {
		return s.Partners.SetCampaigns(ctx, id, uuids(in.CampaignIDs))
	})
}

func uuids(in []ID) []uuid.UUID {
	out := make([]uuid.UUID, len(in))
	for i, id := range in {
		out[i] = uuid.UUID(id)
	}
	return out
}
