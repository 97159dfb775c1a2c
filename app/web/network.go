package web

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/tenancy"
	networkview "github.com/openpartner/openpartner/views/network"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) networkShow(c echo.Context) error {
	return s.networkPage(c, http.StatusOK, "", nil)
}

// networkPage shows how the program stands to the Network, with an address that was refused.
func (s *Server) networkPage(c echo.Context, status int, typed string, wrong fault.Fields) error {
	ctx := c.Request().Context()
	o, err := s.Network.Show(ctx)
	if err != nil {
		return err
	}
	p := networkview.ConnectionPage{Overview: o, MaySet: !s.Edge.Multi, MayEdit: mayEdit(c), Now: s.Now(), Typed: typed, Errors: wrong}
	if o.BackfillJobID != nil {
		job, err := s.Backlog.Find(ctx, *o.BackfillJobID)
		if err != nil && !fault.Is(err, fault.KindNotFound) {
			return err
		}
		if err == nil { // one that went well is kept for some days only
			p.Backfill = &job
		}
	}
	return s.page(c, status, "Network", networkview.Connection(p))
}

// networkUpdate takes each of the small forms of the page: what it does not hold stays.
func (s *Server) networkUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	var in network.Change
	if f.Has("url") {
		address := f.text("url")
		in.URL = &address
	}
	if f.Has("paused") {
		paused := f.checked("paused")
		in.Paused = &paused
	}
	if f.checked("settings") {
		enrol := f.checked("auto_enroll")
		in.AutoEnroll = &enrol
	}
	_, err = s.Network.Update(c.Request().Context(), in)
	if fields, wrong := fieldErrors(err); wrong {
		return s.networkPage(c, http.StatusUnprocessableEntity, f.text("url"), fields)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Saved.", urls(c).Network())
}

func (s *Server) networkConnectionsNew(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.Network.Show(ctx)
	if err != nil {
		return err
	}
	p := networkview.ConnectPage{DisplayName: tenancy.From(ctx).Name, ContactEmail: auth.From(ctx).Email, ContactName: auth.From(ctx).Name}
	if o.DisplayName != nil && o.ContactEmail != nil {
		p.DisplayName, p.ContactEmail, p.ContactName = *o.DisplayName, *o.ContactEmail, ""
	}
	if o.ContactName != nil {
		p.ContactName = *o.ContactName
	}
	return s.connectForm(c, http.StatusOK, p)
}

func (s *Server) connectForm(c echo.Context, status int, p networkview.ConnectPage) error {
	return s.formPage(c, status, networkHeader(c, "Connect to the Network"), networkview.ConnectForm(p))
}

func networkHeader(c echo.Context, title string) ui.HeaderProps {
	return ui.HeaderProps{Title: title, Crumbs: []ui.Crumb{{Label: "Network", Href: urls(c).Network()}}}
}

func (s *Server) networkConnectionsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := networkview.ConnectPage{ContactEmail: f.text("contact_email"), ContactName: f.text("contact_name"), DisplayName: f.text("display_name")}
	_, err = s.Network.Connect(c.Request().Context(), s.Edge.Run, network.ConnectInput{ContactEmail: p.ContactEmail, ContactName: p.ContactName, DisplayName: p.DisplayName})
	status, err := refused(err, &p.Problem, &p.Errors)
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		if status != http.StatusOK {
			return s.connectForm(c, status, p)
		}
		return s.done(c, "The Network has sent a mail to "+p.ContactEmail+".", urls(c).Network())
	})
}

// networkCompletionsNew is where the link of the mail leads. It changes nothing: a scanner of mails
// may open it.
func (s *Server) networkCompletionsNew(c echo.Context) error {
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	return s.completionForm(c, http.StatusOK, networkview.CompletePage{Token: q.text("ntoken"), State: q.text("state")})
}

func (s *Server) completionForm(c echo.Context, status int, p networkview.CompletePage) error {
	ctx := c.Request().Context()
	o, err := s.Network.Show(ctx)
	if err != nil {
		return err
	}
	p.Hub, p.Name = o.Hub, tenancy.From(ctx).Name
	if o.DisplayName != nil {
		p.Name = *o.DisplayName
	}
	return s.formPage(c, status, networkHeader(c, "Complete the connection"), networkview.Complete(p))
}

func (s *Server) networkCompletionsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	p := networkview.CompletePage{Token: f.text("ntoken"), State: f.text("state")}
	_, err = s.Network.Complete(c.Request().Context(), s.Edge.Run, p.Token, p.State)
	status, err := refused(err, &p.Problem, nil)
	if err != nil {
		return err
	}
	return s.within(c, func() error {
		if status != http.StatusOK {
			return s.completionForm(c, status, p)
		}
		return s.done(c, "Connected. The Network hears of new partners from now on.", urls(c).Network())
	})
}

func (s *Server) networkDisconnectionsNew(c echo.Context) error {
	return s.confirm(c, http.StatusOK, disconnection(c))
}

func disconnection(c echo.Context) ui.ConfirmProps {
	u := urls(c)
	return ui.ConfirmProps{
		Title: "Disconnect from the Network?", Text: "Its key is worth nothing at once, and it is told of no partner any more. Partners and links stay. What waits in the outbox stays until you discard it.",
		Action: u.NetworkDisconnection(), ConfirmLabel: "Disconnect", CancelHref: u.Network(), Danger: true,
	}
}

func (s *Server) networkDisconnectionsCreate(c echo.Context) error {
	return s.call(c, order{asked: disconnection(c), notice: "Disconnected.", next: urls(c).Network(), do: func(ctx context.Context, _ form) error {
		return s.Network.Disconnect(ctx, s.Edge.Run)
	}})
}

func (s *Server) networkTokensNew(c echo.Context) error {
	return s.confirm(c, http.StatusOK, rotation(c))
}

func rotation(c echo.Context) ui.ConfirmProps {
	u := urls(c)
	return ui.ConfirmProps{
		Title: "Get a new token?", Text: "The Network gives a new one. It takes the one before for ten minutes more.",
		Action: u.NetworkToken(), ConfirmLabel: "Get a new token", CancelHref: u.Network(),
	}
}

func (s *Server) networkTokensCreate(c echo.Context) error {
	return s.call(c, order{asked: rotation(c), notice: "There is a new token.", next: urls(c).Network(), do: func(ctx context.Context, _ form) error {
		return s.Network.Rotate(ctx, s.Edge.Run)
	}})
}

func (s *Server) networkBackfillsNew(c echo.Context) error {
	u := urls(c)
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Tell the Network of all partners?", Text: "Their names, addresses and profiles go there. Whoever it knows already is not told twice.",
		Action: u.NetworkBackfill(), ConfirmLabel: "Start the backfill", CancelHref: u.Network(),
	})
}

func (s *Server) networkBackfillsCreate(c echo.Context) error {
	if _, _, err := s.Network.Backfill(c.Request().Context()); err != nil {
		return err
	}
	return s.done(c, "The backfill has begun.", urls(c).Network())
}
