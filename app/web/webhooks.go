package web

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/webhooks"
	"github.com/openpartner/openpartner/views/ui"
	webhooksview "github.com/openpartner/openpartner/views/webhooks"
)

func (s *Server) webhooksIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Webhooks.List(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return s.ok(c, "Webhooks", webhooksview.Index(webhooksview.IndexPage{
		Endpoints: found.Items, Now: s.Now(), MayEdit: mayEdit(c), Pager: pager(c, urls(c).Webhooks(), "", found),
	}))
}

func (s *Server) webhooksNew(c echo.Context) error {
	return s.webhookForm(c, http.StatusOK, webhooksview.FormPage{Events: []string{webhooks.Everything}})
}

func (s *Server) webhookForm(c echo.Context, status int, p webhooksview.FormPage) error {
	p.Action, p.Back, p.Submit = urls(c).Webhooks(), urls(c).Webhooks(), "Add the webhook"
	head := ui.HeaderProps{Title: "Add a webhook", Crumbs: []ui.Crumb{{Label: "Webhooks", Href: urls(c).Webhooks()}}}
	return s.formPage(c, status, head, webhooksview.Form(p))
}

func (f form) webhook(wrong fault.Fields) webhooksview.FormPage {
	return webhooksview.FormPage{URL: f.text("url"), Label: f.text("label"), Events: f.Values["events"], Errors: wrong}
}

func (s *Server) webhooksCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	e, secret, err := s.Webhooks.Create(c.Request().Context(), webhooks.Input{URL: f.text("url"), Label: f.text("label"), Events: f.Values["events"]})
	if fields, wrong := fieldErrors(err); wrong {
		return s.webhookForm(c, http.StatusUnprocessableEntity, f.webhook(fields))
	}
	if err != nil {
		return err
	}
	return s.webhookSecret(c, e, secret)
}

// webhookSecret shows a secret where the form stood; there is no address at which it could be seen
// again.
func (s *Server) webhookSecret(c echo.Context, e webhooks.Endpoint, secret string) error {
	instead(c)
	return s.ok(c, "The secret", webhooksview.Secret(e, secret))
}

// webhook is the endpoint of the path.
func (s *Server) webhook(c echo.Context) (webhooks.Endpoint, error) {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return webhooks.Endpoint{}, err
	}
	return s.Webhooks.Find(c.Request().Context(), id)
}

func (s *Server) webhooksShow(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	wrong := fault.Fields{}
	status := chosenOf(q, wrong, "status", webhooks.DeliveryStatuses())
	if err := wrong.Err(); err != nil {
		return err
	}
	e, err := s.webhook(c)
	if err != nil {
		return err
	}
	found, err := s.Webhooks.Deliveries(c.Request().Context(), webhooks.DeliveryFilter{EndpointID: e.ID, Status: status}, page)
	if err != nil {
		return err
	}
	return s.ok(c, "Webhook", webhooksview.Show(webhooksview.ShowPage{
		Endpoint: e, Deliveries: found.Items, Status: status, Now: s.Now(), MayEdit: mayEdit(c),
		Pager: pager(c, urls(c).WebhookShow(e.ID), "#"+webhooksview.DeliveriesID, found),
	}))
}

func (s *Server) webhooksEdit(c echo.Context) error {
	e, err := s.webhook(c)
	if err != nil {
		return err
	}
	p := webhooksview.FormPage{URL: e.URL, Events: e.Events}
	if e.Label != nil {
		p.Label = *e.Label
	}
	return s.webhookEditForm(c, http.StatusOK, e, p)
}

func (s *Server) webhookEditForm(c echo.Context, status int, e webhooks.Endpoint, p webhooksview.FormPage) error {
	p.Action, p.Back, p.Submit = urls(c).WebhookShow(e.ID), urls(c).WebhookShow(e.ID), "Save"
	head := ui.HeaderProps{Title: "Edit the webhook", Crumbs: []ui.Crumb{{Label: "Webhooks", Href: urls(c).Webhooks()}}}
	return s.formPage(c, status, head, webhooksview.Form(p))
}

func (s *Server) webhooksUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	e, err := s.webhook(c)
	if err != nil {
		return err
	}
	address, label := f.text("url"), f.text("label")
	_, err = s.Webhooks.Update(c.Request().Context(), e.ID, webhooks.Update{URL: &address, Label: &label, Events: append([]string{}, f.Values["events"]...)})
	if fields, wrong := fieldErrors(err); wrong {
		return s.webhookEditForm(c, http.StatusUnprocessableEntity, e, f.webhook(fields))
	}
	if err != nil {
		return err
	}
	return s.done(c, "Saved.", urls(c).WebhookShow(e.ID))
}

func (s *Server) webhookStatusCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	status := f.text("status")
	e, err := s.Webhooks.Update(c.Request().Context(), id, webhooks.Update{Status: &status})
	if err != nil {
		return err
	}
	return s.done(c, "The webhook is "+e.Status+" now.", urls(c).WebhookShow(id))
}

func (s *Server) webhookRemovalsNew(c echo.Context) error {
	e, err := s.webhook(c)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Remove the webhook to " + e.URL + "?", Text: "Nothing is sent to it any more, and its log goes with it. This can't be undone.",
		Action: urls(c).WebhookRemoval(e.ID), ConfirmLabel: "Remove webhook", CancelHref: urls(c).WebhookShow(e.ID), Danger: true,
	})
}

func (s *Server) webhookRemovalsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	if _, err := s.Webhooks.Delete(c.Request().Context(), id); err != nil {
		return err
	}
	return s.done(c, "The webhook is removed.", urls(c).Webhooks())
}

func (s *Server) webhookSecretsNew(c echo.Context) error {
	e, err := s.webhook(c)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Make a new secret?", Text: "For 24 hours messages carry signatures by both the new and the former secret, so that you can change your program meanwhile.",
		Action: urls(c).WebhookSecret(e.ID), ConfirmLabel: "Make a new secret", CancelHref: urls(c).WebhookShow(e.ID),
	})
}

func (s *Server) webhookSecretsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	e, secret, err := s.Webhooks.RotateSecret(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.webhookSecret(c, e, secret)
}

func (s *Server) webhookTestsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	d, err := s.Webhooks.Test(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, "A test message is on its way. Reload to see what came back.", urls(c).WebhookDelivery(id, d.ID))
}

func (s *Server) webhookRedeliveriesCreate(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	n, err := s.Webhooks.RedeliverFailed(c.Request().Context(), id)
	if err != nil {
		return err
	}
	notice := "There is nothing that failed."
	if n > 0 {
		notice = "On their way again: " + strconv.Itoa(n) + "."
	}
	return s.done(c, notice, urls(c).WebhookShow(id))
}

func (s *Server) webhookDeliveriesShow(c echo.Context) error {
	e, err := s.webhook(c)
	if err != nil {
		return err
	}
	id, err := pathID(c, "delivery", "delivery")
	if err != nil {
		return err
	}
	d, err := s.Webhooks.Delivery(c.Request().Context(), e.ID, id)
	if err != nil {
		return err
	}
	return s.ok(c, d.EventType, webhooksview.Delivery(webhooksview.DeliveryPage{Endpoint: e, Delivery: d, MayEdit: mayEdit(c), Now: s.Now()}))
}

func (s *Server) webhookDeliveryRedeliveriesCreate(c echo.Context) error {
	id, err := pathID(c, "id", "webhook")
	if err != nil {
		return err
	}
	delivery, err := pathID(c, "delivery", "delivery")
	if err != nil {
		return err
	}
	if _, err := s.Webhooks.Redeliver(c.Request().Context(), id, delivery); err != nil {
		return err
	}
	return s.done(c, "The message is on its way again.", urls(c).WebhookDelivery(id, delivery))
}
