package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/paging"
	"github.com/openpartner/openpartner/app/settings"
)

type programIn struct {
	Name         Field[string] `json:"name"`
	Website      Field[string] `json:"website"`
	AccentColor  Field[string] `json:"accent_color"`
	Terms        Field[string] `json:"terms"`
	TermsVersion Field[string] `json:"terms_version"`
}

type programJSON struct {
	Name         string  `json:"name"`
	Website      *string `json:"website"`
	AccentColor  *string `json:"accent_color"`
	Terms        *string `json:"terms"`
	TermsVersion *string `json:"terms_version"`
}

// sent is the text that was sent; null empties it.
func sent(in Field[string]) *string {
	if !in.Set {
		return nil
	}
	return &in.Value
}

func (s *Server) programShow(c echo.Context) error {
	p, err := s.Settings.Program(c.Request().Context())
	return writeProgram(c, p, err)
}

func (s *Server) programUpdate(c echo.Context) error {
	var in programIn
	if err := read(c, &in); err != nil {
		return err
	}
	p, err := s.Settings.UpdateProgram(c.Request().Context(), settings.ProgramInput{
		Name: in.Name.Ptr(), Website: sent(in.Website), AccentColor: sent(in.AccentColor), Terms: sent(in.Terms), TermsVersion: in.TermsVersion.Ptr(),
	})
	return writeProgram(c, p, err)
}

func writeProgram(c echo.Context, p settings.Program, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, programJSON{p.Name, orNull(p.Website), orNull(p.AccentColor), orNull(p.Terms), orNull(p.TermsVersion)})
}

type mailIn struct {
	Transport Field[string] `json:"transport"`
	Host      Field[string] `json:"host"`
	Port      Field[int]    `json:"port"`
	TLS       Field[string] `json:"tls"`
	Username  Field[string] `json:"username"`
	Password  Field[string] `json:"password"`
	Token     Field[string] `json:"token"`
	FromEmail Field[string] `json:"from_email"`
	FromName  Field[string] `json:"from_name"`
	ReplyTo   Field[string] `json:"reply_to"`
}

type mailJSON struct {
	Transport   settings.Transport `json:"transport"`
	Host        *string            `json:"host"`
	Port        int                `json:"port"`
	TLS         string             `json:"tls"`
	Username    *string            `json:"username"`
	HasPassword bool               `json:"has_password"`
	HasToken    bool               `json:"has_token"`
	FromEmail   *string            `json:"from_email"`
	FromName    *string            `json:"from_name"`
	ReplyTo     *string            `json:"reply_to"`
}

func (s *Server) mailShow(c echo.Context) error {
	m, err := s.Settings.Mail(c.Request().Context())
	return writeMail(c, m, err)
}

func (s *Server) mailUpdate(c echo.Context) error {
	var in mailIn
	if err := read(c, &in); err != nil {
		return err
	}
	m, err := s.Settings.UpdateMail(c.Request().Context(), settings.MailInput{
		Transport: (*settings.Transport)(in.Transport.Ptr()), Host: sent(in.Host), Port: in.Port.Ptr(), TLS: in.TLS.Ptr(),
		Username: sent(in.Username), Password: sent(in.Password), Token: sent(in.Token), FromEmail: sent(in.FromEmail),
		FromName: sent(in.FromName), ReplyTo: sent(in.ReplyTo),
	})
	return writeMail(c, m, err)
}

func writeMail(c echo.Context, m settings.Mail, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, mailJSON{
		Transport: m.Transport, Host: orNull(m.Host), Port: m.Port, TLS: m.TLS, Username: orNull(m.Username), HasPassword: m.HasPassword(),
		HasToken: m.HasToken(), FromEmail: orNull(m.FromEmail), FromName: orNull(m.FromName), ReplyTo: orNull(m.ReplyTo),
	})
}

type mailTestJSON struct {
	SentTo string `json:"sent_to"`
}

// mailTest runs outside of any transaction: it talks to a mail server.
func (s *Server) mailTest(c echo.Context) error {
	if err := read(c, &nothing{}); err != nil {
		return err
	}
	ctx := c.Request().Context()
	var to string
	err := s.Edge.Run(ctx, true, func(ctx context.Context) (err error) {
		to, err = s.caller(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.SendTestMail(ctx, to); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, mailTestJSON{SentTo: to})
}

// caller is the address of the person behind a key: who made it, or, for a key from the
// command line, the first admin.
func (s *Server) caller(ctx context.Context) (string, error) {
	key, err := s.Keys.Find(ctx, auth.From(ctx).ID)
	if err != nil {
		return "", err
	}
	if key.CreatedBy != nil {
		if a, err := s.Admins.Find(ctx, *key.CreatedBy); err == nil {
			return a.Email, nil
		}
	}
	all, err := s.Admins.List(ctx, paging.First())
	if err != nil {
		return "", err
	}
	if len(all.Items) == 0 {
		return "", fault.Conflict("no_admin", "There is no admin yet whom the mail could be sent to.")
	}
	return all.Items[len(all.Items)-1].Email, nil
}

type trackingIn struct {
	IdentifySecret   Field[string]   `json:"identify_secret"`
	RequireSignature Field[bool]     `json:"require_signature"`
	LinkParameters   Field[[]string] `json:"link_parameters"`
}

type trackingJSON struct {
	HasIdentifySecret bool     `json:"has_identify_secret"`
	RequireSignature  bool     `json:"require_signature"`
	LinkParameters    []string `json:"link_parameters"`
}

func (s *Server) trackingShow(c echo.Context) error {
	t, err := s.Settings.Tracking(c.Request().Context())
	return writeTracking(c, t, err)
}

func (s *Server) trackingUpdate(c echo.Context) error {
	var in trackingIn
	if err := read(c, &in); err != nil {
		return err
	}
	t, err := s.Settings.UpdateTracking(c.Request().Context(), settings.TrackingInput{
		IdentifySecret: sent(in.IdentifySecret), RequireSignature: in.RequireSignature.Ptr(), LinkParameters: in.LinkParameters.Ptr(),
	})
	return writeTracking(c, t, err)
}

func writeTracking(c echo.Context, t settings.Tracking, err error) error {
	if err != nil {
		return err
	}
	names := t.LinkParameters
	if names == nil {
		names = []string{}
	}
	return c.JSON(http.StatusOK, trackingJSON{t.HasIdentifySecret(), t.RequireSignature, names})
}

type fraudIn struct {
	VelocityClicks  Field[int] `json:"velocity_clicks"`
	VelocitySeconds Field[int] `json:"velocity_seconds"`
}

type fraudJSON struct {
	VelocityClicks  int `json:"velocity_clicks"`
	VelocitySeconds int `json:"velocity_seconds"`
}

func (s *Server) fraudShow(c echo.Context) error {
	f, err := s.Settings.Fraud(c.Request().Context())
	return writeFraud(c, f, err)
}

func (s *Server) fraudUpdate(c echo.Context) error {
	var in fraudIn
	if err := read(c, &in); err != nil {
		return err
	}
	f, err := s.Settings.UpdateFraud(c.Request().Context(), settings.FraudInput{
		VelocityClicks: in.VelocityClicks.Ptr(), VelocitySeconds: in.VelocitySeconds.Ptr(),
	})
	return writeFraud(c, f, err)
}

func writeFraud(c echo.Context, f settings.Fraud, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, fraudJSON(f))
}
