package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/stripeinbox"
	"github.com/openpartner/openpartner/views/stripe"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) settingsStripeEdit(c echo.Context) error {
	g, err := s.Settings.Stripe(c.Request().Context())
	if err != nil {
		return err
	}
	return s.stripeForm(c, http.StatusOK, g, nil)
}

func (s *Server) stripeForm(c echo.Context, status int, g settings.Stripe, wrong fault.Fields) error {
	u := urls(c)
	return s.formPage(c, status, ui.HeaderProps{Title: "Stripe", Subtitle: "What your customers pay there counts by itself."}, stripe.Settings(stripe.SettingsPage{
		Endpoint: u.Absolute(u.StripeWebhook()), HasSecretKey: g.HasSecretKey(), HasWebhookSecret: g.HasWebhookSecret(), ExcludeTax: g.ExcludeTax,
		Operators: s.StripeInbox.OperatorServes(), Errors: wrong,
	}))
}

func (s *Server) settingsStripeUpdate(c echo.Context) error {
	ctx := c.Request().Context()
	f, err := readForm(c)
	if err != nil {
		return err
	}
	g, err := s.Settings.UpdateStripe(ctx, f.stripe())
	if fields, wrong := fieldErrors(err); wrong {
		before, err := s.Settings.Stripe(ctx)
		if err != nil {
			return err
		}
		before.ExcludeTax = f.checked("exclude_tax")
		return s.stripeForm(c, http.StatusUnprocessableEntity, before, fields)
	}
	if err != nil {
		return err
	}
	notice := "Saved."
	if !g.HasWebhookSecret() && !s.StripeInbox.OperatorServes() {
		notice = "Saved. Without a signing secret nothing is taken from Stripe."
	}
	return s.done(c, notice, urls(c).SettingsStripe())
}

// stripe reads the form: an empty secret is kept, and one that is to be forgotten is empty.
func (f form) stripe() settings.StripeInput {
	secret := func(name string) *string {
		text := f.text(name)
		if text == "" && !f.checked("forget_"+name) {
			return nil
		}
		return &text
	}
	without := f.checked("exclude_tax")
	return settings.StripeInput{SecretKey: secret("secret_key"), WebhookSecret: secret("webhook_secret"), ExcludeTax: &without}
}

// stripeFilter reads what a list of events is narrowed by.
func stripeFilter(c echo.Context) (stripeinbox.Filter, fault.Fields, error) {
	q, err := readQuery(c)
	if err != nil {
		return stripeinbox.Filter{}, nil, err
	}
	wrong := fault.Fields{}
	f := stripeinbox.Filter{Query: q.text("q"), Status: chosenOf(q, wrong, "status", stripeinbox.Statuses())}
	return f, wrong, nil
}

func (s *Server) stripeEventsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	f, wrong, err := stripeFilter(c)
	if err != nil {
		return err
	}
	p := stripe.EventsPage{Filter: f, Wrong: wrong, Now: s.Now()}
	if len(wrong) == 0 {
		found, err := s.StripeInbox.List(c.Request().Context(), f, page)
		if err != nil {
			return err
		}
		p.Events, p.Pager = found.Items, pager(c, urls(c).StripeEvents(), stripe.ListTarget, found)
	}
	return s.page(c, listStatus(wrong), "Stripe events", stripe.Events(p))
}

func (s *Server) stripeEventsShow(c echo.Context) error {
	id, err := pathID(c, "id", "event")
	if err != nil {
		return err
	}
	e, err := s.StripeInbox.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.ok(c, "Stripe event", stripe.Event(stripe.EventPage{Event: e, MayEdit: mayEdit(c)}))
}

func (s *Server) stripeEventRetriesCreate(c echo.Context) error {
	id, err := pathID(c, "id", "event")
	if err != nil {
		return err
	}
	if err := s.StripeInbox.TryAgain(c.Request().Context(), id); err != nil {
		return err
	}
	return s.done(c, "The event is tried again.", urls(c).StripeEvent(id))
}

func (s *Platform) platformStripeEventsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	f, wrong, err := stripeFilter(c)
	if err != nil {
		return err
	}
	p := stripe.EventsPage{Filter: f, Wrong: wrong, Platform: true, Now: s.Now()}
	if len(wrong) == 0 {
		found, err := s.StripeInbox.ListAll(c.Request().Context(), f, page)
		if err != nil {
			return err
		}
		p.Events, p.Pager = found.Items, pager(c, urls(c).PlatformStripeEvents(), stripe.ListTarget, found)
	}
	return s.page(c, listStatus(wrong), "Stripe events", stripe.Events(p))
}

func (s *Platform) platformStripeEventsShow(c echo.Context) error {
	id, err := pathID(c, "id", "event")
	if err != nil {
		return err
	}
	e, err := s.StripeInbox.FindAny(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.ok(c, "Stripe event", stripe.Event(stripe.EventPage{Event: e.Event, Slug: e.Whose(), Platform: true, MayEdit: mayCommand(c)}))
}

// platformStripePayloadsCreate shows what an event says, which is written down; there is no address at
// which it could be seen again.
func (s *Platform) platformStripePayloadsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "event")
	if err != nil {
		return err
	}
	e, err := s.StripeInbox.Open(c.Request().Context(), id)
	if err != nil {
		return err
	}
	instead(c)
	return s.ok(c, "Stripe event", stripe.Event(stripe.EventPage{Event: e.Event, Slug: e.Whose(), Platform: true, MayEdit: true, Opened: true}))
}

func (s *Platform) platformStripeEventRetriesCreate(c echo.Context) error {
	id, err := pathID(c, "id", "event")
	if err != nil {
		return err
	}
	if err := s.StripeInbox.TryAnyAgain(c.Request().Context(), id); err != nil {
		return err
	}
	return s.done(c, "The event is tried again.", urls(c).PlatformStripeEvent(id))
}
