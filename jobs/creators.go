package jobs

import (
	"context"

	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/routes"
	"github.com/openpartner/openpartner/app/signin"
	"github.com/openpartner/openpartner/app/signup"
	"github.com/openpartner/openpartner/views/email"
)

// Applications looks at sign-up forms that were sent.
func Applications(s *signup.Service) Registration {
	return Registration{Kind: signup.KindSent, InTx: true, Run: func(ctx context.Context, j Job) error {
		var args signup.Sent
		if err := j.Decode(&args); err != nil {
			return err
		}
		return s.Receive(ctx, args)
	}}
}

// signupAnswered mails whoever filled in the sign-up form what they can do next.
func (m *Mailer) signupAnswered(ctx context.Context, j Job) error {
	var args signup.Answer
	if err := j.Decode(&args); err != nil {
		return err
	}
	err := m.deliver(ctx, args.Email, func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		in, standing, err := m.SignIn.MintSignup(ctx, args.Email)
		return in, signupLetter(b, standing, in.Name, verifyURL(ctx, in)), err
	})
	if fault.Is(err, fault.KindRateLimited) {
		m.Log.InfoContext(ctx, "sign-up mail left out: too many to one address")
		return nil
	}
	return err
}

func signupLetter(b email.Brand, standing signin.Standing, name, link string) email.Message {
	switch standing {
	case signin.Applying:
		return email.Confirmation(b, link)
	case signin.Invited:
		return email.PartnerInvitation(b, name, link)
	case signin.Waits:
		return email.SignedUpWaiting(b)
	case signin.Outside:
		return email.SignedUpInVain(b)
	default:
		return email.SignedUpAlready(b, link)
	}
}

// applicationWaits tells an admin about an applicant.
func (m *Mailer) applicationWaits(ctx context.Context, j Job) error {
	var args signup.Waiting
	if err := j.Decode(&args); err != nil {
		return err
	}
	return m.invite(ctx, args.AdminID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		d, err := m.Signup.Decision(ctx, args)
		u := routes.From(ctx)
		return signin.Invitation{Name: d.Admin.Name, Email: d.Admin.Email}, email.ApplicationWaits(b, d.Applicant.Name, u.Absolute(u.PartnerShow(args.PartnerID))), err
	})
}

// partnerTold tells a partner what has become of them, while it is still true.
func (m *Mailer) partnerTold(ctx context.Context, j Job) error {
	var args partners.Told
	if err := j.Decode(&args); err != nil {
		return err
	}
	return m.invite(ctx, args.PartnerID.String(), func(ctx context.Context, b email.Brand) (signin.Invitation, email.Message, error) {
		p, err := m.Partners.Find(ctx, args.PartnerID)
		if err == nil && !args.News.Holds(p.Status) {
			err = fault.NotFound("news")
		}
		return signin.Invitation{Name: p.Name, Email: p.Email}, newsLetter(ctx, b, args, p), err
	})
}

func newsLetter(ctx context.Context, b email.Brand, t partners.Told, p partners.Partner) email.Message {
	u, reason := routes.From(ctx), ""
	if t.WithReason && p.RevokeReason != nil {
		reason = *p.RevokeReason
	}
	switch t.News {
	case partners.NewsApproved:
		return email.Approved(b, p.Name, u.Absolute(u.SignIn()))
	case partners.NewsDeclined:
		return email.Declined(b, p.Name, reason)
	case partners.NewsRevoked:
		return email.Revoked(b, p.Name, reason)
	default:
		return email.Reinstated(b, p.Name, u.Absolute(u.SignIn()))
	}
}
