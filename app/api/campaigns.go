package api

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/money"
)

// campaignPatch has every member of a campaign; what is left out stays.
type campaignPatch struct {
	Name             Field[string]    `json:"name"`
	DestinationURL   Field[string]    `json:"destination_url"`
	DeepLinkDomains  Field[[]string]  `json:"deep_link_domains"`
	Status           Field[string]    `json:"status"`
	AttributionModel Field[string]    `json:"attribution_model"`
	WindowDays       Field[int]       `json:"window_days"`
	CustomerLock     Field[bool]      `json:"customer_lock"`
	HoldDays         Field[int]       `json:"hold_days"`
	AutoApprove      Field[bool]      `json:"auto_approve"`
	StartsAt         Field[time.Time] `json:"starts_at"`
	EndsAt           Field[time.Time] `json:"ends_at"`
	Rules            Field[[]ruleIn]  `json:"rules"`
}

// campaignIn is a new campaign, which is always active.
type campaignIn struct {
	Name             string           `json:"name"`
	DestinationURL   string           `json:"destination_url"`
	DeepLinkDomains  Field[[]string]  `json:"deep_link_domains"`
	AttributionModel Field[string]    `json:"attribution_model"`
	WindowDays       Field[int]       `json:"window_days"`
	CustomerLock     Field[bool]      `json:"customer_lock"`
	HoldDays         Field[int]       `json:"hold_days"`
	AutoApprove      Field[bool]      `json:"auto_approve"`
	StartsAt         Field[time.Time] `json:"starts_at"`
	EndsAt           Field[time.Time] `json:"ends_at"`
	Rules            []ruleIn         `json:"rules"`
}

func (in campaignIn) input() campaigns.Input {
	out := campaignPatch{
		DeepLinkDomains: in.DeepLinkDomains, AttributionModel: in.AttributionModel, WindowDays: in.WindowDays, CustomerLock: in.CustomerLock,
		HoldDays: in.HoldDays, AutoApprove: in.AutoApprove, StartsAt: in.StartsAt, EndsAt: in.EndsAt,
	}.input()
	rules := ruleInputs(in.Rules)
	out.Name, out.DestinationURL, out.Rules = &in.Name, &in.DestinationURL, &rules
	return out
}

func (in campaignPatch) input() campaigns.Input {
	out := campaigns.Input{
		Name: in.Name.Ptr(), DestinationURL: in.DestinationURL.Ptr(), DeepLinkDomains: in.DeepLinkDomains.Ptr(),
		Status: (*campaigns.Status)(in.Status.Ptr()), AttributionModel: (*campaigns.Model)(in.AttributionModel.Ptr()),
		WindowDays: in.WindowDays.Ptr(), CustomerLock: in.CustomerLock.Ptr(), HoldDays: in.HoldDays.Ptr(), AutoApprove: in.AutoApprove.Ptr(),
	}
	if in.StartsAt.Set {
		at := in.StartsAt.Ptr()
		out.StartsAt = &at
	}
	if in.EndsAt.Set {
		at := in.EndsAt.Ptr()
		out.EndsAt = &at
	}
	if in.Rules.Set {
		rules := ruleInputs(in.Rules.Value)
		out.Rules = &rules
	}
	return out
}

type ruleIn struct {
	EventType      Field[string] `json:"event_type"`
	Trigger        Field[string] `json:"trigger"`
	Kind           string        `json:"kind"`
	Rate           Field[string] `json:"rate"`
	Amount         Field[int64]  `json:"amount"`
	Currency       Field[string] `json:"currency"`
	DurationMonths Field[int]    `json:"duration_months"`
}

func ruleInputs(in []ruleIn) []campaigns.RuleInput {
	out := make([]campaigns.RuleInput, len(in))
	for i, r := range in {
		out[i] = campaigns.RuleInput{
			EventType: r.EventType.Value, Trigger: r.Trigger.Value, Kind: r.Kind, Rate: r.Rate.Value, Amount: r.Amount.Ptr(),
			Currency: r.Currency.Value, DurationMonths: r.DurationMonths.Ptr(),
		}
	}
	return out
}

type ruleJSON struct {
	ID             uuid.UUID          `json:"id"`
	EventType      *string            `json:"event_type"` // null: any
	Trigger        campaigns.Trigger  `json:"trigger"`
	Kind           campaigns.RuleKind `json:"kind"`
	Rate           *string            `json:"rate"` // percent
	RatePPM        *int64             `json:"rate_ppm"`
	Amount         *int64             `json:"amount"`
	Currency       *string            `json:"currency"`
	DurationMonths *int               `json:"duration_months"`
}

func ruleOf(r campaigns.Rule) ruleJSON {
	out := ruleJSON{ID: r.ID, EventType: orNull(r.EventType), Trigger: r.Trigger, Kind: r.Kind, DurationMonths: orNull(r.DurationMonths)}
	if r.Kind == campaigns.Percent {
		rate := money.FormatPercent(r.RatePPM)
		out.Rate, out.RatePPM = &rate, &r.RatePPM
	} else {
		out.Amount, out.Currency = &r.Amount, &r.Currency
	}
	return out
}

// orNull is null for the zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func rulesOf(rules []campaigns.Rule) []ruleJSON {
	out := make([]ruleJSON, len(rules))
	for i, r := range rules {
		out[i] = ruleOf(r)
	}
	return out
}

type campaignJSON struct {
	ID               uuid.UUID        `json:"id"`
	Name             string           `json:"name"`
	DestinationURL   string           `json:"destination_url"`
	DeepLinkDomains  []string         `json:"deep_link_domains"`
	Status           campaigns.Status `json:"status"`
	StartsAt         *stamp           `json:"starts_at"`
	EndsAt           *stamp           `json:"ends_at"`
	Version          int              `json:"version"`
	AttributionModel campaigns.Model  `json:"attribution_model"`
	WindowDays       int              `json:"window_days"`
	CustomerLock     bool             `json:"customer_lock"`
	HoldDays         int              `json:"hold_days"`
	AutoApprove      bool             `json:"auto_approve"`
	Rules            []ruleJSON       `json:"rules"`
	CreatedAt        stamp            `json:"created_at"`
}

func campaignOf(c campaigns.Campaign) campaignJSON {
	domains := c.DeepLinkDomains
	if domains == nil {
		domains = []string{}
	}
	return campaignJSON{
		ID: c.ID, Name: c.Name, DestinationURL: c.DestinationURL, DeepLinkDomains: domains, Status: c.Status,
		StartsAt: stampOf(c.StartsAt), EndsAt: stampOf(c.EndsAt), Version: c.Version, AttributionModel: c.AttributionModel,
		WindowDays: c.WindowDays, CustomerLock: c.CustomerLock, HoldDays: c.HoldDays, AutoApprove: c.AutoApprove,
		Rules: rulesOf(c.Rules), CreatedAt: stamp(c.CreatedAt),
	}
}

func (s *Server) campaignsCreate(c echo.Context) error {
	var in campaignIn
	if err := read(c, &in); err != nil {
		return err
	}
	made, err := s.Campaigns.Create(c.Request().Context(), in.input())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, campaignOf(made))
}

func (s *Server) campaignsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	status, err := queryChoice(c, "status", []campaigns.Status{campaigns.Active, campaigns.Paused, campaigns.Archived})
	if err != nil {
		return err
	}
	found, err := s.Campaigns.List(c.Request().Context(), campaigns.Filter{Status: status}, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, campaignOf))
}

func (s *Server) campaignsShow(c echo.Context) error {
	id, err := pathID(c, "id", "campaign")
	if err != nil {
		return err
	}
	found, err := s.Campaigns.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, campaignOf(found))
}

func (s *Server) campaignsUpdate(c echo.Context) error {
	id, err := pathID(c, "id", "campaign")
	if err != nil {
		return err
	}
	var in campaignPatch
	if err := read(c, &in); err != nil {
		return err
	}
	changed, err := s.Campaigns.Update(c.Request().Context(), id, in.input())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, campaignOf(changed))
}

type rulesIn struct {
	Rules []ruleIn `json:"rules"`
}

type rulesJSON struct {
	Rules []ruleJSON `json:"rules"`
}

// partnerRulesUpdate gives a partner rules of their own in a campaign; none takes them away.
func (s *Server) partnerRulesUpdate(c echo.Context) error {
	partner, err := pathID(c, "id", "partner")
	if err != nil {
		return err
	}
	campaign, err := pathID(c, "campaign_id", "campaign")
	if err != nil {
		return err
	}
	var in rulesIn
	if err := read(c, &in); err != nil {
		return err
	}
	rules, err := s.Campaigns.SetOverride(c.Request().Context(), partner, campaign, ruleInputs(in.Rules))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, rulesJSON{rulesOf(rules)})
}
