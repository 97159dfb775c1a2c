package web

import (
	"net/http"
	"strconv"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/views/layout"
	settingsview "github.com/openpartner/openpartner/views/settings"
	"github.com/openpartner/openpartner/views/ui"
)

// brandCSS is the program's colour as a style sheet.
func (s *Server) brandCSS(c echo.Context) error {
	p, err := s.Settings.Brand(c.Request().Context())
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, "text/css; charset=utf-8", []byte(layout.BrandCSS(p.AccentColor)))
}

func (s *Server) settingsProgramEdit(c echo.Context) error {
	return s.programPage(c, http.StatusOK, nil)
}

// programPage shows what is kept, with what is wrong about a logo that was not taken.
func (s *Server) programPage(c echo.Context, status int, wrong fault.Fields) error {
	p, err := s.Settings.Program(c.Request().Context())
	if err != nil {
		return err
	}
	return s.programForm(c, status, settingsview.ProgramPage{
		Name: p.Name, Website: p.Website, AccentColor: p.AccentColor, Terms: p.Terms, TermsVersion: p.TermsVersion, Errors: wrong,
	})
}

func (s *Server) programForm(c echo.Context, status int, p settingsview.ProgramPage) error {
	body := settingsview.Program(p)
	if !fragment(c) || status == http.StatusOK || p.Errors["logo"] != "" {
		logo := ""
		if version := tenancy.From(c.Request().Context()).Logo; version != "" {
			logo = urls(c).Logo(version)
		}
		body = templ.Join(body, settingsview.Logo(logo, p.Errors["logo"]))
	}
	return s.formPage(c, status, ui.HeaderProps{Title: "Program settings"}, body)
}

func (s *Server) settingsProgramUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	name, website, color, terms := f.text("name"), f.text("website"), f.text("accent_color"), f.Get("terms")
	_, err = s.Settings.UpdateProgram(c.Request().Context(), settings.ProgramInput{Name: &name, Website: &website, AccentColor: &color, Terms: &terms})
	if fields, wrong := fieldErrors(err); wrong {
		p := settingsview.ProgramPage{Name: name, Website: website, AccentColor: color, Terms: terms, Errors: fields}
		return s.programForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	return s.done(c, "Saved.", urls(c).SettingsProgram())
}

func (s *Server) settingsMailEdit(c echo.Context) error {
	m, err := s.Settings.Mail(c.Request().Context())
	if err != nil {
		return err
	}
	return s.mailForm(c, http.StatusOK, settingsview.MailPage{
		Transport: string(m.Transport), Host: m.Host, Port: strconv.Itoa(m.Port), TLS: m.TLS, Username: m.Username,
		FromEmail: m.FromEmail, FromName: m.FromName, ReplyTo: m.ReplyTo, HasPassword: m.HasPassword(), HasToken: m.HasToken(),
	})
}

func (s *Server) mailForm(c echo.Context, status int, p settingsview.MailPage) error {
	p.Operator = s.OperatorMail
	body := settingsview.Mail(p)
	if !fragment(c) || status == http.StatusOK {
		body = templ.Join(body, settingsview.MailTest(auth.From(c.Request().Context()).Email))
	}
	return s.formPage(c, status, ui.HeaderProps{Title: "Mail settings"}, body)
}

func (s *Server) settingsMailUpdate(c echo.Context) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	in, err := f.mail()
	if err == nil {
		_, err = s.Settings.UpdateMail(c.Request().Context(), in)
	}
	fields, wrong := fieldErrors(err)
	if !wrong && err != nil {
		return err
	}
	if wrong {
		now, err := s.Settings.Mail(c.Request().Context())
		if err != nil {
			return err
		}
		return s.mailForm(c, http.StatusUnprocessableEntity, settingsview.MailPage{
			Transport: f.text("transport"), Host: f.text("host"), Port: f.text("port"), TLS: f.text("tls"), Username: f.text("username"),
			FromEmail: f.text("from_email"), FromName: f.text("from_name"), ReplyTo: f.text("reply_to"),
			HasPassword: now.HasPassword(), HasToken: now.HasToken(), Errors: fields,
		})
	}
	return s.done(c, "Saved. Send a test mail to see it work.", urls(c).SettingsMail())
}

// mail reads the form; an empty secret stays as it is.
func (f form) mail() (settings.MailInput, error) {
	text := func(name string) *string { v := f.text(name); return &v }
	transport := settings.Transport(f.text("transport"))
	in := settings.MailInput{
		Transport: &transport, Host: text("host"), TLS: text("tls"), Username: text("username"),
		FromEmail: text("from_email"), FromName: text("from_name"), ReplyTo: text("reply_to"),
	}
	port, err := strconv.Atoi(f.text("port"))
	if err != nil {
		return in, fault.InvalidField("port", "A port is a number from 1 to 65535.")
	}
	in.Port = &port
	if f.Get("password") != "" {
		password := f.Get("password")
		in.Password = &password
	}
	if f.text("token") != "" {
		in.Token = text("token")
	}
	return in, nil
}

// settingsMailTest runs outside of any transaction: it talks to a mail server.
func (s *Server) settingsMailTest(c echo.Context) error {
	ctx := c.Request().Context()
	to := auth.From(ctx).Email
	if err := s.SendTestMail(ctx, to); err != nil {
		return err
	}
	return s.within(c, func() error { return s.ok(c, "Mail works", settingsview.MailTested(to)) })
}

func (s *Server) settingsTrackingEdit(c echo.Context) error {
	t, err := s.Settings.Tracking(c.Request().Context())
	if err != nil {
		return err
	}
	return s.trackingForm(c, http.StatusOK, settingsview.TrackingPage{HasSecret: t.HasIdentifySecret(), RequireSignature: t.RequireSignature})
}

func (s *Server) trackingForm(c echo.Context, status int, p settingsview.TrackingPage) error {
	return s.formPage(c, status, ui.HeaderProps{Title: "Tracking settings"}, settingsview.Tracking(p))
}

func (s *Server) settingsTrackingUpdate(c echo.Context) error {
	ctx := c.Request().Context()
	f, err := readForm(c)
	if err != nil {
		return err
	}
	before, err := s.Settings.Tracking(ctx)
	if err != nil {
		return err
	}
	p := settingsview.TrackingPage{HasSecret: before.HasIdentifySecret(), RequireSignature: f.checked("require_signature")}
	if f.checked("new_secret") {
		if p.NewSecret, err = s.Settings.NewIdentifySecret(ctx); err != nil {
			return err
		}
		p.HasSecret = true
	}
	_, err = s.Settings.UpdateTracking(ctx, settings.TrackingInput{RequireSignature: &p.RequireSignature})
	if fields, wrong := fieldErrors(err); wrong {
		p.Errors = fields
		return s.trackingForm(c, http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return err
	}
	if p.NewSecret != "" { // shown once, so there is no page to go on to
		return s.trackingForm(c, http.StatusOK, p)
	}
	return s.done(c, "Saved.", urls(c).SettingsTracking())
}
