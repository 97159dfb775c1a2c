package web

import (
	"context"
	"net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/views/access"
	"github.com/openpartner/openpartner/views/ui"
)

func (s *Server) adminsIndex(c echo.Context) error {
	ctx := c.Request().Context()
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, err := s.Admins.List(ctx, page)
	if err != nil {
		return err
	}
	refused, err := audit.Undelivered(ctx, idsOf(found.Items, func(a auth.Admin) uuid.UUID { return a.ID })...)
	if err != nil {
		return err
	}
	return s.ok(c, "Admins", access.Admins(access.AdminsPage{
		Admins: found.Items, Refused: refused, Me: auth.From(ctx).ID, Now: s.Now(), Pager: pager(c, urls(c).Admins(), "", found),
	}))
}

func (s *Server) adminsNew(c echo.Context) error {
	return s.adminForm(c, http.StatusOK, access.AdminFormPage{Role: "admin"})
}

func (s *Server) adminForm(c echo.Context, status int, p access.AdminFormPage) error {
	head := ui.HeaderProps{Title: "Invite an admin", Crumbs: []ui.Crumb{{Label: "Admins", Href: urls(c).Admins()}}}
	return s.formPage(c, status, head, access.AdminForm(p))
}

func (s *Server) adminsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in := auth.AdminInput{Email: f.text("email"), Name: f.text("name"), Role: f.text("role")}
	a, err := s.Admins.Invite(c.Request().Context(), in)
	if fields, wrong := fieldErrors(err); wrong {
		p := access.AdminFormPage{Name: in.Name, Email: in.Email, Role: in.Role, Errors: fields}
		return s.adminForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return s.done(c, "The invitation to "+a.Email+" is on its way.", urls(c).Admins())
}

// onAdmin runs one step on the admin of the path and goes back to the list.
func (s *Server) onAdmin(c echo.Context, step func(context.Context, uuid.UUID) (auth.Admin, error), notice func(auth.Admin) string) error {
	id, err := pathID(c, "id", "admin")
	if err != nil {
		return err
	}
	a, err := step(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.done(c, notice(a), urls(c).Admins())
}

func (s *Server) adminInvitationsCreate(c echo.Context) error {
	return s.onAdmin(c, s.Admins.Reinvite, func(a auth.Admin) string { return "The invitation to " + a.Email + " is on its way." })
}

func (s *Server) adminReinstatementsCreate(c echo.Context) error {
	return s.onAdmin(c, s.Admins.Reinstate, func(a auth.Admin) string { return a.Name + " may sign in again." })
}

func (s *Server) adminRevocationsNew(c echo.Context) error {
	id, err := pathID(c, "id", "admin")
	if err != nil {
		return err
	}
	a, err := s.Admins.Find(c.Request().Context(), id)
	if err != nil {
		return err
	}
	keys, err := s.APIKeys.Count(c.Request().Context(), auth.KeyFilter{CreatedBy: &id, Status: "active"})
	if err != nil {
		return err
	}
	return s.confirm(c, http.StatusOK, ui.ConfirmProps{
		Title: "Revoke " + a.Name + "?", Text: "They are signed out everywhere at once and can't sign in any more. You can reinstate them.",
		Action: urls(c).AdminRevocation(id), ConfirmLabel: "Revoke admin", CancelHref: urls(c).Admins(), Danger: true,
	}, access.KeysStay(keys, urls(c).APIKeysAtWorkBy(id)), ui.Field(ui.FieldProps{Name: "reason", Label: "Reason", Optional: true, MaxLength: 200}))
}

func (s *Server) adminRevocationsCreate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	revoke := func(ctx context.Context, id uuid.UUID) (auth.Admin, error) {
		return s.Admins.Revoke(ctx, id, f.text("reason"))
	}
	return s.onAdmin(c, revoke, func(a auth.Admin) string { return a.Name + " has no access any more." })
}
