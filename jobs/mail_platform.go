package jobs

import (
	"context"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/db"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/mail"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/tenancy"
	"github.com/openpartner/openpartner/app/tenants"
	"github.com/openpartner/openpartner/views/email"
)

// signInEverywhere orders a link from each program in which the address is known; each sends it by
// its own way and in its own name.
func (m *Mailer) signInEverywhere(ctx context.Context, j Job) error {
	var args signin.Requested
	if err := j.Decode(&args); err != nil {
		return err
	}
	var programs []tenancy.Tenant
	err := m.System.InTx(ctx, db.TxOptions{Platform: true, ReadOnly: true}, func(ctx context.Context) (err error) {
		programs, err = signin.Programs(ctx, args.Email)
		return err
	})
	for _, t := range programs {
		if err != nil {
			break
		}
		err = tenancy.Run(ctx, m.App, t, func(ctx context.Context) error { return signin.Spread(ctx, j.ID, args.Email) })
	}
	return err
}

// platformBrand is in whose name the platform itself writes.
func platformBrand() email.Brand { return email.Brand{Name: "OpenPartner"} }

// platformSignIn mails a link to one of the staff, and nothing to strangers.
func (m *Mailer) platformSignIn(ctx context.Context, j Job) error {
	var args signin.Requested
	if err := j.Decode(&args); err != nil {
		return err
	}
	if m.Operator == nil {
		return Snooze(noTransportWait, mail.ErrNoTransport)
	}
	_, err := m.Limiter.Take(ctx, perAddress(), "platform:"+args.Email)
	if fault.Is(err, fault.KindRateLimited) {
		m.Log.InfoContext(ctx, "sign-in mail left out: too many to one address")
		return nil
	}
	if err != nil {
		return err
	}
	var person auth.PlatformAdmin
	var token string
	err = m.System.InTx(ctx, db.TxOptions{}, func(ctx context.Context) (err error) {
		if person, err = m.Staff.FindByEmail(ctx, args.Email); err != nil {
			return err
		}
		token, err = m.Staff.MintLink(ctx, person.ID)
		return err
	})
	if signin.Gone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	u := routes.New(m.PublicURL, "")
	way := route{sender: m.Operator, brand: platformBrand(), fromName: platformBrand().Name}
	err = way.send(ctx, person.Email, person.Name, email.SignIn(way.brand, u.Absolute(u.PlatformVerifyLink(token))))
	if mail.Permanent(err) {
		return Dead(err) // the only place where the operator sees it
	}
	return err
}

// signedUp mails the link that opens a new program. One address gets few of them, however many
// programs somebody signs up for in its name.
func (m *Mailer) signedUp(ctx context.Context, j Job) error {
	var args tenants.SignedUp
	if err := j.Decode(&args); err != nil {
		return err
	}
	var to string
	err := tenancy.Read(ctx, m.App, j.Tenant, func(ctx context.Context) error {
		a, err := m.Admins.Find(ctx, args.AdminID)
		to = a.Email
		return err
	})
	if err != nil {
		return err
	}
	if _, err := m.Limiter.Take(ctx, perAddress(), "signup:"+to); err != nil {
		if f, ok := fault.From(err); ok && f.Kind == fault.KindRateLimited {
			return Snooze(f.RetryAfter, err)
		}
		return err
	}
	return m.invite(ctx, args.AdminID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		in, err := m.SignIn.MintAdminInvite(ctx, auth.AdminInvited{AdminID: args.AdminID})
		return in, email.Activation(b, in.Name, verifyURL(ctx, in)), err
	})
}
