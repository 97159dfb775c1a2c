package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/edge"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/tenants"
)

type signUpIn struct {
	Slug        string `json:"slug"`
	DisplayName string `json:"display_name"`
	AdminEmail  string `json:"admin_email"`
	AdminName   string `json:"admin_name"`
}

type signedUpJSON struct {
	Tenant     signedUpTenant  `json:"tenant"`
	MailQueued bool            `json:"mail_queued"`
	Network    signedUpNetwork `json:"network"`
}

type signedUpTenant struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
}

type signedUpNetwork struct {
	Status string `json:"status"`
}

// rootOperations are the endpoints outside of every program; there are some only where there are
// many programs.
func (s *Server) rootOperations() []operation {
	if !s.Edge.Multi {
		return nil
	}
	signUp := created(open(op(http.MethodPost, "/signup", "", s.signUp, "Create a program", signUpIn{}, signedUpJSON{}), limits.PerMinute("signup", 10)))
	signUp.Group, signUp.Root = edge.Global, true
	return []operation{signUp}
}

func (s *Server) signUp(c echo.Context) error {
	var in signUpIn
	if err := read(c, &in); err != nil {
		return err
	}
	t, err := s.Tenants.SignUp(c.Request().Context(), tenants.SignUpInput(in))
	if err != nil {
		return err
	}
	connects := "off"
	if s.Network.Offered() {
		connects = "queued"
	}
	return c.JSON(http.StatusCreated, signedUpJSON{
		Tenant: signedUpTenant{t.ID.String(), t.Slug}, MailQueued: true, Network: signedUpNetwork{Status: connects},
	})
}
