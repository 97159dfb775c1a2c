package jobs

import (
	"context"
	"time"

	"github.com/openpartner/openpartner/app/coordinator"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/limits"
	"github.com/openpartner/openpartner/app/mail"
	"github.com/openpartner/openpartner/app/protocol"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/views/email"
)

// HubRegistrations are the mails of the Network's hub, and those to its staff.
func (m *Mailer) HubRegistrations() []Registration {
	return []Registration{
		{Kind: signin.KindPlatformRequested, Timeout: mailTimeout, Run: m.platformSignIn},
		{Kind: coordinator.KindConnect, Timeout: mailTimeout, Run: m.hubConnect},
		{Kind: coordinator.KindCreatorLink, Timeout: mailTimeout, Run: m.hubCreatorLink},
		{Kind: coordinator.KindDecided, Timeout: mailTimeout, Run: m.hubDecided},
		{Kind: coordinator.KindApplied, Timeout: mailTimeout, Run: m.hubWaiting},
	}
}

// hubBrand is in whose name the hub writes.
func hubBrand() email.Brand { return email.Brand{Name: "OpenPartner Network"} }

// hubConnect mails the link that completes a vendor's connection.
func (m *Mailer) hubConnect(ctx context.Context, j Job) error {
	var order coordinator.Connect
	if err := j.Decode(&order); err != nil {
		return err
	}
	return later(m.hubSend(ctx, order.Email, func(ctx context.Context) (coordinator.Letter, email.Message, error) {
		l, err := m.Hub.MintConnect(ctx, order)
		return l, email.NetworkConnect(hubBrand(), l.Program, l.Link), err
	}))
}

// hubCreatorLink mails the link that a creator asked for, and nothing to strangers.
func (m *Mailer) hubCreatorLink(ctx context.Context, j Job) error {
	var order coordinator.LinkWanted
	if err := j.Decode(&order); err != nil {
		return err
	}
	u := routes.NewHub(m.PublicURL)
	err := m.hubSend(ctx, order.Email, func(ctx context.Context) (coordinator.Letter, email.Message, error) {
		l, known, err := m.Hub.MintLink(ctx, order)
		link := u.Absolute(u.VerifyLink(l.Link))
		if known {
			return l, email.SignIn(hubBrand(), link), err
		}
		return l, email.NetworkWelcome(hubBrand(), l.Name, link), err
	})
	if fault.Is(err, fault.KindRateLimited) {
		m.Log.InfoContext(ctx, "link for a creator left out: too many to one address")
		return nil
	}
	return err
}

// hubDecided tells a creator what became of a request.
func (m *Mailer) hubDecided(ctx context.Context, j Job) error {
	var order coordinator.Decided
	if err := j.Decode(&order); err != nil {
		return err
	}
	u := routes.NewHub(m.PublicURL)
	return later(m.hubSend(ctx, "decided:"+order.RequestID.String(), func(ctx context.Context) (coordinator.Letter, email.Message, error) {
		r, err := m.Hub.DecidedLetter(ctx, order)
		l := coordinator.Letter{To: r.Email, Name: r.Name}
		if r.Status == protocol.RequestApproved {
			return l, email.NetworkApproved(hubBrand(), r.VendorName, r.OfferingTitle, r.Note, u.Absolute(u.Partnerships())), err
		}
		return l, email.NetworkRejected(hubBrand(), r.VendorName, r.OfferingTitle, r.Note, u.Absolute(u.Offerings())), err
	}))
}

// hubWaiting tells a vendor how many creators wait for an answer, once an hour at most.
func (m *Mailer) hubWaiting(ctx context.Context, j Job) error {
	var order coordinator.Applied
	if err := j.Decode(&order); err != nil {
		return err
	}
	hourly := limits.Rule{Name: "hub-waiting", Burst: 1, Per: time.Hour}
	return later(m.hubSend(ctx, "waiting:"+order.VendorID.String(), func(ctx context.Context) (coordinator.Letter, email.Message, error) {
		l, n, err := m.Hub.WaitingLetter(ctx, order)
		if err == nil {
			_, err = m.Limiter.Take(ctx, hourly, order.VendorID.String())
		}
		return l, email.NetworkWaiting(hubBrand(), l.Program, n, l.Link), err
	}))
}

// later has a mail that is one too many for its address come again.
func later(err error) error {
	if f, ok := fault.From(err); ok && f.Kind == fault.KindRateLimited {
		return Snooze(f.RetryAfter, err)
	}
	return err
}

// hubSend writes a mail of the hub in a short transaction, and sends it after the commit. One too many
// to an address is a rate_limited fault, before anything was written.
func (m *Mailer) hubSend(ctx context.Context, to string, write func(ctx context.Context) (coordinator.Letter, email.Message, error)) error {
	if m.Operator == nil {
		return Snooze(noTransportWait, mail.ErrNoTransport)
	}
	if _, err := m.Limiter.Take(ctx, perAddress(), "hub:"+unnamed(to)); err != nil {
		return err
	}
	var person coordinator.Letter
	var letter email.Message
	err := m.System.InTx(ctx, db.TxOptions{}, func(ctx context.Context) (err error) {
		person, letter, err = write(ctx)
		return err
	})
	if fault.Is(err, fault.KindNotFound) {
		return nil // a stranger, or what was asked for no longer stands
	}
	if err != nil {
		return err
	}
	way := route{sender: m.Operator, brand: hubBrand(), fromName: hubBrand().Name}
	err = way.send(ctx, person.To, person.Name, letter)
	if mail.Permanent(err) {
		return Cancel(err)
	}
	return err
}
