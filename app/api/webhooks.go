package api

import (
	"encoding/json"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/webhooks"
)

type webhookIn struct {
	URL    string          `json:"url"`
	Events Field[[]string] `json:"events"`
	Label  Field[string]   `json:"label"`
}

type webhookPatch struct {
	URL    Field[string]   `json:"url"`
	Events Field[[]string] `json:"events"`
	Label  Field[string]   `json:"label"`
	Status Field[string]   `json:"status"`
}

type webhookJSON struct {
	ID             uuid.UUID `json:"id"`
	URL            string    `json:"url"`
	Label          *string   `json:"label"`
	Events         []string  `json:"events"`
	Status         string    `json:"status"`
	FailingSince   *stamp    `json:"failing_since"`
	DisabledReason *string   `json:"disabled_reason"`
	PreviousUntil  *stamp    `json:"previous_secret_until"`
	CreatedAt      stamp     `json:"created_at"`
}

// newWebhookJSON shows the secret, this once.
type newWebhookJSON struct {
	webhookJSON

	Secret string `json:"secret"`
}

type deliveryJSON struct {
	ID             uuid.UUID       `json:"id"`
	EndpointID     uuid.UUID       `json:"endpoint_id"`
	MessageID      string          `json:"message_id"`
	EventType      string          `json:"event_type"`
	Payload        json.RawMessage `json:"payload"`
	Status         string          `json:"status"`
	Attempts       int             `json:"attempts"`
	NextAttemptAt  *stamp          `json:"next_attempt_at"`
	AttemptedAt    *stamp          `json:"attempted_at"`
	ResponseStatus *int            `json:"response_status"`
	ResponseMS     *int            `json:"response_ms"`
	ResponseBody   *string         `json:"response_body"`
	Error          *string         `json:"error"`
	CreatedAt      stamp           `json:"created_at"`
}

func webhookOf(e webhooks.Endpoint) webhookJSON {
	return webhookJSON{
		ID: e.ID, URL: e.URL, Label: e.Label, Events: e.Events, Status: e.Status, FailingSince: stampOf(e.FailingSince),
		DisabledReason: e.DisabledReason, PreviousUntil: stampOf(e.PreviousUntil), CreatedAt: stamp(e.CreatedAt),
	}
}

func deliveryOf(d webhooks.Delivery) deliveryJSON {
	return deliveryJSON{
		ID: d.ID, EndpointID: d.EndpointID, MessageID: d.MessageID, EventType: d.EventType, Payload: d.Payload, Status: d.Status, Attempts: d.Attempts,
		NextAttemptAt: stampOf(d.NextAttemptAt), AttemptedAt: stampOf(d.AttemptedAt), ResponseStatus: d.ResponseStatus, ResponseMS: d.ResponseMS,
		ResponseBody: d.ResponseBody, Error: d.Error, CreatedAt: stamp(d.CreatedAt),
	}
}

func (s *Server) webhooksIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Webhooks.List(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, webhookOf))
}

func (s *Server) webhooksCreate(c echo.Context) error {
	var in webhookIn
	if err := read(c, &in); err != nil {
		return err
	}
	e, secret, err := s.Webhooks.Create(c.Request().Context(), webhooks.Input{URL: in.URL, Label: in.Label.Value, Events: in.Events.Value})
	return writeSecret(c, http.StatusCreated, e, secret, err)
}

// writeSecret shows a secret, which no stored answer keeps.
func writeSecret(c echo.Context, status int, e webhooks.Endpoint, secret string, err error) error {
	if err != nil {
		return err
	}
	c.Set(secretKey, "secret")
	return c.JSON(status, newWebhookJSON{webhookOf(e), secret})
}

func (s *Server) webhooksUpdate(c echo.Context) error {
	var in webhookPatch
	if err := read(c, &in); err != nil {
		return err
	}
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	change := webhooks.Update{URL: in.URL.Ptr(), Label: sent(in.Label), Status: in.Status.Ptr()}
	if in.Events.Set {
		change.Events = append([]string{}, in.Events.Value...)
	}
	e, err := s.Webhooks.Update(c.Request().Context(), id, change)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, webhookOf(e))
}

func (s *Server) webhooksDelete(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	if _, err := s.Webhooks.Delete(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) webhooksRotate(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	e, secret, err := s.Webhooks.RotateSecret(c.Request().Context(), id)
	return writeSecret(c, http.StatusOK, e, secret, err)
}

func (s *Server) webhooksTest(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	d, err := s.Webhooks.Test(c.Request().Context(), id)
	return writeDelivery(c, d, err)
}

func writeDelivery(c echo.Context, d webhooks.Delivery, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, deliveryOf(d))
}

func (s *Server) deliveriesIndex(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	f := webhooks.DeliveryFilter{EndpointID: id}
	if f.Status, err = queryChoice(c, "status", webhooks.DeliveryStatuses()); err != nil {
		return err
	}
	found, err := s.Webhooks.Deliveries(c.Request().Context(), f, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, deliveryOf))
}

func (s *Server) deliveriesRedeliver(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	delivery, err := pathID(c, "delivery_id", "delivery")
	if err != nil {
		return err
	}
	d, err := s.Webhooks.Redeliver(c.Request().Context(), id, delivery)
	return writeDelivery(c, d, err)
}
