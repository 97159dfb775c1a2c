package api

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/settings"
)

type questionIn struct {
	Key      string      `json:"key"`
	Label    string      `json:"label"`
	Required Field[bool] `json:"required"`
}

type partnerSignupConfigIn struct {
	Policy      Field[string]       `json:"policy"`
	Disabled    Field[bool]         `json:"disabled"`
	CampaignIDs Field[[]ID]         `json:"campaign_ids"`
	Questions   Field[[]questionIn] `json:"questions"`
}

type partnerSignupConfigJSON struct {
	Policy      settings.SignupPolicy `json:"policy"`
	Disabled    bool                  `json:"disabled"`
	CampaignIDs []uuid.UUID           `json:"campaign_ids"`
	Questions   []settings.Question   `json:"questions"`
}

func (s *Server) partnerSignupShow(c echo.Context) error {
	p, err := s.Settings.PartnerSignup(c.Request().Context())
	return writePartnerSignup(c, p, err)
}

func (s *Server) partnerSignupUpdate(c echo.Context) error {
	var in partnerSignupConfigIn
	if err := read(c, &in); err != nil {
		return err
	}
	change := settings.PartnerSignupInput{Policy: (*settings.SignupPolicy)(in.Policy.Ptr()), Disabled: in.Disabled.Ptr()}
	if in.CampaignIDs.Set {
		chosen := uuids(in.CampaignIDs.Value)
		change.CampaignIDs = &chosen
	}
	if in.Questions.Set {
		questions := make([]settings.Question, 0, len(in.Questions.Value))
		for _, q := range in.Questions.Value {
			questions = append(questions, settings.Question{Key: q.Key, Label: q.Label, Required: q.Required.Value})
		}
		change.Questions = &questions
	}
	p, err := s.Settings.UpdatePartnerSignup(c.Request().Context(), change)
	return writePartnerSignup(c, p, err)
}

func writePartnerSignup(c echo.Context, p settings.PartnerSignup, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, partnerSignupConfigJSON(p))
}
