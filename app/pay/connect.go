package pay

import (
	"context"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/account"
	"github.com/stripe/stripe-go/v76/accountlink"
)

// Account is a Stripe account: the one that a key belongs to, or one connected to it.
type Account struct {
	ID        string
	Email     string
	Country   string
	Payouts   bool     // money that arrives there can leave for a bank
	Transfers bool     // it may be sent transfers
	Submitted bool     // its owner has answered all that was asked so far
	Missing   []string // what Stripe still wants to know, in Stripe's words
}

// Ready reports whether money can be sent there and reach a bank.
func (a Account) Ready() bool { return a.Payouts && a.Transfers }

// Self is the account that the key belongs to.
func (c *Client) Self(ctx context.Context) (Account, error) {
	a := &stripe.Account{}
	if err := c.backend.Call("GET", "/v1/account", c.key, &stripe.AccountParams{Params: params(ctx)}, a); err != nil {
		return Account{}, fmt.Errorf("read own account: %w", read(err))
	}
	return accountOf(a), nil
}

// AccountInput is an account to be opened for somebody who is to be paid.
type AccountInput struct {
	Key      string // of idempotency
	Standard bool   // with a dashboard and responsibilities of their own; else Express
	Email    string
	Country  string            // two letters; empty: asked for by Stripe
	Metadata map[string]string // ids of ours, for people who look at Stripe's pages
}

// OpenAccount opens a connected account. Its owner still has to be sent to Onboarding.
func (c *Client) OpenAccount(ctx context.Context, in AccountInput) (Account, error) {
	kind := stripe.AccountTypeExpress
	if in.Standard {
		kind = stripe.AccountTypeStandard
	}
	p := &stripe.AccountParams{Params: keyed(ctx, in.Key), Type: stripe.String(string(kind)), Metadata: in.Metadata}
	if in.Email != "" {
		p.Email = stripe.String(in.Email)
	}
	if in.Country != "" {
		p.Country = stripe.String(strings.ToUpper(in.Country))
	}
	if !in.Standard {
		p.Capabilities = &stripe.AccountCapabilitiesParams{Transfers: &stripe.AccountCapabilitiesTransfersParams{Requested: stripe.Bool(true)}}
	}
	a, err := c.accounts().New(p)
	if err != nil {
		return Account{}, fmt.Errorf("open account: %w", read(err))
	}
	return accountOf(a), nil
}

// FindAccount reads a connected account as it is now.
func (c *Client) FindAccount(ctx context.Context, id string) (Account, error) {
	a, err := c.accounts().GetByID(id, &stripe.AccountParams{Params: params(ctx)})
	if err != nil {
		return Account{}, fmt.Errorf("read account %s: %w", id, read(err))
	}
	return accountOf(a), nil
}

// Onboarding gives an address at Stripe where the owner of an account answers what Stripe wants to
// know. It works once, for some minutes: refresh is where Stripe sends whoever comes too late, back
// where the owner goes in the end.
func (c *Client) Onboarding(ctx context.Context, key, id, refresh, back string) (string, error) {
	link, err := accountlink.Client{B: c.backend, Key: c.key}.New(&stripe.AccountLinkParams{
		Params: keyed(ctx, key), Account: stripe.String(id), Type: stripe.String(string(stripe.AccountLinkTypeAccountOnboarding)),
		RefreshURL: stripe.String(refresh), ReturnURL: stripe.String(back),
	})
	if err != nil {
		return "", fmt.Errorf("make onboarding link: %w", read(err))
	}
	return link.URL, nil
}

func (c *Client) accounts() account.Client { return account.Client{B: c.backend, Key: c.key} }

func accountOf(a *stripe.Account) Account {
	out := Account{ID: a.ID, Email: a.Email, Country: a.Country, Payouts: a.PayoutsEnabled, Submitted: a.DetailsSubmitted}
	// Accounts that manage themselves have no capability to be asked for: charges imply it.
	out.Transfers = a.Type == stripe.AccountTypeStandard && a.ChargesEnabled
	if a.Capabilities != nil {
		out.Transfers = out.Transfers || a.Capabilities.Transfers == stripe.AccountCapabilityStatusActive
	}
	if a.Requirements != nil {
		out.Missing = a.Requirements.CurrentlyDue
	}
	return out
}
