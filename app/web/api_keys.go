package web

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/ids"
	"github.com/openpartner/openpartner/views/access"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) apiKeysIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	q, err := readQuery(c)
	if err != nil {
		return err
	}
	filter, wrong := q.apiKeys()
	p := access.APIKeysPage{Filter: filter, Errors: wrong, Now: s.Now(), MayEdit: mayEdit(c)}
	if len(wrong) == 0 {
		found, err := s.APIKeys.List(ctx, filter, page)
		if err != nil {
			return err
		}
		p.Keys, p.Pager = found.Items, pager(c, urls(c).APIKeys(), access.KeysTarget, found)
	}
	if err := s.aboutKeys(ctx, &p); err != nil {
		return err
	}
	return s.page(c, listStatus(wrong), "API keys", access.APIKeys(p))
}

// aboutKeys adds whose the keys are, who made them, and whose one may look for.
func (s *Server) aboutKeys(ctx context.Context, p *access.APIKeysPage) (err error) {
	var whose []uuid.UUID
	for _, k := range p.Keys {
		if k.PartnerID != nil {
			whose = append(whose, *k.PartnerID)
		}
	}
	if p.Partners, err = s.Partners.NamesOf(ctx, whose); err != nil {
		return err
	}
	if p.Makers, err = s.APIKeys.Makers(ctx, p.Keys); err != nil {
		return err
	}
	actors, err := audit.Actors(ctx)
	p.MadeBy = withChoice(access.People(actors), p.Filter.CreatedBy)
	return err
}

// apiKeys reads the filters of the list of keys.
func (f form) apiKeys() (auth.KeyFilter, fault.Fields) {
	wrong := fault.Fields{}
	return auth.KeyFilter{
		Query: f.text("q"), Kind: chosenOf(f, wrong, "kind", auth.KeyKinds()), Status: chosenOf(f, wrong, "status", auth.KeyStatuses()),
		CreatedBy: f.chosen(wrong, "created_by"),
	}, wrong
}

func apiKeyHeader(c echo.Context) ui.HeaderProps {
	return ui.HeaderProps{Title: "Make a key", Crumbs: []ui.Crumb{{Label: "API keys", Href: urls(c).APIKeys()}}}
}

func (s *Server) apiKeysNew(c echo.Context) error {
	return s.apiKeyForm(c, http.StatusOK, access.APIKeyFormPage{Kind: "scoped", Scopes: []string{"events:write"}})
}

func (s *Server) apiKeyForm(c echo.Context, status int, p access.APIKeyFormPage) error {
	names, err := s.Partners.Names(c.Request().Context())
	if err != nil {
		return err
	}
	p.Uses = s.ScopeUses
	for _, n := range names {
		p.Partners = append(p.Partners, ui.Option{Value: n.ID.String(), Label: n.Name})
	}
	return s.formPage(c, status, apiKeyHeader(c), access.APIKeyForm(p))
}

func (s *Server) apiKeysCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in, err := f.apiKey()
	if err == nil {
		var made auth.APIKey
		var plain string
		if made, plain, err = s.APIKeys.Create(c.Request().Context(), in); err == nil {
			return s.keyMade(c, made, plain)
		}
	}
	fields, wrong := fieldErrors(err)
	if !wrong {
		return err
	}
	return s.apiKeyForm(c, http.StatusUnprocessableEntity, access.APIKeyFormPage{
		Name: f.text("name"), Kind: f.text("kind"), PartnerID: f.text("partner_id"), ExpiresAt: f.text("expires_at"),
		Scopes: f.Values["scopes"], Errors: fields,
	})
}

// keyMade shows the key where the form stood; there is no address at which it could be seen
// again.
func (s *Server) keyMade(c echo.Context, k auth.APIKey, plain string) error {
	if fragment(c) {
		c.Response().Header().Set("HX-Retarget", "#main")
		c.Response().Header().Set("HX-Reswap", "innerHTML show:top")
	}
	return s.ok(c, "Your new key", access.APIKeyMade(k, plain))
}

// apiKey reads the form; only what belongs to the chosen kind counts.
func (f form) apiKey() (auth.APIKeyInput, error) {
	in := auth.APIKeyInput{Name: f.text("name"), Kind: f.text("kind")}
	switch in.Kind {
	case "scoped":
		in.Scopes = f.Values["scopes"]
	case "partner":
		id, err := ids.Parse(f.text("partner_id"))
		if err != nil {
			return in, fault.InvalidField("partner_id", "Choose whose key it is.")
		}
		in.PartnerID = &id
	}
	var err error
	in.ExpiresAt, err = f.validUntil()
	return in, err
}

// validUntil reads the last day of a key; nil for none.
func (f form) validUntil() (*time.Time, error) {
	if f.text("expires_at") == "" {
		return nil, nil //nolint:nilnil // it has none
	}
	last, err := time.Parse(time.DateOnly, f.text("expires_at"))
	if err != nil {
		return nil, fault.InvalidField("expires_at", "Give a day such as 2027-01-31.")
	}
	end := last.AddDate(0, 0, 1)
	return &end, nil
}

func (s *Server) apiKeyRevocationsNew(c echo.Context) error {
	id, err := pathID(c, "id", "API key")
	if err != nil {
		return err
	}
	k, err := s.APIKeys.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Revoke the key “" + k.Name + "”?", Text: "Programs that use it are refused at once. This can't be undone.",
		Action: urls(c).APIKeyRevocation(id), ConfirmLabel: "Revoke key", CancelHref: urls(c).APIKeys(), Danger: true,
	})
}

func (s *Server) apiKeyRevocationsCreate(c echo.Context) error {
	id, err := pathID(c, "id", "API key")
	if err != nil {
		return err
	}
	k, err := s.APIKeys.Revoke(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, "The key “"+k.Name+"” is revoked.", urls(c).APIKeys())
}
