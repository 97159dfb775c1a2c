package flows_test

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/openpartner/openpartner/tests/testkit"
)

// office is a mail server that knows nobody.
type office struct{}

func (office) Mail(string, *smtp.MailOptions) error { return nil }

func (office) Rcpt(to string, _ *smtp.RcptOptions) error {
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<" + to + ">: no such person"}
}

func (office) Data(io.Reader) error { return nil }

func (office) Reset() {}

func (office) Logout() error { return nil }

func openOffice(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return office{}, nil }))
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return "smtp://" + l.Addr().String() + "?tls=none"
}

// A mail that a server refuses is seen where its person is, with the server's words and without
// the address in them.
func TestMail_Refused(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t, "SMTP_URL="+openOffice(t), "MAIL_FROM=hello@tea.example")
	p := &program{App: a, t: t, admin: a.Admin(), key: a.Key()}
	const said = "refused: 550 5.1.1 <the address>: no such person"
	id := idOf(p.api("POST", "/partners", object{"email": "zoe@example.com", "name": "Zoe"}))
	p.Await(`"msg":"job cancelled"`)
	says(t, page(t, p.admin, "/admin/partners/"+id), said, "A mail was refused")
	t.Run("NoAlarm", func(t *testing.T) {
		got := p.Call("", "GET", "/metrics", nil).Body
		for _, want := range []string{
			`openpartner_outbox_jobs{state="dead"} 0`, `openpartner_job_duration_seconds_count{kind="partners.invited",result="cancelled"} 1`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %s", want)
			}
		}
		var how struct {
			Status   string
			Finished bool
		}
		p.DB.Read(t, &how, `select status, finished_at is not null as finished from platform.jobs where kind = 'partners.invited'`)
		if how.Status != "cancelled" || !how.Finished {
			t.Errorf("the job is %+v", how)
		}
	})
	t.Run("UntilTheAddressChanges", func(t *testing.T) {
		p.api("PATCH", "/partners/"+id, object{"email": "zoe@example.org"})
		if text := page(t, p.admin, "/admin/partners/"+id).Text(); strings.Contains(text, said) {
			t.Error("the old answer is still shown")
		}
	})
	t.Run("OfAnAdmin", func(t *testing.T) {
		p.api("POST", "/admins", object{"email": "bo@example.com", "name": "Bo", "role": "viewer"})
		p.Await(`"kind":"admins.invited"`)
		says(t, page(t, p.admin, "/admin/admins"), said)
	})
}

// In production mails wait until somebody says how they are to leave, and every page says so.
func TestMail_Waits(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t, "OPENPARTNER_ENV=production")
	p := &program{App: a, t: t, admin: a.Admin(), key: a.Key()}
	says(t, page(t, p.admin, "/admin/partners"), "No mail server is set up")
	for i := range 2 {
		p.api("POST", "/partners", object{"email": "zoe" + strconv.Itoa(i) + "@example.com", "name": "Zoe"})
	}
	doc := page(t, p.admin, "/admin/partners")
	says(t, doc, "2 mails wait, because no mail server is set up.")
	has(t, doc, `a[href="/admin/settings/mail"]:contains("Set up mail")`)
	p.api("PUT", "/config/mail", object{"transport": "smtp", "host": "smtp.example.com", "from_email": "tea@example.com"})
	if text := page(t, p.admin, "/admin/partners").Text(); strings.Contains(text, "no mail server") {
		t.Error("the banner stays")
	}
}

func TestMail_Preview(t *testing.T) {
	t.Parallel()
	p := start(t)
	p.api("PUT", "/config/program", object{"name": "Tea Club", "accent_color": "#aa3300"})
	p.api("PUT", "/config/mail", object{"reply_to": "ada@tea.example"})
	first := page(t, p.admin, "/admin/settings/mail/preview")
	seen := 0
	for _, tab := range first.Find(".tabs a").EachIter() {
		seen++
		doc := page(t, p.admin, tab.AttrOr("href", ""))
		says(t, doc, tab.Text(), "Tea Club", "ada@tea.example")
		frame := doc.Find("iframe")
		if _, sandboxed := frame.Attr("sandbox"); !sandboxed {
			t.Error("the frame may do anything")
		}
		got := p.admin.Get(frame.AttrOr("src", ""))
		letter := parsed(t, got, http.StatusOK)
		policy := got.Header.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'self'; sandbox") || !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("policy %q", policy)
		}
		says(t, letter, "Tea Club")
		if !strings.Contains(letter.Find("style").Text(), "#aa3300") {
			t.Error("the mail is not in the program's colour")
		}
	}
	if seen < 4 {
		t.Errorf("%d mails", seen)
	}
	if got := p.admin.Get("/admin/settings/mail/preview?mail=nothing"); got.Status != http.StatusNotFound {
		t.Errorf("an unknown mail: %d", got.Status)
	}
}
