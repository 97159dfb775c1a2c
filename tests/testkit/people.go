package testkit

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Key makes an API key of the default program, as create-key does: an admin's, or one with scopes.
func (a *App) Key(scopes ...string) string {
	a.t.Helper()
	in := auth.APIKeyInput{Name: "test", Kind: "admin"}
	if len(scopes) > 0 {
		in.Kind, in.Scopes = "scoped", scopes
	}
	var plain string
	a.asOperator(func(ctx context.Context) (err error) {
		_, plain, err = auth.NewAPIKeys(time.Now).Create(ctx, in)
		return err
	})
	return plain
}

// Admin is a visitor who signed in as an admin.
func (a *App) Admin() *Visitor {
	a.t.Helper()
	return a.SignIn("ada@example.com", "Ada Admin")
}

// SignIn is a visitor who signed in as the admin with that address, who is added when there is none,
// by a link as create-admin prints it.
func (a *App) SignIn(email, name string) *Visitor {
	a.t.Helper()
	var token string
	a.asOperator(func(ctx context.Context) error {
		admins := auth.NewAdmins(time.Now)
		admin, err := admins.FindByEmail(ctx, email)
		if err != nil {
			admin, err = admins.Found(ctx, auth.AdminInput{Email: email, Name: name})
		}
		if err != nil {
			return err
		}
		token, err = auth.NewMagicLinks(time.Now).Mint(ctx, auth.MagicLink{
			Purpose: auth.PurposeSignIn, PrincipalKind: auth.AdminKind, PrincipalID: admin.ID, Email: admin.Email,
		})
		return err
	})
	v := a.Visitor()
	if got := v.Post("/auth/verify", url.Values{"token": {token}}); got.Status != http.StatusSeeOther {
		a.t.Fatalf("sign in: %d\n%s", got.Status, got.Body)
	}
	return v
}

// asOperator does in the default program what its operator does by a command, without a process
// for it.
func (a *App) asOperator(work func(ctx context.Context) error) {
	a.t.Helper()
	ctx := auth.With(context.Background(), auth.SystemPrincipal("command"))
	if err := tenancy.Run(ctx, a.DB.App, Tenant(), work); err != nil {
		a.t.Fatalf("as the operator: %v", err)
	}
}
