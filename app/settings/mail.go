package settings

import (
	"context"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/mail"
	"github.com/openpartner/openpartner/app/person"
)

// Transport is the way a program's mail takes.
type Transport string

// The transports. None leaves it to the operator's server.
const (
	TransportNone     Transport = "none"
	TransportSMTP     Transport = "smtp"
	TransportPostmark Transport = "postmark"
)

// Transports lists all, in the order in which people are shown them.
func Transports() []Transport { return []Transport{TransportNone, TransportSMTP, TransportPostmark} }

// Encryptions lists how a connection to a mail server may be protected.
func Encryptions() []string {
	return []string{mail.TLSOpportunistic, mail.TLSRequired, mail.TLSImplicit, mail.TLSNone}
}

// Postmark takes mail by SMTP, with the server's token as name and password:
// https://postmarkapp.com/developer/user-guide/send-email-with-smtp
const (
	postmarkHost = "smtp.postmarkapp.com"
	postmarkPort = 587
)

// Mail is how a program sends its mail.
type Mail struct {
	Transport Transport `json:"transport"`
	Host      string    `json:"host,omitempty"`
	Port      int       `json:"port,omitempty"`
	TLS       string    `json:"tls,omitempty"`
	Username  string    `json:"username,omitempty"`
	FromEmail string    `json:"from_email,omitempty"`
	FromName  string    `json:"from_name,omitempty"`
	ReplyTo   string    `json:"reply_to,omitempty"`

	PasswordSealed string `json:"password_sealed,omitempty"`
	TokenSealed    string `json:"token_sealed,omitempty"`
}

// HasPassword says that a password is kept.
func (m Mail) HasPassword() bool { return m.PasswordSealed != "" }

// HasToken says that a token is kept.
func (m Mail) HasToken() bool { return m.TokenSealed != "" }

// MailInput is what is to change; nil fields stay as they are. An empty password or token
// removes it.
type MailInput struct {
	Transport                            *Transport
	Host, TLS, Username, Password, Token *string
	Port                                 *int
	FromEmail, FromName, ReplyTo         *string
}

func standardMail() Mail {
	return Mail{Transport: TransportNone, Port: 587, TLS: mail.TLSOpportunistic}
}

// Mail gives the group.
func (s *Service) Mail(ctx context.Context) (Mail, error) {
	if err := mayRead(ctx); err != nil {
		return Mail{}, err
	}
	m := standardMail()
	return m, load(ctx, keyMail, &m)
}

// UpdateMail changes the fields that were sent. A password belongs to the server it was typed
// for: naming another server without a password forgets it, so that whoever may change the
// address can't have the old password sent there.
func (s *Service) UpdateMail(ctx context.Context, in MailInput) (Mail, error) {
	if err := mayWrite(ctx); err != nil {
		return Mail{}, err
	}
	now := s.now()
	m := standardMail()
	if err := lock(ctx, keyMail, now, &m); err != nil {
		return Mail{}, err
	}
	host := m.Host
	var changed changes
	set(&changed, "transport", &m.Transport, in.Transport)
	set(&changed, "host", &m.Host, in.Host)
	set(&changed, "port", &m.Port, in.Port)
	set(&changed, "tls", &m.TLS, in.TLS)
	set(&changed, "username", &m.Username, in.Username)
	set(&changed, "from_email", &m.FromEmail, in.FromEmail)
	set(&changed, "from_name", &m.FromName, in.FromName)
	set(&changed, "reply_to", &m.ReplyTo, in.ReplyTo)
	fields := fault.Fields{}
	m.normalise(fields)
	if in.Password == nil && host != "" && m.Host != host {
		empty := ""
		in.Password = &empty
	}
	if err := s.sealInto(ctx, &changed, "password", &m.PasswordSealed, in.Password, fields); err != nil {
		return Mail{}, err
	}
	if err := s.sealInto(ctx, &changed, "token", &m.TokenSealed, in.Token, fields); err != nil {
		return Mail{}, err
	}
	s.checkMail(m, fields)
	if err := fields.Err(); err != nil {
		return Mail{}, err
	}
	if err := store(ctx, keyMail, m, now); err != nil {
		return Mail{}, err
	}
	return m, record(ctx, keyMail, changed)
}

const maxSecret = 500

// sealInto replaces a sealed secret by one that was sent.
func (s *Service) sealInto(ctx context.Context, c *changes, name string, target *string, sent *string, fields fault.Fields) error {
	if sent == nil {
		return nil
	}
	if len(*sent) > maxSecret {
		fields.Add(name, "This is too long to be a "+name+".")
		return nil
	}
	sealed, err := s.seal(ctx, keyMail, name, *sent)
	if err != nil {
		return err
	}
	set(c, name, target, &sealed)
	return nil
}

// hostName is what may stand before the port: names and addresses, nothing that splits a URL.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// normalise tidies what people typed, and checks each field by itself.
func (m *Mail) normalise(fields fault.Fields) {
	m.Host = strings.TrimSpace(m.Host)
	if _, err := netip.ParseAddr(m.Host); m.Host != "" && err != nil && !hostName.MatchString(m.Host) {
		fields.Add("host", "This is not a host name, such as smtp.example.com.")
	}
	if m.Port < 1 || m.Port > 65535 {
		fields.Add("port", "A port is a number from 1 to 65535.")
	}
	if !slices.Contains(Transports(), m.Transport) {
		fields.Add("transport", "Choose none, smtp or postmark.")
	}
	if !slices.Contains(Encryptions(), m.TLS) {
		fields.Add("tls", "Choose opportunistic, required, implicit or none.")
	}
	m.Username = line(fields, "username", m.Username, 200)
	m.FromName = line(fields, "from_name", m.FromName, 120)
	if m.FromEmail != "" {
		m.FromEmail = person.Email(fields, "from_email", m.FromEmail)
	}
	if m.ReplyTo != "" {
		m.ReplyTo = person.Email(fields, "reply_to", m.ReplyTo)
	}
}

// line is person.Line for a text that may be empty.
func line(fields fault.Fields, field, text string, limit int) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return person.Line(fields, field, text, limit)
}

// checkMail checks what the chosen transport needs.
func (s *Service) checkMail(m Mail, fields fault.Fields) {
	if m.Host != "" && s.guard.Literal(m.Host) {
		fields.Add("host", "Mail may not be sent to that address.")
	}
	if m.Transport == TransportNone {
		return
	}
	if m.FromEmail == "" {
		fields.Add("from_email", "Say which address your mail comes from.")
	}
	switch m.Transport {
	case TransportSMTP:
		if m.Host == "" {
			fields.Add("host", "Give the name of your mail server.")
		}
		if m.HasPassword() && m.Username == "" {
			fields.Add("username", "A password needs a user name.")
		}
	case TransportPostmark:
		if !m.HasToken() {
			fields.Add("token", "Give the server API token from Postmark.")
		}
	case TransportNone:
	}
}

// SendsMail reports whether the program has a mail server of its own.
func (s *Service) SendsMail(ctx context.Context) (bool, error) {
	m := standardMail()
	err := load(ctx, keyMail, &m)
	return m.Transport != TransportNone, err
}

// MailRoute is how the tenant's mail leaves.
type MailRoute struct {
	SMTP     *mail.SMTPConfig // nil: by the operator's server
	FromName string
	ReplyTo  string
}

// MailRoute gives the way with its secret, for whoever sends mail.
func (s *Service) MailRoute(ctx context.Context) (MailRoute, error) {
	m := standardMail()
	if err := load(ctx, keyMail, &m); err != nil {
		return MailRoute{}, err
	}
	route := MailRoute{FromName: m.FromName, ReplyTo: m.ReplyTo}
	if m.Transport == TransportNone {
		return route, nil
	}
	c := mail.SMTPConfig{
		Host: m.Host, Port: m.Port, TLS: m.TLS, Username: m.Username, From: m.FromEmail, Dial: s.guard.DialContext,
	}
	field, sealed := "password", m.PasswordSealed
	if m.Transport == TransportPostmark {
		c.Host, c.Port, c.TLS = postmarkHost, postmarkPort, mail.TLSRequired
		field, sealed = "token", m.TokenSealed
	}
	secret, err := s.open(ctx, keyMail, field, sealed)
	if err != nil {
		return MailRoute{}, err
	}
	c.Password = secret
	if m.Transport == TransportPostmark {
		c.Username = secret
	}
	route.SMTP = &c
	return route, nil
}
