package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"
)

// The ways to encrypt.
const (
	TLSOpportunistic = "opportunistic" // STARTTLS when offered
	TLSRequired      = "required"      // STARTTLS, or no mail
	TLSImplicit      = "implicit"      // TLS from the first byte
	TLSNone          = "none"
)

// SMTPConfig says which server, and as whom.
type SMTPConfig struct {
	Host, Username, Password string
	Port                     int
	TLS                      string
	From                     string // the sender's address
	// Dial is set for servers that a tenant chose, so that they can't be inside the
	// operator's network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// ParseSMTPURL reads smtp://user:password@host:port?tls=required|none, or smtps://.
func ParseSMTPURL(text, from string) (SMTPConfig, error) {
	u, err := url.Parse(text)
	if err != nil {
		return SMTPConfig{}, fmt.Errorf("read SMTP_URL: %w", err)
	}
	c := SMTPConfig{Host: u.Hostname(), From: from, TLS: TLSOpportunistic, Port: 587}
	if u.Scheme == "smtps" {
		c.TLS, c.Port = TLSImplicit, 465
	} else if t := u.Query().Get("tls"); t != "" {
		c.TLS = t
	}
	if p := u.Port(); p != "" {
		if c.Port, err = strconv.Atoi(p); err != nil {
			return SMTPConfig{}, fmt.Errorf("read the port of SMTP_URL: %w", err)
		}
	}
	if u.User != nil {
		c.Username = u.User.Username()
		c.Password, _ = u.User.Password()
	}
	return c, nil
}

// SMTP sends through one server.
type SMTP struct{ config SMTPConfig }

// NewSMTP makes a sender; it does not connect.
func NewSMTP(c SMTPConfig) *SMTP { return &SMTP{config: c} }

// Check connects, encrypts and signs in as Send would, and sends nothing. It ends with ctx, whatever the
// server does.
func (s *SMTP) Check(ctx context.Context) error {
	dial := s.config.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	bound := SMTP{s.config}
	bound.config.Dial = func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(dialing, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
	client, err := bound.client()
	if err != nil {
		return err
	}
	connected, err := client.DialToSMTPClientWithContext(ctx)
	if ctx.Err() != nil {
		return fmt.Errorf("the mail server does not answer in time: %w", ctx.Err())
	}
	if err != nil {
		return err
	}
	return client.CloseWithSMTPClient(connected)
}

// sendTimeout is for the whole conversation with the server.
const sendTimeout = 20 * time.Second

// Send connects, delivers and disconnects.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := s.compose(m)
	if err != nil {
		return permanent{err}
	}
	client, err := s.client()
	if err != nil {
		return permanent{err}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		if sendErr, ok := errors.AsType[*gomail.SendError](err); ok && !sendErr.IsTemp() && sendErr.ErrorCode() >= 500 {
			return permanent{err}
		}
		return fmt.Errorf("send mail: %w", err)
	}
	return nil
}

func (s *SMTP) client() (*gomail.Client, error) {
	options := []gomail.Option{gomail.WithPort(s.config.Port), gomail.WithTimeout(sendTimeout)}
	switch s.config.TLS {
	case TLSImplicit:
		options = append(options, gomail.WithSSL())
	case TLSRequired:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLSNone:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	if s.config.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(s.config.Username), gomail.WithPassword(s.config.Password))
	}
	if s.config.Dial != nil {
		options = append(options, gomail.WithDialContextFunc(s.dial()))
	}
	return gomail.NewClient(s.config.Host, options...)
}

// dial is the given one; the library leaves it to a dialer of ours to begin TLS at once.
func (s *SMTP) dial() gomail.DialContextFunc {
	if s.config.TLS != TLSImplicit {
		return s.config.Dial
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := s.config.Dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		secured := tls.Client(conn, &tls.Config{ServerName: s.config.Host, MinVersion: tls.VersionTLS12})
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return secured, nil
	}
}

// compose checks every setter: go-mail would send a message without the part it refused.
func (s *SMTP) compose(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	var refused []error
	refused = append(refused, msg.FromFormat(m.FromName, s.config.From), msg.AddToFormat(m.ToName, m.To))
	if m.ReplyTo != "" {
		refused = append(refused, msg.ReplyTo(m.ReplyTo))
	}
	if err := errors.Join(refused...); err != nil {
		return nil, fmt.Errorf("address mail: %w", err)
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	// The library would put the machine's name into the id.
	_, domain, _ := strings.Cut(s.config.From, "@")
	msg.SetMessageIDWithValue(uuid.NewString() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}
