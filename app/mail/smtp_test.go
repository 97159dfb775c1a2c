package mail_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // as CRAM-MD5 has it
	"encoding/hex"
	"errors"
	"io"
	"net"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/openpartner/openpartner/app/mail"
)

// office is a mail server that keeps what it gets.
type office struct {
	refuse *smtp.SMTPError // what it says to every recipient; nil for nothing
	cram   bool            // passwords are shown by a challenge, which needs no encryption

	mu       sync.Mutex
	from, to string
	user     string
	letters  []string
}

// open has it take mail on this machine until the test ends.
func (o *office) open(t *testing.T) mail.SMTPConfig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{o}, nil }))
	s.Domain, s.AllowInsecureAuth = "localhost", true
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return mail.SMTPConfig{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: mail.TLSNone, From: "hello@tea.example"}
}

type visit struct{ *office }

func (v *visit) AuthMechanisms() []string {
	if v.cram {
		return []string{"CRAM-MD5"}
	}
	return []string{sasl.Plain}
}

// challenge is CRAM-MD5 of the server.
type challenge struct{}

func (challenge) Next(response []byte) (text []byte, done bool, err error) {
	const asked = "<1@localhost>"
	if response == nil {
		return []byte(asked), false, nil
	}
	sum := hmac.New(md5.New, []byte("right"))
	sum.Write([]byte(asked))
	if string(response) != "tea "+hex.EncodeToString(sum.Sum(nil)) {
		return nil, true, smtp.ErrAuthFailed
	}
	return nil, true, nil
}

//nolint:ireturn // as go-smtp wants it
func (v *visit) Auth(string) (sasl.Server, error) {
	if v.cram {
		return challenge{}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "right" {
			return smtp.ErrAuthFailed
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.user = user
		return nil
	}), nil
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.from = from
	return nil
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	if v.refuse != nil {
		return v.refuse
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.to = to
	return nil
}

func (v *visit) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.letters = append(v.letters, string(text))
	return err
}

func (*visit) Reset() {}

func (*visit) Logout() error { return nil }

func letter() mail.Message {
	return mail.Message{
		To: "zoe@example.com", ToName: "Zoë Partner", FromName: "Tea Club", ReplyTo: "ada@tea.example",
		Subject: "Sign in to Tea Club – now", Text: "Open https://tea.example/x?a=1&b=2", HTML: "<p>Open</p>",
	}
}

func TestSMTP_Send(t *testing.T) {
	t.Parallel()

	t.Run("Arrives", func(t *testing.T) {
		t.Parallel()
		o := &office{}
		if err := mail.NewSMTP(o.open(t)).Send(t.Context(), letter()); err != nil {
			t.Fatal(err)
		}
		if o.from != "hello@tea.example" || o.to != "zoe@example.com" || len(o.letters) != 1 {
			t.Fatalf("from %q to %q: %d letters", o.from, o.to, len(o.letters))
		}
		got, err := netmail.ReadMessage(strings.NewReader(o.letters[0]))
		if err != nil {
			t.Fatal(err)
		}
		from, err := got.Header.AddressList("From")
		if err != nil || len(from) != 1 || from[0].Name != "Tea Club" || from[0].Address != "hello@tea.example" {
			t.Errorf("from %v, %v", from, err)
		}
		to, err := got.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Name != "Zoë Partner" {
			t.Errorf("to %v, %v", to, err)
		}
		for name, want := range map[string]string{"Reply-To": "ada@tea.example", "Auto-Submitted": "auto-generated", "Content-Type": "multipart/alternative"} {
			if !strings.Contains(got.Header.Get(name), want) {
				t.Errorf("%s: %q", name, got.Header.Get(name))
			}
		}
		if id := got.Header.Get("Message-Id"); !strings.HasSuffix(id, "@tea.example>") {
			t.Errorf("the id %q names something else than the sender's domain", id)
		}
	})
	for name, c := range map[string]struct {
		refuse    *smtp.SMTPError
		permanent bool
	}{
		"UnknownRecipientIsForGood": {&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody of that name"}, true},
		"FullMailboxIsForNow":       {&smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &office{refuse: c.refuse}
			err := mail.NewSMTP(o.open(t)).Send(t.Context(), letter())
			if err == nil || mail.Permanent(err) != c.permanent {
				t.Errorf("got %v, permanent %v", err, mail.Permanent(err))
			}
		})
	}
	t.Run("NeverInTheClearWhereTLSIsRequired", func(t *testing.T) {
		t.Parallel()
		o := &office{}
		c := o.open(t)
		c.TLS = mail.TLSRequired
		if err := mail.NewSMTP(c).Send(t.Context(), letter()); err == nil || len(o.letters) != 0 {
			t.Errorf("got %v, %d letters", err, len(o.letters))
		}
	})
	t.Run("NoPasswordInTheClear", func(t *testing.T) {
		t.Parallel()
		o := &office{}
		c := o.open(t)
		c.Username, c.Password = "club", "right"
		if err := mail.NewSMTP(c).Send(t.Context(), letter()); err == nil || o.user != "" {
			t.Errorf("got %v; signed in as %q", err, o.user)
		}
	})
	t.Run("DialsByTheGivenWay", func(t *testing.T) {
		t.Parallel()
		c := (&office{}).open(t)
		forbidden := errors.New("not into this network")
		c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, forbidden }
		if err := mail.NewSMTP(c).Send(t.Context(), letter()); !errors.Is(err, forbidden) {
			t.Errorf("got %v", err)
		}
	})
}

// Whatever people call themselves and their programs, a mail has the headers that we write.
func TestSMTP_HeadersCantBeInjected(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"CRLF":     "Tea\r\nBcc: everybody@example.com\r\n",
		"LF":       "Tea\nBcc: everybody@example.com",
		"CR":       "Tea\rBcc: everybody@example.com",
		"Body":     "Tea\r\n\r\nBcc: everybody@example.com",
		"Folded":   "Tea\r\n Bcc: everybody@example.com\r\nBcc: everybody@example.com",
		"Unicode":  "Té\u2028\u0085\r\nBcc: everybody@example.com",
		"Encoded":  "=?utf-8?q?Tea=0D=0ABcc:_everybody@example.com?=",
		"Quotes":   `Tea" <everybody@example.com>, "Club`,
		"Comment":  "Tea (Bcc: everybody@example.com)",
		"Long":     strings.Repeat("long ", 400),
		"LongWord": strings.Repeat("Ü", 2000),
		"Emoji":    "Tee \U0001F375 & Küche, Größe",
		"Empty":    "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &office{}
			m := letter()
			m.FromName, m.ToName, m.Subject = text, text, text
			if err := mail.NewSMTP(o.open(t)).Send(t.Context(), m); err != nil {
				if len(o.letters) > 0 || !mail.Permanent(err) {
					t.Errorf("refused with %v, %d letters", err, len(o.letters))
				}
				return // refusing such a name is as well
			}
			checkLetter(t, o.letters[0])
		})
	}
}

// checkLetter holds a mail against the only headers that we write, and lines that servers take.
func checkLetter(t *testing.T, letter string) {
	t.Helper()
	got, err := netmail.ReadMessage(strings.NewReader(letter))
	if err != nil {
		t.Fatal(err)
	}
	for header := range got.Header {
		if !slices.Contains([]string{"From", "To", "Reply-To", "Subject", "Date", "Message-Id", "Auto-Submitted", "Content-Type", "Mime-Version", "Content-Transfer-Encoding"}, header) {
			t.Errorf("%s: %q", header, got.Header[header])
		}
	}
	for header, want := range map[string]string{"From": "hello@tea.example", "To": "zoe@example.com"} {
		if list, err := got.Header.AddressList(header); err != nil || len(list) != 1 || list[0].Address != want {
			t.Errorf("%s: %v, %v", header, list, err)
		}
	}
	for line := range strings.Lines(letter) {
		if len(line) > 1000 { // RFC 5321, 4.5.3.1.6
			t.Errorf("a line has %d bytes", len(line))
		}
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	o := &office{refuse: &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<Zoe@example.com>: nobody of that name"}}
	err := mail.NewSMTP(o.open(t)).Send(t.Context(), letter())
	if err == nil {
		t.Fatal("sent")
	}
	got := mail.Answer(err, "zoe@example.com")
	if want := "550 5.1.1 <the address>: nobody of that name"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := mail.Answer(errors.New("550 "+strings.Repeat("é", 1000)), ""); len([]rune(got)) > 301 {
		t.Errorf("%d characters", len([]rune(got)))
	}
}

// A look at a server tells what Send would run into, sends nothing, and does not wait for ever.
func TestSMTP_Check(t *testing.T) {
	t.Parallel()
	o := &office{cram: true}
	right := o.open(t)
	right.Username, right.Password = "tea", "right"
	wrong, gone, plain, silent := right, right, right, right
	wrong.Password = "swordfish"
	plain.TLS = mail.TLSRequired
	l, err := net.Listen("tcp", "127.0.0.1:0") // which accepts and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	silent.Port, gone.Port = l.Addr().(*net.TCPAddr).Port, 1
	for name, c := range map[string]struct {
		config mail.SMTPConfig
		want   string
	}{"Right": {right, ""}, "WrongPassword": {wrong, "535"}, "Closed": {gone, "refused"}, "NoTLS": {plain, "TLS"}, "Silent": {silent, "in time"}} {
		patience := 10 * time.Second
		if name == "Silent" {
			patience = 100 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		err := mail.NewSMTP(c.config).Check(ctx)
		cancel()
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(o.letters) != 0 {
		t.Error("a mail was sent")
	}
}
