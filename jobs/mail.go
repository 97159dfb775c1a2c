package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/openpartner/openpartner/app/audit"
	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/billing"
	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/mail"
	"github.com/openpartner/openpartner/app/network"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/payouts"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/settings"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/signup"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tenants"
	"github.com/openpartner/openpartner/app/webhooks"
	"github.com/openpartner/openpartner/views/email"
)

const (
	mailTimeout = time.Minute
	// noTransportWait is how long mails wait before they ask again whether mail was set up.
	noTransportWait = time.Minute
)

// perAddress is how many mails one address may get.
func perAddress() limits.Rule { return limits.Rule{Name: "mail", Burst: 3, Per: 10 * time.Minute} }

// unnamed counts an address without writing it down.
func unnamed(person string) string {
	sum := sha256.Sum256([]byte(person))
	return hex.EncodeToString(sum[:16])
}

// MailerOptions are what a Mailer stands on.
type MailerOptions struct {
	App      *db.Pool
	System   *db.Pool // to find the staff, and the programs of an address
	Log      *slog.Logger
	SignIn   *signin.Service
	Signup   *signup.Service
	Partners *partners.Service
	Settings *settings.Service
	Limiter  *limits.Limiter
	Staff    *auth.PlatformAdmins
	Admins   *auth.Admins
	Webhooks *webhooks.Service
	Payouts  *payouts.Service
	Hub      *coordinator.Service // of the Network's hub alone
	// Operator sends for tenants without a server of their own; nil where there is none.
	Operator  mail.Sender
	PublicURL string
}

// Mailer writes and sends the mails of the product. Tokens are made here, at the last moment,
// and are in no row but as hashes.
type Mailer struct{ MailerOptions }

// NewMailer makes a mailer.
func NewMailer(o MailerOptions) *Mailer { return &Mailer{o} }

// Registrations are the kinds of jobs that send mail.
func (m *Mailer) Registrations() []Registration {
	return []Registration{
		{Kind: signin.KindRequested, Timeout: mailTimeout, Run: m.signInRequested},
		{Kind: auth.KindAdminInvited, Timeout: mailTimeout, Run: m.adminInvited},
		{Kind: partners.KindInvited, Timeout: mailTimeout, Run: m.partnerInvited},
		{Kind: partners.KindEmailWanted, Timeout: mailTimeout, Run: m.emailWanted},
		{Kind: partners.KindEmailNotice, Timeout: mailTimeout, Run: m.emailNotice},
		{Kind: webhooks.KindDisabled, Timeout: mailTimeout, Run: m.webhookDisabled},
		{Kind: payouts.KindPaid, Timeout: mailTimeout, Run: m.payoutNews(payouts.Paid, email.PayoutPaid)},
		{Kind: payouts.KindFailed, Timeout: mailTimeout, Run: m.payoutNews(payouts.Failed, email.PayoutFailed)},
		{Kind: payouts.KindDetailsChanged, Timeout: mailTimeout, Run: m.destinationChanged("details", email.BankDetailsChanged)},
		{Kind: payouts.KindReview, Timeout: mailTimeout, Run: m.payoutReview},
		{Kind: payouts.KindReversed, Timeout: mailTimeout, Run: m.payoutReversed},
		{Kind: payouts.KindAccountChanged, Timeout: mailTimeout, Run: m.destinationChanged("stripe", email.PayoutAccountChanged)},
		{Kind: payouts.KindPlanned, Timeout: mailTimeout, Run: m.payoutsPlanned},
		{Kind: billing.KindPaymentFailed, Timeout: mailTimeout, Run: m.paymentFailed},
		{Kind: network.KindLost, Timeout: mailTimeout, Run: m.networkLost},
		{Kind: signin.KindEverywhere, Timeout: mailTimeout, Run: m.signInEverywhere},
		{Kind: signin.KindPlatformRequested, Timeout: mailTimeout, Run: m.platformSignIn},
		{Kind: tenants.KindSignedUp, Timeout: mailTimeout, Run: m.signedUp},
		{Kind: partners.KindTold, Timeout: mailTimeout, Run: m.partnerTold},
		{Kind: signup.KindAnswer, Timeout: mailTimeout, Run: m.signupAnswered},
		{Kind: signup.KindWaiting, Timeout: mailTimeout, Run: m.applicationWaits},
	}
}

// Held says that the program's mails can't leave, for want of a server, and how many wait.
func (m *Mailer) Held(ctx context.Context) (held bool, n int, err error) {
	if m.Operator != nil {
		return false, 0, nil
	}
	if sends, err := m.Settings.SendsMail(ctx); sends || err != nil {
		return false, 0, err
	}
	var kinds []string
	for _, r := range m.Registrations() {
		kinds = append(kinds, r.Kind)
	}
	n, err = outbox.CountOpen(ctx, kinds)
	return true, n, err
}

// signInRequested mails a sign-in link to people, and nothing to strangers.
func (m *Mailer) signInRequested(ctx context.Context, j Job) error {
	var args signin.Requested
	if err := j.Decode(&args); err != nil {
		return err
	}
	err := m.deliver(ctx, args.Email, func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		in, err := m.SignIn.Mint(ctx, args.Email)
		return in, email.SignIn(b, routes.WithNext(verifyURL(ctx, in), args.Next)), err
	})
	if fault.Is(err, fault.KindRateLimited) {
		m.Log.InfoContext(ctx, "sign-in mail left out: too many to one address")
		return nil
	}
	return err
}

func (m *Mailer) adminInvited(ctx context.Context, j Job) error {
	var args auth.AdminInvited
	if err := j.Decode(&args); err != nil {
		return err
	}
	return m.invite(ctx, args.AdminID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		in, err := m.SignIn.MintAdminInvite(ctx, args)
		return in, email.AdminInvitation(b, in.Name, verifyURL(ctx, in)), err
	})
}

func (m *Mailer) partnerInvited(ctx context.Context, j Job) error {
	var args partners.Invited
	if err := j.Decode(&args); err != nil {
		return err
	}
	return m.invite(ctx, args.PartnerID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		in, err := m.SignIn.MintPartnerInvite(ctx, args)
		return in, email.PartnerInvitation(b, in.Name, verifyURL(ctx, in)), err
	})
}

// invite delivers an invitation; one too many for its person comes later.
func (m *Mailer) invite(ctx context.Context, person string, write writeFunc) error {
	err := m.deliver(ctx, person, write)
	if f, ok := fault.From(err); ok && f.Kind == fault.KindRateLimited {
		return Snooze(f.RetryAfter, err)
	}
	return err
}

func verifyURL(ctx context.Context, in signin.Invitation) string {
	u := routes.From(ctx)
	return u.Absolute(u.Verify(in.Token))
}

// writeFunc makes the link and the mail, in a transaction.
type writeFunc func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error)

// deliver writes a mail in a short transaction and sends it after the commit. Without a
// transport it waits before a link is made, so a link is fresh when it arrives.
func (m *Mailer) deliver(ctx context.Context, person string, write writeFunc) error {
	var (
		way    route
		in     signin.Invitation
		letter email.Message
	)
	tenant := tenancy.From(ctx)
	err := tenancy.Read(ctx, m.App, tenant, func(ctx context.Context) (err error) {
		way, err = m.route(ctx)
		return err
	})
	if errors.Is(err, mail.ErrNoTransport) {
		return Snooze(noTransportWait, err)
	}
	if err != nil {
		return err
	}
	if _, err := m.Limiter.Take(ctx, perAddress(), tenant.ID.String()+":"+unnamed(person)); err != nil {
		return err
	}
	err = tenancy.Run(ctx, m.App, tenant, func(ctx context.Context) (err error) {
		in, letter, err = write(ctx, way.brand)
		return err
	})
	if signin.Gone(err) {
		return nil // a stranger, or an invitation that no longer stands
	}
	if err != nil {
		return err
	}
	err = way.send(ctx, in.Email, in.Name, letter)
	if mail.Permanent(err) {
		return m.refused(ctx, in, letter, err)
	}
	return err
}

// refused gives a mail up that a server will never take, and writes down what it said where the
// program's admins see it.
func (m *Mailer) refused(ctx context.Context, in signin.Invitation, letter email.Message, cause error) error {
	err := tenancy.Run(ctx, m.App, tenancy.From(ctx), func(ctx context.Context) error {
		return audit.Record(ctx, audit.Entry{
			Action: "mail.failed", SubjectKind: string(in.Kind), SubjectID: in.ID,
			Detail: map[string]string{"subject": letter.Subject, "answer": mail.Answer(cause, in.Email)},
		})
	})
	if err != nil {
		return err
	}
	return Cancel(cause)
}

// SendTest sends one mail at once and tells what the server said.
func (m *Mailer) SendTest(ctx context.Context, to string) error {
	var way route
	err := tenancy.Read(ctx, m.App, tenancy.From(ctx), func(ctx context.Context) (err error) {
		way, err = m.route(ctx)
		return err
	})
	if errors.Is(err, mail.ErrNoTransport) {
		return fault.Unavailable("mail_not_configured", "No mail server is set up yet.")
	}
	if err != nil {
		return err
	}
	u := routes.From(ctx)
	if err := way.send(ctx, to, "", email.Test(way.brand, u.Absolute(u.SettingsMail()))); err != nil {
		return &fault.Error{Kind: fault.KindBadGateway, Code: "mail_failed", Message: "The mail server did not take the mail: " + err.Error()}
	}
	return nil
}

// route is the way of a tenant's mail and whose name it bears.
type route struct {
	sender   mail.Sender
	brand    email.Brand
	fromName string
	replyTo  string
}

// route reads how the tenant's mail leaves: by its own server, else by the operator's.
func (m *Mailer) route(ctx context.Context) (route, error) {
	program, err := m.Settings.Brand(ctx)
	if err != nil {
		return route{}, err
	}
	chosen, err := m.Settings.MailRoute(ctx)
	if err != nil {
		return route{}, err
	}
	way := route{
		sender: m.Operator, brand: email.Brand{Name: program.Name, Accent: program.AccentColor},
		fromName: program.Name, replyTo: chosen.ReplyTo,
	}
	if chosen.FromName != "" {
		way.fromName = chosen.FromName
	}
	if chosen.SMTP != nil {
		way.sender = mail.NewSMTP(*chosen.SMTP)
	}
	if way.sender == nil {
		return route{}, mail.ErrNoTransport
	}
	return way, nil
}

func (r route) send(ctx context.Context, to, name string, letter email.Message) error {
	html, text, err := letter.Compose(ctx)
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	return r.sender.Send(ctx, mail.Message{
		To: to, ToName: name, FromName: r.fromName, ReplyTo: r.replyTo, Subject: letter.Subject, Text: text, HTML: html,
	})
}
