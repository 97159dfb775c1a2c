package pay

import (
	"context"

	"github.com/openpartner/openpartner/app/config"
	"github.com/openpartner/openpartner/app/fault"
)

// Accounts knows which Stripe account acts for whom.
type Accounts struct {
	backend  Backend
	operator config.Secret
	own      func(ctx context.Context) (config.Secret, error)
	multi    bool
}

// NewAccounts makes it. own gives the secret key of the program in the context, empty where it has
// none of its own; in multi tenancy the operator's account pays nobody's partners.
func NewAccounts(b Backend, operator config.Secret, multi bool, own func(ctx context.Context) (config.Secret, error)) *Accounts {
	return &Accounts{backend: b, operator: operator, own: own, multi: multi}
}

// Operator is the account that bills the tenants, if there is one.
func (a *Accounts) Operator() (*Client, bool) {
	if a.operator == "" {
		return nil, false
	}
	return a.backend.Client(a.operator), true
}

// ErrNoRail is the fault of programs whose partners no Stripe account can pay.
func ErrNoRail() error {
	return &fault.Error{
		Kind: fault.KindInvalid, Code: "rail_not_available",
		Message: "Payouts by Stripe are not set up. Set Stripe up first, or choose another rail in the settings.",
	}
}

// Available reports whether a Stripe account can pay the partners of the program in the context.
func (a *Accounts) Available(ctx context.Context) (bool, error) {
	key, err := a.paying(ctx)
	return key != "", err
}

// Paying is the account that the money of this program's partners comes from: the program's own,
// and else the operator's where it is the operator's own program. Never is it one that holds
// another tenant's money. It needs a transaction; the calls are for after it.
func (a *Accounts) Paying(ctx context.Context) (*Client, error) {
	key, err := a.paying(ctx)
	if err != nil {
		return nil, err
	}
	if key == "" {
		return nil, ErrNoRail()
	}
	return a.backend.Client(key), nil
}

func (a *Accounts) paying(ctx context.Context) (config.Secret, error) {
	key, err := a.own(ctx)
	if err != nil || key != "" || a.multi {
		return key, err
	}
	return a.operator, nil
}
