package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/campaigns"
	"github.com/openpartner/openpartner/app/commissions"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/tracking"
)

type bulkIn struct {
	Action string        `json:"action"`
	IDs    []ID          `json:"ids"`
	Force  Field[bool]   `json:"force"`
	Note   Field[string] `json:"note"`
}

type bulkJSON struct {
	Results []bulkResultJSON `json:"results"`
}

type bulkResultJSON struct {
	ID     uuid.UUID           `json:"id"`
	Status *commissions.Status `json:"status,omitempty"`
	Error  *itemErrorJSON      `json:"error,omitempty"`
}

func (s *Server) commissionsBulk(c echo.Context) error {
	var in bulkIn
	if err := read(c, &in); err != nil {
		return err
	}
	done, err := s.Commissions.Bulk(c.Request().Context(), commissions.BulkInput{
		Action: commissions.Action(in.Action), IDs: uuids(in.IDs), Force: in.Force.Value, Note: in.Note.Value,
	})
	if err != nil {
		return err
	}
	out := bulkJSON{Results: []bulkResultJSON{}}
	for _, one := range done {
		row := bulkResultJSON{ID: one.ID}
		if f, refused := fault.From(one.Err); refused {
			row.Error = &itemErrorJSON{f.Code, f.Message, f.Fields}
		} else {
			row.Status = &one.Commission.Status
		}
		out.Results = append(out.Results, row)
	}
	return c.JSON(http.StatusOK, out)
}

type adjustIn struct {
	PartnerID ID            `json:"partner_id"`
	Kind      Field[string] `json:"kind"`
	Amount    int64         `json:"amount"`
	Currency  string        `json:"currency"`
	Note      string        `json:"note"`
}

func (s *Server) adjustmentsCreate(c echo.Context) error {
	var in adjustIn
	if err := read(c, &in); err != nil {
		return err
	}
	m, err := s.Commissions.Adjust(c.Request().Context(), commissions.AdjustInput{
		PartnerID: uuid.UUID(in.PartnerID), Kind: commissions.Kind(in.Kind.Value), Amount: in.Amount, Currency: in.Currency, Note: in.Note,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, commissionOf(m))
}

// clickJSON is a visit with what was kept of it.
type clickJSON struct {
	ID             uuid.UUID         `json:"id"`
	LinkID         *uuid.UUID        `json:"link_id"`
	PartnerID      uuid.UUID         `json:"partner_id"`
	CampaignID     uuid.UUID         `json:"campaign_id"`
	DestinationURL string            `json:"destination_url"`
	IPHash         *string           `json:"ip_hash"`
	UserAgent      *string           `json:"user_agent"`
	Referer        *string           `json:"referer"`
	UTM            map[string]string `json:"utm"`
	SubIDs         map[string]string `json:"sub_ids"`
	Flag           *tracking.Flag    `json:"flag"`
	ReviewedAt     *stamp            `json:"reviewed_at"`
	ReviewedBy     *uuid.UUID        `json:"reviewed_by"`
	OccurredAt     stamp             `json:"occurred_at"`
	CreatedAt      stamp             `json:"created_at"`
}

func clickOf(k tracking.Click) clickJSON {
	return clickJSON{
		ID: k.ID, LinkID: k.LinkID, PartnerID: k.PartnerID, CampaignID: k.CampaignID, DestinationURL: k.DestinationURL, IPHash: k.IPHash,
		UserAgent: k.UserAgent, Referer: k.Referer, UTM: k.UTM, SubIDs: k.SubIDs, Flag: orNull(k.Flag), ReviewedAt: stampOf(k.ReviewedAt),
		ReviewedBy: k.ReviewedBy, OccurredAt: stamp(k.OccurredAt), CreatedAt: stamp(k.CreatedAt),
	}
}

// fraudIndex lists the clicks that do not count, for somebody to look at.
func (s *Server) fraudIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	f := tracking.ClickFilter{Flagged: true}
	if f.PartnerID, err = queryID(c, "partner_id"); err != nil {
		return err
	}
	if f.CampaignID, err = queryID(c, "campaign_id"); err != nil {
		return err
	}
	found, err := s.Tracking.Clicks(c.Request().Context(), f, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, clickOf))
}

// reviewedJSON is a click after its review, with how many events were decided anew.
type reviewedJSON struct {
	clickJSON

	RederivedEvents *int       `json:"rederived_events"` // null: job_id does it
	JobID           *uuid.UUID `json:"job_id,omitempty"`
}

func (s *Server) clicksFlag(c echo.Context) error { return s.review(c, s.Attribution.Flag) }

func (s *Server) clicksUnflag(c echo.Context) error { return s.review(c, s.Attribution.Unflag) }

func (s *Server) review(c echo.Context, step func(context.Context, uuid.UUID) (attribution.Reviewed, error)) error {
	id, err := pathID(c, "id", "click")
	if err != nil {
		return err
	}
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	r, err := step(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, reviewedJSON{clickOf(r.Click), r.RederivedEvents, r.JobID})
}

type rederiveIn struct {
	UserID     Field[string]    `json:"user_id"`
	CampaignID Field[ID]        `json:"campaign_id"`
	From       Field[time.Time] `json:"from"`
	To         Field[time.Time] `json:"to"`
	DryRun     Field[bool]      `json:"dry_run"`
}

type orderedJSON struct {
	JobID uuid.UUID `json:"job_id"`
}

func (s *Server) rederive(c echo.Context) error {
	var in rederiveIn
	if err := read(c, &in); err != nil {
		return err
	}
	job, err := s.Attribution.OrderRederive(c.Request().Context(), attribution.Rederive{
		UserID: in.UserID.Value, CampaignID: (*uuid.UUID)(in.CampaignID.Ptr()), From: in.From.Ptr(), To: in.To.Ptr(), DryRun: in.DryRun.Value,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, orderedJSON{job})
}

type simulateIn struct {
	Rules            Field[[]ruleIn]  `json:"rules"`
	AttributionModel Field[string]    `json:"attribution_model"`
	From             Field[time.Time] `json:"from"`
	To               Field[time.Time] `json:"to"`
}

type simulatedJSON struct {
	Partners []simulatedPartnerJSON `json:"partners"`
}

type simulatedPartnerJSON struct {
	PartnerID uuid.UUID `json:"partner_id"`
	Currency  string    `json:"currency"`
	Was       int64     `json:"was"`
	WouldBe   int64     `json:"would_be"`
}

func (s *Server) campaignsSimulate(c echo.Context) error {
	id, err := pathID(c, "id", "campaign")
	if err != nil {
		return err
	}
	var in simulateIn
	if err := read(c, &in); err != nil {
		return err
	}
	ask := attribution.Simulation{
		CampaignID: id, Model: (*campaigns.Model)(in.AttributionModel.Ptr()), From: in.From.Ptr(), To: in.To.Ptr(),
	}
	if in.Rules.Ptr() != nil {
		rules := ruleInputs(in.Rules.Value)
		ask.Rules = &rules
	}
	found, err := s.Attribution.Simulate(c.Request().Context(), ask)
	if err != nil {
		return err
	}
	out := simulatedJSON{Partners: []simulatedPartnerJSON{}}
	for _, p := range found {
		out.Partners = append(out.Partners, simulatedPartnerJSON(p))
	}
	return c.JSON(http.StatusOK, out)
}
