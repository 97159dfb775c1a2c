package settings_test

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/netguard"
	"github.com/openpartner/openpartner/app/secrets"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/tests/testkit"
)

func ptr[T any](v T) *T { return &v }

func setup(t *testing.T) (context.Context, *settings.Service) {
	t.Helper()
	ring, err := secrets.ParseKeyring(secrets.Generate())
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }
	guard := netguard.New([]netip.Prefix{netip.MustParsePrefix("192.168.7.0/24")})
	return testkit.Tx(t), settings.NewService(ring, tenancy.NewResolver(nil, now), guard, now)
}

// complete is mail by a server with a password.
func complete() settings.MailInput {
	return settings.MailInput{
		Transport: ptr(settings.TransportSMTP), Host: ptr("smtp.example.com"), Username: ptr("shop"),
		Password: ptr("correct horse"), FromEmail: ptr("Shop@Example.com"),
	}
}

func TestService_UpdateMail(t *testing.T) {
	t.Parallel()
	t.Run("SecretNeverReadableInTheTable", func(t *testing.T) {
		t.Parallel()
		ctx, s := setup(t)
		m, err := s.UpdateMail(ctx, complete())
		if err != nil || !m.HasPassword() || m.FromEmail != "shop@example.com" || m.Port != 587 {
			t.Fatalf("err %v, got %+v", err, m)
		}
		var stored string
		if err := db.Tx(ctx).NewRaw(`select value::text from config where key = 'mail'`).Scan(ctx, &stored); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(stored, "correct horse") {
			t.Fatal("the password is stored as it is")
		}
		route, err := s.MailRoute(ctx)
		if err != nil || route.SMTP == nil || route.SMTP.Password != "correct horse" {
			t.Fatalf("err %v, got %+v", err, route)
		}
	})
	t.Run("OtherFieldsStay", func(t *testing.T) {
		t.Parallel()
		ctx, s := setup(t)
		if _, err := s.UpdateMail(ctx, complete()); err != nil {
			t.Fatal(err)
		}
		m, err := s.UpdateMail(ctx, settings.MailInput{FromName: ptr("The shop")})
		if err != nil || !m.HasPassword() || m.Host != "smtp.example.com" || m.FromName != "The shop" {
			t.Fatalf("err %v, got %+v", err, m)
		}
	})
	t.Run("PasswordBelongsToItsServer", func(t *testing.T) {
		t.Parallel()
		ctx, s := setup(t)
		if _, err := s.UpdateMail(ctx, complete()); err != nil {
			t.Fatal(err)
		}
		m, err := s.UpdateMail(ctx, settings.MailInput{Host: ptr("smtp.evil.example")})
		if err != nil || m.HasPassword() {
			t.Fatalf("err %v, got %+v", err, m)
		}
	})
	t.Run("PostmarkByToken", func(t *testing.T) {
		t.Parallel()
		ctx, s := setup(t)
		in := settings.MailInput{Transport: ptr(settings.TransportPostmark), FromEmail: ptr("shop@example.com"), Token: ptr("pm-token")}
		if _, err := s.UpdateMail(ctx, in); err != nil {
			t.Fatal(err)
		}
		route, err := s.MailRoute(ctx)
		if err != nil || route.SMTP.Username != "pm-token" || route.SMTP.Password != "pm-token" || route.SMTP.TLS != "required" {
			t.Fatalf("err %v, got %+v", err, route.SMTP)
		}
	})
}

func TestService_UpdateMail_Refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*settings.MailInput)
		field  string
	}{
		"UnknownTransport": {func(in *settings.MailInput) { in.Transport = ptr(settings.Transport("pigeon")) }, "transport"},
		"NoHost":           {func(in *settings.MailInput) { in.Host = nil }, "host"},
		"HostWithPath":     {func(in *settings.MailInput) { in.Host = ptr("smtp.example.com/x") }, "host"},
		"PrivateHost":      {func(in *settings.MailInput) { in.Host = ptr("10.0.0.7") }, "host"},
		"Port":             {func(in *settings.MailInput) { in.Port = ptr(70000) }, "port"},
		"TLS":              {func(in *settings.MailInput) { in.TLS = ptr("perhaps") }, "tls"},
		"NoSender":         {func(in *settings.MailInput) { in.FromEmail = nil }, "from_email"},
		"WrongSender":      {func(in *settings.MailInput) { in.FromEmail = ptr("nobody") }, "from_email"},
		"LongPassword":     {func(in *settings.MailInput) { in.Password = ptr(strings.Repeat("x", 501)) }, "password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, s := setup(t)
			in := complete()
			c.change(&in)
			_, err := s.UpdateMail(ctx, in)
			if f, ok := fault.From(err); !ok || f.Fields[c.field] == "" {
				t.Fatalf("want a fault about %s, got %v", c.field, err)
			}
		})
	}
}

func TestService_UpdateMail_TakesAllowedPrivateServer(t *testing.T) {
	t.Parallel()
	ctx, s := setup(t)
	in := complete()
	in.Host = ptr("192.168.7.25")
	if _, err := s.UpdateMail(ctx, in); err != nil {
		t.Fatal(err)
	}
}

func TestService_UpdateProgram(t *testing.T) {
	t.Parallel()
	ctx, s := setup(t)
	p, err := s.UpdateProgram(ctx, settings.ProgramInput{Name: ptr("Tea club"), AccentColor: ptr("#AA3300"), Terms: ptr("Be kind.")})
	if err != nil || p.Name != "Tea club" || p.AccentColor != "#aa3300" || p.TermsVersion != "2026-05-01" {
		t.Fatalf("err %v, got %+v", err, p)
	}
	p, err = s.UpdateProgram(ctx, settings.ProgramInput{Terms: ptr("Be kinder.")})
	if err != nil || p.Name != "Tea club" || p.TermsVersion != "2026-05-01.2" {
		t.Fatalf("err %v, got %+v", err, p)
	}
	for field, in := range map[string]settings.ProgramInput{
		"name":         {Name: ptr("  ")},
		"website":      {Website: ptr("javascript:alert(1)")},
		"accent_color": {AccentColor: ptr("red")},
	} {
		if _, err := s.UpdateProgram(ctx, in); !names(err, field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestService_UpdateTracking(t *testing.T) {
	t.Parallel()
	ctx, s := setup(t)
	if _, err := s.UpdateTracking(ctx, settings.TrackingInput{RequireSignature: ptr(true)}); !names(err, "require_signature") {
		t.Fatalf("a signature without a secret: got %v", err)
	}
	secret, err := s.NewIdentifySecret(ctx)
	if err != nil || len(secret) != 64 {
		t.Fatalf("err %v, got %q", err, secret)
	}
	if _, err := s.UpdateTracking(ctx, settings.TrackingInput{RequireSignature: ptr(true)}); err != nil {
		t.Fatal(err)
	}
	got, required, err := s.IdentifySignature(ctx)
	if err != nil || got != secret || !required {
		t.Fatalf("err %v, got %q, required %v", err, got, required)
	}
	if _, err := s.UpdateTracking(ctx, settings.TrackingInput{LinkParameters: &[]string{"via", "via"}}); !names(err, "link_parameters") {
		t.Fatalf("a name twice: got %v", err)
	}
}

func TestService_NeedsAnAdmin(t *testing.T) {
	t.Parallel()
	ctx, s := setup(t)
	viewer := auth.With(ctx, auth.Principal{Kind: auth.AdminKind, Role: "viewer"})
	if _, err := s.UpdateMail(viewer, complete()); !fault.Is(err, fault.KindForbidden) {
		t.Fatalf("got %v", err)
	}
	if _, err := s.Mail(viewer); err != nil {
		t.Fatal(err)
	}
}

func names(err error, field string) bool {
	f, ok := fault.From(err)
	return ok && f.Fields[field] != ""
}
