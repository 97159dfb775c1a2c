package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	portalview "github.com/openpartner/openpartner/views/portal"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) portalAPIKeysIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	keys, err := s.APIKeys.ListOwn(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return s.ok(c, "API keys", portalview.APIKeys(portalview.APIKeysPage{
		Keys: keys.Items, Now: s.Now(), Pager: pager(c, urls(c).PortalAPIKeys(), "", keys),
	}))
}

func (s *Server) portalAPIKeysNew(c echo.Context) error {
	return s.portalAPIKeyForm(c, http.StatusOK, portalview.APIKeyFormPage{})
}

func (s *Server) portalAPIKeyForm(c echo.Context, status int, p portalview.APIKeyFormPage) error {
	head := ui.HeaderProps{Title: "Make a key", Crumbs: []ui.Crumb{{Label: "API keys", Href: urls(c).PortalAPIKeys()}}}
	return s.formPage(c, status, head, portalview.APIKeyForm(p))
}

// portalAPIKeysCreate shows the key in place of the form; it can't be seen again.
func (s *Server) portalAPIKeysCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	until, err := f.validUntil()
	var made auth.APIKey
	var plain string
	if err == nil {
		made, plain, err = s.APIKeys.CreateOwn(c.Request().Context(), f.text("name"), until)
	}
	if fields, wrong := fieldErrors(err); wrong {
		return s.portalAPIKeyForm(c, http.StatusUnprocessableEntity, portalview.APIKeyFormPage{
			Name: f.text("name"), ExpiresAt: f.text("expires_at"), Errors: fields,
		})
	}
	if err != nil {
		return err
	}
	instead(c)
	return s.ok(c, "Your new key", portalview.APIKeyMade(made, plain))
}

func (s *Server) portalAPIKeyRevocationsNew(c echo.Context) error {
	id, err := pathID(c, "id", "API key")
	if err != nil {
		return err
	}
	k, err := s.APIKeys.FindOwn(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Revoke the key “" + k.Name + "”?", Text: "Programs that use it are refused at once. This can't be undone.",
		Action: urls(c).PortalAPIKeyRevocation(id), ConfirmLabel: "Revoke key", CancelHref: urls(c).PortalAPIKeys(), Danger: true,
	})
}

func (s *Server) portalAPIKeyRevocationsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "API key")
	if err != nil {
		return err
	}
	k, err := s.APIKeys.RevokeOwn(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, "The key “"+k.Name+"” is revoked.", urls(c).PortalAPIKeys())
}
