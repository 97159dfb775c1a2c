package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/attribution"
	"github.com/openpartner/openpartner/app/commissions"
)

type eventIn struct {
	UserID     string           `json:"user_id"`
	Type       string           `json:"type"`
	Amount     Field[int64]     `json:"amount"`
	Currency   Field[string]    `json:"currency"`
	Cref       Field[ID]        `json:"cref"`
	ExternalID Field[string]    `json:"external_id"`
	OccurredAt Field[time.Time] `json:"occurred_at"`
	Metadata   Field[freeForm]  `json:"metadata"`
	Email      Field[string]    `json:"email"`
	Coupon     Field[string]    `json:"coupon"`
	Reverses   Field[string]    `json:"reverses"`
}

func (in eventIn) input() attribution.EventInput {
	return attribution.EventInput{
		UserID: in.UserID, Type: in.Type, Amount: in.Amount.Ptr(), Currency: in.Currency.Ptr(), Cref: (*uuid.UUID)(in.Cref.Ptr()),
		ExternalID: in.ExternalID.Ptr(), OccurredAt: in.OccurredAt.Ptr(), Metadata: in.Metadata.Value, Email: in.Email.Ptr(),
		Reverses: in.Reverses.Ptr(),
	}
}

// recordedJSON is the answer to a new event.
type recordedJSON struct {
	ID          uuid.UUID       `json:"id"`
	Replayed    bool            `json:"replayed"`
	Attribution attributionJSON `json:"attribution"`
}

// attributionJSON is who earns from an event, and why nobody else does.
type attributionJSON struct {
	Status  attribution.Status `json:"status"`
	Reason  *string            `json:"reason,omitempty"`
	Locked  bool               `json:"locked"`
	Model   *string            `json:"model"`
	Binding *uuid.UUID         `json:"binding_event_id,omitempty"`
	Touches []touchJSON        `json:"touches"`
	Dropped []dropJSON         `json:"dropped"`
}

type touchJSON struct {
	ClickID     uuid.UUID          `json:"click_id"`
	PartnerID   uuid.UUID          `json:"partner_id"`
	CampaignID  uuid.UUID          `json:"campaign_id"`
	Weight      string             `json:"weight"`
	Commissions []earnedJSON       `json:"commissions"`
	Reason      commissions.Reason `json:"reason,omitempty"`
}

type earnedJSON struct {
	ID       uuid.UUID  `json:"id"`
	Amount   int64      `json:"amount"`
	Currency string     `json:"currency"`
	RuleID   *uuid.UUID `json:"rule_id"`
}

type dropJSON struct {
	ClickID   uuid.UUID              `json:"click_id"`
	PartnerID uuid.UUID              `json:"partner_id"`
	Reason    attribution.DropReason `json:"reason"`
}

func attributionOf(o attribution.Outcome) attributionJSON {
	d := o.Decision
	out := attributionJSON{Status: d.Status, Locked: d.Locked, Touches: []touchJSON{}, Dropped: []dropJSON{}}
	if d.Model != "" {
		model := string(d.Model)
		out.Model = &model
	}
	if d.NotRunning {
		reason := string(commissions.ReasonCampaignNotRunning)
		out.Reason = &reason
	}
	if d.BindingID != uuid.Nil {
		out.Binding = &d.BindingID
	}
	for _, share := range d.Shares {
		rows, reason := o.OfShare(share)
		touch := touchJSON{
			ClickID: share.ClickID, PartnerID: share.PartnerID, CampaignID: share.CampaignID, Weight: share.Weight.String(),
			Commissions: []earnedJSON{}, Reason: reason,
		}
		for _, row := range rows {
			touch.Commissions = append(touch.Commissions, earnedJSON{row.ID, row.Amount, row.Currency, row.RuleID})
		}
		out.Touches = append(out.Touches, touch)
	}
	for _, drop := range d.Dropped {
		out.Dropped = append(out.Dropped, dropJSON(drop))
	}
	return out
}

func (s *Server) eventsCreate(c echo.Context) error {
	var in eventIn
	if err := read(c, &in); err != nil {
		return err
	}
	o, err := s.Coupons.Record(c.Request().Context(), in.input(), in.Coupon.Value)
	return writeRecorded(c, o, err)
}

func writeRecorded(c echo.Context, o attribution.Outcome, err error) error {
	if err != nil {
		return err
	}
	status := http.StatusCreated
	if o.Replayed {
		status = http.StatusOK
	}
	return c.JSON(status, recordedJSON{o.Event.ID, o.Replayed, attributionOf(o)})
}

type eventJSON struct {
	ID              uuid.UUID          `json:"id"`
	UserID          string             `json:"user_id"`
	Type            string             `json:"type"`
	Amount          *int64             `json:"amount"`
	Currency        *string            `json:"currency"`
	ExternalID      *string            `json:"external_id"`
	Source          string             `json:"source"`
	ReversesEventID *uuid.UUID         `json:"reverses_event_id"`
	Metadata        freeForm           `json:"metadata"`
	OccurredAt      stamp              `json:"occurred_at"`
	CreatedAt       stamp              `json:"created_at"`
	Status          attribution.Status `json:"status"`
}

func eventOf(e attribution.Event, status attribution.Status) eventJSON {
	metadata := e.Metadata
	if len(metadata) == 0 {
		metadata = freeForm("{}")
	}
	return eventJSON{
		ID: e.ID, UserID: e.UserID, Type: e.Type, Amount: e.Amount, Currency: e.Currency, ExternalID: e.ExternalID, Source: e.Source,
		ReversesEventID: e.ReversesEventID, Metadata: metadata, OccurredAt: stamp(e.OccurredAt), CreatedAt: stamp(e.CreatedAt), Status: status,
	}
}

func (s *Server) eventsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	f := attribution.Filter{}
	if f.UserID, err = queryText(c, "user_id"); err != nil {
		return err
	}
	if f.Type, err = queryText(c, "type"); err != nil {
		return err
	}
	if f.From, f.To, err = queryRange(c); err != nil {
		return err
	}
	found, err := s.Attribution.List(c.Request().Context(), f, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, func(l attribution.Listed) eventJSON { return eventOf(l.Event, l.Status) }))
}

// explainedJSON is an event with its attribution.
type explainedJSON struct {
	eventJSON

	Attribution attributionJSON `json:"attribution"`
}

func (s *Server) eventsShow(c echo.Context) error {
	id, err := pathID(c, "id", "event")
	if err != nil {
		return err
	}
	o, err := s.Attribution.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, explainedJSON{eventOf(o.Event, o.Decision.Status), attributionOf(o)})
}

// freeForm is an object of the merchant's own.
type freeForm = json.RawMessage
