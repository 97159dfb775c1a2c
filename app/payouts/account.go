package payouts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/openpartner/openpartner/app/auth"
	"github.com/openpartner/openpartner/app/fault"
	"github.com/openpartner/openpartner/app/outbox"
	"github.com/openpartner/openpartner/app/partners"
	"github.com/openpartner/openpartner/app/pay"
	"github.com/openpartner/openpartner/app/tenancy"
)

// Account is how a partner stands with being paid by Stripe.
type Account struct {
	Offered bool // the program pays by Stripe
	partners.StripeAccount
}

// UsableFrom is when money may go to an account that took the place of another; zero when it may now.
func (a Account) UsableFrom(now time.Time) time.Time {
	if !coolingDown(a.ChangedAt, now) {
		return time.Time{}
	}
	return a.ChangedAt.Add(CoolDown)
}

func coolingDown(changed *time.Time, now time.Time) bool {
	return changed != nil && now.Before(changed.Add(CoolDown))
}

// KindAccountSeen is the job kind of AccountSeen.
const KindAccountSeen = "payouts.account_seen"

// AccountSeen is the order to ask Stripe how a partner's account stands.
type AccountSeen struct {
	PartnerID uuid.UUID `json:"partner_id"`
}

// Account tells how a partner stands with being paid by Stripe; partners may ask about themselves.
func (s *Service) Account(ctx context.Context, partner uuid.UUID) (Account, error) {
	if err := auth.RequireOwn(ctx, readScope, partner); err != nil {
		return Account{}, err
	}
	terms, err := s.Terms(ctx)
	if err != nil {
		return Account{}, err
	}
	available, err := s.available(ctx)
	if err != nil {
		return Account{}, err
	}
	a, err := s.Partners.StripeAccount(ctx, partner)
	return Account{Offered: available && terms.Rail != RailManual, StripeAccount: a}, err
}

// Onboarding is where Stripe sends a partner back to.
type Onboarding struct {
	Again, Back string // addresses: of whoever comes too late, and of whoever is through
	Another     bool   // they want another account than the one they have
}

// Onboard gives the partner who asks an address at Stripe, where they answer what Stripe wants to know
// before it pays them. The account is opened when there is none; asked twice it is opened once. It
// runs outside of any transaction.
func (s *Service) Onboard(ctx context.Context, unit tenancy.Unit, in Onboarding) (address string, err error) {
	var account *pay.Client
	var open pay.AccountInput
	var has partners.StripeAccount
	err = unit(ctx, true, func(ctx context.Context) (err error) {
		account, open, has, err = s.toOpen(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	if has.ID == "" || in.Another {
		opened, err := account.OpenAccount(ctx, open)
		if err != nil {
			return "", unanswered(err)
		}
		err = unit(ctx, false, func(ctx context.Context) (err error) {
			has, err = s.take(ctx, has, opened.ID)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	address, err = account.Onboarding(ctx, "onboarding_"+uuid.NewString(), has.ID, in.Again, in.Back)
	if err != nil {
		return "", unanswered(err)
	}
	return address, nil
}

// toOpen is the account that would be opened for the partner who asks, and the one they have.
func (s *Service) toOpen(ctx context.Context) (*pay.Client, pay.AccountInput, partners.StripeAccount, error) {
	var none partners.StripeAccount
	own := auth.From(ctx).PartnerID
	if own == uuid.Nil {
		return nil, pay.AccountInput{}, none, fault.NotFound("payout account")
	}
	terms, err := s.Terms(ctx)
	if err != nil {
		return nil, pay.AccountInput{}, none, err
	}
	if terms.Rail == RailManual {
		return nil, pay.AccountInput{}, none, pay.ErrNoRail()
	}
	p, err := s.Partners.Find(ctx, own)
	if err != nil {
		return nil, pay.AccountInput{}, none, err
	}
	has, err := s.Partners.StripeAccount(ctx, own)
	if err != nil {
		return nil, pay.AccountInput{}, none, err
	}
	account, err := s.Paying(ctx)
	in := pay.AccountInput{Standard: terms.AccountType == "standard", Email: p.Email, Metadata: map[string]string{"openpartner_partner_id": own.String()}}
	if p.Profile.Country != nil {
		in.Country = *p.Profile.Country
	}
	in.Key = openingKey(own, has.ID, in)
	return account, in, has, err
}

// openingKey makes Stripe open one account for a partner in the place of the one they have. What is
// asked for is part of it: Stripe refuses a key under which something else was asked before.
func openingKey(partner uuid.UUID, instead string, in pay.AccountInput) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{instead, strconv.FormatBool(in.Standard), in.Email, in.Country}, "\n")))
	return "account_" + partner.String() + "_" + hex.EncodeToString(sum[:8])
}

// take makes an account that was opened the partner's. One that took the place of another is told to
// them by mail, since somebody else may have done it, and rests for a while.
func (s *Service) take(ctx context.Context, seen partners.StripeAccount, opened string) (partners.StripeAccount, error) {
	own := auth.From(ctx).PartnerID
	a, err := s.Partners.SetStripeAccount(ctx, own, seen.ID, opened)
	if err != nil || a.ID != opened {
		return a, err
	}
	if seen.ID != "" {
		if err := outbox.Add(ctx, outbox.Job{Kind: KindAccountChanged, Key: "partner:" + own.String(), Args: DestinationChanged{PartnerID: own}}); err != nil {
			return a, err
		}
	}
	return a, s.seeLater(ctx, own, time.Minute)
}

func (s *Service) seeLater(ctx context.Context, partner uuid.UUID, after time.Duration) error {
	// Without a key: a look that waits its time would hold up one that is due.
	return outbox.Add(ctx, outbox.Job{Kind: KindAccountSeen, Args: AccountSeen{PartnerID: partner}, After: after})
}

// See asks Stripe how a partner's account stands, and keeps the answer. It runs outside of any
// transaction.
func (s *Service) See(ctx context.Context, unit tenancy.Unit, partner uuid.UUID) error {
	var account *pay.Client
	var has partners.StripeAccount
	err := unit(ctx, true, func(ctx context.Context) (err error) {
		if err = auth.RequireOwn(ctx, readScope, partner); err != nil {
			return err
		}
		if has, err = s.Partners.StripeAccount(ctx, partner); err != nil || has.ID == "" {
			return err
		}
		account, err = s.Paying(ctx)
		return err
	})
	if err != nil || has.ID == "" {
		return err
	}
	now, err := account.FindAccount(ctx, has.ID)
	if err != nil && !pay.Refused(err) {
		return unanswered(err)
	}
	// An account that the program's own does not know, or was cut off from, can't be paid.
	ready := err == nil && now.Ready()
	return unit(ctx, false, func(ctx context.Context) error { return s.Partners.NoteStripeAccount(ctx, partner, has.ID, ready) })
}

// OrderLooks has Stripe asked, over all programs, about the accounts that are not ready: news of them
// may be lost. Once a day it is about all of them. It needs a transaction that sees all tenants.
func (s *Service) OrderLooks(ctx context.Context, all bool) error {
	found, err := accountsToSee(ctx, all)
	if err != nil {
		return err
	}
	for _, f := range found {
		if err := s.seeLater(tenancy.With(ctx, tenancy.Tenant{ID: f.TenantID}), f.ID, 0); err != nil {
			return err
		}
	}
	return nil
}

// Offered reports whether the program can pay by Stripe at all.
func (s *Service) Offered(ctx context.Context) (bool, error) {
	if err := auth.Require(ctx, readScope); err != nil {
		return false, err
	}
	return s.available(ctx)
}
