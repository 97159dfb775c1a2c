package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
)

type apiKeyIn struct {
	Name      string           `json:"name"`
	Kind      string           `json:"kind"`
	PartnerID Field[ID]        `json:"partner_id"`
	Scopes    Field[[]string]  `json:"scopes"`
	ExpiresAt Field[time.Time] `json:"expires_at"`
}

type apiKeyJSON struct {
	ID         uuid.UUID  `json:"id"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix"`
	Kind       string     `json:"kind"`
	PartnerID  *uuid.UUID `json:"partner_id"`
	Scopes     []string   `json:"scopes"`
	CreatedBy  *uuid.UUID `json:"created_by"`
	LastUsedAt *stamp     `json:"last_used_at"`
	ExpiresAt  *stamp     `json:"expires_at"`
	RevokedAt  *stamp     `json:"revoked_at"`
	CreatedAt  stamp      `json:"created_at"`
}

// newAPIKeyJSON shows the key itself, this once.
type newAPIKeyJSON struct {
	apiKeyJSON

	Key string `json:"key"`
}

func apiKeyOf(k auth.APIKey) apiKeyJSON {
	scopes := k.Scopes
	if scopes == nil {
		scopes = []string{}
	}
	return apiKeyJSON{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, Kind: k.Kind, PartnerID: k.PartnerID, Scopes: scopes, CreatedBy: k.CreatedBy,
		LastUsedAt: stampOf(k.LastUsedAt), ExpiresAt: stampOf(k.ExpiresAt), RevokedAt: stampOf(k.RevokedAt), CreatedAt: stamp(k.CreatedAt),
	}
}

func (s *Server) apiKeysIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	filter, err := keyFilter(c)
	if err != nil {
		return err
	}
	found, err := s.Keys.List(c.Request().Context(), filter, page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, apiKeyOf))
}

func keyFilter(c echo.Context) (f auth.KeyFilter, err error) {
	if f.Query, err = queryText(c, "q"); err != nil {
		return f, err
	}
	if f.Kind, err = queryChoice(c, "kind", auth.KeyKinds()); err != nil {
		return f, err
	}
	if f.Status, err = queryChoice(c, "status", auth.KeyStatuses()); err != nil {
		return f, err
	}
	f.CreatedBy, err = queryID(c, "created_by")
	return f, err
}

func (s *Server) apiKeysCreate(c echo.Context) error {
	var in apiKeyIn
	if err := read(c, &in); err != nil {
		return err
	}
	made, plain, err := s.Keys.Create(c.Request().Context(), auth.APIKeyInput{
		Name: in.Name, Kind: in.Kind, PartnerID: (*uuid.UUID)(in.PartnerID.Ptr()), Scopes: in.Scopes.Value, ExpiresAt: in.ExpiresAt.Ptr(),
	})
	if err != nil {
		return err
	}
	c.Set(secretKey, "key")
	return c.JSON(http.StatusCreated, newAPIKeyJSON{apiKeyOf(made), plain})
}

func (s *Server) apiKeysDelete(c echo.Context) error {
	id, err := pathID(c, "id", "API key")
	if err != nil {
		return err
	}
	if _, err := s.Keys.Revoke(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

type adminIn struct {
	Email string        `json:"email"`
	Name  string        `json:"name"`
	Role  Field[string] `json:"role"`
}

type adminJSON struct {
	ID           uuid.UUID `json:"id"`
	Email        string    `json:"email"`
	Name         string    `json:"name"`
	Role         string    `json:"role"`
	Status       string    `json:"status"`
	ActivatedAt  *stamp    `json:"activated_at"`
	RevokedAt    *stamp    `json:"revoked_at"`
	RevokeReason *string   `json:"revoke_reason"`
	LastSignInAt *stamp    `json:"last_sign_in_at"`
	CreatedAt    stamp     `json:"created_at"`
}

func adminOf(a auth.Admin) adminJSON {
	return adminJSON{
		ID: a.ID, Email: a.Email, Name: a.Name, Role: a.Role, Status: a.Status(), ActivatedAt: stampOf(a.ActivatedAt),
		RevokedAt: stampOf(a.RevokedAt), RevokeReason: a.RevokeReason, LastSignInAt: stampOf(a.LastSignInAt), CreatedAt: stamp(a.CreatedAt),
	}
}

func (s *Server) adminsIndex(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Admins.List(c.Request().Context(), page)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(found, adminOf))
}

func (s *Server) adminsCreate(c echo.Context) error {
	var in adminIn
	if err := read(c, &in); err != nil {
		return err
	}
	role := "admin"
	if in.Role.Set {
		role = in.Role.Value
	}
	a, err := s.Admins.Invite(c.Request().Context(), auth.AdminInput{Email: in.Email, Name: in.Name, Role: role})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, adminOf(a))
}

type reasonIn struct {
	Reason Field[string] `json:"reason"`
}

func (s *Server) adminsRevoke(c echo.Context) error {
	var in reasonIn
	if err := read(c, &in); err != nil {
		return err
	}
	return s.onAdmin(c, func(ctx context.Context, id uuid.UUID) (auth.Admin, error) {
		return s.Admins.Revoke(ctx, id, in.Reason.Value)
	})
}

func (s *Server) adminsReinstate(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	return s.onAdmin(c, s.Admins.Reinstate)
}

func (s *Server) adminsInvite(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	return s.onAdmin(c, s.Admins.Reinvite)
}

// onAdmin runs one step on the admin of the path.
func (s *Server) onAdmin(c echo.Context, step func(context.Context, uuid.UUID) (auth.Admin, error)) error {
	id, err := pathID(c, "id", "admin")
	if err != nil {
		return err
	}
	a, err := step(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, adminOf(a))
}
