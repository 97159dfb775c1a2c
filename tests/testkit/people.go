package testkit

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Key makes an API key of the default program: an admin's, or one with scopes.
func (a *App) Key(scopes ...string) string {
	a.t.Helper()
	return a.KeyIn(tenancy.DefaultSlug, scopes...)
}

// KeyIn makes an API key of a program, as create-key does.
func (a *App) KeyIn(slug string, scopes ...string) string {
	a.t.Helper()
	in := auth.APIKeyInput{Name: "test", Kind: "admin"}
	if len(scopes) > 0 {
		in.Kind, in.Scopes = "scoped", scopes
	}
	var plain string
	a.asOperator(slug, func(ctx context.Context) (err error) {
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
	v := a.Visitor()
	if got := v.Post("/auth/verify", url.Values{"token": {a.SignInToken(email, name)}}); got.Status != http.StatusSeeOther {
		a.t.Fatalf("sign in: %d\n%s", got.Status, got.Body)
	}
	return v
}

// SignInToken is what makes up the link that SignIn follows.
func (a *App) SignInToken(email, name string) (token string) {
	a.t.Helper()
	a.asOperator(tenancy.DefaultSlug, func(ctx context.Context) error {
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
	return token
}

// asOperator does in a program what its operator does by a command, without a process
// for it.
func (a *App) asOperator(slug string, work func(ctx context.Context) error) {
	a.t.Helper()
	ctx := auth.With(context.Background(), auth.SystemPrincipal("command"))
	tenant, err := tenancy.NewResolver(a.DB.System, time.Now).BySlug(ctx, slug)
	if err == nil {
		err = tenancy.Run(ctx, a.DB.App, tenant, work)
	}
	if err != nil {
		a.t.Fatalf("as the operator: %v", err)
	}
}
