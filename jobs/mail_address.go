package jobs

import (
	"context"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/views/email"
)

// emailWanted mails the link that confirms a partner's new address.
func (m *Mailer) emailWanted(ctx context.Context, j Job) error {
	var args partners.EmailWanted
	if err := j.Decode(&args); err != nil {
		return err
	}
	err := m.deliver(ctx, args.Email, func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		in, err := m.SignIn.MintEmail(ctx, args)
		u := routes.From(ctx)
		return in, email.NewAddress(b, in.Name, u.Absolute(u.EmailConfirmation(in.Token))), err
	})
	if fault.Is(err, fault.KindRateLimited) {
		m.Log.InfoContext(ctx, "confirmation of an address left out: too many to one address")
		return nil
	}
	return err
}

// emailNotice tells a partner's old address of the change. It is never left out: who would use
// up the mails of an address could change it unseen.
func (m *Mailer) emailNotice(ctx context.Context, j Job) error {
	var args partners.EmailNotice
	if err := j.Decode(&args); err != nil {
		return err
	}
	return m.invite(ctx, args.PartnerID.String()+":address", func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		to, err := m.SignIn.NoticeTo(ctx, args)
		u := routes.From(ctx)
		letter := email.AddressWanted
		if args.Done {
			letter = email.AddressChanged
		}
		return to, letter(b, to.Name, args.Email, u.Absolute(u.SignIn())), err
	})
}
